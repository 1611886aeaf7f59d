"""Rules that name each other, in numbers that nobody would write and a file can hold."""

from dispatcher.rules.engine.engine import in_order
from dispatcher.rules.parse import parse_ruleset
from dispatcher.settings.yamlfile import read_text

MANY = 2_000


def chain(*, closed: bool) -> str:
    lines = ["version: 1", "rules:"]
    for number in range(MANY):
        last = number == MANY - 1
        named = f", suppressed_by: [r{(number + 1) % MANY}]" if closed or not last else ""
        lines.append(f"- {{id: r{number}, when: {{event: motion}}, then: {{escalate: none}}{named}}}")
    return "\n".join(lines)


def test_a_chain_of_thousands_is_no_fault_and_the_first_suppressor_is_judged_first() -> None:
    ruleset, faults = parse_ruleset([read_text(chain(closed=False), "r.yaml")])
    assert faults == ()
    assert [rule.id for rule in in_order(ruleset.rules)] == [f"r{number}" for number in reversed(range(MANY))]


def test_a_circle_of_thousands_is_told_with_a_short_way_and_not_thousands_of_times() -> None:
    _, faults = parse_ruleset([read_text(chain(closed=True), "r.yaml")])
    assert 0 < len(faults) <= 100
    assert {fault.code for fault in faults} == {"suppress-loop"}
    assert "r0 > r1 > r2 > r3 > r4 > r5 > ... > r0" in faults[0].render("en")
