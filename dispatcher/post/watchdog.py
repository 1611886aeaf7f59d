"""The word to systemd's watchdog, earned: a message of ours has come back through the broker and is on the disk.

A timer would tell systemd that a timer works. Where the local broker is away, and known to be, the pipeline's own turns
must do: a restart would bring no broker back.
"""

import json
import os
from collections.abc import Callable
from typing import Protocol

MARGIN = 3  # words within one watchdog period, so that one late word is no reason to be shot


class Publisher(Protocol):
    """The local broker as an output."""

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> bool: ...


def probe_topic(post: str) -> str:
    """Return where the post talks to itself."""
    return f"kentongan/{post}/probe"


def period_s() -> float | None:
    """Return how long systemd waits for a word, None when it does not."""
    text = os.environ.get("WATCHDOG_USEC", "")
    wanted = os.environ.get("WATCHDOG_PID", "")
    if not text.isdecimal() or int(text) == 0 or (wanted and wanted != str(os.getpid())):
        return None
    return int(text) / 1_000_000


class Watchdog:
    """``step`` it often; ``came_back`` is called when a probe is on the disk. All times are monotonic seconds."""

    def __init__(self, period: float, topic: str, publisher: Publisher, say: Callable[[str], object]) -> None:
        self._every_s = period / MARGIN
        self._topic = topic
        self._publisher = publisher
        self._say = say
        self._asked_s: float | None = None
        self._came_back = False

    def came_back(self) -> None:
        """A probe has gone the whole way. Called from the pipeline's thread."""
        self._came_back = True

    def step(self, now_s: float, *, broker_there: bool, turning: bool) -> bool:
        """Ask again when it is time, and tell systemd what was learned; return whether it was told."""
        earned = self._came_back or (not broker_there and turning and self._is_time(now_s))
        if earned:
            self._came_back = False
            self._say("WATCHDOG=1")
        if self._is_time(now_s):
            self._asked_s = now_s
            self._publisher.publish(self._topic, json.dumps({"at": now_s}).encode())
        return earned

    def _is_time(self, now_s: float) -> bool:
        return self._asked_s is None or now_s - self._asked_s >= self._every_s
