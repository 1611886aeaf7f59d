"""The engine: one step for an event, one for time. It decides whether a rule fires, is held back or cleared.

Pure: the state is an argument that a step changes, the time is an argument, and the outcome is a value. Called with
the same things in the same order it does the same, so a journal can be replayed. The order of one instant is: what is
overdue, then the events as they arrive (each with the states that it sets), then the deadlines of that instant.
"""

from collections.abc import Iterable, Iterator
from datetime import tzinfo
from functools import partial

from dispatcher.domain.events import Event, Value
from dispatcher.domain.site import Site
from dispatcher.domain.stamp import Stamp
from dispatcher.rules.checks import SEEN_AT_PRECINCT
from dispatcher.rules.engine.build import Builder, Built, Scope
from dispatcher.rules.engine.calendar import MINUTE_MS, Calendar
from dispatcher.rules.engine.clearing import clear
from dispatcher.rules.engine.completion import NEVER, Judge, Machine, Now
from dispatcher.rules.engine.filling import Fill, fill_of
from dispatcher.rules.engine.gate import SUPPRESS_MS, Gate
from dispatcher.rules.engine.hours import Hourly
from dispatcher.rules.engine.outcome import Outcome, SetState
from dispatcher.rules.engine.room import LOOK_EVERY, make_room
from dispatcher.rules.engine.rosters import DailySilence, Silence
from dispatcher.rules.engine.search import Exhausted
from dispatcher.rules.engine.shift import edge_of, note_edge, shift
from dispatcher.rules.engine.state import (
    MAX_DOWNTIMES,
    Downtime,
    EngineState,
    Entry,
    Item,
    MachineState,
    RuleState,
    Watch,
)
from dispatcher.rules.engine.states import Becoming, put_state
from dispatcher.rules.engine.windows import Instant, Windowed
from dispatcher.rules.fingerprint import fingerprint
from dispatcher.rules.language import FullRule, FullRuleSet, RunsAt
from dispatcher.rules.model import Clause

MAX_SETS = 64  # states set in one step; rules that set each other's states in a circle end here
MAX_WATCHES = 500


