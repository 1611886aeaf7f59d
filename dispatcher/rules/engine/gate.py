"""What a complete ``when`` has to pass: only_if, suppressed_by, its open condition, its throttle. In this order."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from dispatcher.domain.site import Site
from dispatcher.domain.stamp import Stamp
from dispatcher.rules.engine.build import Built
from dispatcher.rules.engine.calendar import Calendar
from dispatcher.rules.engine.completion import Completion
from dispatcher.rules.engine.cross import same
from dispatcher.rules.engine.grouping import key_of
from dispatcher.rules.engine.outcome import Outcome, Reason, SetState, Told
from dispatcher.rules.engine.state import MAX_KEYS, EngineState, RuleState
from dispatcher.rules.engine.states import value_at
from dispatcher.rules.engine.verdict import kelurahan_of
from dispatcher.rules.language import DayIs, FullRule, OnlyIf, RunsAt, StateIs, TimeIs, WatchIs

SUPPRESS_MS = 3_600_000  # after the last evidence of the other rule's incident, the end included

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Gate:
    """Judges completions."""

    site: Site
    calendar: Calendar

    def judge(self, state: EngineState, built: Built, done: Completion, now: Stamp, out: Outcome) -> bool:
        """Say what a completion leads to; return whether its events are spent."""
        own = state.rules[built.rule.id]
        reason, by = self._reason(state, own, built, done, now)
        out.told.append(_told(built, done, now, reason, by))
        if reason is Reason.HELD:
            return False
        if reason in (Reason.THROTTLED, Reason.STILL_OPEN):
            self._reopen(own, built.rule, done, now)
        elif reason in (Reason.FIRED, Reason.ACTED):
            self._start(own, built, done, now)
            self._queue_sets(built.rule, done, out)
        return True

    def _reason(
        self, state: EngineState, own: RuleState, built: Built, done: Completion, now: Stamp
    ) -> tuple[Reason, str | None]:
        rule = built.rule
        if not self._holds(state, rule.only_if, done, now):
            return Reason.HELD, None
        if done.unknown:
            return Reason.UNKNOWN, None
        by = self._suppressor(state, rule, done, now)
        if by is not None:
            return Reason.SUPPRESSED, by
        mark = mark_of(rule)
        if rule.clear_when is not None and all(mark + group in own.conditions for group, _ in done.groups):
            return Reason.STILL_OPEN, None
        if rule.throttle is not None:
            since = [own.throttles.get(key) for key in throttle_keys(built, done)]
            # A repeat at exactly the end is inside.
            if all(one is not None and now.run_ms - one <= rule.throttle.once_within_ms for one in since):
                return Reason.THROTTLED, None
        return (Reason.FIRED if rule.alerts else Reason.ACTED), None

    # --- what a firing leaves behind

    def _start(self, own: RuleState, built: Built, done: Completion, now: Stamp) -> None:
        rule = built.rule
        if rule.throttle is not None:
            for key in throttle_keys(built, done):
                own.dropped += _put(own.throttles, key, now.run_ms)
                if now.run_ms == own.edge:
                    own.throttled_anew.append(key)
        self._reopen(own, rule, done, now)

    def _reopen(self, own: RuleState, rule: FullRule, done: Completion, now: Stamp) -> None:
        """Open the condition and the incident; for a repeat, open them again and renew the incident's evidence."""
        mark = mark_of(rule)
        for group, post in done.groups:
            if rule.clear_when is not None:
                own.dropped += _put(own.conditions, mark + group, post)
            # Whoever may ask for it: a rule that a reload brings can be held back by what was open before.
            if rule.alerts and not rule.shadow:
                own.dropped += _put(own.incidents, group, (post, now.run_ms))
                if now.run_ms == own.edge:
                    own.renewed.append(group)

    def _queue_sets(self, rule: FullRule, done: Completion, out: Outcome) -> None:
        if rule.shadow:
            return
        posts = tuple(post for _, post in done.groups if post is not None)
        for name, value in rule.then.sets:
            out.waiting.append(SetState(name, value, posts if posts and not done.everywhere else None))

    # --- only_if

    def _holds(self, state: EngineState, conditions: Iterable[OnlyIf], done: Completion, now: Stamp) -> bool:
        """Return whether all hold, for what is told everywhere at one post at least."""
        conditions = tuple(conditions)
        if not conditions:
            return True
        places = [(post, done.subject.kelurahan or kelurahan_of(self.site, post)) for _, post in done.groups]
        anywhere = done.everywhere or done.subject.post is None
        if anywhere and all(post is None for post, _ in places):
            own = done.subject.kelurahan
            places = [(post, own or kelurahan_of(self.site, post)) for post in self.site.posts] or places
        return any(
            all(self._is_so(state, one, post, kelurahan, now) for one in conditions) for post, kelurahan in places
        )

    def _is_so(
        self, state: EngineState, condition: OnlyIf, post: str | None, kelurahan: str | None, now: Stamp
    ) -> bool:
        match condition:
            case StateIs(name=name, value=value):
                return same(value_at(state, name, post, self.site), value)
            case WatchIs(kind=kind):
                return any(
                    watch.kind == kind
                    and watch.kelurahan in (None, kelurahan)
                    and (watch.until is None or now.wall_ms <= watch.until)
                    for watch in state.watches
                )
            case TimeIs(span=span):
                minute = self.calendar.minute(now.wall_ms)
                inside = span.start <= minute < span.end
                wraps = span.start > span.end and (minute >= span.start or minute < span.end)
                return not now.trusted or inside or wraps
            case DayIs(days=days):
                return not now.trusted or self.calendar.weekday(now.wall_ms) in days

    # --- suppressed_by

    def _suppressor(self, state: EngineState, rule: FullRule, done: Completion, now: Stamp) -> str | None:
        """Return the rule whose open incident at the same post holds this one back, or None."""
        for name in rule.suppressed_by:
            other = state.rules.get(name)
            if other is not None and all(_is_open(other.incidents, post, now) for _, post in done.groups):
                return name
        return None


