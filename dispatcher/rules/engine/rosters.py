"""``absent`` with a roster: a silence ``for`` so long, or no word ``between`` two times of day.

An entry's ``heard`` begins with the last word from which its silence is measured. Behind it stand only words that came
too long after it: whether the gap was one is judged when no late event can fill it any more.
"""
# ruff: noqa: ARG002 - every machine is asked in the same way, whatever its form needs of it

from bisect import insort
from dataclasses import dataclass
from datetime import date, timedelta

from dispatcher.domain.events import Event
from dispatcher.domain.site import Site
from dispatcher.domain.stamp import Stamp
from dispatcher.rules.engine.calendar import Calendar
from dispatcher.rules.engine.completion import NEVER, Completion, Judge, Machine, Now
from dispatcher.rules.engine.cross import Compiled
from dispatcher.rules.engine.grouping import key_of
from dispatcher.rules.engine.state import MAX_DATES, Entry, Item, MachineState
from dispatcher.rules.engine.verdict import subject_of, timer_event
from dispatcher.rules.language import TimeSpan

LATE_MS = 1_000  # a daily verdict told so long after its time was not simply a tick behind; a test has no ticks


@dataclass(frozen=True, slots=True)
class Expected:
    """Who is expected, and how their word is known. ``per_post``: each post hears only what has happened at it."""

    rule: str
    clause: Compiled
    site: Site
    names: tuple[str, ...]
    per_post: bool
    lateness_ms: int

    def speakers(self, event: Event) -> list[str]:
        """Return the entries that an event is word from: its device, its post, or both."""
        found = []
        if event.device in self.names and event.device in self.site.devices:
            found.append(event.device)
        if event.post in self.names and event.post not in self.site.devices:
            found.append(event.post)
        return [name for name in found if not self.per_post or subject_of(self.site, name).post == event.post]

    def verdict(self, name: str, due: int, now: Stamp, *, unknown: bool, late: bool = False) -> Completion:
        """Return the verdict on one entry's silence."""
        event = timer_event(self.rule, "absent", subject_of(self.site, name), due, now)
        groups = ((key_of([name]), event.post),)
        return Completion(event, groups, unknown=unknown, late=late, entry=name)


@dataclass(frozen=True, slots=True)
class Silence(Machine):
    """``absent`` ``for`` so long."""

    expected: Expected
    for_ms: int

    def begin(self, state: MachineState, now: Stamp) -> None:
        """Every entry's silence begins now."""
        Machine.begin(self, state, now)
        state.entries = {name: Entry([now.run_ms], anew=state.anew) for name in self.expected.names}

    def feed(self, state: MachineState, item: Item, now: Stamp, too_late: bool, judge: Judge) -> None:
        """Hear the entries that an event is word from."""
        if too_late or not self.expected.clause.admits(item, {}):
            return
        for name in self.expected.speakers(item.event):
            entry = state.entries.setdefault(name, Entry())
            entry.anew = entry.anew or item.t == state.edge
            if not entry.heard or item.t > entry.heard[0]:
                insort(entry.heard, item.t)
                self._compress(entry)
                state.alarm = min(state.alarm, self._judged_at(entry))

    def _judged_at(self, entry: Entry) -> int:
        return entry.heard[0] + self.for_ms + self.expected.lateness_ms

    def _compress(self, entry: Entry) -> None:
        """Keep the base and, of later words, those that a late one could still join to it or to each other."""
        heard = entry.heard
        while len(heard) > 1 and heard[1] - heard[0] <= self.for_ms:
            del heard[0]
        index = 2
        while index < len(heard) - 1:
            if heard[index + 1] - heard[index - 1] <= self.for_ms:
                del heard[index]
            else:
                index += 1

    def due(self, state: MachineState, now: Now, judge: Judge) -> None:
        """Tell every silence that is long enough, entry by entry, and each once."""
        if now.run < state.alarm:
            return
        for name in self.expected.names:
            entry = state.entries.setdefault(name, Entry())
            while entry.heard and self._judged_at(entry) <= now.run:
                self._tell(entry, name, now, judge)
        state.alarm = min((self._judged_at(one) for one in state.entries.values() if one.heard), default=NEVER)

    def _tell(self, entry: Entry, name: str, now: Now, judge: Judge) -> None:
        begin = entry.heard.pop(0)
        due = begin + self.for_ms
        back = now.back_within(begin, due, anew=entry.anew)
        if back is not None:
            # We were off within this silence: nobody can say. Its time runs anew from our return.
            entry.heard = sorted({back, *entry.heard})
            entry.anew = entry.anew or (now.edge is not None and back == now.edge.end)
        judge(self.expected.verdict(name, due, now.stamp, unknown=back is not None))
        if entry.heard:
            self._compress(entry)

    def alarm(self, state: MachineState) -> int:
        """Return the time that was worked out when it was last judged, or less."""
        return state.alarm

    def next_due(self, state: MachineState, now: Stamp) -> int | None:
        """Return when the first silence is to be judged."""
        return min((self._judged_at(entry) for entry in state.entries.values() if entry.heard), default=None)

    def woken(self, state: MachineState, now: Stamp) -> None:
        """Measure anew from now what became too long a silence while nobody listened; what was not is kept."""
        for entry in state.entries.values():
            if entry.heard and self._judged_at(entry) <= now.run_ms:
                entry.heard, entry.anew = [now.run_ms], now.run_ms == state.edge
        state.alarm = 0


