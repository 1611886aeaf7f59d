"""``python -m tests.mutants.child NAME SEEDS``: simulate as a mutant; print the first seed that notices, or nothing."""

import logging
import sys

from tests.mutants.catalogue import BY_NAME, apply_all
from tests.simulation.kept import kept
from tests.simulation.night import run, run_seed


def main() -> None:
    """Become the mutant and live nights until one is not well."""
    logging.disable(logging.CRITICAL)
    apply_all(BY_NAME[sys.argv[1]])
    for number, (why, plan) in enumerate(kept()):
        violation = run(plan).violation
        if violation is not None:
            print(f"kept night {number} ({why[:40]}): {violation}"[:160])
            return
    for seed in range(int(sys.argv[2])):
        violation = run_seed(seed).violation
        if violation is not None:
            print(f"seed {seed}: {violation}"[:160])
            return


if __name__ == "__main__":
    main()
