"""Notes on rules that are legal and most likely a mistake."""

import pytest

from dispatcher.domain.site import Device, Post, Site
from dispatcher.rules.cost import worst_case_bytes
from dispatcher.rules.lint import lint
from dispatcher.rules.parse import parse_ruleset
from dispatcher.settings.yamlfile import read_text

SITE = Site(
    "Asia/Jakarta", "polsek", {}, {"pos-1": Post("pos-1", "Pos 1", "")}, {"pir-1": Device("pir-1", "kentongan", "motion", "pos-1")}
)  # fmt: skip
CRITICAL = "{escalate: precinct, incident: x, severity: critical}"
THEN = "{escalate: precinct, incident: x, severity: low}"


def notes(*rules: str) -> list[str]:
    ruleset, faults = parse_ruleset([read_text("version: 1\nrules:\n" + "\n".join(rules), "r.yaml")], SITE)
    assert [fault.render("en") for fault in faults] == []
    return [note.render("en") for note in lint(ruleset, SITE)]


def rule(when: str, id_: str = "a", then: str = THEN, more: str = "") -> str:
    return f"- {{id: {id_}, when: {when}, then: {then}{more}}}"


def test_a_sound_rule_has_no_notes() -> None:
    assert notes(rule("{event: motion}"), rule("{event: gas}", "b")) == []
    assert notes(rule("{event: gas, where: {value: {between: [1, 5], below: 3}, agent: {exists: true, is: co}}}")) == []
    assert notes(rule("{event: gas}", then=CRITICAL, more=", throttle: {once_within: 10m}")) == []
    assert notes(rule("{event: gas}", then=CRITICAL, more=", throttle: {once_within: 1h, group_by: [zone]}")) == []


def test_a_state_that_is_set_elsewhere_may_have_any_name() -> None:
    put = rule("{event: gas}", then="{escalate: none, set: {gate: open, door: 1}}")
    assert notes(put, rule("{state: {roof: open}}", "b"), rule("{state: {gate: open}}", "c")) == []
    assert notes(put, rule("{state: {gate: shut}}", "b"), rule("{state: {door: 1}}", "c")) == []


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        (
            [rule("{event: gas, where: {value: {above: 5, below: 3}}}")],
            "lint-never: this rule never fires: where value",
        ),
        ([rule("{event: gas, where: {all_of: [{zone: a}, {zone: b}]}}")], "never fires: where zone"),
        ([rule("{absent: {event: heartbeat}, for: 1m, expect_from: {role: smoke}}")], "never fires: expect_from"),
        ([rule("{count: {event: gas, at_least: 2, distinct: post}, within: 5s}")], "never fires: at_least: 2 > 1 post"),
        (
            [rule("{schedule: {at: '22:00'}}", more=", only_if: [{between: ['01:00', '05:00']}]")],
            "never fires: only_if between",
        ),
        (
            [rule("{schedule: {at: '22:00', days: [mon]}}", more=", only_if: [{days: [tue]}]")],
            "never fires: only_if days",
        ),
        (
            [rule("{count: {event: gas, at_least: 1}, within: 5s}")],
            "lint-always: this rule fires all the time: at_least: 1",
        ),
        ([rule("{event: gas}", then="{escalate: none}")], "lint-nothing: this rule does nothing"),
        ([rule("{event: gas, where: {value: {between: [5, 1]}}}")], "never fires: where value"),
        ([rule("{event: gas, where: {value: {between: [1, 5], above: 6}}}")], "never fires: where value"),
        ([rule("{event: gas, where: {value: {exists: false, above: 6}}}")], "never fires: where value"),
        (
            [rule("{event: gas}", then=CRITICAL, more=", throttle: {once_within: 15m}")],
            "lint-throttled: this critical rule is throttled for 15m",
        ),
        (
            [rule("{event: gas}", then=CRITICAL, more=", throttle: {once_within: 2h, group_by: [zone]}")],
            "lint-throttled: this critical rule is throttled for 2h",
        ),
        (
            [
                rule("{event: gas}", then="{escalate: none, set: {gate: unwatched}}"),
                rule("{state: {gaet: unwatched}}", "b"),
            ],
            "lint-state: no rule sets the state gaet: unwatched; did you mean gate?",
        ),
        (
            [
                rule("{event: gas}", then="{escalate: none, set: {gate: unwatched}}"),
                rule("{event: smoke}", "b", more=", only_if: [{state: gate, is: unwatchd}]"),
            ],
            "lint-state: no rule sets the state gate: unwatchd; did you mean unwatched?",
        ),
        (
            [
                rule("{event: report.x}", more=", runs_at: precinct"),
                rule("{event: gas}", "b", more=", suppressed_by: [a]"),
            ],
            "lint-elsewhere",
        ),
        ([rule("{event: gas}"), rule("{event: [gas]}", "b")], "lint-duplicate: the same as rule a"),
        (
            [rule("{event: gas}"), rule("{event: gas, where: {zone: a}}", "b")],
            "lint-covered: whatever this rule fires for also fires a",
        ),
        ([rule("{sequence: [{event: gas}, {event: heat}], within: 1m, group_by: [colour]}")], "lint-memory"),
    ],
)
def test_what_is_most_likely_a_mistake_is_told(rules: list[str], told: str) -> None:
    found = notes(*rules)
    assert any(told in line for line in found), found


def test_a_rule_that_is_switched_off_is_left_in_peace() -> None:
    assert notes(rule("{event: gas}", then="{escalate: none}", more=", enabled: false")) == []


def test_what_a_rule_costs_grows_with_its_groups() -> None:
    one, _ = parse_ruleset([read_text("version: 1\nrules:\n" + rule("{all: [{event: gas}], within: 1m}"), "r")], SITE)
    two, _ = parse_ruleset(
        [read_text("version: 1\nrules:\n" + rule("{all: [{event: gas}], within: 1m, group_by: [colour]}"), "r")], SITE
    )
    assert worst_case_bytes(two.rules[0], SITE) == 1_000 * worst_case_bytes(one.rules[0], SITE)
