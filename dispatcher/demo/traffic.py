"""The last MQTT messages on both brokers, for the technician's strip. Bounded, whatever arrives."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

ROWS = 30
MAX_SHOWN = 320  # characters of a payload
SAME_S = 20.0  # a repeat within this time counts up its row instead of pushing the others out


@dataclass(frozen=True, slots=True)
class Row:
    """One message, or several alike. ``hop`` is ``post`` or ``precinct``; times are Unix time in seconds.

    ``at`` is when the first of them came, so that the strip stays in order; ``latest`` is the last of them.
    """

    number: int
    hop: str
    topic: str
    payload: str
    at: float
    latest: float
    times: int = 1


class Traffic:
    """The last rows, oldest first. Safe to use from several threads."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._rows: deque[tuple[str, Row]] = deque(maxlen=ROWS)
        self._count = 0

    def heard(self, hop: str, topic: str, payload: bytes) -> None:
        """Add a message."""
        now = self._clock()
        text = _readable(payload)
        alike = f"{hop} {topic} {_without_id(text)}"
        with self._lock:
            if not self._counted_up(alike, text, now):
                self._count += 1
                self._rows.append((alike, Row(self._count, hop, topic[:MAX_SHOWN], text[:MAX_SHOWN], now, now)))

    def rows(self) -> tuple[Row, ...]:
        """Return what there is, oldest first."""
        with self._lock:
            return tuple(row for _, row in self._rows)

    def _counted_up(self, alike: str, text: str, now: float) -> bool:
        for index, (known, row) in enumerate(self._rows):
            if known == alike and now - row.latest < SAME_S:
                self._rows[index] = (known, replace(row, times=row.times + 1, latest=now, payload=text[:MAX_SHOWN]))
                return True
        return False


def _readable(payload: bytes) -> str:
    text = payload[: 4 * MAX_SHOWN].decode("utf-8", "replace")
    return "".join(char if char.isprintable() else "·" for char in text)


def _without_id(text: str) -> str:
    """Return what makes two messages alike: a command is renewed under a fresh id."""
    try:
        body = json.loads(text)
        if not isinstance(body, dict):
            return text
        return json.dumps({key: value for key, value in body.items() if key != "id"}, sort_keys=True)
    except (ValueError, RecursionError):
        return text
