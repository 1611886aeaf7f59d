"""``python -m tests.simulation --seeds 2000 --start 0``: run nights, count what they met, shorten what fails."""

import argparse
import sys
import time
from collections import Counter

from tests.simulation import kept
from tests.simulation.many import JOBS, Tally, many
from tests.simulation.night import Outcome, run, run_seed
from tests.simulation.shrink import shrink

TRACE_LINES = 60
CIRCUMSTANCES = ("offline", "backlog", "unsaved", "twins", "one of several")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--seeds", type=int, default=2_000, help="how many nights")
    parser.add_argument("--start", type=int, default=0, help="the first seed")
    parser.add_argument("--jobs", type=int, default=JOBS)
    parser.add_argument("--show", type=int, default=None, help="tell one night in full, and shorten it if it fails")
    return parser.parse_args()


def _show(outcome: Outcome) -> None:
    """Tell a night: what was planned, what happened, and what was broken."""
    print("plan:", *outcome.plan.steps, sep="\n  ")
    print("story:", *outcome.trace[-TRACE_LINES:], sep="\n  ")
    print(f"broken: {outcome.violation}" if outcome.violation else "all was kept")


def _shorten(seed: int) -> None:
    print(f"\n--- seed {seed}, left with what it needs to fail")
    shortest = shrink(run_seed(seed))
    _show(shortest)
    print("to keep it, add this line to tests/simulation/seeds.txt:")
    print(kept.write(shortest.plan))


def _table(tally: Tally) -> None:
    """Print which fault met what: the post's doing, and its circumstances."""
    states = Counter[str]()
    by_fault: dict[str, Counter[str]] = {}
    for (fault, state), times in tally.met.items():
        doing = state.split(",", 1)[0]
        states[doing] += times
        by_fault.setdefault(fault, Counter())[doing] += times
        for word in CIRCUMSTANCES:
            by_fault[fault][word] += times if word in state else 0
    columns = [*(doing for doing, _ in states.most_common()), *CIRCUMSTANCES]
    print(f"{'fault met the post while it ...':34}" + "".join(f"{word.split()[-1]:>11}" for word in columns))
    for fault in sorted(by_fault):
        print(f"{fault:34}" + "".join(f"{by_fault[fault][word]:>11}" for word in columns))


def main() -> int:
    """Run, tell, and return 1 if anything was broken."""
    given = _arguments()
    if given.show is not None:
        outcome = run_seed(given.show, keep_trace=True)
        _show(outcome)
        if outcome.violation is not None:
            _shorten(given.show)
        return int(outcome.violation is not None)
    began = time.monotonic()
    tally = many(given.start, given.seeds, given.jobs)
    lost = [(why, found) for why, plan in kept.kept() if (found := run(plan).violation) is not None]
    _table(tally)
    took = time.monotonic() - began
    print(f"\n{tally.nights} nights in {took:.0f} s ({tally.nights / took:.0f}/s), {sum(tally.met.values())} faults")
    print("; ".join(f"{what}: {times}" for what, times in tally.seen.most_common()))
    for why, violation in lost:
        print(f"a kept night fails again ({why}): {violation}")
    for seed, text in sorted(tally.failed.items()):
        print(f"seed {seed}: {text[:400]}")
    for seed in sorted(tally.failed)[:2]:
        _shorten(seed)
    return int(bool(tally.failed or lost))


if __name__ == "__main__":
    sys.exit(main())
