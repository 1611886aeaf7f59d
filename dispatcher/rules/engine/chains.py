"""``sequence`` without looking back: the beginnings that wait for their next event, in place of the events themselves.

For each place there is kept, by what the clauses from there on can compare with, the beginning whose first event is the
newest: whatever completes an older one completes it too, and it stays in the window for longer. So an event costs as
much as there are different beginnings, not as there are events; thousands of first events of one zone are one.
This is exact only while events come in their order: where they may be late, ``searching`` does it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from dispatcher.domain.events import Event, Value
from dispatcher.rules.engine import tallies as counted
from dispatcher.rules.engine.cross import Compiled, references
from dispatcher.rules.engine.grouping import key_of
from dispatcher.rules.engine.places import Place
from dispatcher.rules.engine.sliding import Match, Sliding
from dispatcher.rules.engine.state import MAX_CHAINS, Chain, Item, MachineState, Tally, Window

Needs = tuple[tuple[str, str], ...]  # names given, and their fields that are compared with


@dataclass(frozen=True)
class Chained(Sliding):
    """``sequence``, where no event comes late and no neighbours are looked at."""

    places: tuple[Place, ...]

    @cached_property
    def needs(self) -> tuple[Needs, ...]:
        """Return for each place what it and those after it compare with."""
        wanted = [references((place.clause, *place.unless)) for place in self.places]
        return tuple(tuple(sorted(set().union(*wanted[index:]))) for index in range(len(wanted)))

    @cached_property
    def _alike(self) -> tuple[bool, ...]:
        """Whether all beginnings that take one event at a place are alike for what follows it."""
        after = (*self.needs[1:], ())
        return tuple(
            all(name == place.name for name, _ in needs) for place, needs in zip(self.places, after, strict=True)
        )

    @cached_property
    def _fields(self) -> frozenset[str]:
        return frozenset(field for needs in self.needs for _, field in needs)

    @cached_property
    def _order(self) -> tuple[tuple[int, Place], ...]:
        # From the last: an event takes one place, and must not find itself waiting for the next.
        return tuple(reversed(tuple(enumerate(self.places))))

    @cached_property
    def _asked(self) -> frozenset[str]:
        return frozenset(place.clause.id for place in self.places)

    @cached_property
    def _voiding(self) -> frozenset[str]:
        return frozenset(clause.id for place in self.places for clause in place.unless)

    def wants(self, item: Item) -> bool:
        """Return whether an event can be part of a match, or void one."""
        return not (self._asked.isdisjoint(item.lits) and self._voiding.isdisjoint(item.lits))

    def matches(self, state: MachineState, window: Window, item: Item, now_run: int) -> Iterator[tuple[Item, Match]]:
        """Take an event; yield it if it completes the sequence."""
        self.prune(state, window, now_run)
        tally = window.tallies.setdefault("", Tally())
        if not self._asked.isdisjoint(item.lits):
            counted.add(state, tally, item)
        named = self._step(state, window, item)
        if named is not None:
            low = item.t - self.within_ms
            yield item, Match(len(tally.track), counted.evidence([tally], low, item), named)

    def _step(self, state: MachineState, window: Window, item: Item) -> dict[str, Event] | None:
        """Let every beginning take the event that can; return what is named by one that is complete."""
        if len(window.chains) != len(self.places):
            window.chains = [{} for _ in self.places]
        complete = None
        for index, place in self._order:
            chains = window.chains[index]
            taken = self._taken(place, index, chains, item)
            _void(chains, place.unless, item)
            if taken and index + 1 < len(self.places):
                self._move(state, window.chains[index + 1], index + 1, taken)
            elif taken:
                complete = max(taken, key=_start).bound
        return complete

    def _taken(self, place: Place, index: int, chains: dict[str, Chain], item: Item) -> list[Chain]:
        """Return what becomes of each beginning that takes the event at this place."""
        if place.clause.id not in item.lits:
            return []
        _expire(chains, item.t - self.within_ms)
        begun = [Chain(item.t, item.n)] if index == 0 else chains.values()
        taken = [chain for chain in begun if place.clause.admits(item, chain.bound)]
        if len(taken) > 1 and self._alike[index]:
            taken = [max(taken, key=_start)]
        return [Chain(chain.t, chain.n, self._bound(place, chain, item)) for chain in taken]

    def _bound(self, place: Place, chain: Chain, item: Item) -> dict[str, Event]:
        if place.name is None:
            return chain.bound
        return {**chain.bound, place.name: counted.lean(item.event, self._fields)}

    def _move(self, state: MachineState, waiting: dict[str, Chain], index: int, taken: Iterable[Chain]) -> None:
        """Let beginnings wait for the place ``index``; of those that are alike for all that follows, the newest."""
        for chain in taken:
            key = key_of([_value(chain.bound.get(name), field) for name, field in self.needs[index]])
            known = waiting.pop(key, chain)
            waiting[key] = max(known, chain, key=_start)
        while len(waiting) > MAX_CHAINS:
            del waiting[next(iter(waiting))]
            state.dropped += 1

    def cut(self, window: Window, low: int, at: Item) -> None:
        """Forget the events from ``low`` to ``at``: no beginning is left, for older ones have expired."""
        window.chains = []
        for tally in window.tallies.values():
            counted.spend(tally, low, at)

    def expire(self, state: MachineState, window: Window, now_run: int) -> None:  # noqa: ARG002 - as all forms are asked
        """Drop the events that no other can reach; beginnings go when they are looked at."""
        horizon = self.horizon(now_run)
        for tally in window.tallies.values():
            counted.expire(tally, horizon)

    def tidy(self, window: Window, now_run: int) -> None:
        """Drop beginnings that can be completed no more."""
        for chains in window.chains:
            _expire(chains, self.horizon(now_run))

    def refit(self, window: Window) -> None:
        """Take over whole events that were kept while some could come late."""
        items, window.items = window.items, []
        scratch = MachineState()
        for item in items:
            for _ in self.matches(scratch, window, item, item.t):
                pass  # it was judged when it came


def _start(chain: Chain) -> tuple[int, int]:
    return chain.t, chain.n


def _expire(chains: dict[str, Chain], low: int) -> None:
    gone = [key for key, chain in chains.items() if chain.t < low]
    for key in gone:
        del chains[key]


def _void(chains: dict[str, Chain], unless: Iterable[Compiled], item: Item) -> None:
    """Drop the beginnings after which an event came that must not stand there."""
    for clause in unless:
        if clause.id in item.lits:
            for key in [key for key, chain in chains.items() if clause.admits(item, chain.bound)]:
                del chains[key]


def _value(event: Event | None, field: str) -> Value | None:
    return None if event is None else event.field(field)
