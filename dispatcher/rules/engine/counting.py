"""``count``: how many events, or distinct values, there are in a sliding window.

What an event costs does not grow with how many are in the window already: no event is kept whole but the newest, which
an alert may name, and those that a late event could still have judged again.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from dispatcher.rules.engine import tallies as counted
from dispatcher.rules.engine.cross import Compiled
from dispatcher.rules.engine.sliding import Match, Sliding
from dispatcher.rules.engine.state import MAX_LATE, Item, MachineState, Tally, Window, most_counted


@dataclass(frozen=True, slots=True)
class Counting(Sliding):
    """``count``, and a single clause with ``at_least``."""

    clause: Compiled
    at_least: int
    distinct: str | None = None

    def wants(self, item: Item) -> bool:
        """Return whether an event counts; one without the distinct field does not."""
        return self.clause.id in item.lits and (self.distinct is None or item.event.field(self.distinct) is not None)

    def matches(self, state: MachineState, window: Window, item: Item, now_run: int) -> Iterator[tuple[Item, Match]]:
        """Count an event; yield it if there are enough, and those after it for which there are enough now."""
        self.prune(state, window, now_run)
        if self.is_spent(window, item, now_run):
            return
        for at in self._put(state, window, item):
            match = self._match(window, at)
            if match is not None:
                self.note(window, at)
                yield at, match

    def _put(self, state: MachineState, window: Window, item: Item) -> tuple[Item, ...]:
        """Put an event where it belongs; return the events at which the window is to be judged again."""
        place = self._place(item)
        tally = window.tallies.get(place)
        if tally is None:
            tally = window.tallies[place] = Tally()
        if not self.lateness_ms:
            counted.add(state, tally, item, self.distinct, self._most)
            return (item,)
        counted.add_late(state, tally, item, self.distinct, self._most)
        if sum(one.size for one in window.tallies.values()) < self.at_least:
            return ()  # however they lie, they are too few
        late = [one for each in window.tallies.values() for one in counted.late_from(each, item)]
        return tuple(sorted((one for one in late if one.n not in window.judged), key=counted.order_of))

    @property
    def _most(self) -> int:
        return most_counted(self.at_least)

    def _place(self, item: Item) -> str:
        return item.event.kelurahan or "" if self.grouping.near is not None else ""

    def _match(self, window: Window, at: Item) -> Match | None:
        if self.lateness_ms and not counted.is_late(window.tallies[self._place(at)], at):
            return None
        low, found = at.t - self.within_ms, self._reached(window, at)
        if sum(tally.size for tally in found) < self.at_least:
            return None
        number = counted.number(found, low, at, self.distinct)
        return Match(number, counted.evidence(found, low, at)) if number >= self.at_least else None

    def _reached(self, window: Window, at: Item) -> list[Tally]:
        if self.grouping.near is None:
            return list(window.tallies.values())
        return [window.tallies[name] for name in self.grouping.reach(at.event) if name in window.tallies]

    def cut(self, window: Window, low: int, at: Item) -> None:
        """Forget the events from ``low`` to ``at``, as far as ``at`` reaches."""
        for tally in self._reached(window, at):
            counted.spend(tally, low, at)

    def cut_span(self, window: Window, low: int, high: int) -> None:
        """Forget every event from ``low`` to ``high``, both included."""
        for tally in window.tallies.values():
            tally.late = [item for item in tally.late if not low <= item.t <= high]
            counted.cut(tally, low, high)

    def expire(self, state: MachineState, window: Window, now_run: int) -> None:
        """Drop the events that no other, however late, can reach."""
        horizon = self.horizon(now_run)
        for tally in window.tallies.values():
            if tally.late:
                counted.settle(state, tally, now_run - self.lateness_ms, self.distinct, self._most)
            counted.expire(tally, horizon)
        if len(window.judged) > 2 * MAX_LATE:
            window.judged &= {item.n for tally in window.tallies.values() for item in tally.late}
