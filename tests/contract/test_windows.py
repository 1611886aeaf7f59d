"""One language, two readings: the engine, and a brute-force oracle written from the text alone, on the same nights."""

import time

from tests.fuzz.windows import difference

NIGHTS = 4_000
MOST_S = 60  # on a slow machine fewer nights are tried; `make fuzz-windows` tries as many as you like


def test_engine_and_oracle_tell_the_same_of_random_nights() -> None:
    until = time.monotonic() + MOST_S
    for seed in range(NIGHTS):
        if time.monotonic() > until:
            break
        found = difference(seed)
        assert found is None, found
