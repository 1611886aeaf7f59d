"""Engine against twin against a plain reading of the language: so many pairs, or for as long as you like.

``python -m tests.fuzz.matcher --pairs 200000`` tries rule sets until the engine itself has answered so many (rule set,
event) pairs, however long that takes; ``--seconds 600`` tries them for so long. Both use two processes, print what was
tried, and end with 1 at a difference (with its seed) or where too few of the pairs matched.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import count, islice
from multiprocessing import get_context

from dispatcher.domain.events import Event
from dispatcher.matcher.durable import DurableMatcher
from dispatcher.matcher.port import Report, ReportReason, Source, Verdict
from dispatcher.matcher.python import PythonMatcher
from dispatcher.rules.model import Clause
from tests.fuzz.matcher_pairs import Pairs
from tests.fuzz.reference import satisfies

SIZES = (4, 12, 40)  # clauses of a rule set, in turn
MANY = 400  # and of every 32nd
EVENTS = 256
SHARE = 0.3  # of the pairs that must match, or the answers would be nearly all the same
CHUNK, ROUND = 2, 8  # rule sets of a task, and tasks of a process between two looks at whether it is enough
JOBS = min(2, os.cpu_count() or 1)
PATIENCE = 4  # times as many rule sets as would do if the engine answered every event; a machine may be busy
_HARMLESS = {ReportReason.CHILD_STARTED, ReportReason.TWIN_ONLY, ReportReason.LATE}  # late: a busy machine


@dataclass(slots=True)
class Tally:
    """What was tried. ``faults`` are sentences, and empty when all is well.

    A pair is a rule set and an event that the engine itself was asked about and has answered; it matches if a clause
    does. ``wanted`` are clauses and events of fitting kinds, ``matched`` those of them that match.
    """

    rule_sets: int = 0
    pairs: int = 0
    matching: int = 0
    wanted: int = 0
    matched: int = 0
    by_twin: int = 0
    twin_only: int = 0
    faults: list[str] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Count another one in."""
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))

    @property
    def share(self) -> float:
        """Return which part of the pairs match."""
        return self.matching / max(1, self.pairs)

    @property
    def clause_share(self) -> float:
        """Return which part of the clauses match the events whose kinds fit."""
        return self.matched / max(1, self.wanted)

    def __str__(self) -> str:
        return (
            f"{self.pairs} pairs of a rule set and an event answered by the engine, {100 * self.share:.0f} % match; "
            f"{self.rule_sets} rule sets; {self.wanted} clauses of fitting kinds, {100 * self.clause_share:.0f} % match; "
            f"{self.by_twin} events by the twin, {self.twin_only} clauses twin only"
        )


def run_seed(seed: int, tally: Tally) -> None:
    """Try one set of clauses on one list of events, and add to the tally."""
    pairs = Pairs(seed)
    clauses = pairs.clauses(MANY if seed % 32 == 31 else SIZES[seed % len(SIZES)])
    events = [pairs.event(number) for number in range(EVENTS)]
    reports: list[Report] = []
    durable, twin = DurableMatcher(reports.append), PythonMatcher()
    try:
        if durable.load(clauses) or twin.load(clauses) or not durable.wait_ready(20.0):
            tally.faults.append(f"seed {seed}: not loaded: {reports}")
            return
        verdicts = durable.match(events)
        tally.rule_sets += 1
        tally.faults += [f"seed {seed}: {report}" for report in reports if report.reason not in _HARMLESS]
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
        tally.wanted += sum(clause.wants(event.kind) for clause in clauses.values())
        tally.matched += len(by_reading)
        tally.pairs += verdict.source is Source.ENGINE
        tally.matching += verdict.source is Source.ENGINE and bool(by_reading)
        tally.by_twin += verdict.source is Source.TWIN
        for who, matched in (("engine", verdict.matched), ("twin", by_twin.matched)):
            for name in sorted(matched ^ by_reading):
                tally.faults.append(f"seed {seed}: {who} on {name}: {clauses[name]} {event}")


def some(seeds: Sequence[int]) -> Tally:
    """Try rule sets here."""
    tally = Tally()
    for seed in seeds:
        run_seed(seed, tally)
    return tally


def many(start: int, enough: Callable[[Tally], bool], jobs: int = JOBS) -> Tally:
    """Try rule sets from seed ``start`` on, on so many processes, until there are enough or something differs."""
    whole = Tally()
    seeds = count(start)
    with get_context("fork").Pool(jobs) as pool:
        while not whole.faults and not enough(whole):
            # By rounds: imap would draw seeds without end.
            for tally in pool.imap_unordered(some, _chunks(seeds, ROUND * jobs)):
                whole.add(tally)
    return whole


def _chunks(seeds: Iterator[int], number: int) -> list[list[int]]:
    return [list(islice(seeds, CHUNK)) for _ in range(number)]


def enough_pairs(pairs: int) -> Callable[[Tally], bool]:
    """Return what says that so many pairs were tried, or that it is no use to wait for them."""
    most = PATIENCE * (pairs // EVENTS + 1)
    return lambda tally: tally.pairs >= pairs or tally.rule_sets >= most


def shortfalls(tally: Tally, pairs: int) -> list[str]:
    """Return a sentence for each thing of which too little was tried."""
    found = [] if tally.pairs >= pairs else [f"the engine has answered {tally.pairs} pairs, not {pairs}"]
    for what, share in (("pairs", tally.share), ("clauses of fitting kinds", tally.clause_share)):
        if share < SHARE:
            found.append(f"{100 * share:.0f} % of the {what} match, not {100 * SHARE:.0f} %")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Try rule sets until there are enough or something differs; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, help="so many pairs, from seed 0 on unless told")
    parser.add_argument("--seconds", type=float, default=60.0, help="without --pairs: for so long, from any seed")
    parser.add_argument("--seed", type=int)
    options = parser.parse_args(arguments)
    if options.pairs is not None:
        seed, pairs, enough = options.seed or 0, options.pairs, enough_pairs(options.pairs)
    else:
        until = time.monotonic() + options.seconds
        seed = time.time_ns() % 1_000_000_000 if options.seed is None else options.seed
        pairs, enough = 1, lambda tally: bool(tally.pairs) and time.monotonic() >= until
    tally = many(seed, enough)
    print(f"from seed {seed}: {tally}")
    problems = tally.faults[:5] or shortfalls(tally, pairs)
    for problem in problems:
        print(f"{problem:.2000}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
