"""The journal of a post: append, save, read again. See docs/adr/0005 for why it is what it is."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NoReturn, Self

from dispatcher.domain.stamp import Stamp
from dispatcher.journal import reading
from dispatcher.journal.active import Active
from dispatcher.journal.errors import BodyTooLarge, JournalError, NoSpace
from dispatcher.journal.files import FULL, remove, write_all
from dispatcher.journal.layout import (
    MAX_BODY,
    MAX_SEGMENT,
    MIN_SEGMENT,
    RECORD,
    RESTART,
    SECTOR,
    SYNCED,
    boot_bytes,
    padded,
)
from dispatcher.journal.lock import FolderLock
from dispatcher.journal.model import Checkpoint, Entry, Gap, Kind, Record, Recovery
from dispatcher.journal.recover import Recovered
from dispatcher.journal.retention import Limits, Retention
from dispatcher.journal.scan import Span, cut_body
from dispatcher.journal.segment import Segment, activate
from dispatcher.journal.spares import Room, Spares
from dispatcher.journal.start import Started, start

MEBIBYTE = 1024 * 1024


class Journal:
    """An append-only log of opaque bodies. One thread uses it; one process at a time has a folder open.

    What was appended is durable once ``sync`` has returned. After a JournalError the journal is dead: the kernel may
    have thrown away what it could not write, so trying again would report a success that is none.
    """

    def __init__(self, folder: Path, lock: FolderLock, started: Started, boot: str, mono: Callable[[], int]) -> None:
        """Use ``open`` instead."""
        recovered = started.recovered
        self.folder = folder
        self.boot = boot
        self.recovery: Recovery = recovered.recovery
        self._lock = lock
        self._mono = mono
        self._boot = boot_bytes(boot)
        self._sealed: list[Segment] = list(started.sealed)
        self._spares: Spares = started.spares
        self._checkpoints = started.checkpoints
        self._active = Active(recovered.segment, recovered.fd, recovered.position, self._boot)
        self._next = max(recovered.last, self._checkpoints.newest) + 1
        self._synced = self._next - 1
        self._first = True  # nothing appended by this process yet
        lost_tail = (Gap(self._next, self._next, durable=True),) if recovered.recovery.tail_damaged else ()
        self._retention = Retention()
        self._damage: dict[int, tuple[Gap, ...]] = {recovered.segment.number: recovered.recovery.gaps + lost_tail}
        self._death: JournalError | None = None

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        segment_bytes: int = 8 * MEBIBYTE,
        reserve_bytes: int = 16 * MEBIBYTE,
        keep_free_bytes: int = 64 * MEBIBYTE,
        boot: str,
        mono: Callable[[], int],
    ) -> Self:
        """Open or create the journal in ``folder``, and recover what a crash left.

        ``boot`` is the kernel's boot id, ``mono`` gives CLOCK_BOOTTIME in nanoseconds. ``reserve_bytes`` of prepared
        segments are for urgent records only; ordinary ones also leave ``keep_free_bytes`` of the disk alone, and the
        reserve a quarter of that, so that there is room for checkpoints. Everything that can be read afterwards is
        durable. Raises FormatTooNew (before anything is touched), JournalLocked, JournalError, NoSpace (a new journal
        on a full disk), ValueError.
        """
        if not MIN_SEGMENT <= segment_bytes <= MAX_SEGMENT or segment_bytes % SECTOR:
            raise ValueError(f"segment_bytes: {MIN_SEGMENT} to {MAX_SEGMENT}, a multiple of {SECTOR}")
        room = Room(-(-reserve_bytes // segment_bytes), keep_free_bytes)
        journal = cls._open(folder, segment_bytes, room, boot, mono)
        journal._spares.tend()
        return journal

    @classmethod
    def cut_tail(cls, folder: Path, *, boot: str) -> Recovery:
        """Do what ``open`` does about a torn tail, and no more. Raises what ``open`` raises."""
        journal = cls._open(folder, MIN_SEGMENT, Room(0, 0), boot, lambda: 0)
        journal.close()
        return journal.recovery

    @classmethod
    def _open(cls, folder: Path, segment_bytes: int, room: Room, boot: str, mono: Callable[[], int]) -> Self:
        boot_bytes(boot)
        lock, started = start(folder, segment_bytes, room)
        journal = cls(folder, lock, started, boot, mono)
        try:
            journal._cut(started.recovered)
        except BaseException:
            journal.abandon()
            raise
        return journal

    # --- saving ------------------------------------------------------------------------------------------------------

    def append(self, entries: Sequence[Entry], *, urgent: bool = False) -> range:
        """Write the entries and return their sequence numbers. They are durable after the next ``sync``, not before.

        ``urgent`` entries may use the reserve. All or nothing: on NoSpace and BodyTooLarge nothing was written.
        Raises JournalError.
        """
        self._check_alive()
        parts = self._plan(entries)
        self._admit(len(parts) - 1, urgent=urgent)
        first = self._next
        for index, part in enumerate(parts):
            if index:
                self._roll()
            if part:
                self._write(part, may_refuse=self._next == first)
        return range(first, self._next)

    def sync(self) -> None:
        """Make everything appended so far durable. Raises JournalError."""
        self._check_alive()
        if self._synced == self._next - 1:
            return
        try:
            self._active.sync()
        except OSError as error:
            self._die(error, f"{self._active.segment.path}: fdatasync")
        self._synced = self._next - 1

    def _plan(self, entries: Sequence[Entry]) -> list[Sequence[Entry]]:
        """Return the entries in parts: the first for the segment in use, possibly empty, each other for a new one."""
        capacity, room = self._spares.capacity, self._active.room
        head = RECORD.size
        if (total := sum(padded(head + len(entry.body)) for entry in entries)) <= room and total <= MAX_BODY:
            return [entries]  # nearly always
        parts: list[list[Entry]] = [[]]
        for entry in entries:
            size = padded(head + len(entry.body))
            if len(entry.body) > MAX_BODY or size > capacity:
                raise BodyTooLarge(f"a body of {len(entry.body)} bytes; at most {min(MAX_BODY, capacity - head)}")
            if size > room:
                parts.append([])
                room = capacity
            parts[-1].append(entry)
            room -= size
        return list(parts)

    def _admit(self, rolls: int, *, urgent: bool) -> None:
        """Return if there is room for this many new segments; ordinary appends leave the reserve alone."""
        spares = self._spares
        if urgent:
            if rolls and not spares.wait_for(rolls):
                self._refuse()
        elif rolls:
            if not spares.wait_for(spares.reserve + rolls):
                self._refuse()
        elif len(spares) < spares.reserve:
            spares.collect()
            if spares.error is not None and len(spares) < spares.reserve:
                self._refuse()

    def _refuse(self) -> NoReturn:
        error = self._spares.error
        if error is None or error.errno in FULL:
            raise NoSpace(f"{self.folder}: no space left")
        raise NoSpace(f"{self.folder}: no segment can be prepared: {error}")

    def _write(self, entries: Sequence[Entry], *, may_refuse: bool) -> None:
        flags = RESTART if self._first else SYNCED if self._synced == self._next - 1 else 0
        try:
            self._active.write(entries, self._next, flags, self._mono())
        except OSError as error:
            if error.errno in FULL and may_refuse:  # a file system that copies on write
                raise NoSpace(f"{self._active.segment.path}: no space left") from error
            self._die(error, f"{self._active.segment.path}: write")
        self._first = False
        self._next += len(entries)

    def _roll(self) -> None:
        """Go on in the next prepared segment. The one before is durable first: only one is ever at risk."""
        self.sync()
        spare = self._spares.take()
        try:
            fd = os.open(spare.path, os.O_RDWR)
            header = activate(fd, spare.header, self._next)
        except OSError as error:
            self._die(error, f"{spare.path}: new segment")
        self._active.close()
        self._sealed.append(self._active.segment)
        self._active = Active(Segment(spare.path, header, spare.file_bytes), fd, SECTOR, self._boot)
        self._spares.tend()

    def _cut(self, recovered: Recovered) -> None:
        """Overwrite a torn tail.

        First a record says which numbers the tail may have held: they are never given again, because one of them may
        have been confirmed before it was damaged. Only when that is durable the rest becomes zeros.
        """
        tail = recovered.tail
        if tail is None:
            return
        first = self._next
        self._next += -(-len(tail) // RECORD.size)
        entry = Entry(Kind.CUT, recovered.stamp, cut_body(first, len(tail), int(recovered.recovery.tail_damaged)))
        start = tail.start
        try:
            self.append([entry], urgent=True)
            self.sync()
        except NoSpace:
            pass  # not even for this: the numbers are skipped all the same as long as this process lives
        else:
            if self._active.segment.number == tail.segment:
                start = self._active.position
        self._erase(recovered.segment.path, Span(tail.segment, start, tail.stop))

    def _erase(self, path: Path, span: Span) -> None:
        try:
            fd = os.open(path, os.O_RDWR)
            try:
                write_all(fd, bytes(max(0, span.stop - span.start)), span.start)
                os.fdatasync(fd)
            finally:
                os.close(fd)
        except OSError as error:
            self._die(error, f"{path}: cut")

    # --- reading -----------------------------------------------------------------------------------------------------

    def replay(self, after: int = 0) -> Iterator[Record]:
        """Yield every readable record with a number above ``after``, in order. Damage is skipped and counted.

        Raises JournalError.
        """
        segments = (*self._sealed, self._active.segment)
        try:
            yield from reading.replay(segments, after, self._damage)
        except OSError as error:
            raise JournalError(error.errno or 0, f"{self.folder}: read") from error

    @property
    def corrupt_records(self) -> int:
        """Records met so far, by ``open`` and ``replay``, that had been durable and cannot be read."""
        return sum(len(gap) for gaps in self._damage.values() for gap in gaps if gap.durable)

    @property
    def last_sequence(self) -> int:
        """The last number given, 0 before the first."""
        return self._next - 1

    @property
    def synced_sequence(self) -> int:
        """The last number that is durable."""
        return self._synced

    @property
    def bytes_on_disk(self) -> int:
        """Bytes of all segments, used and prepared, and checkpoints."""
        segments = (*self._sealed, self._active.segment)
        used = sum(segment.file_bytes for segment in segments)
        return used + self._spares.disk_bytes + self._checkpoints.disk_bytes

    # --- checkpoints and retention -----------------------------------------------------------------------------------

    def write_checkpoint(self, through: int, body: bytes) -> None:
        """Keep the owner's state after record ``through``; the checkpoint before it is kept, too.

        Raises NoSpace (the journal lives, and so do the checkpoints there are), JournalError, ValueError.
        """
        if not 0 <= through <= self.last_sequence:
            raise ValueError(f"through: {through}, the journal ends at {self.last_sequence}")
        self._check_alive()
        if through > self._synced:
            self.sync()
        try:
            self._checkpoints.write(through, body)
        except OSError as error:
            if error.errno in FULL:
                raise NoSpace(f"{self.folder}: no space for a checkpoint") from error
            self._die(error, f"{self.folder}: checkpoint")

    def read_checkpoint(self, older_than: int | None = None) -> Checkpoint | None:
        """Return the newest checkpoint that is sound, or None; ``older_than`` asks for one from before that number."""
        return self._checkpoints.read(older_than)

    def retain(self, *, keep_after: int, older_than_ms: int, max_bytes: int, now: Stamp) -> int:
        """Delete the oldest segments that are too old or too many, and return how many.

        A segment goes only if all its records are at or below ``keep_after`` and the newest checkpoint *and* the one
        before it reach beyond it. A record's age counts by running time, and by the wall clock where both ends were
        trusted. Also tries again to fill the reserve, if that had failed. Raises JournalError.
        """
        self._check_alive()
        limits = Limits(min(keep_after, self._checkpoints.covered), max_bytes, older_than_ms, now)
        segments = (*self._sealed, self._active.segment)
        count = self._retention.expendable(segments, self.bytes_on_disk, limits)
        for _ in range(count):
            self._delete_oldest()
        if count:
            self._spares.freed()
        else:
            self._spares.tend()
        return count

    def _delete_oldest(self) -> None:
        segment = self._sealed.pop(0)
        self._damage.pop(segment.number, None)
        try:
            remove(segment.path)
        except OSError as error:
            self._die(error, f"{segment.path}: delete")

    def tend(self) -> None:
        """Take in prepared segments, and try again if preparing failed. Cheap; call it every few seconds."""
        self._spares.tend()

    @property
    def is_disk_low(self) -> bool:
        """Whether segments could not be prepared for lack of space at the last attempt."""
        self._spares.collect()
        return self._spares.is_low

    @property
    def reserve_complete(self) -> bool:
        """Whether the reserve for urgent appends is whole."""
        self._spares.collect()
        return len(self._spares) >= self._spares.reserve

    # --- the end -----------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Save what is unsaved and let go of the folder. Raises JournalError if saving fails; closed it is anyway."""
        try:
            if self._death is None:
                self.sync()
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Let go of the folder without saving; as a crash would, but tidily."""
        if self._death is None or self._death.what != _CLOSED:
            self._death = JournalError(9, _CLOSED)
            self._spares.close()
            self._active.close()
            self._lock.release()

    def _check_alive(self) -> None:
        if self._death is not None:
            raise JournalError(self._death.errno, self._death.what)

    def _die(self, error: OSError, what: str) -> NoReturn:
        self._death = JournalError(error.errno or 0, what)
        raise self._death from error


_CLOSED = "the journal is closed"
