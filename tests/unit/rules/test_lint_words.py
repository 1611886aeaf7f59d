"""Notes on words that are legal and that nothing ever says, so that a rule would wait for them in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from dispatcher.rules.lint import lint
from dispatcher.rules.lint_words import lint_words
from dispatcher.rules.parse import parse_ruleset
from dispatcher.settings.yamlfile import read_file, read_text

ROOT = Path(__file__).parents[3]
THEN = "{escalate: precinct, incident: x, severity: low}"


def notes(*rules: str) -> str:
    ruleset, faults = parse_ruleset([read_text("version: 1\nrules:\n" + "\n".join(rules), "r.yaml")], None)
    assert [fault.render("id") for fault in faults] == []
    return "\n".join(note.render("id") for note in lint(ruleset))


def where(text: str, kind: str = "report.tawuran") -> str:
    return f"- {{id: a, runs_at: precinct, when: {{event: {kind}, where: {text}}}, then: {THEN}}}"


def when(text: str, more: str = "", then: str = THEN) -> str:
    return f"- {{id: a, when: {text}, then: {then}{more}}}"


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ([where('{confirmed: "true"}')], 'confirmed true atau false; "true" tidak pernah sama'),
        ([where("{not: {confirmed: ya}}")], 'confirmed true atau false; "ya" tidak pernah sama'),
        ([where("{any_of: [{channel: wa}, {zone: a}]}")], "bukan wa; maksud Anda whatsapp?"),
        ([where("{channel: {in: [phone, merpati]}}")], "channel biasanya whatsapp, phone, radio, cyber, walk_in, bukan merpati"),
        ([where("{certainty: mungkin}")], "maksud Anda possible?"),
        ([when("{event: motion}", ", only_if: [{watch: tawran}]")], "siaga tawran tidak dikenal; maksud Anda tawuran?"),
        (
            [when("{event: motion}", then='{escalate: precinct, incident: x, severity: low, message: "Ramai di {zone"}')],
            "kurung { di message tidak ditutup",
        ),
        ([when("{event: report.tawuran}")], "tambahkan runs_at: precinct"),
    ],
)  # fmt: skip
def test_a_word_that_nothing_says_is_told(rules: list[str], told: str) -> None:
    assert told in notes(*rules)


@pytest.mark.parametrize(
    "rules",
    [
        [where("{confirmed: true, channel: whatsapp, kelurahan: angke, reporter: {exists: true}}")],
        [where("{people: 8, text: {contains: golok}}")],
        [when("{event: motion}", ", only_if: [{watch: balap}]")],
        [when("{event: [report.tawuran, motion]}")],
    ],
)
def test_what_can_be_said_is_left_in_peace(rules: list[str]) -> None:
    assert notes(*rules) == ""


def test_the_shipped_rules_have_no_notes_on_their_words() -> None:
    files = [read_file(path) for path in sorted((ROOT / "rules").glob("*.yaml")) if ".test." not in path.name]
    assert [note.render("en") for note in lint_words(parse_ruleset(files, None)[0])] == []
