"""The Python twin: what a clause means.

The engine is trusted only as far as it agrees with this file. So this file is written to be read: each comparison is
one short closure over the event. A clause that cannot be made into closures is refused here, for both matchers.

Two choices are made here that the language leaves open. Order (``above``, ``below``, ``at_least``, ``at_most``,
``between``) exists between two numbers and between two strings (by code point), and nowhere else. ``matches`` is false
for a string of more than 1,024 characters, so that a regular expression with quadratic cost stays within milliseconds.
"""

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from dispatcher.domain.events import EVENT_FIELDS, Event, Value
from dispatcher.matcher.port import Refusal, RefusalReason
from dispatcher.matcher.values import Sort, equal, sort_of
from dispatcher.rules.model import AllOf, AnyOf, Clause, Compare, Condition, FieldRef, Not, Operand, Operator

Predicate = Callable[[Event], bool]
Getter = Callable[[Event], object]

MAX_DEPTH = 32  # of nested conditions
MAX_NODES = 4_096  # comparisons, operands and connectives in one clause
MAX_REGEX_SUBJECT = 1_024  # characters

Relation = Callable[[Any, Any], bool]

_ORDER: Mapping[Operator, Relation] = {
    Operator.ABOVE: operator.gt,
    Operator.BELOW: operator.lt,
    Operator.AT_LEAST: operator.ge,
    Operator.AT_MOST: operator.le,
}
_ORDERED = (Sort.NUMBER, Sort.STRING)


