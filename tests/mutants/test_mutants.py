"""A simulation that notices nothing proves nothing: some mutants are tried at every run (``make mutants`` tries all)."""

import pytest

from tests.mutants.catalogue import MUTANTS, Mutant
from tests.mutants.edit import mutated
from tests.mutants.hunt import simulate

ALL = [pytest.param(mutant, id=mutant.name) for mutant in MUTANTS]
QUICK = [pytest.param(mutant, id=mutant.name) for mutant in MUTANTS if mutant.quick]
WITHIN = 150  # nights


@pytest.mark.parametrize("mutant", ALL)
def test_a_mutant_still_fits_the_code_that_it_breaks(mutant: Mutant) -> None:
    for edit in mutant.edits:
        compile(mutated(edit), edit.where, "exec")


@pytest.mark.parametrize("mutant", QUICK)
def test_the_simulation_notices_a_broken_promise_within_a_hundred_and_fifty_nights(mutant: Mutant) -> None:
    assert simulate(mutant.name, WITHIN), mutant.breaks