class Engine:
    """The rules of one place, ready to run. ``tz`` is the site's timezone as a zone of rules (``ZoneInfo``)."""

    def __init__(self, ruleset: FullRuleSet, site: Site, tz: tzinfo, scope: Scope | None = None) -> None:
        self._site = site
        self._scope = scope or Scope()
        calendar = Calendar(tz)
        builder = Builder(site, calendar, self._scope)
        rules = [rule for rule in in_order(ruleset.rules) if self._scope.runs(rule)]
        self._built = [builder.build(rule) for rule in rules]
        self._gate = Gate(site, calendar)
        self._timed = [built for built in self._built if _is_timed(built.when) or _is_timed(built.clear)]
        self._daily_lateness = {
            0,
            *(one.expected.lateness_ms for one in self._machines() if isinstance(one, DailySilence)),
        }
        self._has_daily = any(isinstance(one, DailySilence | Hourly) for one in self._machines())
        self._asking = {
            id_: (index, frozenset((id_,))) for index, built in enumerate(self._built) for id_ in built.questions
        }

    def _machines(self) -> Iterator[Machine]:
        for built in self._timed:
            yield from (built.when,) if built.clear is None else (built.when, built.clear)

    @property
    def post(self) -> str | None:
        """Return the post at which these rules run; None for the precinct's, and for a whole site's."""
        return self._scope.post

    @property
    def rules(self) -> tuple[FullRule, ...]:
        """Return the rules that run here, in the order in which they are judged."""
        return tuple(built.rule for built in self._built)

    def questions(self) -> dict[str, Clause]:
        """Return what the matcher is to be loaded with: every clause of every enabled rule, by id."""
        return {id_: clause for built in self._built if built.rule.enabled for id_, clause in built.questions.items()}

    # --- beginnings

    def start(self, now: Stamp) -> EngineState:
        """Return the state of a first start."""
        state = EngineState(started=now.run_ms, wall_seen=now.wall_ms - 1 if now.trusted else None)
        self.adopt(state, now)
        return state

    def adopt(self, state: EngineState, now: Stamp) -> list[str]:
        """Make a state that other rules have left fit for these: after a reload, or a restart with other files.

        A rule whose meaning did not change keeps everything. Returns the ids of those that start afresh.
        """
        kept, fresh = {}, []
        for built in self._built:
            old = state.rules.get(built.rule.id)
            print_ = fingerprint(built.rule)
            if old is None or old.fingerprint != print_:
                old = self._fresh(state, built, print_, now)
                fresh.append(built.rule.id)
            else:
                self._wake(built, old, now)
            old.resting = not built.rule.enabled
            kept[built.rule.id] = old
        state.rules = kept
        state.ungrouped = {id_: n for id_, n in state.ungrouped.items() if id_ in kept and id_ not in fresh}
        state.alarm = 0
        return fresh

    def _fresh(self, state: EngineState, built: Built, print_: str, now: Stamp) -> RuleState:
        own = RuleState(print_, edge=state.edge)
        for machine, part in _parts(built, own):
            part.edge = state.edge
            machine.begin(part, now)
            if isinstance(machine, Becoming):
                machine.resume(part, state.states.get(machine.form.name, {}), now)
        return own

    def _wake(self, built: Built, own: RuleState, now: Stamp) -> None:
        for machine, part in _parts(built, own):
            machine.refit(part)
            if own.resting and built.rule.enabled:
                machine.woken(part, now)
            if isinstance(machine, Silence):
                anew = now.run_ms == part.edge
                names = machine.expected.names
                part.entries = {name: part.entries.get(name, Entry([now.run_ms], anew=anew)) for name in names}
                part.alarm = 0

    # --- steps

    def on_event(
        self,
        state: EngineState,
        event: Event,
        matched: frozenset[str],
        now: Stamp,
        *,
        happened_run: int | None = None,
        at_post: bool = True,
        at_precinct: bool = True,
    ) -> Outcome:
        """Judge one event. ``matched`` are the clauses that it satisfies, ``now`` is its arrival.

        ``happened_run`` is the running time that a device with a trusted clock gives; without it the event is timed by
        arrival. ``at_post`` and ``at_precinct`` say who sees it. A copy must not be passed in.
        """
        out = self._overdue(state, now)
        state.n += 1
        t = now.run_ms if happened_run is None else min(happened_run, now.run_ms)
        too_late = now.run_ms - t > self.lateness(event.kind)
        state.too_late += too_late
        seen = self._seen(event, at_post, at_precinct)
        for index, lits in sorted(self._by_rule(matched).items()):
            built = self._built[index]
            if built.rule.enabled and built.rule.runs_at in seen:
                self._feed(state, built, Item(event, t, state.n, lits), now, too_late, out)
                if built.rule.when.group_by and built.grouping.key(event) is None:
                    state.ungrouped[built.rule.id] = state.ungrouped.get(built.rule.id, 0) + 1
        self._settle(state, now, out)
        if state.n % LOOK_EVERY == 0:
            make_room(state)
        return out

    def asked_by(self, matched: Iterable[str]) -> set[str]:
        """Return the rules that ask for one of these clauses."""
        known = (self._asking.get(id_) for id_ in matched)
        return {self._built[one[0]].rule.id for one in known if one is not None}

    def _by_rule(self, matched: frozenset[str]) -> dict[int, frozenset[str]]:
        """Return by rule the clauses that an event satisfies; mostly it is one, and then no new set."""
        found: dict[int, frozenset[str]] = {}
        for id_ in matched:
            known = self._asking.get(id_)
            if known is not None:
                index, alone = known
                found[index] = found[index] | alone if index in found else alone
        return found

    def catch_up(self, state: EngineState, now: Stamp) -> Outcome:
        """Judge every deadline earlier than ``now``. An event does so itself; asked before, the outcomes are apart."""
        return self._overdue(state, now)

    def is_due(self, state: EngineState, now: Stamp) -> bool:
        """Return whether ``on_time`` may have something to do, cheaply; it changes nothing."""
        if not self._timed:
            return False
        if now.run_ms >= state.alarm:
            return True
        if not self._has_daily or not now.trusted:
            return False
        seen = state.wall_seen
        return seen is None or now.wall_ms < seen or self._may_be_due(seen, now.wall_ms)

    def on_time(self, state: EngineState, now: Stamp) -> Outcome:
        """Judge every deadline up to and including ``now``. To be called after the events of that instant."""
        out = Outcome()
        self._due(state, now, 0, out)
        return out

    def on_start(self, state: EngineState, stopped: Stamp, now: Stamp, *, measured: bool = True) -> Outcome:
        """Note that we were off from ``stopped`` to ``now``; the state is that of ``stopped``.

        What was due by then is told as it was. What spans the absence will be told as unknown. Where nobody can vouch
        for its length (not ``measured``) ``now`` has the running time of ``stopped``, or the least more.
        """
        out = Outcome()
        self._run_due(state, now, stopped.run_ms, out)
        down = Downtime(stopped.run_ms, now.run_ms, state.n)
        state.downtimes = [*state.downtimes[-(MAX_DOWNTIMES - 1) :], down]
        if not measured:
            note_edge(state, down.end)
        return out

    def on_correction(self, state: EngineState, by_ms: int, back: int) -> None:
        """Note that an absence was longer by ``by_ms`` than had been counted; ``now`` is later by as much.

        ``back`` is the running time at which we came back from it; since then we may have been off again.
        """
        down = next((down for down in reversed(state.downtimes) if down.end == back), None)
        if down is not None:
            shift(state, down, by_ms)
            state.alarm = 0

    def set_state(self, state: EngineState, name: str, value: Value, posts: list[str] | None, now: Stamp) -> Outcome:
        """Set a state from outside, at some posts or (None) at all."""
        out = self._overdue(state, now)
        out.waiting.append(SetState(name, value, tuple(posts) if posts is not None else None))
        self._settle(state, now, out)
        return out

    def open_watch(self, state: EngineState, kind: str, kelurahan: str | None, until: int | None) -> None:
        """Note a watch of the precinct; ``until`` is wall time, included, None for one without an end."""
        self.close_watch(state, kind, kelurahan)
        state.watches = [*state.watches[-(MAX_WATCHES - 1) :], Watch(kind, kelurahan, until)]

    def close_watch(self, state: EngineState, kind: str, kelurahan: str | None) -> None:
        """Note that a watch was closed."""
        state.watches = [one for one in state.watches if (one.kind, one.kelurahan) != (kind, kelurahan)]

    def close_incident(self, state: EngineState, rule: str, post: str | None) -> None:
        """Note that people have closed a rule's incident at a post: it suppresses nothing any more."""
        own = state.rules.get(rule)
        if own is not None:
            own.incidents = {group: one for group, one in own.incidents.items() if one[0] != post}

    def next_deadline(self, state: EngineState, now: Stamp) -> int | None:
        """Return the running time at which ``on_time`` has something to do next, or None."""
        times = (
            machine.next_due(part, now)
            for built in self._timed
            if built.rule.enabled
            for machine, part in _parts(built, state.rules[built.rule.id])
        )
        return min((time for time in times if time is not None), default=None)

    def fills(self, state: EngineState, now: Stamp) -> Iterator[tuple[FullRule, RuleState, Fill | None]]:
        """Yield each rule, what it remembers, and how full its nearest window is at ``now``; None for one that is off.

        Changes nothing, and may be read bit by bit.
        """
        for built in self._built:
            own = state.rules.get(built.rule.id)
            if own is not None:
                yield built.rule, own, fill_of(built, own, now) if built.rule.enabled else None

    def forget(self, state: EngineState, now: Stamp) -> None:
        """Drop what no later event can need. Harmless to repeat or to skip."""
        for built in self._built:
            own = state.rules[built.rule.id]
            for machine, part in _parts(built, own):
                machine.forget(part, now)
            own.incidents = {group: one for group, one in own.incidents.items() if now.run_ms - one[1] <= SUPPRESS_MS}
            throttle = built.rule.throttle
            if throttle is not None:
                oldest = now.run_ms - throttle.once_within_ms
                own.throttles = {key: since for key, since in own.throttles.items() if since >= oldest}

    def lateness(self, kind: str) -> int:
        """Return how late an event of a kind may be, in milliseconds."""
        allowed = self._site.max_lateness_ms
        if kind in allowed:
            return allowed[kind]
        return max(
            (late for name, late in allowed.items() if name.endswith(".*") and kind.startswith(name[:-1])), default=0
        )

    # --- inside

    def _seen(self, event: Event, at_post: bool, at_precinct: bool) -> list[RunsAt]:
        """Return at which places rules see an event."""
        seen = []
        if at_precinct and event.kind.startswith(SEEN_AT_PRECINCT):
            seen.append(RunsAt.PRECINCT)
        if at_post and event.post is not None and self._scope.post in (None, event.post):
            seen.append(RunsAt.POST)
        return seen

    def _feed(self, state: EngineState, built: Built, item: Item, now: Stamp, too_late: bool, out: Outcome) -> None:
        for machine, part, judge in self._judges(state, built, now, out):
            try:
                machine.feed(part, item, now, too_late, judge)
            except Exhausted:
                state.gave_up += 1
            alarm = machine.alarm(part)
            state.alarm = min(state.alarm, alarm)

    def _judges(
        self, state: EngineState, built: Built, now: Stamp, out: Outcome
    ) -> tuple[tuple[Machine, MachineState, Judge], ...]:
        own = state.rules[built.rule.id]
        fire = partial(self._gate.judge, state, built, now=now, out=out)
        if built.clear is None:
            return ((built.when, own.when, fire),)
        return (built.when, own.when, fire), (built.clear, own.clear, partial(clear, own, built, now=now, out=out))

    def _overdue(self, state: EngineState, now: Stamp) -> Outcome:
        out = Outcome()
        self._due(state, now, 1, out)
        return out

    def _due(self, state: EngineState, now: Stamp, before: int, out: Outcome) -> None:
        """Judge what is due at ``now``, or with ``before`` 1 earlier than that."""
        run, daily = now.run_ms - before, self._daily(state, now, before)
        believed, state.unsure = state.unsure and now.trusted, not now.trusted
        if run >= state.alarm or believed or (daily is not None and self._may_be_due(*daily)):
            self._run_due(state, now, run, out, daily)

    def _may_be_due(self, after: int, until: int) -> bool:
        """Return whether a whole minute lies in (after, until], or did as long ago as an event may be late."""
        return any((after - late) // MINUTE_MS != (until - late) // MINUTE_MS for late in self._daily_lateness)

    def _daily(self, state: EngineState, now: Stamp, before: int) -> tuple[int, int] | None:
        if not now.trusted:
            return None
        until = now.wall_ms - before
        after = state.wall_seen
        if after == now.wall_ms:
            return None  # this instant was judged already, by an alert of its own deadlines for example
        if after is None:
            after = now.wall_ms - (now.run_ms - state.started) - 1
        state.wall_seen = until
        if after > until:
            # The clock stepped back. What it lands on exactly is due, and nothing that lies before.
            after = until - 1 + before
        return after, until

    def _run_due(
        self, state: EngineState, now: Stamp, run: int, out: Outcome, daily: tuple[int, int] | None = None
    ) -> None:
        limit = Now(now, run, daily, tuple(state.downtimes), edge_of(state))
        for built in self._timed:
            if built.rule.enabled:
                for machine, part, judge in self._judges(state, built, now, out):
                    machine.due(part, limit, judge)
        state.alarm = self._alarm(state)
        self._settle(state, now, out)

    def _alarm(self, state: EngineState) -> int:
        alarms = (
            machine.alarm(part)
            for built in self._timed
            if built.rule.enabled
            for machine, part in _parts(built, state.rules[built.rule.id])
        )
        return min(alarms, default=NEVER)

    def _settle(self, state: EngineState, now: Stamp, out: Outcome) -> None:
        """Set what firings have set, and judge the rules on those states; what those set in turn, too."""
        while out.waiting and len(out.sets) < MAX_SETS:
            one = out.waiting.pop(0)
            out.sets.append(one)
            posts = self._posts(one.posts)
            change = put_state(state, one.name, one.value, posts, self._site, now)
            for built in self._timed:
                for machine, part, judge in self._judges(state, built, now, out):
                    if isinstance(machine, Becoming):
                        machine.change(part, change, now)
                        state.alarm = min(state.alarm, machine.alarm(part))
                        if built.rule.enabled and machine.form.for_ms == 0:
                            machine.due(part, Now(now, now.run_ms), judge)

    def _posts(self, posts: Iterable[str] | None) -> list[str] | None:
        if posts is not None:
            return list(posts)
        return [self._scope.post] if self._scope.post is not None else None


def _is_timed(machine: Machine | None) -> bool:
    return machine is not None and not isinstance(machine, Instant | Windowed)


def _parts(built: Built, own: RuleState) -> Iterator[tuple[Machine, MachineState]]:
    yield built.when, own.when
    if built.clear is not None:
        yield built.clear, own.clear


def in_order(rules: Iterable[FullRule]) -> list[FullRule]:
    """Return the rules in file order, but first those that may suppress others, each after its own suppressors."""
    by_id = {rule.id: rule for rule in rules}
    named = {name for rule in by_id.values() for name in rule.suppressed_by}
    ordered: dict[str, FullRule] = {}
    for first in sorted(by_id.values(), key=lambda one: one.id not in named):
        way = [first]  # no recursion: a rule file may hold a chain of thousands
        on_way = {first.id}
        while way:
            missing = (name for name in way[-1].suppressed_by if name in by_id and name not in ordered)
            before = next((name for name in missing if name not in on_way), None)
            if before is None:
                done = way.pop()
                on_way.discard(done.id)
                ordered.setdefault(done.id, done)
            else:
                way.append(by_id[before])
                on_way.add(before)
    return list(ordered.values())
