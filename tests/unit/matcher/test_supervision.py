"""Whatever becomes of the child, every event gets its right verdict, and the child comes back."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from dispatcher.domain.events import Event
from dispatcher.domain.stamp import Stamp
from dispatcher.matcher.durable import DurableMatcher
from dispatcher.matcher.port import Report, ReportReason, Source, State, Verdict
from dispatcher.matcher.process import GUEST
from dispatcher.rules.model import Clause, Compare, Not, Operator
from tests.unit.matcher import guests

PATIENCE_S = 30.0  # for what takes milliseconds; a test must not depend on speed

CLAUSES = {
    "hot": Clause(("motion",), Compare("value", Operator.ABOVE, (50,))),
    "not-a": Clause(("motion",), Not(Compare("zone", Operator.IS, ("a",)))),
}


def event(number: int, zone: str = "a", value: float = 0, kind: str = "motion") -> Event:
    return Event(
        f"e{number}", kind, "pir", None, "pos", zone, None, "sensor", "unknown", Stamp(0, 0, True), {"value": value}
    )


def mixed(count: int) -> list[Event]:
    return [event(n, zone="ab"[n % 2], value=n % 100) for n in range(count)]


def right(verdicts: list[Verdict], events: list[Event]) -> bool:
    """Whether there is one right verdict for each event, in order."""
    return [(verdict.event, verdict.matched) for verdict in verdicts] == [(one.id, _expected(one)) for one in events]


def _expected(one: Event) -> frozenset[str]:
    hot, not_a = float(one.attrs["value"]) > 50, one.zone != "a"
    return frozenset([name for name, yes in (("hot", hot), ("not-a", not_a)) if yes])


@dataclass
class Bench:
    """A matcher whose clock stands until the test moves it."""

    script: Path = GUEST
    now: float = 1000.0
    reports: list[Report] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.matcher = DurableMatcher(self.reports.append, lambda: self.now, script=self.script)

    def start(self) -> "Bench":
        assert self.matcher.load(CLAUSES) == ()
        assert self.matcher.wait_ready(PATIENCE_S)
        return self

    def reasons(self) -> list[ReportReason]:
        return [report.reason for report in self.reports]

    def child(self) -> int:
        pid = self.matcher.state().child
        assert pid is not None
        return pid

    def until(self, condition: Callable[[], bool], step: float = 0.0) -> None:
        """Tick, and move the clock by ``step`` each time, until the condition holds."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, self.reports
            self.now += step
            self.matcher.tick()
            time.sleep(0.001)

    def until_back(self) -> None:
        self.until(lambda: self.matcher.state().state is State.ENGINE, step=0.01)


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench().start()
    yield made
    made.matcher.close()


