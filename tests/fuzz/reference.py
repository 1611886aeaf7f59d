"""A second reading of "where" in docs of the rule language, written apart from the twin, slow and plain.

The twin is the oracle of the engine; this is the oracle of the twin.
"""

import re

from dispatcher.domain.events import Event
from dispatcher.rules.model import AllOf, AnyOf, Clause, Compare, Condition, FieldRef, Not, Operator


def satisfies(clause: Clause, event: Event) -> bool:
    """Return whether the event satisfies the clause."""
    return clause.wants(event.kind) and condition_holds(clause.where, event)


def condition_holds(condition: Condition, event: Event) -> bool:
    """Return whether the condition holds for the event."""
    if isinstance(condition, Not):
        return not condition_holds(condition.part, event)
    if isinstance(condition, AllOf):
        return False not in [condition_holds(part, event) for part in condition.parts]
    if isinstance(condition, AnyOf):
        return True in [condition_holds(part, event) for part in condition.parts]
    return _comparison_holds(condition, event)


def _comparison_holds(compare: Compare, event: Event) -> bool:
    value = event.field(compare.field)
    others = [event.field(one.name) if isinstance(one, FieldRef) else one for one in compare.operands]
    if compare.operator is Operator.EXISTS:
        return (value is not None) == others[0]
    if value is None:
        return False
    if compare.operator in (Operator.IS_NOT, Operator.NOT_IN):
        return all(other is not None and not _same(value, other) for other in others)
    if compare.operator is Operator.BETWEEN:
        return _holds(Operator.AT_LEAST, value, others[0]) and _holds(Operator.AT_MOST, value, others[1])
    return any(_holds(compare.operator, value, other) for other in others)


def _type(value: object) -> str:
    for name, types in (("boolean", bool), ("number", int | float), ("string", str)):
        if isinstance(value, types):
            return name
    return "other"


def _same(left: object, right: object) -> bool:
    return _type(left) == _type(right) != "other" and left == right


def _holds(operator: Operator, left: object, right: object) -> bool:
    if operator in (Operator.IS, Operator.IN):
        return _same(left, right)
    if _type(left) != _type(right) or _type(left) not in ("number", "string"):
        return False
    if operator in (Operator.ABOVE, Operator.BELOW, Operator.AT_LEAST, Operator.AT_MOST):
        return _compare(operator, left, right)
    if not isinstance(left, str) or not isinstance(right, str):
        return False
    if operator is Operator.MATCHES:
        return len(left) <= 1024 and re.fullmatch(right, left) is not None
    return right in left if operator is Operator.CONTAINS else left.startswith(right)


def _compare(operator: Operator, left: object, right: object) -> bool:
    sign = {
        Operator.ABOVE: "__gt__",
        Operator.BELOW: "__lt__",
        Operator.AT_LEAST: "__ge__",
        Operator.AT_MOST: "__le__",
    }[operator]
    if isinstance(left, int) and isinstance(right, float):  # int.__gt__ does not know floats; the mirror image does
        mirror = {"__gt__": "__lt__", "__lt__": "__gt__", "__ge__": "__le__", "__le__": "__ge__"}[sign]
        return getattr(right, mirror)(left) is True
    return getattr(left, sign)(right) is True
