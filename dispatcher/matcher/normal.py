"""From clauses to what the engine can be trusted with.

A clause becomes one durable_rules rule in negation normal form: the engine has no ``not`` that it can be trusted with,
so negations are pushed down to the comparisons (De Morgan), and each comparison is written out both ways. What the
engine compares are facts with a sort in their name, so that "5" can never meet 5. For field number 3: ``n3``, ``s3``
or ``b3`` is its value as a number, string or boolean, and ``t3`` its sort (always there, 0 when the field is missing).
Not(x above 5) is "n3 at most 5, or t3 is not NUMBER". What the engine does wrongly (regular expressions, text inside
text, order of text, one field against another, numbers that it cannot read) the twin computes beforehand, as ``c7``.
"""

import math
from dataclasses import dataclass, field

from dispatcher.matcher.facts import Computed, Field, Names, is_plain_number, tame
from dispatcher.matcher.twin import compile_compare
from dispatcher.matcher.values import Sort, sort_of
from dispatcher.rules.model import AllOf, AnyOf, Compare, Condition, FieldRef, Not, Operand, Operator

Expression = dict[str, object]


@dataclass(frozen=True, slots=True)
class Term:
    """An expression with its size.

    ``leaves`` are comparisons, ``connectives`` ands and ors, and ``firing`` is how often one event can make it fire:
    the engine fires once for each way through the ors.
    """

    expression: Expression
    leaves: int = 1
    connectives: int = 0
    firing: int = 1


def all_of(terms: list[Term]) -> Term:
    """Join terms that must all hold."""
    return _join("$and", terms, math.prod(term.firing for term in terms))


def any_of(terms: list[Term], exclusive: bool = False) -> Term:
    """Join terms of which one must hold; ``exclusive`` when no event can make two of them true."""
    firings = [term.firing for term in terms]
    return _join("$or", terms, max(firings) if exclusive else sum(firings))


def _join(word: str, terms: list[Term], firing: int) -> Term:
    """Join under one connective; one of the same sort inside it is opened, because the engine counts them."""
    if len(terms) == 1:
        return terms[0]
    parts: list[object] = []
    for term in terms:
        inner = term.expression.get(word)
        parts += inner if isinstance(inner, list) else [term.expression]
    opened = sum(word in term.expression for term in terms)
    connectives = 1 + sum(term.connectives for term in terms) - opened
    return Term({word: parts}, sum(term.leaves for term in terms), connectives, firing)


_ORDER = {Operator.ABOVE: "$gt", Operator.BELOW: "$lt", Operator.AT_LEAST: "$gte", Operator.AT_MOST: "$lte"}
_OPPOSITE = {"$gt": "$lte", "$lt": "$gte", "$gte": "$lt", "$lte": "$gt"}


