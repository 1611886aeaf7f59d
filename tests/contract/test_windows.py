"""One language, two readings: the engine, and a brute-force oracle written from the text alone, on the same nights.

A look at the first nights of ``make fuzz-windows NIGHTS=50000``, which continuous integration runs.
"""

from tests.fuzz.windows import Tally, difference, main, some
from tests.fuzz.windows_coverage import missing

NIGHTS = 500


def test_engine_and_oracle_tell_the_same_of_random_nights() -> None:
    tally = some(range(NIGHTS))

    assert list(tally.differing.values()) == []
    assert tally.nights == NIGHTS
    assert tally.words["told: alert"] > NIGHTS // 2


def test_the_same_seed_gives_the_same_night() -> None:
    first, second = Tally(), Tally()

    assert difference(7, first) is difference(7, second) is None
    assert first == second


def test_a_run_that_tries_too_little_fails() -> None:
    assert main(["--nights", "1"]) == 1
    assert any("no night had" in sentence for sentence in missing(Tally().words, 0, 1))
