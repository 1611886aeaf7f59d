from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dispatcher.demo.children import Child, Plan
from dispatcher.demo.supervise import MAX_DEATHS, NEVER_READY, READY_S, Died, Supervisor
from dispatcher.domain.faults import Text
from tests.support.brokers import wait_until

DEADLINE_S = 20.0
LIVES = "import signal; print('READY', flush=True); signal.pause()"
STUBBORN = "import signal; signal.signal(15, signal.SIG_IGN); print('READY', flush=True)\nwhile 1: signal.pause()"
DIES = "import sys; print('what went wrong', flush=True); sys.exit(78)"
READY_THEN_DIES = "print('READY', flush=True)"
SILENT = "import signal; signal.pause()"


def wait_for(holds: Callable[[], bool]) -> None:
    wait_until(holds, DEADLINE_S, "it did not happen in time")


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[[str], Child]]:
    made: list[Child] = []

    def child(program: str) -> Child:
        plan = Plan(f"anak-{len(made)}", (sys.executable, "-c", program), tmp_path / f"{len(made)}.log")
        made.append(Child(plan))
        return made[-1]

    yield child
    for one in made:
        one.stop(0.0)


def has_ended(pid: int) -> bool:
    """A process that ended may stay as a zombie where nobody reaps it, as in many a container."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].startswith("Z")
    except FileNotFoundError:
        return True


class Told(list[str]):
    def __call__(self, text: Text) -> None:
        self.append(text.en)


def run_until(supervisor: Supervisor, holds: Callable[[], bool], now_s: float = 0.0) -> None:
    def step() -> bool:
        supervisor.step(now_s)
        return holds()

    wait_for(step)


def test_a_daemon_is_ready_once_it_has_said_so(make: Callable[[str], Child]) -> None:
    supervisor = Supervisor([make(LIVES), make(LIVES)], Told())
    supervisor.start(0.0)
    run_until(supervisor, supervisor.all_ready)


def test_a_daemon_that_dies_before_it_is_ready_ends_the_demo_with_its_last_lines(make: Callable[[str], Child]) -> None:
    supervisor = Supervisor([make(DIES)], Told())
    supervisor.start(0.0)
    with pytest.raises(Died) as died:
        run_until(supervisor, lambda: False)
    assert (died.value.name, died.value.code, died.value.lines) == ("anak-0", 78, ["what went wrong"])


def test_a_daemon_that_never_becomes_ready_ends_the_demo(make: Callable[[str], Child]) -> None:
    supervisor = Supervisor([make(SILENT)], Told())
    supervisor.start(0.0)
    supervisor.step(READY_S - 1)
    with pytest.raises(Died) as died:
        supervisor.step(READY_S)
    assert died.value.code == NEVER_READY


def test_a_daemon_that_is_killed_is_told_and_started_again(make: Callable[[str], Child]) -> None:
    told, child = Told(), make(LIVES)
    supervisor = Supervisor([child], told)
    supervisor.start(0.0)
    run_until(supervisor, supervisor.all_ready)
    assert child.pid is not None
    subprocess.run(["kill", "-9", str(child.pid)], check=True)
    run_until(supervisor, lambda: len(told) == 2)
    assert told == ["anak-0 ended (signal 9); started again.", "anak-0 is up again."]


def test_a_daemon_that_keeps_dying_ends_the_demo(make: Callable[[str], Child]) -> None:
    told, child = Told(), make(READY_THEN_DIES)
    supervisor = Supervisor([child], told)
    supervisor.start(0.0)

    def die() -> None:
        wait_for(lambda: child.exit_code() is not None)
        supervisor.step(0.0)

    for _ in range(MAX_DEATHS):
        die()
    with pytest.raises(Died):
        die()
    assert told == ["anak-0 ended (code 0); started again."] * MAX_DEATHS


def test_a_daemon_that_ignores_the_request_to_end_is_killed(make: Callable[[str], Child]) -> None:
    child = make(STUBBORN)
    child.start()
    wait_for(child.ready)
    child.stop(0.2)
    assert child.exit_code() is None
    child.stop(0.2)


def test_ready_of_the_start_before_does_not_count(make: Callable[[str], Child]) -> None:
    child = make(READY_THEN_DIES)
    child.start()
    wait_for(lambda: child.exit_code() is not None)
    assert child.ready()
    silent = Child(Plan("anak", (sys.executable, "-c", SILENT), child.plan.log))
    silent.start()
    try:
        assert not silent.ready()
    finally:
        silent.stop(1.0)


def test_daemons_die_with_a_demo_that_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "child.log"
    child = f"import os; print('READY', os.getpid(), flush=True); {SILENT}"
    demo = (
        "import sys, time; from pathlib import Path; from dispatcher.demo.children import Child, Plan\n"
        f"Child(Plan('anak', (sys.executable, '-c', {child!r}), Path({str(log)!r}))).start(); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", demo])
    wait_for(lambda: log.exists() and log.read_text().startswith("READY"))
    pid = int(log.read_text().split()[1])
    process.send_signal(signal.SIGKILL)
    process.wait()
    wait_for(lambda: has_ended(pid))


def test_a_large_log_is_put_aside_at_the_next_start(tmp_path: Path) -> None:
    log = tmp_path / "child.log"
    with log.open("wb") as file:
        file.truncate(5 * 1024 * 1024)
    child = Child(Plan("anak", (sys.executable, "-c", LIVES), log))
    child.start()
    try:
        wait_for(child.ready)
        assert child.last_lines(5) == ["READY"]
        assert (tmp_path / "child.log.1").stat().st_size == 5 * 1024 * 1024
    finally:
        child.stop(1.0)
