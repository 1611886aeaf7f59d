"""`kentongan post` and `kentongan precinct` as processes: started, watched until READY, ended by their own id."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support.waiting import eventually

ROOT = Path(__file__).parents[2]
STOP_S = 30.0
TAIL = 40  # lines of a log that a failure shows


class Daemon:
    """One daemon. What it prints goes to ``log``, of all its starts."""

    def __init__(self, command: str, config: Path, log: Path) -> None:
        self.config = config
        self.log = log
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._from = 0

    def start(self) -> None:
        """Start it and return at once."""
        assert self._process is None, f"{self._command} runs already"
        with self.log.open("ab") as log:
            self._from = log.tell()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "dispatcher", self._command, "--config", str(self.config)],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )

    def wait_ready(self) -> str:
        """Return the READY line of this start; fails when the process ends before."""
        return eventually(self._ready_line, lambda: f"{self._command} did not say READY\n{self.tail()}")

    def _ready_line(self) -> str | None:
        line = next((line for line in self.said() if line.startswith("READY ")), None)
        if line is None and self._process is not None and self._process.poll() is not None:
            raise AssertionError(f"{self._command} ended with {self._process.returncode}\n{self.tail()}")
        return line

    @property
    def running(self) -> bool:
        """Whether there is a process that has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The process id."""
        assert self._process is not None
        return self._process.pid

    def stop(self) -> int:
        """Ask it to end, with SIGTERM, and return its exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it with SIGKILL, as a power cut would."""
        self._end(signal.SIGKILL)

    def wait(self) -> int:
        """Wait until it has ended by itself and return its exit code."""
        process = self._process
        assert process is not None
        code = process.wait(STOP_S)
        self._process = None
        return code

    def _end(self, how: signal.Signals) -> int:
        process = self._process
        if process is None:
            return 0
        process.send_signal(how)
        try:
            return self.wait()
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            self._process = None
            raise AssertionError(f"{self._command} did not end within {STOP_S} s\n{self.tail()}") from None

    def said(self) -> list[str]:
        """Return the lines it printed since its last start."""
        with self.log.open("rb") as log:
            log.seek(self._from)
            return log.read().decode("utf-8", "replace").splitlines()

    def told(self, event: str) -> Iterator[dict[str, Any]]:
        """Yield its log lines of one event since its last start."""
        for line in self.said():
            if line.startswith("{") and f'"{event}"' in line:
                entry = json.loads(line)
                if entry.get("event") == event:
                    yield entry

    def tail(self) -> str:
        """Return the end of its log, for a complaint."""
        return f"--- {self.log.name}\n" + "\n".join(self.said()[-TAIL:])
