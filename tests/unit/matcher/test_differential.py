"""Engine, twin and a plain reading of the language agree on clauses and events made to set them at odds."""

import pytest

from tests.fuzz.matcher import Tally, main, run_seed

SEEDS = range(30)  # each 40 clauses, or 400, on 128 events


@pytest.fixture(scope="module")
def tally() -> Tally:
    result = Tally()
    for seed in SEEDS:
        run_seed(seed, result)
    return result


def test_nobody_disagrees(tally: Tally) -> None:
    assert tally.faults == ()


def test_at_least_twenty_thousand_pairs_of_fitting_kinds_were_tried(tally: Tally) -> None:
    assert tally.wanted >= 20_000


def test_a_third_of_them_match(tally: Tally) -> None:
    assert 0.3 <= tally.matched / tally.wanted <= 0.7


def test_hardly_a_clause_is_kept_from_the_engine(tally: Tally) -> None:
    assert tally.twin_only <= len(SEEDS) * 40 // 20


def test_the_long_run_says_what_it_tried(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seconds", "0.01", "--seed", "1"]) == 0
    assert "pairs" in capsys.readouterr().out
