"""Faults in the system calls of a real process, injected by strace: fsync that kills, fails or takes its time."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.waiting import PATIENCE_S, eventually

STRACE = ("strace", "-f", "-qq", "-o", "/dev/null")
SAVES = "fdatasync,fsync"
"""Both calls by which anything here is made durable; strace counts them for each thread by itself."""


def need_strace() -> None:
    """Skip the test loudly where system calls cannot be tampered with."""
    if shutil.which("strace") is None:
        pytest.skip("NOT TESTED: strace is missing, so no fault is injected into system calls")
    done = subprocess.run([*STRACE, "true"], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"NOT TESTED: strace may not trace here: {done.stderr.strip()[:200]}")


def under(fault: str, calls: str = SAVES, *, log: Path | None = None) -> tuple[str, ...]:
    """Return the words before a command that start it with a fault in every one of ``calls``.

    The tracer is a grandchild (-D), so that the process which the test started and ends is the daemon itself; and it
    obeys signals (-I2), so that it can be ended alone.
    """
    out = "/dev/null" if log is None else str(log)
    inject = ("-e", f"inject={calls}:{fault}") if fault else ()
    return ("strace", "-D", "-I2", "-f", "-y", "-qq", "-o", out, "-e", f"trace={calls}", *inject)


@contextmanager
def faults(pid: int, fault: str, calls: str = SAVES) -> Iterator[None]:
    """Inject a fault into the calls of a process that runs, from now on until the block is left."""
    need_strace()
    command = [*STRACE, "-e", f"trace={calls}", "-e", f"inject={calls}:{fault}", "-p", str(pid)]
    tracer = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        eventually(lambda: _is_traced(pid, tracer), lambda: f"strace did not attach to {pid}")
        yield
    finally:
        said = _end(tracer)
        assert "Operation not permitted" not in said, said


def _end(tracer: subprocess.Popen[str]) -> str:
    """End a tracer and return what it said.

    One that is told to end while its process is dying may wait for a thread that it would have to bury first.
    """
    tracer.terminate()
    try:
        return tracer.communicate(timeout=PATIENCE_S / 4)[1]
    except subprocess.TimeoutExpired:
        tracer.kill()
        return tracer.communicate()[1]


def let_go(pid: int) -> None:
    """End the tracer that a process was started under; the process goes on without faults."""
    tracer = _tracer_of(Path(f"/proc/{pid}/task/{pid}"))
    if tracer:
        subprocess.run(["kill", "-TERM", str(tracer)], check=True)
        eventually(lambda: not _tracer_of(Path(f"/proc/{pid}/task/{pid}")), "strace did not let go")


def _is_traced(pid: int, tracer: subprocess.Popen[str]) -> bool:
    if _has_ended(pid):
        return True  # the fault came before we could look
    assert tracer.poll() is None, f"strace ended: {tracer.stderr.read() if tracer.stderr else ''}"
    return all(_tracer_of(task) == tracer.pid for task in Path(f"/proc/{pid}/task").iterdir())


def _has_ended(pid: int) -> bool:
    """Return whether a child of ours is gone, without taking its exit code from whoever waits for it."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _tracer_of(task: Path) -> int:
    try:
        found = re.search(r"^TracerPid:\s+(\d+)", (task / "status").read_text("ascii", "replace"), re.MULTILINE)
    except OSError:
        return 0
    return int(found[1]) if found else 0
