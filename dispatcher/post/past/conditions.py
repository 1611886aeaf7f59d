"""``only_if``, ``throttle``, ``clear_when`` and ``suppressed_by`` as they stood at an instant of the past."""

from collections.abc import Iterator
from dataclasses import dataclass

from dispatcher.domain.firing import Firing, Said
from dispatcher.domain.site import Site
from dispatcher.domain.stamp import Stamp
from dispatcher.post.past.chronicle import Chronicle, Saying
from dispatcher.post.past.sentences import DAYS, Local, Sentence, minute, only_if, say, shown, span
from dispatcher.rules.engine.calendar import Calendar
from dispatcher.rules.engine.cross import same
from dispatcher.rules.engine.gate import SUPPRESS_MS
from dispatcher.rules.language import DayIs, FullRule, OnlyIf, StateIs, TimeIs, WatchIs


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of ``only_if`` and what it came to. ``holds`` is None where the journal does not say."""

    written: str
    holds: bool | None
    seen: Sentence

    def line(self) -> Sentence:
        """Return it as a line of evidence."""
        mark = {True: "+", False: "x", None: "?"}[self.holds]
        return say(
            "only_if",
            "{mark} {written}: {seen}",
            "{mark} {written}: {seen}",
            mark=mark,
            written=self.written,
            seen=self.seen,
        )


@dataclass(frozen=True, slots=True)
class Then:
    """One post at one instant of its past. ``event`` is what is judged: what it set itself was not seen by it."""

    chronicle: Chronicle
    site: Site
    local: Local
    post: str
    at: Stamp
    event: str = ""

    def conditions(self, rule: FullRule) -> list[Condition]:
        """Return every condition of a rule's ``only_if`` with what it was."""
        return [self._condition(one) for one in rule.only_if]

    def _condition(self, one: OnlyIf) -> Condition:
        match one:
            case StateIs(name=name, value=wanted):
                known = self.chronicle.state_before(name, self.at, self.event)
                if not known.sure:
                    return Condition(
                        only_if(one),
                        None,
                        say("unknown", "tidak diketahui: lebih tua dari jurnal", "not known: older than the journal"),
                    )
                return Condition(only_if(one), same(known.value, wanted), self.state(name))
            case TimeIs() | DayIs():
                return self._clocked(one)
            case WatchIs(kind=kind):
                return self._watch(only_if(one), kind)

    def state(self, name: str) -> Sentence:
        """Return what a state was, since when and by which rule."""
        known = self.chronicle.state_before(name, self.at, self.event)
        if not known.sure:
            return say("unknown", "tidak diketahui: lebih tua dari jurnal", "not known: older than the journal")
        if known.since is None:
            return shown(known.value)
        since = self.local.near(known.since, self.at.wall_ms)
        return say(
            "state",
            "{value} sejak {since} (aturan {by})",
            "{value} since {since} (rule {by})",
            value=shown(known.value),
            since=since,
            by=known.by,
        )

    def _clocked(self, one: TimeIs | DayIs) -> Condition:
        if not self.at.trusted:
            return Condition(
                only_if(one), True, say("doubtful", "jam diragukan, dianggap ya", "clock doubtful, counts as true")
            )
        calendar = Calendar(self.local.tz)
        if isinstance(one, DayIs):
            day = calendar.weekday(self.at.wall_ms)
            return Condition(only_if(one), day in one.days, say("day", "hari {day}", "it was {day}", day=DAYS[day]))
        now, hours = calendar.minute(self.at.wall_ms), one.span
        inside = hours.start <= now < hours.end if hours.start <= hours.end else now >= hours.start or now < hours.end
        return Condition(only_if(one), inside, say("time", "pukul {now}", "it was {now}", now=minute(now)))

    def _watch(self, written: str, kind: str) -> Condition:
        watches = self.chronicle.watches_at(self.at)
        if watches is None:
            return Condition(
                written,
                None,
                say("unknown", "tidak diketahui: lebih tua dari jurnal", "not known: older than the journal"),
            )
        post = self.site.posts.get(self.post)
        here = (None, post.kelurahan if post is not None else None)
        open_ = [
            one
            for one in watches
            if one.kind == kind and one.kelurahan in here and (one.until_ms is None or self.at.wall_ms <= one.until_ms)
        ]
        seen = (
            say("watch", "pantauan terbuka", "a watch was open")
            if open_
            else say("watch", "tidak ada pantauan terbuka di sini", "no watch was open here")
        )
        return Condition(written, bool(open_), seen)

    def states(self) -> Iterator[tuple[str, Sentence]]:
        """Yield every state that is known to have been set, with what it was."""
        return ((name, self.state(name)) for name in self.chronicle.names_of_states())

    # --- what holds a complete rule back

    def window_of(self, rule: FullRule, saying: Saying) -> Sentence | None:
        """Return why a repeat was one: the open condition or the throttle window that it fell into; else None."""
        first = self._opener(rule, saying)
        if rule.throttle is None and rule.clear_when is None:
            return None
        since = "?" if first is None else self.local.near(first.when, self.at.wall_ms)
        if rule.clear_when is not None and (rule.throttle is None or self._is_open(saying)):
            return say(
                "still_open",
                "keadaannya masih terbuka sejak {since}: belum ada clear_when",
                "its condition is still open since {since}: clear_when has not come",
                since=since,
            )
        assert rule.throttle is not None
        length = rule.throttle.once_within_ms
        until = "?" if first is None else self.local.near(later(first.when, length), self.at.wall_ms)
        return say(
            "throttle",
            "diredam throttle {length}: peringatan pertama {since}, berlaku sampai {until}",
            "throttled for {length}: alerted first at {since}, until {until}",
            length=span(length),
            since=since,
            until=until,
        )

    def _opener(self, rule: FullRule, saying: Saying) -> Saying | None:
        group = saying.said.group if isinstance(saying.said, Firing) else ""
        before = [
            one
            for one in self.chronicle.of_rule(rule.id)
            if isinstance(one.said, Firing) and one.said.said is Said.FIRED
        ]
        found = [
            one
            for one in before
            if isinstance(one.said, Firing) and one.said.group == group and one.when.run_ms <= saying.when.run_ms
        ]
        return found[-1] if found else None

    def _is_open(self, saying: Saying) -> bool:
        """Return whether the condition of a saying's group had been told and not cleared."""
        group = saying.said.group if isinstance(saying.said, Firing) else ""
        open_ = False
        for one in self.chronicle.of_rule(saying.said.rule):
            if one is saying:
                break
            if isinstance(one.said, Firing) and one.said.group == group:
                open_ = one.said.said is not Said.CLEARED
        return open_

    def suppressor(self, rule: str) -> Saying | None:
        """Return the last word of a rule whose incident was open for suppression."""
        said = [
            one
            for one in self.chronicle.of_rule(rule)
            if isinstance(one.said, Firing) and one.said.said is not Said.CLEARED
        ]
        found = [one for one in said if 0 <= self.at.run_ms - one.when.run_ms <= SUPPRESS_MS]
        return found[-1] if found else None


def later(stamp: Stamp, by_ms: int) -> Stamp:
    """Return a stamp so much later."""
    return Stamp(stamp.run_ms + by_ms, stamp.wall_ms + by_ms, stamp.trusted)
