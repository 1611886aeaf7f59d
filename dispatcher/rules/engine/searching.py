"""``sequence`` and ``all`` where an event may come late, or neighbours are looked at: the events whole, and a search.

What is put before others changes what they complete, so nothing can be left out; instead there are at most
``MAX_ITEMS`` events, and one event may cost ``BUDGET`` tries in all.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from dataclasses import dataclass

from dispatcher.rules.engine.cross import Compiled
from dispatcher.rules.engine.places import Place
from dispatcher.rules.engine.search import Budget, Search
from dispatcher.rules.engine.sliding import Match, Sliding
from dispatcher.rules.engine.state import MAX_EVIDENCE, MAX_ITEMS, Item, MachineState, Window
from dispatcher.rules.engine.tallies import order_of


@dataclass(frozen=True, slots=True)
class Searched(Sliding):
    """``sequence`` (``in_order``) and ``all``. ``unless`` is that of an ``all``; a sequence has it at its places."""

    places: tuple[Place, ...]
    in_order: bool
    unless: tuple[Compiled, ...] = ()

    def wants(self, item: Item) -> bool:
        """Return whether an event can be part of a match, or void one."""
        voiding = (*self.unless, *(clause for place in self.places for clause in place.unless))
        return self._counts(item) or any(clause.id in item.lits for clause in voiding)

    def _counts(self, item: Item) -> bool:
        return any(place.clause.id in item.lits for place in self.places)

    def _may_end(self, item: Item) -> bool:
        ends = self.places[-1:] if self.in_order else self.places
        return any(place.clause.id in item.lits for place in ends)

    def matches(self, state: MachineState, window: Window, item: Item, now_run: int) -> Iterator[tuple[Item, Match]]:
        """Put an event where it belongs; yield each event from there on that completes a match. Raises Exhausted."""
        self.prune(state, window, now_run)
        if self.is_spent(window, item, now_run):
            return
        budget = Budget()
        for at in self._put(state, window, item):
            match = self._match(window, at, budget)
            if match is not None:
                self.note(window, at)
                yield at, match

    def _put(self, state: MachineState, window: Window, item: Item) -> list[Item]:
        insort(window.items, item, key=order_of)
        if len(window.items) > MAX_ITEMS:
            del window.items[0]
            state.dropped += 1
        return [at for at in window.items[bisect_left(window.items, item.order, key=order_of) :] if self._may_end(at)]

    def _match(self, window: Window, at: Item, budget: Budget) -> Match | None:
        place = bisect_left(window.items, at.order, key=order_of)
        if at.n in window.judged or place == len(window.items) or window.items[place].n != at.n:
            return None
        items = self._inside(window, at.t - self.within_ms, at)
        search = Search(items, self.places, self.unless, budget)
        named = search.sequence() if self.in_order else search.all()
        if named is None:
            return None
        evidence = [item.event for item in items if self._counts(item)]
        return Match(len(evidence), tuple(evidence[-MAX_EVIDENCE:]), named)

    def _inside(self, window: Window, low: int, at: Item) -> list[Item]:
        start = bisect_left(window.items, (low, -1), key=order_of)
        items = window.items[start : bisect_right(window.items, at.order, key=order_of)]
        reach = self.grouping.reach(at.event)
        return [item for item in items if item.event.kelurahan in reach] if reach else items

    def cut(self, window: Window, low: int, at: Item) -> None:
        """Forget the events from ``low`` to ``at``, as far as ``at`` reaches."""
        gone = {item.n for item in self._inside(window, low, at)}
        window.items = [item for item in window.items if item.n not in gone]

    def cut_span(self, window: Window, low: int, high: int) -> None:
        """Forget every event from ``low`` to ``high``, both included."""
        window.items = [item for item in window.items if not low <= item.t <= high]

    def expire(self, state: MachineState, window: Window, now_run: int) -> None:  # noqa: ARG002 - as all forms are asked
        """Drop the events that no other, however late, can reach."""
        keep = bisect_left(window.items, (self.horizon(now_run), -1), key=order_of)
        if keep:
            del window.items[:keep]
        if len(window.judged) > 2 * MAX_ITEMS:
            window.judged &= {item.n for item in window.items}

    def refit(self, window: Window) -> None:
        """Drop what was kept while no event could come late: the events behind it are not there to be looked at."""
        window.chains, window.kept, window.tallies = [], {}, {}
