"""From ``count``, ``all``, ``sequence`` and ``after`` to the windows that can tell them at the least cost."""

from collections.abc import Callable, Iterable

from dispatcher.rules.engine.chains import Chained
from dispatcher.rules.engine.counting import Counting
from dispatcher.rules.engine.cross import Clauses, Compiled, references
from dispatcher.rules.engine.gathering import Gathered
from dispatcher.rules.engine.grouping import Grouping
from dispatcher.rules.engine.places import Place
from dispatcher.rules.engine.searching import Searched
from dispatcher.rules.engine.sliding import Sliding
from dispatcher.rules.engine.waits import Trigger
from dispatcher.rules.language import After, AllForm, CountForm, SequenceForm, Step, Unless, When
from dispatcher.rules.model import Clause
from dispatcher.rules.uses import clauses_of, trigger_clauses

Lateness = Callable[[Iterable[Clause]], int]


def sliding_of(
    form: CountForm | AllForm | SequenceForm, when: When, asked: Clauses, grouping: Grouping, lateness_of: Lateness
) -> Sliding:
    """Return the window of a ``when``. ``lateness_of`` says how late an event may be that clauses want, in ms."""
    lateness = lateness_of(clauses_of(when))
    common = (grouping, when.within_ms, lateness, when.reuse)
    in_order = not lateness and grouping.near is None
    match form:
        case CountForm(clause=clause, at_least=number, distinct=distinct):
            return Counting(*common, asked.compile(clause), number, distinct)
        case AllForm(steps=steps, unless=unless):
            places = tuple(place for step in steps for place in _places(step, asked, ()))
            voiding = tuple(asked.compile(part.clause) for part in unless)
            if in_order and not _compares_with_last(places, voiding):
                return Gathered(*common, places, voiding)
            return Searched(*common, places, False, voiding)
        case SequenceForm(parts=parts):
            places = _ordered(parts, asked)
            return Chained(*common, places) if in_order else Searched(*common, places, True)


def _compares_with_last(places: tuple[Place, ...], unless: tuple[Compiled, ...]) -> bool:
    """Return whether something compares with the last of several events: then their order among each other matters."""
    named = {place.name for place in places if not place.opens}
    return any(name in named for name, _ in references((*unless, *(place.clause for place in places))))


def trigger_of(after: After, asked: Clauses, grouping: Grouping, lateness_of: Lateness) -> Trigger:
    """Return what begins the waits of an ``after``."""
    inner = after.trigger
    if isinstance(inner, Step) and inner.at_least == 1:
        return Trigger(asked.compile(inner.clause), inner.name, None)
    common = (grouping, after.within_ms or 0, lateness_of(trigger_clauses(inner)), False)
    if isinstance(inner, SequenceForm):
        # A silence spends a part of what began it, and only events that are there whole can be parted.
        return Trigger(None, after.name, Searched(*common, _ordered(inner.parts, asked), True))
    counting = Counting(*common, asked.compile(inner.clause), inner.at_least, _distinct(inner))
    return Trigger(None, inner.name if isinstance(inner, Step) else after.name, counting)


def _distinct(inner: Step | CountForm) -> str | None:
    return inner.distinct if isinstance(inner, CountForm) else None


def _ordered(parts: tuple[Step | Unless, ...], asked: Clauses) -> tuple[Place, ...]:
    places: list[Place] = []
    unless: list[Unless] = []
    for part in parts:
        if isinstance(part, Unless):
            unless.append(part)
            continue
        voiding = tuple(asked.compile(one.clause) for one in unless)
        places += _places(part, asked, voiding)
        unless = []
    return tuple(places)


def _places(step: Step, asked: Clauses, voiding: tuple[Compiled, ...]) -> list[Place]:
    clause = asked.compile(step.clause)
    last = step.at_least - 1
    return [
        Place(clause, step.name if n == last else None, voiding if n == 0 else (), opens=n == 0)
        for n in range(step.at_least)
    ]
