"""Engine against twin against a plain reading of the language, for as long as you like.

``python -m tests.fuzz.matcher --seconds 600`` prints the pairs tried and stops at the first difference, with its seed.
"""

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dispatcher.domain.events import Event
from dispatcher.matcher.durable import DurableMatcher
from dispatcher.matcher.port import Report, ReportReason, Source, Verdict
from dispatcher.matcher.python import PythonMatcher
from dispatcher.rules.model import Clause
from tests.fuzz.matcher_pairs import Pairs
from tests.fuzz.reference import satisfies

CLAUSES, MANY, EVENTS = 40, 400, 128
_HARMLESS = {ReportReason.CHILD_STARTED, ReportReason.TWIN_ONLY, ReportReason.LATE}  # late: a busy machine


@dataclass(slots=True)
class Tally:
    """What was tried. ``wanted`` are pairs whose kinds fit; ``faults`` are sentences, and empty when all is well."""

    pairs: int = 0
    wanted: int = 0
    matched: int = 0
    by_engine: int = 0
    by_twin: int = 0
    twin_only: int = 0
    faults: tuple[str, ...] = ()

    def __str__(self) -> str:
        share = 100 * self.matched / max(1, self.wanted)
        return (
            f"{self.pairs} pairs, {self.wanted} of fitting kinds, {share:.0f} % of them match; "
            f"{self.by_engine} events by the engine, {self.by_twin} by the twin, {self.twin_only} clauses twin only"
        )


def run_seed(seed: int, tally: Tally) -> None:
    """Try one set of clauses on one list of events, and add to the tally."""
    pairs = Pairs(seed)
    clauses = pairs.clauses(MANY if seed % 16 == 15 else CLAUSES)
    events = [pairs.event(number) for number in range(EVENTS)]
    reports: list[Report] = []
    durable, twin = DurableMatcher(reports.append), PythonMatcher()
    try:
        if durable.load(clauses) or twin.load(clauses) or not durable.wait_ready(20.0):
            tally.faults += (f"seed {seed}: not loaded: {reports}",)
            return
        verdicts = durable.match(events)
        tally.faults += tuple(f"seed {seed}: {report}" for report in reports if report.reason not in _HARMLESS)
        tally.twin_only += durable.state().twin_only
        _compare(seed, clauses, events, verdicts, twin.match(events), tally)
    finally:
        durable.close()


def _compare(
    seed: int,
    clauses: Mapping[str, Clause],
    events: Sequence[Event],
    verdicts: Sequence[Verdict],
    expected: Sequence[Verdict],
    tally: Tally,
) -> None:
    for event, verdict, by_twin in zip(events, verdicts, expected, strict=True):
        by_reading = {name for name, clause in clauses.items() if satisfies(clause, event)}
        tally.pairs += len(clauses)
        tally.wanted += sum(clause.wants(event.kind) for clause in clauses.values())
        tally.matched += len(by_reading)
        tally.by_engine += verdict.source is Source.ENGINE
        tally.by_twin += verdict.source is Source.TWIN
        for who, matched in (("engine", verdict.matched), ("twin", by_twin.matched)):
            for name in sorted(matched ^ by_reading):
                tally.faults += (f"seed {seed}: {who} on {name}: {clauses[name]} {event}",)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run seeds until the time is over or something differs; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000_000)
    options = parser.parse_args(arguments)
    tally, seed, until = Tally(), options.seed, time.monotonic() + options.seconds
    while not tally.faults and time.monotonic() < until:
        run_seed(seed, tally)
        seed += 1
    print(f"seeds {options.seed}..{seed - 1}: {tally}")
    for fault in tally.faults[:5]:
        print(f"{fault:.2000}")
    return 1 if tally.faults else 0


if __name__ == "__main__":
    sys.exit(main())
