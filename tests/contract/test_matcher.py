"""What both matchers promise, told once and asked of both."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from dispatcher.domain.events import Event
from dispatcher.domain.stamp import Stamp
from dispatcher.matcher.durable import DurableMatcher
from dispatcher.matcher.port import Matcher, RefusalReason, Source
from dispatcher.matcher.python import PythonMatcher
from dispatcher.rules.model import AllOf, AnyOf, Clause, Compare, Condition, FieldRef, Not, Operand, Operator

Loaded = Callable[[Mapping[str, Clause]], AbstractContextManager[Matcher]]


@contextmanager
def _python(clauses: Mapping[str, Clause]) -> Iterator[Matcher]:
    matcher = PythonMatcher()
    assert matcher.load(clauses) == ()
    yield matcher
    matcher.close()


@contextmanager
def _durable(clauses: Mapping[str, Clause]) -> Iterator[Matcher]:
    matcher = DurableMatcher(lambda report: None)
    try:
        assert matcher.load(clauses) == ()
        assert not clauses or matcher.wait_ready(20.0)
        yield matcher
        assert matcher.state().differences == 0
    finally:
        matcher.close()


@pytest.fixture(params=[_python, _durable], ids=["python", "durable_rules"], scope="module")
def loaded(request: pytest.FixtureRequest) -> Loaded:
    """Run the test once with each matcher."""
    make: Loaded = request.param
    return make


def event(kind: str = "motion", attrs: Mapping[str, Any] | None = None, **own: Any) -> Event:
    base: dict[str, Any] = {
        "id": "e1", "device": "pir-1", "role": "motion", "post": "pos-03", "zone": "a", "kelurahan": "angke",
        "source": "sensor", "trust": "authenticated",
    }  # fmt: skip
    return Event(kind=kind, arrived=Stamp(0, 0, True), attrs=attrs or {}, **{**base, **own})


def compare(operator: Operator, *operands: Operand, field: str = "x") -> Compare:
    return Compare(field, operator, operands)


IS, IS_NOT, IN, NOT_IN = Operator.IS, Operator.IS_NOT, Operator.IN, Operator.NOT_IN
ABOVE, BELOW, AT_LEAST, AT_MOST, BETWEEN = (
    Operator.ABOVE, Operator.BELOW, Operator.AT_LEAST, Operator.AT_MOST, Operator.BETWEEN,
)  # fmt: skip
CONTAINS, STARTS_WITH, MATCHES, EXISTS = (
    Operator.CONTAINS, Operator.STARTS_WITH, Operator.MATCHES, Operator.EXISTS,
)  # fmt: skip
NAN, INF = float("nan"), float("inf")
MISSING: dict[str, Any] = {}
YES, NO = True, False

CASES: list[tuple[str, Condition, dict[str, Any], bool]] = [
    ("an empty where holds", AllOf(()), MISSING, YES),
    ("an empty any_of does not", AnyOf(()), MISSING, NO),
    ("and its negation does", Not(AnyOf(())), MISSING, YES),
    ("a string is itself", compare(IS, "a"), {"x": "a"}, YES),
    ("case counts", compare(IS, "a"), {"x": "A"}, NO),
    ("a string of digits is no number", compare(IS, 5), {"x": "5"}, NO),
    ("a number is no string of digits", compare(IS, "5"), {"x": 5}, NO),
    ("true is not 1", compare(IS, 1), {"x": True}, NO),
    ("1 is not true", compare(IS, True), {"x": 1}, NO),
    ("0 is not false", compare(IS, False), {"x": 0}, NO),
    ("true is true", compare(IS, True), {"x": True}, YES),
    ("false is not true", compare(IS_NOT, True), {"x": False}, YES),
    ("the string true is not true", compare(IS, True), {"x": "true"}, NO),
    ("3 is 3.0", compare(IS, 3), {"x": 3.0}, YES),
    ("3.0 is 3", compare(IS, 3.0), {"x": 3}, YES),
    ("0.0 is minus 0.0", compare(IS, 0.0), {"x": -0.0}, YES),
    ("null is missing", compare(EXISTS, False), {"x": None}, YES),
    ("null does not exist", compare(EXISTS, True), {"x": None}, NO),
    ("missing does not exist", compare(EXISTS, True), MISSING, NO),
    ("an empty string exists", compare(EXISTS, True), {"x": ""}, YES),
    ("false exists", compare(EXISTS, True), {"x": False}, YES),
    ("nan exists", compare(EXISTS, True), {"x": NAN}, YES),
    ("a list exists", compare(EXISTS, True), {"x": []}, YES),
    ("not of missing exists", Not(compare(EXISTS, True)), MISSING, YES),
    ("is of a missing field is false", compare(IS, "a"), MISSING, NO),
    ("is_not of a missing field is false", compare(IS_NOT, "a"), MISSING, NO),
    ("not_in of a missing field is false", compare(NOT_IN, "a", "b"), MISSING, NO),
    ("not_in of nothing is false for a missing field", compare(NOT_IN), MISSING, NO),
    ("not_in of nothing is true for any other", compare(NOT_IN), {"x": "a"}, YES),
    ("in of nothing is false", compare(IN), {"x": "a"}, NO),
    ("above of a missing field is false", compare(ABOVE, 1), MISSING, NO),
    ("not of a comparison with a missing field is true", Not(compare(ABOVE, 1)), MISSING, YES),
    ("not is of a missing field is true", Not(compare(IS, "a")), MISSING, YES),
    ("not is_not of a missing field is true", Not(compare(IS_NOT, "a")), MISSING, YES),
    ("not twice is the thing itself", Not(Not(compare(IS, "a"))), MISSING, NO),
    ("is_not across types is true", compare(IS_NOT, 5), {"x": "5"}, YES),
    ("not above of a string is true", Not(compare(ABOVE, 5)), {"x": "error"}, YES),
    ("a string is above no number", compare(ABOVE, 37.5), {"x": "error"}, NO),
    ("a string is below no number either", compare(BELOW, 37.5), {"x": "error"}, NO),
    ("true is above nothing", compare(ABOVE, 0), {"x": True}, NO),
    ("above excludes its bound", compare(ABOVE, 5), {"x": 5}, NO),
    ("at_least includes its bound", compare(AT_LEAST, 5), {"x": 5.0}, YES),
    ("below excludes its bound", compare(BELOW, 5), {"x": 5}, NO),
    ("at_most includes its bound", compare(AT_MOST, 5), {"x": 5}, YES),
    ("between includes its lower end", compare(BETWEEN, 1, 5), {"x": 1}, YES),
    ("between includes its upper end", compare(BETWEEN, 1, 5), {"x": 5}, YES),
    ("between excludes the rest", compare(BETWEEN, 1, 5), {"x": 5.000001}, NO),
    ("between the wrong way round is empty", compare(BETWEEN, 5, 1), {"x": 3}, NO),
    ("not between holds outside", Not(compare(BETWEEN, 1, 5)), {"x": 6}, YES),
    ("strings have an order", compare(ABOVE, "10:00"), {"x": "10:01"}, YES),
    ("strings are between strings", compare(BETWEEN, "a", "c"), {"x": "b"}, YES),
    ("in takes any of mixed types", compare(IN, "a", 5, True), {"x": 5}, YES),
    ("in is as strict as is", compare(IN, "a", 1), {"x": True}, NO),
    ("in finds a boolean beside its number", compare(IN, 1, True), {"x": True}, YES),
    ("not_in refuses any of them", compare(NOT_IN, "a", 5), {"x": 5}, NO),
    ("not_in passes the rest", compare(NOT_IN, "a", 5), {"x": "5"}, YES),
    ("contains", compare(CONTAINS, "awu"), {"x": "tawuran"}, YES),
    ("contains of a number is false", compare(CONTAINS, "5"), {"x": 55}, NO),
    ("starts_with", compare(STARTS_WITH, "taw"), {"x": "tawuran"}, YES),
    ("starts_with is no contains", compare(STARTS_WITH, "awu"), {"x": "tawuran"}, NO),
    ("matches takes the whole value", compare(MATCHES, "zone-[0-9]"), {"x": "zone-12"}, NO),
    ("matches a whole value", compare(MATCHES, "zone-[0-9]+"), {"x": "zone-12"}, YES),
    ("matches strings only", compare(MATCHES, "[0-9]+"), {"x": 12}, NO),
    ("a field may be compared with another", compare(ABOVE, FieldRef("y")), {"x": 2, "y": 1}, YES),
    ("the other field may be missing", compare(IS_NOT, FieldRef("y")), {"x": 2}, NO),
    ("a field may be compared with its device", compare(IS, FieldRef("device")), {"x": "pir-1"}, YES),
    ("two nulls are not equal", compare(IS, FieldRef("y")), {"x": None, "y": None}, NO),
    ("fields of every event are fields", compare(IS, "a", field="zone"), MISSING, YES),
    ("an attribute does not hide them", compare(IS, "b", field="zone"), {"zone": "b"}, NO),
    ("all_of needs all", AllOf((compare(ABOVE, 1), compare(BELOW, 3))), {"x": 3}, NO),
    ("any_of needs one", AnyOf((compare(ABOVE, 5), compare(BELOW, 5))), {"x": 3}, YES),
    (
        "not reaches through all_of and any_of",
        Not(AllOf((AnyOf((compare(IS, 1), compare(IS, 2))), Not(compare(IS, "b", field="y"))))),
        {"x": 1, "y": "b"},
        YES,
    ),
    ("a whole number too big for a double is itself", compare(IS, 2**53 + 1), {"x": 2**53 + 1}, YES),
    ("and not its neighbour", compare(IS, 2**53 + 1), {"x": 2**53}, NO),
    ("a number of 400 digits is above", compare(ABOVE, 1.5), {"x": 10**400}, YES),
    ("infinity is above", compare(ABOVE, 1.5), {"x": INF}, YES),
    ("minus infinity is below", compare(BELOW, -(10**15)), {"x": -INF}, YES),
    ("infinity is itself", compare(IS, INF), {"x": INF}, YES),
    ("nan is nothing", compare(IS, NAN), {"x": NAN}, NO),
    ("nan is not 5", compare(IS_NOT, 5), {"x": NAN}, YES),
    ("nan is neither above", compare(ABOVE, 5), {"x": NAN}, NO),
    ("nor not above being wrong", Not(compare(ABOVE, 5)), {"x": NAN}, YES),
    ("a tiny number is above zero", compare(ABOVE, 0), {"x": 5e-324}, YES),
    ("a tiny number is not zero", compare(IS, 0), {"x": 1e-300}, NO),
    ("neighbouring doubles differ", compare(ABOVE, 37.3), {"x": 37.300000000000004}, YES),
    ("a lone surrogate is itself", compare(IS, "\ud800"), {"x": "\ud800"}, YES),
    ("and no other", compare(IS, "\ud800"), {"x": "\ud801"}, NO),
    ("a quote is a character", compare(IS, 'a"b'), {"x": 'a"b'}, YES),
    ("a backslash at the end is one", compare(IS, "a\\"), {"x": "a\\"}, YES),
    ("a zero byte ends nothing", compare(IS, "a"), {"x": "a\x00b"}, NO),
    ("text that looks like JSON is text", compare(IS, '{"x":1}'), {"x": '{"x":1}'}, YES),
    ("long strings differ in their last character", compare(IS, "x" * 70_000 + "y"), {"x": "x" * 70_001}, NO),
    ("long strings may be equal", compare(IS, "x" * 70_001), {"x": "x" * 70_001}, YES),
    ("9 MB are no trouble", compare(IS_NOT, "a"), {"x": "x" * 9_000_000}, YES),
    ("9 MB can be searched", compare(CONTAINS, "y"), {"x": "x" * 9_000_000 + "y"}, YES),
    ("a list equals nothing", compare(IS, "a"), {"x": ["a"]}, NO),
    ("a list is not a", compare(IS_NOT, "a"), {"x": ["a"]}, YES),
    ("a field called sid is a field", compare(IS, "a", field="sid"), {"sid": "a"}, YES),
    ("a field called $s is a field", compare(IS, "a", field="$s"), {"$s": "a"}, YES),
    ("a dot in a name is a dot", compare(IS, 1, field="a.b"), {"a": {"b": 1}}, NO),
    ("names with equal hashes are two names", compare(IS, 1, field="costarring"), {"liquid": 1}, NO),
]


@pytest.fixture(scope="module")
def all_cases(loaded: Loaded) -> Iterator[Matcher]:
    """One matcher with the clause of every case, each for a kind of its own."""
    clauses = {name: Clause((f"case.{number}",), where) for number, (name, where, _, _) in enumerate(CASES)}
    with loaded(clauses) as matcher:
        yield matcher


@pytest.mark.parametrize("number", range(len(CASES)), ids=[case[0] for case in CASES])
def test_where_means_what_the_language_says(all_cases: Matcher, number: int) -> None:
    name, _, attrs, expected = CASES[number]

    (verdict,) = all_cases.match([event(f"case.{number}", attrs)])

    assert verdict.matched == ({name} if expected else set())


def test_kinds_are_exact_or_prefixes_with_a_dot(loaded: Loaded) -> None:
    clauses = {"exact": Clause(("report",)), "prefix": Clause(("report.*",)), "both": Clause(("report", "report.*"))}
    with loaded(clauses) as matcher:
        kinds = ["report", "report.fire", "report.fire.big", "reports", "report.", "Report.fire"]
        verdicts = matcher.match([event(kind) for kind in kinds])

    prefixed = {"prefix", "both"}
    assert [set(one.matched) for one in verdicts] == [{"exact", "both"}, prefixed, prefixed, set(), prefixed, set()]


def test_there_is_one_verdict_for_each_event_in_order(loaded: Loaded) -> None:
    with loaded({"high": Clause(("motion",), compare(ABOVE, 500))}) as matcher:
        events = [event("motion" if n % 3 else "door.open", {"x": n}, id=f"e{n}") for n in range(1000)]
        verdicts = matcher.match(events)

    assert [one.event for one in verdicts] == [one.id for one in events]
    assert [bool(one.matched) for one in verdicts] == [n % 3 != 0 and n > 500 for n in range(1000)]


def test_equal_events_are_judged_each_time(loaded: Loaded) -> None:
    with loaded({"any": Clause(("motion",)), "a": Clause(("motion",), compare(IS, "a", field="zone"))}) as matcher:
        verdicts = matcher.match([event()] * 10) + matcher.match([event()])

    assert [one.matched for one in verdicts] == [{"any", "a"}] * 11


def test_no_events_give_no_verdicts(loaded: Loaded) -> None:
    with loaded({"any": Clause(("motion",))}) as matcher:
        assert matcher.match([]) == []


def test_without_clauses_nothing_matches(loaded: Loaded) -> None:
    with loaded({}) as matcher:
        assert [one.matched for one in matcher.match([event()])] == [frozenset()]


def test_a_load_replaces_all_clauses(loaded: Loaded) -> None:
    with loaded({"old": Clause(("motion",))}) as matcher:
        assert matcher.load({"new": Clause(("motion",))}) == ()
        assert matcher.match([event()])[0].matched == {"new"}
        assert matcher.load({}) == ()
        assert matcher.match([event()])[0].matched == frozenset()


@pytest.mark.parametrize(
    ("where", "reason"),
    [
        (compare(MATCHES, "("), RefusalReason.BAD_REGEX),
        (compare(MATCHES, 5), RefusalReason.BAD_OPERANDS),
        (compare(BETWEEN, 5), RefusalReason.BAD_OPERANDS),
        (compare(IS), RefusalReason.BAD_OPERANDS),
        (compare(EXISTS, 1), RefusalReason.BAD_OPERANDS),
        (compare(MATCHES, FieldRef("y")), RefusalReason.BAD_OPERANDS),
        (compare(IN, *range(5000)), RefusalReason.TOO_MANY_NODES),
    ],
)
def test_a_clause_without_meaning_is_refused_and_the_old_ones_stay(
    loaded: Loaded, where: Condition, reason: RefusalReason
) -> None:
    with loaded({"old": Clause(("motion",))}) as matcher:
        refusals = matcher.load({"good": Clause(("motion",)), "bad": Clause(("motion",), Not(where))})

        assert [(one.clause, one.reason) for one in refusals] == [("bad", reason)]
        assert matcher.match([event()])[0].matched == {"old"}


def test_a_condition_nested_a_thousand_deep_is_refused(loaded: Loaded) -> None:
    where: Condition = AllOf(())
    for _ in range(1000):
        where = Not(where)
    with loaded({}) as matcher:
        assert [one.reason for one in matcher.load({"deep": Clause(("motion",), where)})] == [RefusalReason.TOO_DEEP]


def test_every_refusal_is_found_in_one_run(loaded: Loaded) -> None:
    bad = Clause(("motion",), compare(MATCHES, "("))
    with loaded({}) as matcher:
        assert [one.clause for one in matcher.load({"a": bad, "b": bad, "c": Clause(("motion",))})] == ["a", "b"]


@pytest.mark.parametrize("attrs", [None, 5, "text", {"x": object()}])
def test_an_event_that_is_none_raises_nothing_and_its_neighbours_are_judged(loaded: Loaded, attrs: Any) -> None:
    bad = Event("bad", "motion", None, None, None, None, None, "s", "t", Stamp(0, 0, True), attrs)
    with loaded({"positive": Clause(("motion",), compare(ABOVE, 0))}) as matcher:
        verdicts = matcher.match([event(attrs={"x": 1}), bad, event(attrs={"x": 2})])

    assert [set(one.matched) for one in verdicts] == [{"positive"}, set(), {"positive"}]


def test_ids_of_clauses_may_be_anything(loaded: Loaded) -> None:
    names = ["", "c1", "rule/1", 'a"b', "\x00", "panic-press#0.1", "é" * 100]
    with loaded({name: Clause(("motion",)) for name in names}) as matcher:
        assert matcher.match([event()])[0].matched == set(names)


def test_kinds_without_end_leave_the_answers_right(loaded: Loaded) -> None:
    with loaded({"word": Clause(("report.*",))}) as matcher:
        verdicts = matcher.match([event(f"report.word{n}") for n in range(3_000)])

    assert all(one.matched == {"word"} for one in verdicts)


def test_closing_twice_is_allowed_and_events_are_still_judged(loaded: Loaded) -> None:
    with loaded({"any": Clause(("motion",))}) as matcher:
        matcher.close()
        matcher.close()
        matcher.tick()
        (verdict,) = matcher.match([event()])

    assert verdict.matched == {"any"}
    assert verdict.source is Source.TWIN
