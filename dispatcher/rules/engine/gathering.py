"""``all`` without looking through all: of events that no clause can tell apart only the newest are kept.

A match is no worse for taking the newest of its sort: it begins later, so that less can stand between. As many as there
are places are enough, and one more, for what must not stand in between may be of that sort, too.
This is exact only while events come in their order, and where nothing is compared with the last of several events of
one clause: there the order of older ones matters, too. For the rest there is ``searching``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from dispatcher.rules.engine import tallies as counted
from dispatcher.rules.engine.cross import Compiled, crossing
from dispatcher.rules.engine.grouping import key_of
from dispatcher.rules.engine.places import Place
from dispatcher.rules.engine.search import Search
from dispatcher.rules.engine.sliding import Match, Sliding
from dispatcher.rules.engine.state import MAX_ITEMS, Item, MachineState, Tally, Window


@dataclass(frozen=True)
class Gathered(Sliding):
    """``all``, where no event comes late and no neighbours are looked at."""

    places: tuple[Place, ...]
    unless: tuple[Compiled, ...]

    @cached_property
    def _asked(self) -> frozenset[str]:
        return frozenset(place.clause.id for place in self.places)

    @cached_property
    def _wanted(self) -> frozenset[str]:
        return self._asked | {clause.id for clause in self.unless}

    @cached_property
    def _fields(self) -> tuple[str, ...]:
        """The fields by which clauses compare events with each other."""
        clauses = (*(place.clause for place in self.places), *self.unless)
        return tuple(
            sorted({name for clause in clauses for one in crossing(clause) for name in (one.field, one.other)})
        )

    def wants(self, item: Item) -> bool:
        """Return whether an event can be part of a match, or void one."""
        return not self._wanted.isdisjoint(item.lits)

    def matches(self, state: MachineState, window: Window, item: Item, now_run: int) -> Iterator[tuple[Item, Match]]:
        """Take an event; yield it if it completes a match. Raises Exhausted."""
        self.prune(state, window, now_run)
        self._keep(state, window, item)
        if self._asked.isdisjoint(item.lits):
            return
        tally = window.tallies.setdefault("", Tally())
        counted.add(state, tally, item)
        low = item.t - self.within_ms
        named = Search(self._kept(window, low), self.places, self.unless).all()
        if named is not None:
            yield item, Match(len(tally.track), counted.evidence([tally], low, item), named)

    def _keep(self, state: MachineState, window: Window, item: Item) -> None:
        """Keep an event as one of the newest of its sort."""
        event = item.event
        sort = f"{key_of([event.field(name) for name in self._fields])} {' '.join(sorted(item.lits))}"
        most = len(self.places) + 1
        window.kept[sort] = [*window.kept.pop(sort, [])[1 - most :], counted.leaned(item, frozenset(self._fields))]
        if len(window.kept) > max(MAX_ITEMS // most, most):
            state.dropped += len(window.kept.pop(next(iter(window.kept))))

    def _kept(self, window: Window, low: int) -> list[Item]:
        found = [item for items in window.kept.values() for item in items if item.t >= low]
        return sorted(found, key=counted.order_of)

    def cut(self, window: Window, low: int, at: Item) -> None:
        """Forget the events from ``low`` to ``at``: none is left, for older ones have expired."""
        window.kept = {}
        for tally in window.tallies.values():
            counted.spend(tally, low, at)

    def expire(self, state: MachineState, window: Window, now_run: int) -> None:  # noqa: ARG002 - as all forms are asked
        """Drop the events that no other can reach."""
        for tally in window.tallies.values():
            counted.expire(tally, self.horizon(now_run))

    def tidy(self, window: Window, now_run: int) -> None:
        """Drop sorts of which nothing is left in the window."""
        horizon = self.horizon(now_run)
        window.kept = {sort: items for sort, items in window.kept.items() if items[-1].t >= horizon}

    def refit(self, window: Window) -> None:
        """Take over whole events that were kept while some could come late."""
        items, window.items = window.items, []
        scratch = MachineState()
        for item in items:
            self._keep(scratch, window, item)
            if not self._asked.isdisjoint(item.lits):
                counted.add(scratch, window.tallies.setdefault("", Tally()), item)
