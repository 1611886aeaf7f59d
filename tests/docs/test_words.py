"""Whatever the program can say or be told stands in the handbook, in both languages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from enum import StrEnum

import pytest

from dispatcher.domain.catalogue import KINDS
from dispatcher.domain.events import RejectReason
from dispatcher.domain.incident import Severity, Stage
from dispatcher.domain.site import ROLES
from dispatcher.incidents.model import Reason
from dispatcher.matcher.port import RefusalReason, ReportReason, State
from dispatcher.mqtt import Phase
from dispatcher.post.standing import Standing
from dispatcher.precinct.intake import Outcome
from dispatcher.precinct.standing import Refusal
from dispatcher.rules.model import Operator
from tests.docs import facts
from tests.docs.pages import LANGUAGES, handbook, page, rows, words

each_language = pytest.mark.parametrize("language", LANGUAGES)


def missing(wanted: Iterable[str], text: str) -> list[str]:
    """Return what is not in backticks in a text; a metric may have its labels behind it."""
    there = words(text) | {word.partition("{")[0] for word in words(text)}
    return sorted(set(wanted) - there)


@each_language
def test_every_command_and_every_option_is_in_the_technicians_page(language: str) -> None:
    text = page(language, "technician")
    for command, options in facts.commands().items():
        row = next((cells for cells in rows(text) if cells[0].startswith(f"`{command}")), None)
        assert row is not None, command
        lacking = [option for option in options if option not in " ".join(row)]
        assert not lacking, f"{command}: {lacking}"


@each_language
def test_every_exit_code_is_in_the_technicians_page(language: str) -> None:
    listed = {cells[0] for cells in rows(page(language, "technician"))}
    assert {str(code) for code in facts.exit_codes()} <= listed


@each_language
@pytest.mark.parametrize(
    ("words_of", "name"),
    [
        (RejectReason, "reasons"),
        (Reason, "reasons"),
        (Outcome, "reasons"),
        (Refusal, "reasons"),
        (ReportReason, "reasons"),
        (RefusalReason, "faults"),
        (Phase, "operations"),
        (State, "operations"),
        (Stage, "guard"),
        (Stage, "devices"),
        (Severity, "technician"),
        (Operator, "technician"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_every_word_of_a_closed_list_is_explained(language: str, words_of: type[StrEnum], name: str) -> None:
    wanted = [str(word) for word in words_of]
    text = page(language, name)
    if words_of is Operator:  # `between: [low, high]` stands with its operands
        text += "".join(f"`{word.partition(':')[0]}`" for word in words(text))
    assert not missing(wanted, text)


@each_language
def test_every_fault_code_has_its_row(language: str) -> None:
    listed = {cells[0].strip("`") for cells in rows(page(language, "faults"))}
    assert not facts.fault_codes() - listed, "explain these codes in docs/*/faults.md"


@each_language
def test_every_note_has_its_row(language: str) -> None:
    listed = {cells[0].strip("`") for cells in rows(page(language, "faults")) if cells[0].startswith("`lint-")}
    assert len(facts.note_codes()) > 5
    assert listed == facts.note_codes()


@each_language
def test_every_metric_has_its_row(language: str) -> None:
    listed = {cells[0].strip("`").partition("{")[0] for cells in rows(page(language, "operations"))}
    assert not facts.metrics() - listed


@each_language
def test_no_row_names_a_metric_that_is_not_there(language: str) -> None:
    listed = {cells[0].strip("`").partition("{")[0] for cells in rows(page(language, "operations"))}
    assert not {name for name in listed if name.startswith("kentongan_")} - facts.metrics()


@each_language
def test_every_key_of_a_posts_status_has_its_row(language: str) -> None:
    assert not missing((one.name for one in fields(Standing)), page(language, "operations"))


@each_language
def test_every_log_line_is_explained(language: str) -> None:
    assert not missing(facts.log_events(), page(language, "operations"))


@each_language
def test_every_role_and_every_kind_that_a_device_may_report_is_listed(language: str) -> None:
    assert not missing(ROLES, page(language, "technician"))
    assert not missing((kind.name for kind in KINDS.values() if kind.from_device), page(language, "devices"))


@pytest.mark.parametrize(
    "name",
    [
        "guard", "technician", "rules", "devices", "officer", "operations", "faults", "reasons", "past", "doctor",
        "tutorial", "recipes", "reference", "fault-examples",
    ],
)  # fmt: skip
def test_both_languages_have_the_same_headings_tables_and_blocks(name: str) -> None:
    indonesian, english = page("id", name), page("en", name)
    for text in (indonesian, english):
        assert "\t" not in text
    assert shape(indonesian) == shape(english)


def shape(text: str) -> list[str]:
    """Return the outline of a page: its headings' levels, its tables' sizes, its blocks' sorts."""
    return [mark for line in text.splitlines() if (mark := mark_of(line))]


def mark_of(line: str) -> str:
    if line.startswith("#"):
        return line.split(" ", maxsplit=1)[0]
    return f"|{line.count('|')}" if line.startswith("|") else line if line.startswith("```") else ""


def test_the_handbook_is_there_in_both_languages() -> None:
    for language in LANGUAGES:
        assert len(handbook(language)) > 10_000
