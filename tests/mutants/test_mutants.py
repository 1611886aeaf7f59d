"""A simulation that notices nothing proves nothing: some mutants are tried at every run (``make mutants`` tries all)."""

import pytest

from tests.mutants.catalogue import MUTANTS, Mutant
from tests.mutants.hunt import simulate

QUICK = [pytest.param(mutant, id=mutant.name) for mutant in MUTANTS if mutant.quick]
WITHIN = 150  # nights


@pytest.mark.parametrize("mutant", QUICK)
def test_the_simulation_notices_a_broken_promise_within_a_hundred_and_fifty_nights(mutant: Mutant) -> None:
    assert simulate(mutant.name, WITHIN), mutant.breaks
