"""Comparisons between events, and what they need of values. What one event alone satisfies, the matcher has said."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from math import isfinite

from dispatcher.domain.events import Event, Value
from dispatcher.rules.engine.state import Item
from dispatcher.rules.language import Cross, Relation
from dispatcher.rules.model import AllOf, AnyOf, Clause, Condition, Not

CLOSE = 1e-12  # of the numbers themselves: what is farther apart is no matter of rounding

Bound = Mapping[str, Event]


def same(left: object, right: object) -> bool:
    """Return whether two values are the same: "5" is not 5, true is not 1, 3 is 3.0; a missing one equals nothing."""
    if left is None or right is None or isinstance(left, bool) is not isinstance(right, bool):
        return False
    return isinstance(left, str) is isinstance(right, str) and left == right


def holds(cross: Cross, event: Event, bound: Bound) -> bool:
    """Return whether a comparison with an earlier event is true; with a field missing on either side it is false."""
    earlier = bound.get(cross.alias)
    left = event.field(cross.field)
    right = earlier.field(cross.other) if earlier is not None else None
    if left is None or right is None:
        return False
    match cross.relation:
        case Relation.SAME_AS:
            return same(left, right)
        case Relation.NOT_SAME_AS:
            return not same(left, right)
        case Relation.RISES_BY:
            return _at_least(left, right, cross.amount)
        case Relation.FALLS_BY:
            return _at_least(right, left, cross.amount)


def _at_least(high: Value, low: Value, amount: float) -> bool:
    values = (high, low, amount)
    if any(isinstance(value, str | bool) or not isfinite(value) for value in values):
        return False
    more = float(high) - float(low) - amount
    if abs(more) > CLOSE * (abs(float(high)) + abs(float(low)) + abs(amount)):
        return more > 0
    # Decimal, because 28.3 - 20.3 is not 8 in binary and a technician says "at least 8".
    return Decimal(str(high)) - Decimal(str(low)) >= Decimal(str(amount))


# --- a clause taken apart: what the matcher says, and what is left to compare -----------------------------------------


@dataclass(frozen=True, slots=True)
class Lit:
    """True when the matcher named this id."""

    id: str


@dataclass(frozen=True, slots=True)
class Both:
    """All parts (``every``) or one of them."""

    parts: tuple["Test", ...]
    every: bool


@dataclass(frozen=True, slots=True)
class Never:
    """Not its part."""

    part: "Test"


Test = Lit | Both | Never | Cross


@dataclass(frozen=True, slots=True)
class Compiled:
    """One clause: its id, its test, and whether the matcher's word on ``id`` is the whole test."""

    id: str
    clause: Clause
    test: Test
    plain: bool
    aliases: frozenset[str] = frozenset()

    def admits(self, item: Item, bound: Bound) -> bool:
        """Return whether the event satisfies the clause, given the events named before."""
        return self.id in item.lits and (self.plain or passes(self.test, item, bound))


def passes(test: Test, item: Item, bound: Bound) -> bool:
    """Return whether a test holds."""
    match test:
        case Lit(id=id_):
            return id_ in item.lits
        case Both(parts=parts, every=True):
            return all(passes(part, item, bound) for part in parts)
        case Both(parts=parts):
            return any(passes(part, item, bound) for part in parts)
        case Never(part=part):
            return not passes(part, item, bound)
        case Cross():
            return holds(test, item.event, bound)


def references(clauses: Iterable[Compiled]) -> set[tuple[str, str]]:
    """Return the names, each with a field, that clauses compare with."""
    return {(cross.alias, cross.other) for clause in clauses for cross in crossing(clause)}


def crossing(clause: Compiled) -> list[Cross]:
    """Return the comparisons of a clause with other events."""
    return _crossing(clause.clause.where)


@dataclass(slots=True)
class Clauses:
    """Takes clauses apart and gathers what the matcher is asked: ``rule#0``, and ``rule#0.1`` for a part of one."""

    prefix: str
    questions: dict[str, Clause] = field(default_factory=dict)
    _count: int = 0

    def compile(self, clause: Clause) -> Compiled:
        """Return one clause compiled."""
        id_ = f"{self.prefix}{self._count}"
        self._count += 1
        crossing = list(_crossing(clause.where))
        if not crossing:
            self.questions[id_] = clause
            return Compiled(id_, clause, Lit(id_), plain=True)
        parts = clause.where.parts if isinstance(clause.where, AllOf) else (clause.where,)
        alone = tuple(part for part in parts if not any(_crossing(part)))
        self.questions[id_] = Clause(clause.kinds, AllOf(alone))
        rest = tuple(self._test(id_, clause.kinds, part) for part in parts if any(_crossing(part)))
        aliases = frozenset(cross.alias for cross in crossing)
        return Compiled(id_, clause, Both(rest, every=True), plain=False, aliases=aliases)

    def _test(self, base: str, kinds: tuple[str, ...], condition: Condition) -> Test:
        if isinstance(condition, Cross):
            return condition
        if not any(_crossing(condition)):
            id_ = f"{base}.{len(self.questions)}"
            self.questions[id_] = Clause(kinds, condition)
            return Lit(id_)
        if isinstance(condition, Not):
            return Never(self._test(base, kinds, condition.part))
        parts = condition.parts if isinstance(condition, AllOf | AnyOf) else ()
        return Both(tuple(self._test(base, kinds, part) for part in parts), every=isinstance(condition, AllOf))


def _crossing(condition: Condition) -> list[Cross]:
    match condition:
        case AllOf(parts=parts) | AnyOf(parts=parts):
            return [cross for part in parts for cross in _crossing(part)]
        case Not(part=part):
            return _crossing(part)
        case Cross():
            return [condition]
        case _:
            return []
