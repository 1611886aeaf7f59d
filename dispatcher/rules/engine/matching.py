"""Whether events can fill the places of an ``all`` where no clause compares two of them: a bipartite matching.

Trying assignments one by one takes time exponential in the number of places where clauses overlap; augmenting paths
(Kuhn 1955) take places times events.
"""

from collections.abc import Sequence

from dispatcher.rules.engine.places import Place
from dispatcher.rules.engine.state import Item


def can_fill(items: Sequence[Item], places: Sequence[Place]) -> bool:
    """Return whether every place can have an event of its own, one of them the last."""
    fitting = [[at for at, item in enumerate(items) if place.clause.id in item.lits] for place in places]
    if not all(fitting):
        return False
    last, tried = len(items) - 1, set[str]()
    for index, place in enumerate(places):
        if place.clause.id not in tried and fitting[index][-1] == last:
            tried.add(place.clause.id)  # places of one clause are alike
            if _fills([[last] if index == other else fits for other, fits in enumerate(fitting)]):
                return True
    return False


def _fills(fitting: Sequence[Sequence[int]]) -> bool:
    taken: dict[int, int] = {}
    scarcest_first = sorted(range(len(fitting)), key=lambda index: len(fitting[index]))
    return all(_place(index, fitting, taken, set()) for index in scarcest_first)


def _place(index: int, fitting: Sequence[Sequence[int]], taken: dict[int, int], seen: set[int]) -> bool:
    """Give a place an event, if need be by letting other places move to others."""
    for at in fitting[index]:
        if at not in seen:
            seen.add(at)
            if at not in taken or _place(taken[at], fitting, taken, seen):
                taken[at] = index
                return True
    return False