@dataclass(frozen=True, slots=True)
class DailySilence(Machine):
    """``absent`` ``between`` two times of day."""

    expected: Expected
    span: TimeSpan
    calendar: Calendar
    late_ms: int = LATE_MS

    def begin(self, state: MachineState, now: Stamp) -> None:
        """Expect every entry from now on."""
        state.entries = {name: Entry() for name in self.expected.names}
        self.woken(state, now)

    def woken(self, state: MachineState, now: Stamp) -> None:
        """Tell of spans that end from now on: nobody listened while the rule was off."""
        state.anew = now.run_ms == state.edge
        state.began, state.began_wall = now.run_ms, now.wall_ms if now.trusted else None

    def feed(self, state: MachineState, item: Item, now: Stamp, too_late: bool, judge: Judge) -> None:
        """Hear the entries that an event is word from."""
        if too_late or not self.expected.clause.admits(item, {}):
            return
        for name in self.expected.speakers(item.event):
            entry = state.entries.setdefault(name, Entry())
            if now.trusted:
                self._settle(entry, now)
                self._note(entry, now.wall_ms - (now.run_ms - item.t))
            else:
                entry.anew = entry.anew or item.t == state.edge
                entry.unsure = [*entry.unsure[-(MAX_DATES - 1) :], item.t]

    def _note(self, entry: Entry, wall: int) -> None:
        day = self._date_of(wall)
        if day is not None and day not in entry.dates:
            entry.dates = [*entry.dates[-(MAX_DATES - 1) :], day]

    def _date_of(self, wall: int) -> str | None:
        """Return the date of the deadline of the span that an instant lies in, both ends included."""
        until = self.calendar.next(self.span.end, wall - 1)
        return self._deadline_date(until) if self._start(until) <= wall else None

    def _deadline_date(self, deadline: int) -> str:
        return self.calendar.occurrences(self.span.end, deadline - 1, deadline)[0][0]

    def _start(self, deadline: int) -> int:
        """Return when the span began that ends at ``deadline``."""
        day = date.fromisoformat(self._deadline_date(deadline))
        if self.span.start > self.span.end:
            day -= timedelta(days=1)
        return min(self.calendar.instant(day, self.span.start), deadline)

    def due(self, state: MachineState, now: Now, judge: Judge) -> None:
        """Tell who was not heard in each span that has ended, each date once."""
        if now.daily is None:
            return
        lateness = self.expected.lateness_ms
        after, until = (wall - lateness for wall in now.daily)
        for entry in state.entries.values():
            self._settle(entry, now.stamp)  # by the clock as it was when it was believed, before it is set again
        began_wall = state.began_wall = began(state, now.stamp)
        for day, deadline in self.calendar.occurrences(self.span.end, after, until):
            if day not in state.dates and deadline > began_wall:
                state.dates = [*state.dates[-(MAX_DATES - 1) :], day]
                late = now.stamp.wall_ms - deadline - lateness >= self.late_ms
                self._tell(state, day, deadline, now, late, judge)

    def _settle(self, entry: Entry, now: Stamp) -> None:
        """Give what was heard before the clock was trusted its wall time."""
        for t in entry.unsure:
            self._note(entry, now.wall_ms - (now.run_ms - t))
        entry.unsure = []

    def _tell(self, state: MachineState, day: str, deadline: int, now: Now, late: bool, judge: Judge) -> None:
        shift = now.stamp.wall_ms - now.stamp.run_ms
        start, end = self._start(deadline) - shift, deadline - shift
        unknown = now.back_within(start, end) is not None
        for name in self.expected.names:
            entry = state.entries.setdefault(name, Entry())
            if day not in entry.dates:
                judge(self.expected.verdict(name, deadline, now.stamp, unknown=unknown, late=late))

    def next_due(self, state: MachineState, now: Stamp) -> int | None:
        """Return when the next span has ended and no late event can come any more."""
        if not now.trusted:
            return None
        lateness = self.expected.lateness_ms
        deadline = self.calendar.next(self.span.end, now.wall_ms - lateness - 1)
        while deadline <= began(state, now) or self._deadline_date(deadline) in state.dates:
            deadline = self.calendar.next(self.span.end, deadline)
        return now.run_ms + deadline + lateness - now.wall_ms


def began(state: MachineState, now: Stamp) -> int:
    """Return the wall time at which a rule was loaded, by the clock as it was then if it was trusted."""
    return now.wall_ms - (now.run_ms - state.began) if state.began_wall is None else state.began_wall
