"""Rule files: what is understood, and how a technician is told what is not."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.faults import FaultsFound, Place
from dispatcher.domain.incident import Severity
from dispatcher.rules.language import EventForm, FullRule
from dispatcher.rules.model import AllOf, AnyOf, Clause, Compare, FieldRef, Not, Operator, Throttle
from dispatcher.rules.parse import parse_ruleset
from dispatcher.settings.yamlfile import read_file, read_text

SHIPPED = sorted(path for path in (Path(__file__).parents[3] / "rules").glob("*.yaml") if ".test." not in path.name)
THEN = "then: {escalate: precinct, incident: x, severity: low}"


def rule(when: str, then: str = THEN, more: str = "") -> str:
    return f"version: 1\nrules:\n- id: a\n  when: {when}\n  {then}\n{more}"


def parsed(text: str) -> FullRule:
    ruleset, faults = parse_ruleset([read_text(text, "r.yaml")])
    assert [fault.render("en") for fault in faults] == []
    return ruleset.rules[0]


def clause(rule: FullRule) -> Clause:
    assert isinstance(rule.when.form, EventForm)
    return rule.when.form.clause


def faults(text: str) -> list[str]:
    _, found = parse_ruleset([read_text(text, "r.yaml")])
    return [fault.render("en") for fault in found]


def test_the_rule_of_the_manual_is_understood() -> None:
    one = parsed(
        """version: 1
rules:
- id: panic-press
  name: Tombol panik ditekan
  when: {event: [panic.press, panic.hold]}
  then: {escalate: precinct, incident: panic, severity: critical, message: "Tombol panik {device} di {post}"}
  throttle: {once_within: 30s, group_by: [device]}
