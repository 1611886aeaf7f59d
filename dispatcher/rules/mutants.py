"""Small changes of a rule, one at a time: numbers, operators, windows. A good test notices each of them."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

from dispatcher.rules.language import (
    CountForm,
    Cross,
    FullRule,
    Relation,
    ScheduleForm,
    Step,
    TimeSpan,
    Unless,
)
from dispatcher.rules.model import AllOf, Compare, Operator

_DAY_MINUTES = 1_440
_FLIPS = {
    Operator.IS: Operator.IS_NOT,
    Operator.IS_NOT: Operator.IS,
    Operator.IN: Operator.NOT_IN,
    Operator.NOT_IN: Operator.IN,
    Operator.ABOVE: Operator.AT_LEAST,
    Operator.AT_LEAST: Operator.ABOVE,
    Operator.BELOW: Operator.AT_MOST,
    Operator.AT_MOST: Operator.BELOW,
}
_RELATIONS = {
    Relation.SAME_AS: Relation.NOT_SAME_AS,
    Relation.NOT_SAME_AS: Relation.SAME_AS,
    Relation.RISES_BY: Relation.FALLS_BY,
    Relation.FALLS_BY: Relation.RISES_BY,
}
_DURATIONS = frozenset({"within_ms", "for_ms", "once_within_ms"})
_FLAGS = frozenset({"reuse", "neighbours"})
_LEFT_ALONE = frozenset({"id", "name", "name_en", "then", "place", "places", "enabled", "shadow", "runs_at", "kinds"})


def mutants(rule: FullRule) -> Iterator[tuple[str, FullRule]]:
    """Yield each small change of a rule that gives another rule, with a word for it."""
    for word, changed in _of(rule):
        if changed != rule:
            yield word, changed


def _of(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the changes of a frozen value and of everything in it."""
    match value:
        case tuple():
            yield from _items(value)
        case Compare():
            yield from _comparison(value)
        case _ if is_dataclass(value) and not isinstance(value, type):
            if isinstance(value, AllOf) and len(value.parts) > 1:
                yield from _fewer(value)
            yield from _numbers(value)
            yield from _inside(value)


def _items(value: tuple[Any, ...]) -> Iterator[tuple[str, Any]]:
    for index, item in enumerate(value):
        for word, changed in _of(item):
            yield word, (*value[:index], changed, *value[index + 1 :])
        if isinstance(item, Unless):
            yield "unless", value[:index] + value[index + 1 :]


def _fewer(value: AllOf) -> Iterator[tuple[str, AllOf]]:
    for index in range(len(value.parts)):
        yield f"where[{index}]", replace(value, parts=value.parts[:index] + value.parts[index + 1 :])


def _inside(value: Any) -> Iterator[tuple[str, Any]]:
    for one in fields(value):
        inner = getattr(value, one.name)
        if one.name in _LEFT_ALONE:
            continue
        if isinstance(value, TimeSpan) or (isinstance(value, ScheduleForm) and one.name == "at"):
            for by in (-1, 1):
                yield f"{one.name} {by:+d}m", replace(value, **{one.name: (inner + by) % _DAY_MINUTES})
        for word, changed in _of(inner):
            yield f"{one.name}.{word}" if is_dataclass(inner) else word, replace(value, **{one.name: changed})


def _numbers(value: Any) -> Iterator[tuple[str, Any]]:
    for one in fields(value):
        inner = getattr(value, one.name)
        if one.name in _DURATIONS and inner:
            yield from _lengths(value, one.name, inner)
        elif one.name in _FLAGS and inner is True:
            yield one.name, replace(value, **{one.name: False})
        elif one.name == "group_by":
            for index in range(len(inner)):
                yield f"group_by {inner[index]}", replace(value, group_by=inner[:index] + inner[index + 1 :])
    if isinstance(value, CountForm | Step):
        yield from _counts(value)
    if isinstance(value, FullRule):
        yield from _dropped(value)


def _lengths(value: Any, name: str, length: int) -> Iterator[tuple[str, Any]]:
    """Yield a duration longer and shorter by what a test's steps can tell apart."""
    unit = 1_000 if length > 1_000 else 1
    for by in (-unit, unit):
        yield f"{name} {by:+d}", replace(value, **{name: length + by})


def _counts(value: CountForm | Step) -> Iterator[tuple[str, Any]]:
    for by in (-1, 1):
        if value.at_least + by >= 1:
            yield f"at_least {by:+d}", replace(value, at_least=value.at_least + by)
    if isinstance(value, CountForm) and value.distinct is not None:
        yield "distinct", replace(value, distinct=None)


def _dropped(rule: FullRule) -> Iterator[tuple[str, FullRule]]:
    """Yield the rule without each thing that can hold a firing back."""
    if rule.throttle is not None:
        yield "throttle", replace(rule, throttle=None)
    if rule.clear_when is not None:
        yield "clear_when", replace(rule, clear_when=None)
    for index in range(len(rule.only_if)):
        yield f"only_if[{index}]", replace(rule, only_if=rule.only_if[:index] + rule.only_if[index + 1 :])
    for name in rule.suppressed_by:
        yield f"suppressed_by {name}", replace(rule, suppressed_by=tuple(n for n in rule.suppressed_by if n != name))


def _comparison(value: Compare) -> Iterator[tuple[str, Compare]]:
    if isinstance(value, Cross):
        yield from _crossing(value)
        return
    flipped = _FLIPS.get(value.operator)
    if flipped is not None:
        yield f"{value.field} {value.operator}", replace(value, operator=flipped)
    if value.operator is Operator.EXISTS:
        yield f"{value.field} exists", replace(value, operands=(not value.operands[0],))
    for index, operand in enumerate(value.operands):
        if isinstance(operand, int | float) and not isinstance(operand, bool):
            for by in (-1, 1):
                changed = (*value.operands[:index], operand + by, *value.operands[index + 1 :])
                yield f"{value.field} {value.operator} {by:+d}", replace(value, operands=changed)


def _crossing(value: Cross) -> Iterator[tuple[str, Compare]]:
    yield f"{value.field} {value.relation}", replace(value, relation=_RELATIONS[value.relation])
    if value.relation in (Relation.RISES_BY, Relation.FALLS_BY):
        for by in (-1, 1):
            yield f"{value.field} {value.relation} {by:+d}", replace(value, amount=value.amount + by)
