"""Engine, twin and a plain reading of the language agree on clauses and events made to set them at odds.

A look at the first rule sets of ``make fuzz PAIRS=200000``, which continuous integration runs.
"""

import pytest

from tests.fuzz.matcher import EVENTS, SHARE, Tally, enough_pairs, main, shortfalls, some

SEEDS = range(33)  # the last but one with 400 clauses


@pytest.fixture(scope="module")
def tally() -> Tally:
    return some(SEEDS)


def test_nobody_disagrees(tally: Tally) -> None:
    assert tally.faults == []


def test_every_event_of_every_rule_set_was_answered(tally: Tally) -> None:
    assert tally.rule_sets == len(SEEDS)
    assert tally.wanted >= 50_000


def test_a_third_of_them_match(tally: Tally) -> None:
    assert SHARE <= tally.clause_share <= 0.7


def test_hardly_a_clause_is_kept_from_the_engine(tally: Tally) -> None:
    assert tally.twin_only <= len(SEEDS)


def test_the_counted_run_says_what_it_tried(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--pairs", "1000", "--seed", "1"]) == 0
    assert "pairs" in capsys.readouterr().out


def test_the_long_run_ends(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seconds", "0.01", "--seed", "1"]) == 0
    assert "pairs" in capsys.readouterr().out


def test_a_run_in_which_the_engine_never_answers_ends_and_fails() -> None:
    nothing = Tally(rule_sets=5, by_twin=5 * EVENTS, wanted=10, matched=5)

    assert enough_pairs(EVENTS)(Tally(rule_sets=8))
    assert not enough_pairs(EVENTS)(nothing)
    assert len(shortfalls(nothing, EVENTS)) == 2


def test_a_run_in_which_hardly_anything_matches_fails() -> None:
    assert shortfalls(Tally(pairs=100, matching=29, wanted=100, matched=30), 100) == [
        "29 % of the pairs match, not 30 %"
    ]
    assert shortfalls(Tally(pairs=100, matching=30, wanted=100, matched=30), 100) == []
