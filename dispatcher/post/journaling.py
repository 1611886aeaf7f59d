"""Housekeeping of the journal: alive marks, checkpoints, retention, and an eye on the free space."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from dispatcher.domain.stamp import Stamp
from dispatcher.journal import Entry, Kind, NoSpace
from dispatcher.post.memory import Memory
from dispatcher.post.ports import Clock, Saver

ALIVE_MS = 10_000  # so that downtime is known to within ten seconds
FORGET_MS = 60_000
FORGET_GROWN = 250  # incidents more than after the last time
CHECKPOINT_MS = 600_000
CHECKPOINT_RECORDS = 50_000  # a start folds at most this many
SLOW_MS = 1_000  # a save that takes so long is felt by who waits at the button
SLOW_FOR_MS = 60_000  # and is told for so long


class Disk(IntEnum):
    """What `kentongan_disk_state` says."""

    GOOD = 0
    LOW = 1
    FAILED = 2


@dataclass(frozen=True, slots=True)
class Retention:
    """How much history to keep, and how much room to leave."""

    retain_ms: int
    max_bytes: int
    disk_low_bytes: int


class Keeper:
    """Looks after one journal between turns. Every method runs on the pipeline's thread."""

    def __init__(
        self,
        clock: Clock,
        journal: Saver,
        memory: Memory,
        retention: Retention,
        free_bytes: Callable[[], int],
        *,
        saves: bool = True,
    ) -> None:
        self._clock = clock
        self._journal = journal
        self._memory = memory
        self._retention = retention
        self._free_bytes = free_bytes
        self._alive_ms: int | None = None
        self._forgot_ms = 0
        self._remembered = 0  # incidents, after that
        self._slow_ms: int | None = None  # when a save last took long
        self._is_slow = False
        self._checkpoint_ms: int | None = None
        self._checkpoint_through = journal.last_sequence
        self.disk = Disk.GOOD if saves else Disk.FAILED

    @property
    def sheds_sensors(self) -> bool:
        """Return whether the disk has room for panics only."""
        return self.disk is Disk.LOW

    @property
    def trouble(self) -> str:
        """Return what a lamp should say of the disk: nothing, ``disk_slow``, ``disk_low`` or ``unsaved``."""
        return {"slow": "disk_slow", "low": "disk_low", "failed": "unsaved"}.get(self.condition, "")

    @property
    def condition(self) -> str:
        """Return how the disk is in one word: good, slow, low or failed."""
        return "slow" if self.disk is Disk.GOOD and self._is_slow else self.disk.name.lower()

    def saved(self, began_ms: int, ended_ms: int) -> None:
        """Learn how long a save took, in running time."""
        if ended_ms - began_ms >= SLOW_MS:
            self._slow_ms = ended_ms

    def full(self) -> None:
        """The journal refused an ordinary append."""
        self.disk = Disk.LOW

    def look_after(self, now: Stamp) -> None:
        """Do what is due. Raises JournalError when the disk fails."""
        self._is_slow = self._slow_ms is not None and now.run_ms - self._slow_ms < SLOW_FOR_MS
        if self._alive_ms is None or now.run_ms - self._alive_ms >= ALIVE_MS:
            self._alive_ms = now.run_ms
            self._measure()
            self._mark_alive(now)
        grown = len(self._memory.state.incidents) - self._remembered
        if now.run_ms - self._forgot_ms >= FORGET_MS or grown >= FORGET_GROWN:
            self._memory.forget(now)
            self._forgot_ms, self._remembered = now.run_ms, len(self._memory.state.incidents)
        if self._is_checkpoint_due(now):
            self.checkpoint(now)

    def _measure(self) -> None:
        if self.disk is Disk.FAILED:
            return
        # One that only just refused stays low until the next look: then the journal may have room again.
        self.disk = Disk.LOW if self._free_bytes() < self._retention.disk_low_bytes else Disk.GOOD

    def _mark_alive(self, now: Stamp) -> None:
        # Not synced: the mark rides along with the next save, and the kernel writes it out soon enough by itself.
        try:
            self._journal.append([Entry(Kind.ALIVE, now, b"{}")])
        except NoSpace:
            self.full()
        self._journal.tend()

    def _is_checkpoint_due(self, now: Stamp) -> bool:
        if self._checkpoint_ms is None:
            self._checkpoint_ms = now.run_ms
        grown = self._journal.last_sequence - self._checkpoint_through
        return grown >= CHECKPOINT_RECORDS or (grown > 0 and now.run_ms - self._checkpoint_ms >= CHECKPOINT_MS)

    def checkpoint(self, now: Stamp) -> None:
        """Write the memory down and let go of segments that are neither needed nor wanted. Raises JournalError."""
        through = self._journal.last_sequence
        try:
            self._journal.write_checkpoint(through, self._memory.dump(self._clock.last()))
        except NoSpace:
            self.full()
        self._checkpoint_ms, self._checkpoint_through = now.run_ms, through
        self._journal.retain(
            keep_after=through,
            older_than_ms=self._retention.retain_ms,
            max_bytes=self._retention.max_bytes,
            now=now,
        )


def free_bytes_of(folder: Path) -> Callable[[], int]:
    """Return what asks how many bytes we may still write in ``folder``."""

    def ask() -> int:
        free = os.statvfs(folder)
        return free.f_bavail * free.f_frsize

    return ask
