"""The promise, over some hundred nights in which everything that can fail fails; ``.ci/run`` takes two thousand."""

import os

import pytest

from tests.simulation.faults import FAULTS
from tests.simulation.kept import kept
from tests.simulation.many import many
from tests.simulation.night import run, run_seed
from tests.simulation.plan import Plan

SEEDS = int(os.environ.get("KENTONGAN_SEEDS", "500"))


@pytest.mark.slow
def test_every_press_that_was_confirmed_reaches_one_incident_whatever_fails_between() -> None:
    tally = many(0, SEEDS)
    assert tally.failed == {}, "python -m tests.simulation --show SEED tells the story"
    assert {fault for fault, _ in tally.met} == set(FAULTS)


@pytest.mark.parametrize("plan", [pytest.param(plan, id=why) for why, plan in kept()])
def test_a_night_that_failed_once_is_well_now(plan: Plan) -> None:
    violation = run(plan).violation
    assert violation is None, str(violation)


def test_a_seed_is_the_same_night_every_time() -> None:
    first, second = (run_seed(11, keep_trace=True) for _ in range(2))
    hide = [[line for line in one.trace if "store" not in line] for one in (first, second)]
    assert hide[0] == hide[1]
