"""Finding a match in a window: an assignment of its events to the clauses of a ``sequence`` or an ``all``.

Both searches try every assignment that can matter, remember what led nowhere, and stop when their budget is spent: a
hostile flood must cost a bounded time. ``Exhausted`` says so; the caller counts it.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from dispatcher.domain.events import Event
from dispatcher.rules.engine.cross import Bound, Compiled
from dispatcher.rules.engine.matching import can_fill
from dispatcher.rules.engine.places import Place
from dispatcher.rules.engine.state import Item

BUDGET = 10_000  # tries for one event, of one to two microseconds each


class Exhausted(Exception):
    """The search was given up."""


@dataclass(slots=True)
class Budget:
    """How many tries are left, over all searches that one event leads to."""

    left: int = BUDGET

    def spend(self) -> None:
        """Count a try. Raises Exhausted."""
        self.left -= 1
        if self.left < 0:
            raise Exhausted


@dataclass(slots=True)
class Search:
    """One search over the events of a window, in order. The last of them must be part of the match."""

    items: Sequence[Item]
    places: Sequence[Place]
    unless: Sequence[Compiled] = ()
    budget: Budget = field(default_factory=Budget)
    _dead: set[tuple[object, ...]] = field(default_factory=set)
    _fitting: dict[int, list[int]] = field(default_factory=dict)

    # --- sequence: the places in this order, the last event at the last place

    def sequence(self) -> dict[str, Event] | None:
        """Return the named events of a match, or None."""
        last = len(self.items) - 1
        return self._from(0, -1, last, {}) if len(self.items) >= len(self.places) else None

    def _from(self, index: int, before: int, last: int, bound: dict[str, Event]) -> dict[str, Event] | None:
        """Fill the places from ``index`` on with events after ``before``."""
        self.budget.spend()
        key = (index, before, *sorted((name, event.id) for name, event in bound.items()))
        if key in self._dead:
            return None
        place, is_last = self.places[index], index == len(self.places) - 1
        stop = last if is_last else last - (len(self.places) - 1 - index)
        for at in self._fits(index, place, before, stop):
            self.budget.spend()
            item = self.items[at]
            if (at == last) is is_last and place.clause.admits(item, bound):
                found = self._placed(index, at, last, item, bound)
                if found is not None:
                    return found
            if index > 0 and any(clause.admits(item, bound) for clause in place.unless):
                break  # whatever comes later has this event before it
        self._dead.add(key)
        return None

    def _fits(self, index: int, place: Place, before: int, stop: int) -> Iterator[int]:
        found = self._fitting.get(index)
        if found is None:
            found = self._fitting[index] = [at for at, item in enumerate(self.items) if place.concerns(item)]
        return map(found.__getitem__, range(bisect_right(found, before), bisect_right(found, stop)))

    def _placed(self, index: int, at: int, last: int, item: Item, bound: Bound) -> dict[str, Event] | None:
        name = self.places[index].name
        named = {**bound, name: item.event} if name is not None else dict(bound)
        return named if at == last else self._from(index + 1, at, last, named)

    # --- all: the places in any order, the last event at any of them

    def all(self) -> dict[str, Event] | None:
        """Return the named events of a match, or None."""
        if not self._enough():
            return None
        if all(clause.plain for clause in (*self.unless, *(place.clause for place in self.places))):
            return {} if can_fill(self.items[self._unvoided() :], self.places) else None
        return self._choose(0, (), {})

    def _unvoided(self) -> int:
        """Return the first event that has none behind it, but for the last, that voids a match."""
        voiding = {clause.id for clause in self.unless}
        after = range(len(self.items) - 2, -1, -1)
        return next((at for at in after if voiding and not voiding.isdisjoint(self.items[at].lits)), 0)

    def _enough(self) -> bool:
        return all(any(place.clause.id in item.lits for item in self.items) for place in self.places)

    def _choose(self, index: int, used: tuple[int, ...], bound: dict[str, Event]) -> dict[str, Event] | None:
        """Fill the places from ``index`` on; events of one clause are taken in their order, so its last is known."""
        last = len(self.items) - 1
        if index == len(self.places):
            return bound if last in used and not self._voided(used, bound) else None
        if last not in used and not self._takes_last(index):
            return None
        key = (index, tuple(sorted(used)), *sorted((name, event.id) for name, event in bound.items()))
        if key in self._dead:
            return None
        place = self.places[index]
        start = 0 if place.opens else used[-1] + 1
        if last not in used and index == len(self.places) - 1:
            start = last
        for at in range(last, start - 1, -1):  # newest first: the completing event is the last one
            self.budget.spend()
            if at in used or not place.clause.admits(self.items[at], bound):
                continue
            named = {**bound, place.name: self.items[at].event} if place.name is not None else bound
            found = self._choose(index + 1, (*used, at), named)
            if found is not None:
                return found
        self._dead.add(key)
        return None

    def _takes_last(self, index: int) -> bool:
        """Return whether one of the places from ``index`` on could take the last event, which has no place yet."""
        lits = self.items[-1].lits
        return any(place.clause.id in lits for place in self.places[index:])

    def _voided(self, used: tuple[int, ...], bound: Bound) -> bool:
        between = range(min(used) + 1, max(used))
        return any(clause.admits(self.items[at], bound) for at in between for clause in self.unless)
