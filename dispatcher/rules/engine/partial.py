"""How far a ``sequence`` or an ``all`` has come: the places that events have taken, and since when.

For the eyes of a person only: nothing is decided by it. Where clauses compare events with each other, an ``all`` is
looked through with a small budget, and what would take longer is told as less than it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from dispatcher.domain.events import Event
from dispatcher.rules.engine.chains import Chained
from dispatcher.rules.engine.cross import Bound, Compiled
from dispatcher.rules.engine.places import Place
from dispatcher.rules.engine.state import Item, MachineState, Window

TRIES = 500
MAX_LOOKED = 300  # of the newest events of a window

Reached = tuple[int, int | None]
"""How many places are taken, and the running time of the first event that takes one."""

NOTHING: Reached = (0, None)


def begun(window: Window, low: int) -> Reached:
    """Return how far the furthest beginning of a sequence has come that is still in the window."""
    for index in range(len(window.chains) - 1, 0, -1):
        since = max((chain.t for chain in window.chains[index].values() if chain.t >= low), default=None)
        if since is not None:
            return index, since
    return NOTHING


def in_order(items: Sequence[Item], low: int, like: Chained) -> Reached:
    """Return how far a sequence has come whose events are kept whole: they are taken one by one, as they happened."""
    window, scratch = Window(), MachineState()
    for item in items[-MAX_LOOKED:]:
        for _ in like.matches(scratch, window, item, item.t):
            pass  # it was judged when it came
    return begun(window, low)


def in_any_order(items: Sequence[Item], places: Sequence[Place], unless: Sequence[Compiled]) -> Reached:
    """Return how many places of an ``all`` events have taken, and of such choices the one that begins the latest."""
    left = list(items[-MAX_LOOKED:])
    voiding = {clause.id for clause in unless if clause.plain}
    # What must not stand in between may stand at an end: the event itself may be the first.
    start = next((at for at in range(len(left) - 1, -1, -1) if not voiding.isdisjoint(left[at].lits)), 0)
    left = left[start:]
    if all(place.clause.plain for place in places):
        return _matched(left, places)
    return _Chosen(left, places).best()


def _matched(items: Sequence[Item], places: Sequence[Place]) -> Reached:
    """Return the largest matching; events are given a place from the newest back (Kuhn's augmenting paths)."""
    taken: dict[int, Item] = {}
    since = None
    for item in reversed(items):
        if _seat(item, places, taken, set()):
            since = item.t
        if len(taken) == len(places):
            break
    return len(taken), since


def _seat(item: Item, places: Sequence[Place], taken: dict[int, Item], seen: set[int]) -> bool:
    for index, place in enumerate(places):
        if index in seen or place.clause.id not in item.lits:
            continue
        seen.add(index)
        other = taken.get(index)
        if other is None or _seat(other, places, taken, seen):
            taken[index] = item
            return True
    return False


@dataclass(slots=True)
class _Chosen:
    """One search over the choices of events for places; a place may stay free."""

    items: Sequence[Item]
    places: Sequence[Place]
    tries: int = TRIES
    found: Reached = NOTHING

    def best(self) -> Reached:
        self._choose(0, (), {})
        return self.found

    def _choose(self, index: int, used: tuple[int, ...], bound: dict[str, Event]) -> None:
        self.tries -= 1
        if used:
            self._note(len(used), self.items[min(used)].t)
        if self.tries < 0 or index == len(self.places) or len(used) + len(self.places) - index < self.found[0]:
            return
        place = self.places[index]
        for at in range(len(self.items) - 1, -1, -1):
            if at not in used and _may_take(place, self.items[at], bound):
                named = bound if place.name is None else {**bound, place.name: self.items[at].event}
                self._choose(index + 1, (*used, at), named)
        self._choose(index + 1, used, bound)

    def _note(self, taken: int, since: int) -> None:
        if (taken, since) > (self.found[0], self.found[1] or 0):
            self.found = taken, since


def _may_take(place: Place, item: Item, bound: Bound) -> bool:
    """Return whether an event can stand here; a comparison with one that has not come is not held against it."""
    if place.clause.id not in item.lits:
        return False
    return not place.clause.aliases <= bound.keys() or place.clause.admits(item, bound)
