"""Every clause stays far from where the engine fails, or is the twin's, visibly."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from dispatcher.domain.events import Event
from dispatcher.domain.stamp import Stamp
from dispatcher.matcher.durable import DurableMatcher
from dispatcher.matcher.engine import SHARD_FIRING, SHARD_LEAVES, SHARD_RULES, Program, compile_program
from dispatcher.matcher.port import Report, ReportReason, Source
from dispatcher.rules.model import AllOf, AnyOf, Clause, Compare, Condition, FieldRef, Not, Operator
from tests.contract.test_matcher import CASES
from tests.fuzz.matcher_pairs import Pairs


def above(number: float, field: str = "x") -> Compare:
    return Compare(field, Operator.ABOVE, (number,))


def program(*conditions: Condition) -> Program:
    return compile_program({f"r{n}": Clause(("motion",), where) for n, where in enumerate(conditions)})


def text(compiled: Program) -> str:
    return json.dumps(compiled.definitions)


def operators(expression: Any) -> Iterator[str]:
    if isinstance(expression, list):
        for part in expression:
            yield from operators(part)
    elif isinstance(expression, Mapping):
        for name, part in expression.items():
            yield name
            yield from operators(part)


@pytest.mark.parametrize("seed", range(40))
def test_only_operators_that_are_known_good_reach_the_engine(seed: int) -> None:
    compiled = compile_program(Pairs(seed).clauses(30))
    used = {name for one in compiled.definitions for name in operators(one) if name.startswith("$")}

    assert used <= {"$and", "$or", "$gt", "$gte", "$lt", "$lte", "$neq"}


@pytest.mark.parametrize("seed", range(40))
def test_no_shard_comes_near_a_limit_of_the_engine(seed: int) -> None:
    compiled = compile_program(Pairs(seed).clauses(120))
    for number in range(len(compiled.definitions)):
        shard = [compiled.clauses[name].term for name, where in compiled.shard_of.items() if where == number]
        assert 0 < len(shard) <= SHARD_RULES
        assert sum(term.leaves for term in shard) <= SHARD_LEAVES
        assert sum(term.firing for term in shard) <= SHARD_FIRING


@pytest.mark.parametrize("seed", range(10))
def test_every_clause_is_in_one_shard_or_told_to_be_the_twins(seed: int) -> None:
    clauses = Pairs(seed).clauses(120)
    compiled = compile_program(clauses)

    assert set(compiled.shard_of) | set(compiled.twin_only) == set(clauses)
    assert not set(compiled.shard_of) & set(compiled.twin_only)


def test_a_clause_of_too_many_comparisons_is_the_twins() -> None:
    many = Compare("x", Operator.IN, tuple(range(100)))
    assert "100 comparisons" in program(many).twin_only["r0"]


def test_a_clause_of_too_many_connectives_is_the_twins() -> None:
    wide = AllOf(tuple(AnyOf((above(n), above(n, "y"))) for n in range(15)))
    assert "r0" in program(wide).twin_only


def test_a_clause_that_could_fire_too_often_is_the_twins() -> None:
    often = AllOf(tuple(AnyOf((above(n), above(n + 1), above(n + 2), above(n + 3))) for n in range(3)))
    assert "64 firings" in program(often).twin_only["r0"]


def test_a_long_list_fires_once_and_is_the_engines() -> None:
    zones = Compare("zone", Operator.IN, tuple(f"zone-{n}" for n in range(60)))
    assert program(zones).twin_only == {}


def test_connectives_inside_their_like_are_opened() -> None:
    nested: Condition = above(0)
    for number in range(1, 20):
        nested = AllOf((nested, above(number)))
    assert program(nested).twin_only == {}
    assert text(program(nested)).count("$and") == 1


def test_not_never_reaches_the_engine_and_missing_is_asked_for() -> None:
    assert json.loads(text(program(Not(above(5))))) == [
        {"c0": {"all": [{"m": {"$or": [{"$lte": {"n0": 5}}, {"$neq": {"t1": 1}}]}}]}}
    ]


def test_what_the_engine_does_wrongly_is_computed_before() -> None:
    wrong = [
        Compare("x", Operator.MATCHES, ("a+",)),
        Compare("x", Operator.CONTAINS, ("a",)),
        Compare("x", Operator.ABOVE, ("a",)),
        Compare("x", Operator.ABOVE, (FieldRef("y"),)),
        Compare("x", Operator.IS, (2**53,)),
        Compare("x", Operator.ABOVE, (1e-7,)),
        Compare("x", Operator.IS, (float("nan"),)),
        Compare("x", Operator.IS, ("a" * 1001,)),
    ]
    compiled = program(*wrong)
    assert all(len(clause.computed) == 1 and not clause.fields for clause in compiled.clauses.values())


def test_one_and_true_are_two_comparisons() -> None:
    """Python takes Compare(x, is, 1) and Compare(x, is, True) for equal."""
    references = [Compare("x", Operator.IN, (operand, FieldRef("y"))) for operand in (1, True)]
    compiled = program(*references)
    assert len({one.name for clause in compiled.clauses.values() for one in clause.computed}) == 2


def test_the_engine_itself_answers_the_whole_contract() -> None:
    reports: list[Report] = []
    matcher = DurableMatcher(reports.append)
    clauses = {name: Clause((f"case.{number}",), where) for number, (name, where, _, _) in enumerate(CASES)}
    try:
        matcher.load(clauses)
        assert matcher.wait_ready(30.0)
        for number, (_, _, attrs, _) in enumerate(CASES):
            event = Event("e", f"case.{number}", None, None, None, None, None, "s", "t", Stamp(0, 0, True), attrs)
            verdicts = matcher.match([event])
            late = matcher.state().late > 0  # a busy machine; the next events still show what is to be shown
            assert late or verdicts[0].source is Source.ENGINE
    finally:
        matcher.close()
    assert ReportReason.TWIN_ONLY not in [report.reason for report in reports]


def test_a_kind_with_more_facts_than_the_engine_holds_is_the_twins() -> None:
    matcher = DurableMatcher(lambda report: None)
    try:
        matcher.load({f"r{n}": Clause(("motion",), above(1, f"field-{n}")) for n in range(200)})
        assert matcher.wait_ready(30.0)
        attrs = {f"field-{n}": n for n in range(200)}
        event = Event("e", "motion", None, None, None, None, None, "s", "t", Stamp(0, 0, True), attrs)
        (verdict,) = matcher.match([event])
    finally:
        matcher.close()
    assert verdict.source is Source.TWIN
    assert verdict.matched == {f"r{n}" for n in range(2, 200)}
