"""The precinct's two clocks. The only place that asks the machine for the time."""

import time
from collections.abc import Callable
from dataclasses import dataclass


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000


def _run_ms() -> int:
    return time.monotonic_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Clock:
    """``wall_ms`` is Unix time, for what people read; ``run_ms`` is monotonic, for every duration. Milliseconds."""

    wall_ms: Callable[[], int] = _wall_ms
    run_ms: Callable[[], int] = _run_ms
