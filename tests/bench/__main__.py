"""`make bench`: every row, rounds interleaved between the contenders, one table.

`BENCH_ROUNDS` (3) is how often; `BENCH_FULL=1` measures memory and start with 1,000,000 events in place of 200,000, and
a whole virtual year in place of a month; `BENCH_ROWS=press,burst,rules` picks rows; `BENCH_DIR` is where to write (the disk that is measured is the one it lies on).
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from tests.bench import rows, rules
from tests.bench.disk import file_system
from tests.bench.rows import Figures
from tests.bench.stage import Broken, allow_many_connections, environment
from tests.bench.table import Record, Results, lines, render
from tests.support.brokers import find_program

PRESS_S, SLOW_S = 20.0, 8.0
BURST, KILLED = 20_000, 2_000
LONE, TRICKLE_S = 6, 10.0
EVENTS, EVENTS_FULL = 200_000, 1_000_000

Job = tuple[str, str, Callable[[Path], Iterable[Figures]]]  # row, contender, measurement


def rule_jobs() -> Iterator[Job]:
    """Yield what needs no broker: the rule engine, its commands, and its matchers beside each other."""
    for name in rules.MATCHERS:
        yield "rules-event", name, partial(rules.one_event, count=2_000, matcher=name)
    yield "rules-fill", "post", partial(rules.fill, number=100_000, rounds=5)
    yield "rules-commands", "post", partial(rules.commands, rules=500, cases=500)
    yield "rules-matchers", "post", partial(rules.matchers, sizes=rules.SIZES, count=6_400)


def jobs(number: int, events: int, *, full: bool) -> Iterator[Job]:
    """Yield what one round measures, the contenders in turn; the long ones in the first round only."""
    for name in ("bare", "post"):
        yield "press", name, partial(rows.press_to_alert, name=name, seconds=PRESS_S)
    for name in ("bare", "post"):
        yield "burst-100", name, partial(rows.burst, name=name, rules=100, count=BURST)
    yield "burst-1000", "post", partial(rows.burst, name="post", rules=1000, count=BURST)
    if shutil.which("strace"):
        yield "slow", "post", partial(rows.slow_disk, seconds=SLOW_S)
    for name in ("bare", "post"):
        yield "killed", name, partial(rows.killed, name=name, count=KILLED)
    yield from rule_jobs()
    if number == 0:
        yield "rules-year", "post", partial(rules.year, minutes=rules.YEAR_MINUTES // (1 if full else 12))
        yield "bytes", "post", partial(rows.bytes_written, presses=LONE, seconds=TRICKLE_S)
        yield "memory", "post", partial(rows.memory_and_start, count=events)
        yield "reloads", "post", partial(rows.changing_rules, count=events // 1_000)


class Run:
    """Runs jobs in folders of their own and writes a line of JSON for each record."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.raw = folder / "raw.jsonl"
        self.records: list[Record] = []

    def do(self, job: Job, number: int) -> None:
        """Measure; what breaks is told and costs its own row."""
        row, name, measure = job
        place = self.folder / f"{number}-{row}-{name}"
        place.mkdir()
        began = time.monotonic()
        try:
            for figures in measure(place):
                self._note({"row": _row_of(row, figures), "contender": name, "round": number, **figures})
        except (Broken, OSError, AssertionError) as error:
            print(f"{row}, {name}: {error}", file=sys.stderr)
        else:
            shutil.rmtree(place, ignore_errors=True)
        print(f"  round {number + 1}  {row:11} {name:5} {time.monotonic() - began:5.1f} s", file=sys.stderr, flush=True)

    def _note(self, record: Record) -> None:
        self.records.append(record)
        with self.raw.open("a", encoding="ascii") as file:
            file.write(json.dumps(record) + "\n")


def _row_of(row: str, figures: Figures) -> str:
    return "start" if any(key.endswith("ready_s") for key in figures) else row


def main() -> int:
    """Measure, print, and return 0: a missed bar is a figure and no failure."""
    rounds, wanted = int(os.environ.get("BENCH_ROUNDS", "3")), os.environ.get("BENCH_ROWS", "").split(",")
    if not all(word.startswith("rules") for word in wanted) and not find_program("mosquitto"):
        print("mosquitto tidak ada / is not installed: apt install mosquitto", file=sys.stderr)
        return 64
    allow_many_connections()
    full = os.environ.get("BENCH_FULL") == "1"
    events = EVENTS_FULL if full else EVENTS
    run = Run(Path(tempfile.mkdtemp(prefix="kentongan-bench-", dir=os.environ.get("BENCH_DIR"))))
    where = {**environment(), "file_system": file_system(run.folder), "rounds": rounds}
    for number in range(rounds):
        for job in jobs(number, events, full=full):
            if any(job[0].startswith(word) for word in wanted):
                run.do(job, number)
    print(json.dumps(where))
    print(render(lines(Results(run.records))))
    if not shutil.which("strace"):
        print("strace is not installed: the row with a slow disk was left out")
    print(f"raw: {run.raw}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
