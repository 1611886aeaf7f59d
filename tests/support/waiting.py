"""Waiting for something to become true: with a deadline, and with words for when it does not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE_S = 60.0
"""Far above what anything here takes: a test tells whether something happens, and not how busy the machine is."""

LOOK_S = 0.02

T = TypeVar("T")


def nothing() -> None:
    """Do nothing while waiting."""


def eventually(
    look: Callable[[], T | None],
    complaint: str | Callable[[], str],
    *,
    patience_s: float = PATIENCE_S,
    meanwhile: Callable[[], None] = nothing,
) -> T:
    """Return the first answer of ``look`` that is not None, False or empty; ``meanwhile`` is called in between."""
    end = time.monotonic() + patience_s
    tick = threading.Event()
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(complaint if isinstance(complaint, str) else complaint())
        meanwhile()
        tick.wait(LOOK_S)