class _Refused(Exception):
    """A clause that has no meaning; caught where the clauses are compiled."""

    def __init__(self, reason: RefusalReason, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


def compile_compare(compare: Compare) -> Predicate:
    """Return one comparison as a closure. Raises for operands that it cannot have (see :func:`compile_clauses`)."""
    get = _getter(compare.field)
    _check_operands(compare)
    if compare.operator is Operator.EXISTS:
        wanted = compare.operands[0]
        return lambda event: (get(event) is not None) is wanted
    if compare.operator is Operator.MATCHES:
        return _matches(get, compare.operands[0])
    if len(compare.operands) == 1 and not isinstance(compare.operands[0], FieldRef):
        quick = _with_constant(compare.operator, get, compare.operands[0])
        if quick is not None:
            return quick
    operands = tuple(_operand(operand) for operand in compare.operands)
    return _with_operands(compare.operator, get, operands)


def _with_constant(word: Operator, get: Getter, constant: Value) -> Predicate | None:
    """Return the short way of the commonest comparisons, in which half of the sorts is known beforehand, or None."""
    if word is Operator.IS and isinstance(constant, str):
        return lambda event: get(event) == constant  # only a string equals a string
    if word in _ORDER and sort_of(constant) is Sort.NUMBER:
        relation = _ORDER[word]

        def predicate(event: Event) -> bool:
            value = get(event)
            return isinstance(value, int | float) and not isinstance(value, bool) and relation(value, constant)

        return predicate
    return None


def _with_operands(word: Operator, get: Getter, operands: tuple[Getter, ...]) -> Predicate:
    match word:
        case Operator.IS | Operator.IN:
            return _any_equal(get, operands)
        case Operator.IS_NOT | Operator.NOT_IN:
            return _none_equal(get, operands)
        case Operator.BETWEEN:
            low, high = operands
            return _both(_ordered(operator.ge, get, low), _ordered(operator.le, get, high))
        case Operator.CONTAINS:
            return _on_strings(str.__contains__, get, operands[0])
        case Operator.STARTS_WITH:
            return _on_strings(str.startswith, get, operands[0])
        case _:
            return _ordered(_ORDER[word], get, operands[0])


def _any_equal(get: Getter, operands: tuple[Getter, ...]) -> Predicate:
    def predicate(event: Event) -> bool:
        value = get(event)
        return any(equal(value, operand(event)) for operand in operands)

    return predicate


def _none_equal(get: Getter, operands: tuple[Getter, ...]) -> Predicate:
    """``is_not`` for each operand: with a field missing on either side it is false, as every comparison is."""

    def predicate(event: Event) -> bool:
        value = get(event)
        if value is None:
            return False
        others = [operand(event) for operand in operands]
        return all(other is not None and not equal(value, other) for other in others)

    return predicate


def _ordered(relation: Relation, get: Getter, operand: Getter) -> Predicate:
    def predicate(event: Event) -> bool:
        left, right = get(event), operand(event)
        sort = sort_of(left)
        return sort in _ORDERED and sort is sort_of(right) and relation(left, right)

    return predicate


def _both(first: Predicate, second: Predicate) -> Predicate:
    return lambda event: first(event) and second(event)


def _on_strings(relation: Callable[[str, str], bool], get: Getter, operand: Getter) -> Predicate:
    def predicate(event: Event) -> bool:
        left, right = get(event), operand(event)
        return isinstance(left, str) and isinstance(right, str) and relation(left, right)

    return predicate


def _matches(get: Getter, operand: Operand) -> Predicate:
    try:
        fullmatch = re.compile(str(operand)).fullmatch
    except (re.error, RecursionError, OverflowError) as error:
        raise _Refused(RefusalReason.BAD_REGEX, f"{operand!r:.80}: {error}") from error

    def predicate(event: Event) -> bool:
        value = get(event)
        return isinstance(value, str) and len(value) <= MAX_REGEX_SUBJECT and fullmatch(value) is not None

    return predicate


def _getter(name: str) -> Getter:
    """Return what :meth:`Event.field` would, without asking each time which sort of field it is."""
    if name in EVENT_FIELDS:
        return operator.attrgetter(name)
    return lambda event: event.attrs.get(name)


def _operand(operand: Operand) -> Getter:
    if isinstance(operand, FieldRef):
        return _getter(operand.name)
    constant: Value = operand
    return lambda _event: constant


_EXACTLY = {Operator.IN: None, Operator.NOT_IN: None, Operator.BETWEEN: 2}


def _check_operands(compare: Compare) -> None:
    word, operands = compare.operator, compare.operands
    wanted = _EXACTLY.get(word, 1)
    if wanted is not None and len(operands) != wanted:
        raise _Refused(RefusalReason.BAD_OPERANDS, f"{compare.field} {word}: {len(operands)}")
    for operand in operands:
        if not isinstance(operand, FieldRef) and sort_of(operand) is Sort.MISSING:
            raise _Refused(RefusalReason.BAD_OPERANDS, f"{compare.field} {word}: null")
    if word is Operator.EXISTS and not isinstance(operands[0], bool):
        raise _Refused(RefusalReason.BAD_OPERANDS, f"{compare.field} exists: {operands[0]!r:.80}")
    if word is Operator.MATCHES and not isinstance(operands[0], str):
        raise _Refused(RefusalReason.BAD_OPERANDS, f"{compare.field} matches: {operands[0]!r:.80}")


def _compile(condition: Condition) -> Predicate:
    match condition:
        case AllOf(parts=()):
            return lambda _event: True
        case AllOf(parts=(part,)) | AnyOf(parts=(part,)):
            return _compile(part)
        case AllOf(parts=parts):
            return _all(tuple(_compile(part) for part in parts))
        case AnyOf(parts=parts):
            return _any(tuple(_compile(part) for part in parts))
        case Not(part=part):
            return _not(_compile(part))
        case Compare():
            return compile_compare(condition)


def _all(parts: tuple[Predicate, ...]) -> Predicate:
    def predicate(event: Event) -> bool:
        for part in parts:  # noqa: SIM110 - all() over a generator takes twice as long
            if not part(event):
                return False
        return True

    return predicate


def _any(parts: tuple[Predicate, ...]) -> Predicate:
    def predicate(event: Event) -> bool:
        for part in parts:  # noqa: SIM110 - as above
            if part(event):
                return True
        return False

    return predicate


def _not(part: Predicate) -> Predicate:
    return lambda event: not part(event)


def _measure(condition: Condition, depth: int = 1) -> int:
    """Return the number of nodes; refuse what is nested deeper than the stack should ever go."""
    if depth > MAX_DEPTH:
        raise _Refused(RefusalReason.TOO_DEEP, f"> {MAX_DEPTH}")
    match condition:
        case AllOf(parts=parts) | AnyOf(parts=parts):
            return 1 + sum(_measure(part, depth + 1) for part in parts)
        case Not(part=part):
            return 1 + _measure(part, depth + 1)
        case Compare(operands=operands):
            return 1 + len(operands)


def compile_condition(condition: Condition) -> Predicate:
    """Return the whole condition as one closure."""
    if _measure(condition) > MAX_NODES:
        raise _Refused(RefusalReason.TOO_MANY_NODES, f"> {MAX_NODES}")
    return _compile(condition)


def compile_clauses(clauses: Mapping[str, Clause]) -> tuple[dict[str, Predicate], tuple[Refusal, ...]]:
    """Return the closures by clause id, and a refusal for each clause that has none."""
    compiled: dict[str, Predicate] = {}
    refusals: list[Refusal] = []
    for name, clause in clauses.items():
        try:
            compiled[name] = compile_condition(clause.where)
        except _Refused as refused:
            refusals.append(Refusal(name, refused.reason, refused.detail))
    return compiled, tuple(refusals)


def satisfied(predicates: Iterable[tuple[str, Predicate]], event: Event) -> frozenset[str]:
    """Return the ids whose predicate holds. A predicate that fails on an impossible event does not hold."""
    try:
        return frozenset([name for name, predicate in predicates if predicate(event)])
    except Exception:  # an event whose values are no values (no profile makes one): judge clause by clause
        return frozenset([name for name, predicate in predicates if holds(predicate, event)])


def holds(predicate: Predicate, event: Event) -> bool:
    """Return whether the predicate holds; False where the event's values cannot even be compared."""
    try:
        return predicate(event)
    except Exception:
        return False
