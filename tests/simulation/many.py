"""Many nights, on two processes, and what they met."""

import gc
import logging
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from multiprocessing import get_context

from tests.simulation.night import run_seed

CHUNK = 16
JOBS = min(2, os.cpu_count() or 1)


@dataclass(slots=True)
class Tally:
    """How many nights were well, which were not, which fault met which state how often, and what else was seen."""

    nights: int = 0
    failed: dict[int, str] = field(default_factory=dict)
    met: Counter[tuple[str, str]] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Tally") -> None:
        """Count another one in."""
        self.nights += other.nights
        self.failed |= other.failed
        self.met += other.met
        self.seen += other.seen


def some(seeds: Iterable[int]) -> Tally:
    """Run nights here."""
    logging.disable(logging.CRITICAL)
    gc.freeze()  # what is there now stays, and a night makes much that goes by itself
    gc.set_threshold(50_000, 20, 20)
    tally = Tally()
    for seed in seeds:
        outcome = run_seed(seed)
        tally.nights += 1
        tally.met += outcome.met
        tally.seen += outcome.seen
        if outcome.violation is not None:
            tally.failed[seed] = str(outcome.violation)
    return tally


def many(start: int, count: int, jobs: int = JOBS, most_failures: int = 5) -> Tally:
    """Run ``count`` nights from seed ``start`` on; stop early once there are failures enough to look at."""
    chunks = [range(first, min(first + CHUNK, start + count)) for first in range(start, start + count, CHUNK)]
    whole = Tally()
    with get_context("fork").Pool(jobs) as pool:
        for tally in pool.imap_unordered(some, chunks):
            whole.add(tally)
            if len(whole.failed) >= most_failures:
                pool.terminate()
                break
    return whole
