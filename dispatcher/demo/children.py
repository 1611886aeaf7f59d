"""A daemon as a child process of the demo: started, watched until READY, ended."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

TAIL_BYTES = 64 * 1024
KEEP_LOG_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Plan:
    """What to start: a full path and its arguments. ``log`` takes all that it prints."""

    name: str
    command: tuple[str, ...]
    log: Path


class Child:
    """One daemon. Start it from the main thread: the leash (see ``leash``) is tied to the thread that starts it."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._process: subprocess.Popen[bytes] | None = None
        self._from = 0
        self._ready = False

    def start(self) -> None:
        """Start it. Its output goes to a file and not through a pipe, so that a busy demo never holds it up."""
        _put_aside(self.plan.log)
        command = [sys.executable, "-P", "-m", "dispatcher.demo.leash", str(os.getpid()), *self.plan.command]
        with self.plan.log.open("ab") as log:
            self._from, self._ready = log.tell(), False
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )

    @property
    def pid(self) -> int | None:
        """The process id, None while there is no process."""
        return None if self._process is None else self._process.pid

    def exit_code(self) -> int | None:
        """Return how it ended (negative: by that signal), None while it runs or before its start."""
        return None if self._process is None else self._process.poll()

    def ready(self) -> bool:
        """Return whether it has said READY since its last start."""
        if not self._ready:
            self._ready = any(line.startswith("READY") for line in self._said())
        return self._ready

    def last_lines(self, count: int) -> list[str]:
        """Return the last lines that it printed since its last start."""
        return self._said()[-count:]

    def stop(self, timeout_s: float) -> None:
        """End it: SIGTERM, and SIGKILL if it has not ended within ``timeout_s`` seconds. Safe to call twice."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _said(self) -> list[str]:
        """Return what it printed lately. A daemon that prints this much before it is ready never says so to us."""
        with self.plan.log.open("rb") as log:
            end = log.seek(0, os.SEEK_END)
            log.seek(max(self._from, end - TAIL_BYTES))
            return log.read(TAIL_BYTES).decode("utf-8", "replace").splitlines()


def _put_aside(log: Path) -> None:
    """Keep a log from growing for ever: one that is large becomes the one before."""
    if log.exists() and log.stat().st_size > KEEP_LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))