def _told(built: Built, done: Completion, now: Stamp, reason: Reason, by: str | None) -> Told:
    # A repeat joins the incident of its condition, where the rule has one, else that of its throttle's window.
    throttled = built.rule.throttle is not None and built.rule.clear_when is None
    return Told(
        reason,
        built.rule,
        done.subject,
        now,
        groups=done.groups,
        count=done.count,
        evidence=done.evidence,
        late=done.late,
        everywhere=done.everywhere,
        entry=done.entry,
        by=by,
        key=throttle_keys(built, done)[0] if throttled else done.groups[0][0],
    )


def _is_open(incidents: Mapping[str, tuple[str | None, int]], post: str | None, now: Stamp) -> bool:
    return any(where == post and now.run_ms - last <= SUPPRESS_MS for where, last in incidents.values())


def mark_of(rule: FullRule) -> str:
    """Return what keeps the traces of a shadow apart, so that none of them holds back the rule once it is live."""
    return "~" if rule.shadow else ""


def throttle_keys(built: Built, done: Completion) -> list[str]:
    """Return the keys of a throttle's windows: per post, for a roster per entry, else by its group fields."""
    rule, throttle = built.rule, built.rule.throttle
    assert throttle is not None
    keys = []
    for _, post in done.groups:
        if throttle.group_by:
            values = [post if name == "post" else done.subject.field(name) for name in throttle.group_by]
            values = [post, *values] if rule.runs_at is RunsAt.POST else values
        else:
            values = [done.entry] if done.entry is not None else [post]
        keys.append(mark_of(rule) + key_of(values))
    return keys


def _put(table: dict[str, T], key: str, value: T) -> int:
    """Put a key behind all others; return how many had to go, the oldest first."""
    table.pop(key, None)
    table[key] = value
    if len(table) <= MAX_KEYS:
        return 0
    del table[next(iter(table))]
    return 1
