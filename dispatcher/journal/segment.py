"""Segments as files: their names, what their headers say, and how a prepared one is put to use."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from dispatcher.journal.errors import FormatTooNew
from dispatcher.journal.files import read_all, write_all, write_zeroed
from dispatcher.journal.layout import FORMAT, HEADER_BYTES, SECTOR, UNKNOWN, UNUSED, Header, read_header, read_version

SUFFIX = ".seg"


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment file. ``damaged_headers`` of its two headers could not be read."""

    path: Path
    header: Header
    file_bytes: int
    damaged_headers: int = 0

    @property
    def number(self) -> int:
        """Position in the order of segments."""
        return self.header.number

    @property
    def used(self) -> bool:
        """Whether records may stand in it. A segment of an older format is never put to use any more."""
        return self.header.first_sequence != UNUSED or self.header.version != FORMAT

    def read(self, limit: int | None = None) -> bytes:
        """Return the bytes of the segment, at most the first ``limit``."""
        fd = os.open(self.path, os.O_RDONLY)
        try:
            size = min(self.file_bytes, self.header.size)
            return read_all(fd, size if limit is None else min(size, limit))
        finally:
            os.close(fd)


def path_of(folder: Path, number: int) -> Path:
    """Return where segment ``number`` lies."""
    return folder / f"{number:08d}{SUFFIX}"


def number_of(path: Path) -> int | None:
    """Return the number in a segment's file name, or None if this is no segment's name."""
    stem = path.name.removesuffix(SUFFIX)
    return int(stem) if path.suffix == SUFFIX and stem.isascii() and stem.isdigit() else None


def numbered(folder: Path) -> Iterator[tuple[int, Path]]:
    """Yield the segment files of a folder in order."""
    found = ((number_of(path), path) for path in folder.iterdir())
    yield from sorted((number, path) for number, path in found if number)


def prepare(folder: Path, header: Header, stopped: Callable[[], bool] = lambda: False) -> bool:
    """Put an unused segment in place, durable with all its zeros; False if ``stopped`` ended it early."""
    sector = header.pack()
    return write_zeroed(path_of(folder, header.number), sector, sector, header.size, stopped)


def activate(fd: int, header: Header, first_sequence: int) -> Header:
    """Put a prepared segment to use: durable before any record is, so that an unused segment is known to be empty."""
    active = replace(header, first_sequence=first_sequence)
    write_all(fd, active.pack(), 0)
    os.fdatasync(fd)
    return active


def read_both_headers(path: Path) -> tuple[bytes, bytes, int]:
    """Return the two header sectors of a file, as far as they exist, and its length."""
    fd = os.open(path, os.O_RDONLY)
    try:
        size = os.fstat(fd).st_size
        first = read_all(fd, SECTOR)
        last = os.pread(fd, SECTOR, max(0, size - SECTOR)) if size >= 2 * SECTOR else b""
        return first, last, size
    finally:
        os.close(fd)


def refuse_newer(path: Path, *sectors: bytes) -> None:
    """Raise FormatTooNew if one of the headers names a format above ours."""
    for sector in sectors:
        version = read_version(sector)
        if version is not None and version > FORMAT:
            raise FormatTooNew(str(path), version, FORMAT)


def load(path: Path) -> Segment | None:
    """Return the segment, judged by whichever of its headers is sound; None if neither is. Raises FormatTooNew.

    The copy at the end says "unused" for ever; where it has to stand in for the first one, the segment counts as used,
    and a scan finds what there is.
    """
    first, last, size = read_both_headers(path)
    refuse_newer(path, first, last)
    head, copy = read_header(first[:HEADER_BYTES]), read_header(last[:HEADER_BYTES])
    damaged = (head is None) + (copy is None)
    if head is None and copy is not None:
        head = replace(copy, first_sequence=UNKNOWN)
    if head is None:
        return None
    return Segment(path, head, size, damaged)
