"""The handbook explains every finding of doctor in the words that doctor uses."""

import re

import pytest

from dispatcher.cli.doctor.findings import CASES
from dispatcher.cli.doctor.model import Case
from dispatcher.cli.doctor.report import MEANS, WEIGHTS
from tests.docs import facts
from tests.docs.pages import LANGUAGES, page

each_language = pytest.mark.parametrize("language", LANGUAGES)


def section(code: str, case: Case, language: str) -> str:
    """Return what the handbook says of a code; a place that doctor fills stands as ``{name}``."""
    steps = "\n".join(f"- {text.render(language, {})}" for text in case.do)
    weight = WEIGHTS[case.weight].render(language, {})
    what = case.what.render(language, {})
    means = MEANS.render(language, {"said": case.means.render(language, {})})
    return f"### `{code}`\n\n**{weight}**: {what}. {means}.\n\n{steps}\n"


@each_language
@pytest.mark.parametrize("code", CASES)
def test_a_finding_is_explained_as_doctor_tells_it(language: str, code: str) -> None:
    assert section(code, CASES[code], language) in page(language, "doctor")


@each_language
def test_no_finding_is_explained_that_is_not_there(language: str) -> None:
    headings = [line for line in page(language, "doctor").splitlines() if line.startswith("### ")]
    assert {line.removeprefix("### ").strip("`") for line in headings} == set(CASES)


@each_language
def test_every_command_that_doctor_names_is_there(language: str) -> None:
    commands = {name.split()[1] for name in facts.commands()}
    steps = " ; ".join(text.render(language, {}) for case in CASES.values() for text in case.do)
    named = set(re.findall(r"(?:: |&& |; |kentongan )kentongan ([a-z-]+)", steps))
    assert {"check", "status", "apply", "why-not"} <= named
    assert named - {"precinct"} <= commands