@dataclass(slots=True)
class ClauseCompiler:
    """Compiles one clause, and notes which facts it will need."""

    names: Names
    fields: dict[str, Field] = field(default_factory=dict)
    computed: dict[str, Computed] = field(default_factory=dict)

    def compile(self, condition: Condition, wanted: bool = True) -> Term:
        """Return the condition, or with ``wanted`` False its negation, as an expression without negations."""
        match condition:
            case Not(part=part):
                return self.compile(part, not wanted)
            case AllOf(parts=()) | AnyOf(parts=()):
                return self._constant(isinstance(condition, AllOf) is wanted)
            case AllOf(parts=parts) | AnyOf(parts=parts):
                terms = [self.compile(part, wanted) for part in parts]
                return all_of(terms) if isinstance(condition, AllOf) is wanted else any_of(terms)
            case Compare():
                return self._compare(condition, wanted)

    def _constant(self, holds: bool) -> Term:
        return Term({"one": 1 if holds else 0})

    def _compare(self, compare: Compare, wanted: bool) -> Term:
        match compare.operator:
            case Operator.EXISTS:
                return self._present(compare.field, (compare.operands[0] is True) is wanted)
            case _ if not _readable(compare):
                return self._computed(compare, wanted)
            case Operator.IS | Operator.IN:
                return self._any_equal(compare, wanted)
            case Operator.IS_NOT | Operator.NOT_IN:
                return self._none_equal(compare, wanted)
            case Operator.BETWEEN:
                low, high = compare.operands
                return self._bounds(compare.field, [("$gte", low), ("$lte", high)], wanted)
            case _:
                return self._bounds(compare.field, [(_ORDER[compare.operator], compare.operands[0])], wanted)

    def _present(self, name: str, wanted: bool) -> Term:
        tag = self._slot(name, "t")
        return Term({"$gt": {tag: int(Sort.MISSING)}} if wanted else {tag: int(Sort.MISSING)})

    def _computed(self, compare: Compare, wanted: bool) -> Term:
        key = repr(compare)  # not the value itself: to Python, Compare(x, is, 1) equals Compare(x, is, True)
        if key not in self.computed:
            self.computed[key] = Computed(self.names.of("c", key), compile_compare(compare))
        return Term({self.computed[key].name: 1 if wanted else 0})

    def _bounds(self, name: str, bounds: list[tuple[str, Operand]], wanted: bool) -> Term:
        slot = self._slot(name, "n")
        if wanted:
            return all_of([Term({word: {slot: bound}}) for word, bound in bounds])
        outside = [Term({_OPPOSITE[word]: {slot: bound}}) for word, bound in bounds]
        return any_of([any_of(outside), self._not_sort(name, Sort.NUMBER)], exclusive=True)

    def _any_equal(self, compare: Compare, wanted: bool) -> Term:
        if not compare.operands:
            return self._constant(not wanted)
        return self._equals(compare) if wanted else all_of(self._differs(compare))

    def _none_equal(self, compare: Compare, wanted: bool) -> Term:
        if not compare.operands:
            return self._present(compare.field, wanted)
        if wanted:
            return all_of([self._present(compare.field, True), *self._differs(compare)])
        return any_of([self._present(compare.field, False), self._equals(compare)], exclusive=True)

    def _equals(self, compare: Compare) -> Term:
        literals = self._literals(compare)
        return any_of([Term({slot: value}) for _, slot, value in literals], exclusive=True)

    def _differs(self, compare: Compare) -> list[Term]:
        """For each sort among the operands: the field is of another sort or missing, or differs from all of them."""
        by_sort: dict[Sort, list[Term]] = {}
        for sort, slot, value in self._literals(compare):
            by_sort.setdefault(sort, []).append(Term({"$neq": {slot: value}}))
        return [
            any_of([self._not_sort(compare.field, sort), all_of(terms)], exclusive=True)
            for sort, terms in by_sort.items()
        ]

    def _literals(self, compare: Compare) -> list[tuple[Sort, str, object]]:
        """Return sort, fact and value for each operand, equal ones once (1 and 1.0 are equal, 1 and true are not)."""
        literals: dict[tuple[Sort, object], tuple[Sort, str, object]] = {}
        for operand in compare.operands:
            sort = sort_of(operand)
            slot = self._slot(compare.field, _LETTERS[sort])
            literals.setdefault((sort, operand), (sort, slot, _literal(operand)))
        return list(literals.values())

    def _not_sort(self, name: str, sort: Sort) -> Term:
        return Term({"$neq": {self._slot(name, "t"): int(sort)}})

    def _slot(self, name: str, letter: str) -> str:
        known = self.fields.setdefault(name, Field(name))
        fact = self.names.of(letter, name)
        self.fields[name] = known.also(letter, fact)
        return fact


_LETTERS = {Sort.NUMBER: "n", Sort.STRING: "s", Sort.BOOLEAN: "b"}


def _literal(operand: Operand) -> object:
    if isinstance(operand, bool):
        return int(operand)
    return tame(operand) if isinstance(operand, str) else operand


def _readable(compare: Compare) -> bool:
    """Return whether the engine itself may compare these operands."""
    match compare.operator:
        case Operator.IS | Operator.IS_NOT | Operator.IN | Operator.NOT_IN:
            return all(_readable_value(operand) for operand in compare.operands)
        case Operator.CONTAINS | Operator.STARTS_WITH | Operator.MATCHES:
            return False
        case _:
            return all(is_plain_number(operand) for operand in compare.operands)


def _readable_value(operand: Operand) -> bool:
    if isinstance(operand, FieldRef):
        return False
    if isinstance(operand, str):
        return tame(operand) is not None
    return isinstance(operand, bool) or is_plain_number(operand)
