"""The post's clocks. The only place in the daemon that reads them.

Running time is what durations are measured on: it goes on from where the journal ended, over restarts too, and stands
still for an absence whose length nobody can vouch for (a Pi has no clock battery).
"""

import ctypes
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dispatcher.domain.stamp import Stamp

BUILD_MS = 1_764_000_000_000  # no honest clock is before the day this program was written (November 2025)
_ASK_KERNEL_EVERY_NS = 1_000_000_000
_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised
_TIMEX_BYTES = 512  # struct timex is smaller everywhere; zeroed modes mean: only read

Trust = Literal["kernel", "always"]


def boot_id() -> str:
    """Return the kernel's boot id, 32 hex digits."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip().replace("-", "")


def boottime_ns() -> int:
    """Return CLOCK_BOOTTIME: monotonic, and it counts while the machine is suspended."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


@dataclass(frozen=True, slots=True)
class Last:
    """The last instant that the journal knows of."""

    stamp: Stamp
    boot: str
    mono_ns: int


class PostClock:
    """Stamps for one run of the daemon. Safe to call from any thread."""

    def __init__(self, trust: Trust, last: Last | None = None) -> None:
        self._trust = trust
        self._asked_ns = -_ASK_KERNEL_EVERY_NS
        self._synchronised = False
        self._start_ns = boottime_ns()
        self._base_ms = 0
        self.downtime_known = True
        self.downtime_ms = 0
        self.before: Stamp | None = None  # the last trusted stamp before an absence that nobody can measure yet
        if last is not None:
            self.downtime_ms = self._downtime_ms(last)
            # The extra millisecond keeps what is older than an absence apart from what came after it.
            self._base_ms = last.stamp.run_ms + self.downtime_ms + (0 if self.downtime_known else 1)

    def _downtime_ms(self, last: Last) -> int:
        """Return how long we were off: by the monotonic clock within one boot, by two trusted wall clocks, or 0."""
        if last.boot.replace("-", "") == boot_id():
            return max(0, (self._start_ns - last.mono_ns) // 1_000_000)
        if last.stamp.trusted and self._is_trusted(self._start_ns, _wall_ms()):
            return max(0, _wall_ms() - last.stamp.wall_ms)
        self.downtime_known = False
        self.before = last.stamp if last.stamp.trusted else None
        return 0

    def stamp(self) -> Stamp:
        """Return now."""
        now_ns, wall_ms = boottime_ns(), _wall_ms()
        return Stamp(self._base_ms + (now_ns - self._start_ns) // 1_000_000, wall_ms, self._is_trusted(now_ns, wall_ms))

    def downtime(self) -> dict[str, object]:
        """Return what a START record says of the absence before it."""
        before = None if self.before is None else [self.before.run_ms, self.before.wall_ms]
        return {"downtime_known": self.downtime_known, "downtime_ms": self.downtime_ms, "before": before}

    def last(self) -> Last:
        """Return now as the next start will want to know it."""
        return Last(self.stamp(), boot_id(), boottime_ns())

    def _is_trusted(self, now_ns: int, wall_ms: int) -> bool:
        if wall_ms < BUILD_MS:
            return False
        return self._trust == "always" or self._kernel_says(now_ns)

    def _kernel_says(self, now_ns: int) -> bool:
        if now_ns - self._asked_ns >= _ASK_KERNEL_EVERY_NS:
            self._asked_ns = now_ns
            self._synchronised = kernel_synchronised()
        return self._synchronised


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000


def kernel_synchronised() -> bool:
    """Return whether a time service has told the kernel that its clock is right."""
    buffer = ctypes.create_string_buffer(_TIMEX_BYTES)
    state = ctypes.CDLL(None, use_errno=True).adjtimex(buffer)
    return 0 <= int(state) < _TIME_ERROR