"""
    )
    assert clause(one) == Clause(("panic.press", "panic.hold"), AllOf(()))
    assert one.then.severity is Severity.CRITICAL
    assert one.throttle == Throttle(30_000, ("device",))
    assert (one.name, one.enabled, one.shadow) == ("Tombol panik ditekan", True, False)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_every_shipped_rule_file_is_free_of_faults(path: Path) -> None:
    ruleset, found = parse_ruleset([read_file(path)])
    assert found == ()
    assert ruleset.rules


@pytest.mark.parametrize(
    ("where", "condition"),
    [
        ("{zone: meja}", Compare("zone", Operator.IS, ("meja",))),
        ("{zone: [a, b]}", Compare("zone", Operator.IN, ("a", "b"))),
        ("{value: {above: 37.5}}", Compare("value", Operator.ABOVE, (37.5,))),
        ("{value: {between: [1, 2]}}", Compare("value", Operator.BETWEEN, (1, 2))),
        ("{x: {exists: false}}", Compare("x", Operator.EXISTS, (False,))),
        ("{x: {is: {field: y}}}", Compare("x", Operator.IS, (FieldRef("y"),))),
        ("{x: {field: y}}", Compare("x", Operator.IS, (FieldRef("y"),))),
        ("{x: on}", Compare("x", Operator.IS, ("on",))),
        ("{x: true}", Compare("x", Operator.IS, (True,))),
        ("{not: {x: 1}}", Not(Compare("x", Operator.IS, (1,)))),
        ("{any_of: [{x: 1}, {y: 2}]}", AnyOf((Compare("x", Operator.IS, (1,)), Compare("y", Operator.IS, (2,))))),
        (
            "{x: {above: 1, below: 3}}",
            AllOf((Compare("x", Operator.ABOVE, (1,)), Compare("x", Operator.BELOW, (3,)))),
        ),
        ("{}", AllOf(())),
    ],
)
def test_where_is_understood(where: str, condition: object) -> None:
    assert clause(parsed(rule(f"{{event: motion, where: {where}}}"))).where == condition


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (rule("{evnt: motion}"), "r.yaml:4:10: unknown-key: unknown key evnt here (did you mean event?)"),
        (rule("{event: moton}"), "r.yaml:4:17: unknown-kind: unknown event kind moton (did you mean motion?)"),
        (
            rule("{event: moton.*}"),
            "r.yaml:4:17: unknown-kind: no event kind lies below moton.* (did you mean motion.*?)",
        ),
        (rule("{event: motion, where: {zoen: a}}"), "r.yaml:4:33: field-slip: field zoen is one slip away from zone"),
        (
            rule("{event: motion, where: {x: {abov: 1}}}"),
            "r.yaml:4:37: unknown-operator: unknown comparison abov (did you mean above?)",
        ),
        (
            rule("{event: motion, where: {x: {above: '1'}}}"),
            "r.yaml:4:44: wrong-type: expected number here, not '1'",
        ),
        (
            rule("{event: motion, where: {x: {matches: '(a+)+'}}}"),
            "r.yaml:4:46: bad-pattern: this pattern is wrong or can run away: too many ways to match one text (as in (a+)+)",
        ),
        (rule("{event: motion}", "then: {escalate: polisi, incident: x, severity: low}"), "unknown word polisi"),
        (
            rule("{event: motion}", "then: {escalate: precinct, severity: low}"),
            "r.yaml:5:9: missing-key: then needs incident",
        ),
        (
            rule("{event: motion}", "then: {incident: x, severity: low}"),
            "r.yaml:5:9: missing-key: key escalate is required",
        ),
        (rule("{event: motion}", THEN, "  throttle: {once_within: 3}"), "bad-duration"),
        (
            rule("{event: motion}", THEN, "- id: a\n  when: {event: motion}\n  " + THEN),
            "id a is already used at r.yaml:3:3",
        ),
        (
            rule("{event: panic.press}", "then: {escalate: none}"),
            "floor-escalate: a panic is always relayed; escalate: none is refused",
        ),
        (rule("{event: panic.*}"), "floor-severity: a panic is always critical"),
        (
            rule(
                "{event: panic.press}",
                "then: {escalate: precinct, incident: x, severity: critical}",
                "  throttle: {once_within: 30s}",
            ),
            "floor-throttle",
        ),
        ("version: 2\nrules: []", "file-version"),
        ("version: 1", "missing-key: key rules is required"),
        ("- a", "expected mapping (key: value) here, not list"),
    ],
)
def test_a_fault_is_told_with_its_place_and_what_was_meant(text: str, told: str) -> None:
    assert any(told in line for line in faults(text)), faults(text)


def test_all_faults_of_all_files_come_out_of_one_run() -> None:
    first = read_text(rule("{event: moton}"), "a.yaml")
    second = read_text(rule("{event: smok}"), "b.yaml")
    _, found = parse_ruleset([first, second])
    assert {fault.place.file for fault in found} == {"a.yaml", "b.yaml"}


def test_a_rule_that_is_switched_off_is_checked_all_the_same() -> None:
    assert not parsed(rule("{event: motion}", THEN, "  enabled: false")).enabled
    assert faults(rule("{event: moton}", THEN, "  enabled: false"))


def test_a_shadow_rule_is_marked() -> None:
    assert parsed(rule("{event: motion}", THEN, "  mode: shadow")).shadow


def test_a_file_whose_rules_are_all_commented_out_has_none_and_no_fault() -> None:
    ruleset, found = parse_ruleset([read_text("version: 1\nrules:\n# - id: a\n", "r.yaml")])
    assert (ruleset.rules, found) == ((), ())


WORDS = st.sampled_from(
    ["version", "rules", "id", "when", "then", "event", "where", "motion", "panic.press", "escalate", "precinct", "1",
     "30s", "true", "not", "any_of", "between", "matches", "(a+)+", "field", "throttle", "once_within", "zoen"]
)  # fmt: skip
TREES = st.recursive(
    WORDS | st.integers() | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=25,
)


@given(TREES)
def test_any_tree_of_our_words_gives_rules_or_faults(tree: object) -> None:
    ruleset, found = parse_ruleset([read_text(json.dumps(tree), "r.yaml")])
    assert isinstance(ruleset.rules, tuple)
    assert all(fault.render("id") and fault.render("en") for fault in found)


@given(st.text(max_size=200))
def test_any_text_is_yaml_or_is_refused_with_a_place(text: str) -> None:
    assert all(place.file == "r.yaml" for place in refusals(text))


def refusals(text: str) -> list[Place]:
    try:
        read_text(text, "r.yaml")
    except FaultsFound as refused:
        return [fault.place for fault in refused.faults]
    return []


def test_what_was_expected_is_said_in_the_readers_language() -> None:
    text = rule("{event: motion, where: {value: {above: x}, zone: {in: 7}}}", THEN, "  notes: [a]")
    _, found = parse_ruleset([read_text(text, "r.yaml")])
    told = [fault.render("id") for fault in found]
    assert any("di sini harus angka, bukan 'x'" in line for line in told), told
    assert any("di sini harus daftar paling banyak 500 nilai, bukan 7" in line for line in told), told
    assert not any(" text" in line or "list" in line or "number" in line for line in told), told
