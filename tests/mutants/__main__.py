"""``python -m tests.mutants [NAME ...]``: every mutant against every suite, as a table of who noticed it, and how."""

import argparse
import sys

from tests.mutants.catalogue import BY_NAME, MUTANTS, Mutant
from tests.mutants.hunt import SUITES, Kill, run_suite, simulate

ALLOWED_SURVIVORS = 2


def _hunt(mutant: Mutant, seeds: int, suites: list[str]) -> dict[str, Kill]:
    kills = {"simulation": simulate(mutant.name, seeds)}
    return kills | {suite: run_suite(mutant.name, suite) for suite in suites}


def _tell(mutant: Mutant, kills: dict[str, Kill]) -> None:
    marks = "".join(f"{'killed' if kill else '-':>12}" for kill in kills.values())
    print(f"{mutant.name:40}{marks}", flush=True)
    for suite, kill in kills.items():
        if kill:
            print(f"    {suite}: {kill.by}", flush=True)
    if not any(kills.values()):
        print(f"    SURVIVES: {mutant.breaks}. {mutant.beyond}", flush=True)


def main() -> int:
    """Hunt, print, and return 1 if too many survive or a sound program is taken for a mutant."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BY_NAME)}")
    parser.add_argument("--seeds", type=int, default=2_000, help="nights for each mutant")
    parser.add_argument("--only-simulation", action="store_true")
    given = parser.parse_args()
    suites = [] if given.only_simulation else list(SUITES)
    print(f"{'mutant':40}" + "".join(f"{name:>12}" for name in ("simulation", *suites)))
    hunted = []
    for mutant in _chosen(given.names):
        hunted.append((mutant, _hunt(mutant, given.seeds, suites)))
        _tell(*hunted[-1])
    return _sum_up(hunted)


def _chosen(names: list[str]) -> list[Mutant]:
    return [BY_NAME[name] for name in names] or list(MUTANTS)


def _sum_up(hunted: list[tuple[Mutant, dict[str, Kill]]]) -> int:
    alive = [mutant.name for mutant, kills in hunted if not any(kills.values())]
    unseen = [mutant.name for mutant, kills in hunted if not kills["simulation"]]
    print(f"\n{len(hunted)} mutants, {len(alive)} alive {alive}; the simulation alone misses {len(unseen)} {unseen}")
    return int(len(alive) > ALLOWED_SURVIVORS)


if __name__ == "__main__":
    sys.exit(main())