@pytest.fixture
def bench_with(tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    made: list[Bench] = []

    def make(**behaviour: str) -> Bench:
        made.append(Bench(guests.misbehaving(tmp_path, **behaviour)))
        return made[-1]

    yield make
    for one in made:
        one.matcher.close()


def test_a_child_that_is_well_answers(bench: Bench) -> None:
    events = mixed(64)
    verdicts = bench.matcher.match(events)

    assert right(verdicts, events)
    assert bench.reasons() in ([ReportReason.CHILD_STARTED], [ReportReason.CHILD_STARTED, ReportReason.LATE])


def test_a_child_killed_while_idle_is_replaced(bench: Bench) -> None:
    before = bench.child()
    os.kill(before, signal.SIGKILL)
    bench.until(lambda: ReportReason.CHILD_DIED in bench.reasons())
    assert bench.matcher.state().state is State.RESTARTING

    events = mixed(64)
    verdicts = bench.matcher.match(events)
    assert right(verdicts, events)
    assert {verdict.source for verdict in verdicts} == {Source.TWIN}

    bench.until_back()
    assert bench.child() != before
    assert bench.matcher.state().restarts == 1
    assert right(bench.matcher.match(events), events)


def test_a_child_killed_in_the_middle_of_a_batch_costs_no_verdict(bench: Bench) -> None:
    child = bench.child()
    os.kill(child, signal.SIGSTOP)
    killer = threading.Timer(0.02, os.kill, (child, signal.SIGKILL))
    killer.start()
    events = mixed(64)
    verdicts = bench.matcher.match(events)
    killer.join()

    assert right(verdicts, events)
    assert {verdict.source for verdict in verdicts} == {Source.TWIN}
    bench.until(lambda: ReportReason.CHILD_DIED in bench.reasons())
    bench.until_back()


def test_a_stopped_child_is_late_then_hung_then_replaced(bench: Bench) -> None:
    child = bench.child()
    os.kill(child, signal.SIGSTOP)
    events = mixed(64)

    assert right(bench.matcher.match(events), events)
    assert bench.reasons()[-1] is ReportReason.LATE
    assert bench.matcher.state().late == 64
    assert right(bench.matcher.match(events), events)  # not sent at all: the child is still at the first
    assert bench.matcher.state().late == 64

    bench.now += 1.1
    bench.matcher.tick()
    assert bench.reasons()[-1] is ReportReason.CHILD_HUNG
    assert not _alive(child)
    bench.until_back()
    assert right(bench.matcher.match(events), events)


def test_a_child_that_answers_late_is_kept_and_its_late_answer_thrown_away(bench: Bench) -> None:
    child = bench.child()
    os.kill(child, signal.SIGSTOP)
    bench.matcher.match([event(1, value=99)])
    os.kill(child, signal.SIGCONT)

    def answers_again() -> bool:
        verdicts = bench.matcher.match([event(2, zone="a", value=0)])
        assert right(verdicts, [event(2)])
        return verdicts[0].source is Source.ENGINE

    bench.until(answers_again)
    assert bench.child() == child


@pytest.mark.parametrize("poison", [guests.DIES_OF_POISON, guests.HANGS_ON_POISON])
def test_an_event_that_kills_or_hangs_the_child_twice_is_quarantined(
    bench_with: Callable[..., Bench], poison: str
) -> None:
    bench = bench_with(on_event=poison).start()
    bad = event(7, zone="poison", value=99)

    for time_ in (1, 2):
        batch = [event(1), bad, event(3, value=70)]
        assert right(bench.matcher.match(batch), batch)
        bench.until(lambda expected=time_: bench.matcher.state().restarts == expected, step=0.3)  # type: ignore[misc]
        bench.until_back()

    assert [report.event for report in bench.reports if report.reason is ReportReason.QUARANTINED] == ["e7"]
    assert bench.matcher.state().quarantined == 1
    batch = [event(1), bad, event(3, value=70)]
    verdicts = bench.matcher.match(batch)
    assert right(verdicts, batch)
    assert verdicts[1].source is Source.TWIN
    bench.until_back()
    assert bench.matcher.state().restarts == 2


def test_quarantine_ends_with_the_clauses_it_was_made_for(bench_with: Callable[..., Bench]) -> None:
    bench = bench_with(on_event=guests.DIES_OF_POISON).start()
    for time_ in (1, 2):
        bench.matcher.match([event(7, zone="poison")])
        bench.until(lambda expected=time_: bench.matcher.state().restarts == expected, step=0.3)  # type: ignore[misc]
        bench.until_back()
    assert bench.matcher.state().quarantined == 1

    bench.start()

    assert bench.matcher.state().quarantined == 0


def test_an_innocent_neighbour_of_the_poison_is_not_quarantined(bench_with: Callable[..., Bench]) -> None:
    bench = bench_with(on_event=guests.DIES_OF_POISON).start()
    for number in range(3):
        bench.matcher.match([event(1), event(7, zone=f"poison-{number}"), event(3)])
        bench.until(lambda expected=number + 1: bench.matcher.state().restarts == expected, step=0.3)  # type: ignore[misc]
        bench.until_back()

    assert bench.matcher.state().quarantined == 0


def test_the_back_off_grows_while_the_child_keeps_dying(bench: Bench) -> None:
    waits = []
    for _ in range(6):
        os.kill(bench.child(), signal.SIGKILL)
        bench.until(lambda: bench.matcher.state().child is None)
        began, restarts = bench.now, bench.matcher.state().restarts
        bench.until(lambda before=restarts: bench.matcher.state().restarts > before, step=0.01)  # type: ignore[misc]
        waits.append(bench.now - began)
        assert bench.matcher.wait_ready(PATIENCE_S)

    assert waits == sorted(waits)
    assert waits[0] < 0.2
    assert waits[-1] > 3.0


def test_a_child_that_was_steady_is_restarted_quickly(bench: Bench) -> None:
    for _ in range(3):
        os.kill(bench.child(), signal.SIGKILL)
        bench.until(lambda: bench.matcher.state().child is None)
        bench.until_back()
    bench.now += 61
    os.kill(bench.child(), signal.SIGKILL)
    bench.until(lambda: bench.matcher.state().child is None)
    began = bench.now
    bench.until_back()

    assert bench.now - began < 5.0


def test_what_the_engine_imagines_is_found_at_once_and_the_clause_is_the_twins(
    bench_with: Callable[..., Bench],
) -> None:
    bench = bench_with(on_event=guests.SEES_TOO_MUCH).start()

    def asked() -> bool:
        events = [event(n, zone="a", value=0) for n in range(8)]
        assert right(bench.matcher.match(events), events)
        return bench.matcher.state().differences > 0

    bench.until(asked)
    told = {report.clause for report in bench.reports if report.reason is ReportReason.DIFFERENCE}
    assert told == {"hot", "not-a"}
    bench.until(lambda: right(bench.matcher.match(mixed(64)), mixed(64)))
    assert bench.matcher.state().twin_only == 2


def test_what_the_engine_misses_is_found_by_sample(bench_with: Callable[..., Bench]) -> None:
    bench = bench_with(on_event=guests.SEES_NOTHING).start()

    def found() -> bool:
        bench.matcher.match([event(n, zone="b", value=99) for n in range(32)])
        return {"hot", "not-a"} <= {r.clause for r in bench.reports if r.reason is ReportReason.DIFFERENCE}

    bench.until(found)
    events = mixed(64)
    assert right(bench.matcher.match(events), events)


@pytest.mark.parametrize("noise", [guests.FORGETS_TO_COUNT, guests.FLOODS, guests.SPEAKS_OUT_OF_TURN])
def test_an_answer_that_is_none_ends_the_child_and_costs_no_verdict(
    bench_with: Callable[..., Bench], noise: str
) -> None:
    bench = bench_with(on_event=noise).start()

    def babbled() -> bool:
        events = mixed(64)
        assert right(bench.matcher.match(events), events)
        return ReportReason.CHILD_BABBLED in bench.reasons()

    bench.until(babbled)


def test_the_canary_sings_every_minute_of_the_callers_clock(bench: Bench) -> None:
    answered = bench.matcher.state().by_engine
    bench.now += 59
    bench.matcher.tick()
    bench.now += 2
    bench.matcher.tick()

    assert ReportReason.CANARY_FAILED not in bench.reasons()
    assert bench.matcher.state().by_engine == answered  # it is no event of anybody's


def test_a_rule_without_a_where_does_not_make_the_canary_look_ill(bench_with: Callable[..., Bench]) -> None:
    bench = bench_with()
    assert bench.matcher.load({"all-smoke": Clause(("smoke",)), "all-panic": Clause(("panic.*",)), **CLAUSES}) == ()
    assert bench.matcher.wait_ready(60)
    child = bench.child()
    bench.now += 61
    bench.matcher.tick()

    assert ReportReason.CANARY_FAILED not in bench.reasons()
    assert bench.child() == child


@pytest.mark.parametrize("blindness", [guests.SEES_NOTHING, guests.SEES_TOO_MUCH])
def test_a_child_whose_canary_is_silent_is_replaced_though_no_event_comes(
    bench_with: Callable[..., Bench], blindness: str
) -> None:
    bench = bench_with(on_event=blindness).start()
    child = bench.child()
    bench.until(lambda: ReportReason.CANARY_FAILED in bench.reasons(), step=30.0)

    assert not _alive(child)


def test_a_child_that_cannot_load_leaves_everything_to_the_twin(bench_with: Callable[..., Bench]) -> None:
    bench = bench_with(on_load=guests.CANNOT_LOAD)
    assert bench.matcher.load(CLAUSES) == ()
    bench.until(lambda: bench.matcher.state().state is State.TWIN, step=0.1)

    assert ReportReason.CHILD_FAILED in bench.reasons() or ReportReason.CHILD_DIED in bench.reasons()
    events = mixed(64)
    assert right(bench.matcher.match(events), events)


@pytest.mark.parametrize("trouble", [guests.REFUSES_ONE_SHARD, guests.DIES_OF_ONE_SHARD])
def test_a_shard_that_cannot_be_loaded_costs_its_clauses_and_not_the_engine(
    bench_with: Callable[..., Bench], trouble: str
) -> None:
    bench = bench_with(on_load=trouble)
    many = {f"m{n}": Clause(("motion",), Compare("value", Operator.ABOVE, (n,))) for n in range(40)}
    unlucky = Clause(("zzz",), Compare("zone", Operator.IS, ("unlucky",)))
    assert bench.matcher.load({**many, "bad": unlucky}) == ()
    bench.until_back()

    lost = {report.clause for report in bench.reports if report.reason is ReportReason.TWIN_ONLY}
    assert "bad" in lost
    assert len(lost) < 40
    assert bench.matcher.match([event(1, zone="unlucky", kind="zzz")])[0].matched == {"bad"}
    assert bench.matcher.match([event(1, value=5.5)])[0].matched == {f"m{n}" for n in range(6)}


def test_a_guest_that_cannot_even_start_is_reported(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "nothing-here.py")
    assert bench.matcher.load(CLAUSES) == ()
    bench.until(lambda: ReportReason.CHILD_DIED in bench.reasons())
    bench.matcher.close()


def test_ctrl_c_and_a_polite_stop_of_the_group_leave_the_child_to_its_parent(bench: Bench) -> None:
    child = bench.child()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(child, number)
    bench.matcher.tick()
    events = mixed(64)

    assert right(bench.matcher.match(events), events)
    assert bench.child() == child
    assert ReportReason.CHILD_DIED not in bench.reasons()


_PARENT = """
import sys
from dispatcher.matcher.durable import DurableMatcher
from dispatcher.rules.model import Clause
matcher = DurableMatcher(lambda report: None)
matcher.load({"any": Clause(("motion",))})
assert matcher.wait_ready(30)
print(matcher.state().child, flush=True)
sys.stdin.read()
"""


def test_the_child_ends_when_its_parent_is_killed() -> None:
    parent = subprocess.Popen([sys.executable, "-c", _PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert _alive(child)
        parent.kill()

    deadline = time.monotonic() + PATIENCE_S
    while _alive(child):
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_child_that_hangs_ends_itself_when_nobody_is_left_to_kill_it(bench_with: Callable[..., Bench]) -> None:
    bench = bench_with(on_event=guests.HANGS_ON_POISON, on_load=guests.HANGS_AND_IS_NOT_KILLED).start()
    child = bench.child()
    bench.matcher.match([event(1, zone="poison")])

    bench.until(lambda: not _alive(child))  # our clock stands still: it was not us


def test_closing_ends_the_child(bench: Bench) -> None:
    child = bench.child()
    bench.matcher.close()

    assert not _alive(child)
    assert bench.matcher.state().state is State.TWIN


def test_the_child_is_small(bench: Bench) -> None:
    bench.matcher.match(mixed(64))

    assert _memory_kib(bench.child()) < 24 * 1024


def test_events_leave_nothing_behind_in_the_child(bench: Bench) -> None:
    bench.matcher.match(mixed(640))
    before = _memory_kib(bench.child())
    for _ in range(30):
        bench.matcher.match(mixed(640))

    assert _memory_kib(bench.child()) < before + 1024


def test_a_hundred_reloads_leave_one_child_and_no_descriptor_behind(bench: Bench) -> None:
    before = len(os.listdir("/proc/self/fd"))
    seen = set()
    for _ in range(100):
        bench.matcher.load(CLAUSES)
        seen.add(bench.child())

    assert len(os.listdir("/proc/self/fd")) == before
    assert [pid for pid in seen if _alive(pid)] == [bench.child()]


def _alive(pid: int) -> bool:
    """Whether the process still runs; one that waits to be reaped does not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _memory_kib(pid: int) -> int:
    fields: dict[str, Any] = {}
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as rollup:
        for line in rollup.read().splitlines()[1:]:
            name, value, *_ = line.split()
            fields[name] = value
    return int(fields["Pss:"])
