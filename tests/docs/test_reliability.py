"""What the handbook calls proven names its proof: the tests exist, and every mutant is there with what noticed it."""

import re

import pytest

from tests.docs.pages import LANGUAGES, ROOT, page, rows
from tests.mutants.catalogue import MUTANTS
from tests.mutants.hunt import SUITES

PROOF = re.compile(r"^  - `([\w/]+\.py)`: (.+)$", re.MULTILINE)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_test_that_a_claim_names_exists(language: str) -> None:
    proofs = PROOF.findall(page(language, "reliability"))
    assert len(proofs) > 30
    for name, tests in proofs:
        defined = set(
            re.findall(r"^def (test_\w+)\(", (ROOT / "tests" / name).read_text(encoding="utf-8"), re.MULTILINE)
        )
        assert set(re.findall(r"`(\w+)`", tests)) <= defined, name


def test_both_languages_name_the_same_proofs() -> None:
    first, second = (PROOF.findall(page(language, "reliability")) for language in LANGUAGES)
    assert first == second


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_mutant_is_there_with_the_suites_that_noticed_it(language: str) -> None:
    noticed = {row[0]: row[1] for row in rows(page(language, "reliability")) if len(row) == 2}
    for mutant in MUTANTS:
        suites = {word.strip() for word in noticed[mutant.name].split(",")}
        assert suites, mutant.name
        assert suites <= {"simulation", *SUITES}, mutant.name
