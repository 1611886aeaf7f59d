"""Checkpoints: the owner's state in one file, replaced as a whole, with the one before kept in case this one rots."""

import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from dispatcher.journal.errors import FormatTooNew
from dispatcher.journal.files import FULL, remove, write_file
from dispatcher.journal.layout import CRC, FORMAT, PREFIX, read_version
from dispatcher.journal.model import Checkpoint

MAGIC = b"KTGNCHKP"
SUFFIX = ".checkpoint"
KEPT = 2
# Behind the prefix: journal id, through, length of the body; then CRC-32 of all before and of the body.
_HEADER = struct.Struct("<16sQQ")
_HEAD_BYTES = PREFIX.size + _HEADER.size + CRC.size


@dataclass(frozen=True, slots=True)
class Found:
    """A checkpoint file; ``checkpoint`` is None if it is damaged."""

    path: Path
    generation: int
    checkpoint: Checkpoint | None


def _generation_of(path: Path) -> int | None:
    stem = path.name.removesuffix(SUFFIX)
    return int(stem) if path.name.endswith(SUFFIX) and stem.isascii() and stem.isdigit() else None


def files(folder: Path) -> list[tuple[int, Path]]:
    """Return the checkpoint files of a folder, newest first."""
    named = ((_generation_of(path), path) for path in folder.iterdir())
    return sorted(((generation, path) for generation, path in named if generation is not None), reverse=True)


def find(folder: Path, journal_id: bytes) -> Iterator[Found]:
    """Yield the checkpoints of a folder, newest first. One that vanishes meanwhile is none: the post may be running."""
    for generation, path in files(folder):
        with suppress(FileNotFoundError):
            yield Found(path, generation, _read(path, journal_id))


def newest(found: Iterator[Found], older_than: int | None) -> Checkpoint | None:
    """Return the newest sound checkpoint, or the newest whose ``through`` is below ``older_than``."""
    sound = (one.checkpoint for one in found if one.checkpoint is not None)
    return next((one for one in sound if older_than is None or one.through < older_than), None)


def refuse_newer(folder: Path) -> None:
    """Raise FormatTooNew if a newer program wrote one of the checkpoints."""
    for _, path in files(folder):
        try:
            with path.open("rb") as file:
                version = read_version(file.read(PREFIX.size), MAGIC)
        except FileNotFoundError:
            continue
        if version is not None and version > FORMAT:
            raise FormatTooNew(str(path), version, FORMAT)


def owners(folder: Path) -> Iterator[bytes]:
    """Yield the journal id that each sound checkpoint names, newest first."""
    for _, path in files(folder):
        with suppress(FileNotFoundError):
            raw = path.read_bytes()
            if _parse(raw) is not None:
                yield raw[PREFIX.size : PREFIX.size + 16]


def _read(path: Path, journal_id: bytes) -> Checkpoint | None:
    """Return the checkpoint in a file, None if it is damaged. Raises FileNotFoundError."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError:
        return None
    parsed = _parse(raw)
    return parsed if raw[PREFIX.size : PREFIX.size + len(journal_id)] == journal_id else None


def _parse(raw: bytes) -> Checkpoint | None:
    """Return the checkpoint in these bytes, whichever journal it belongs to, or None if they are damaged."""
    version = read_version(raw, MAGIC)
    parser = None if version is None else PARSERS.get(version)
    return parser(raw) if parser else None


def _parse_1(raw: bytes) -> Checkpoint | None:
    if len(raw) < _HEAD_BYTES:
        return None
    _, through, length = _HEADER.unpack_from(raw, PREFIX.size)
    (crc,) = CRC.unpack_from(raw, _HEAD_BYTES - CRC.size)
    body = raw[_HEAD_BYTES:]
    if length != len(body) or crc != zlib.crc32(body, zlib.crc32(raw[: _HEAD_BYTES - CRC.size])):
        return None
    return Checkpoint(through, body)


PARSERS: dict[int, Callable[[bytes], Checkpoint | None]] = {1: _parse_1}  # by format; see layout.HEADER_READERS


class Checkpoints:
    """The checkpoints of one open journal."""

    def __init__(self, folder: Path, journal_id: bytes) -> None:
        self._folder = folder
        self._journal_id = journal_id
        found = list(find(folder, journal_id))
        self._generation = max((one.generation for one in found), default=0)
        self.damaged = sum(one.checkpoint is None for one in found)
        # Bodies may be megabytes: remembered is only how far each sound checkpoint reaches, oldest first.
        self._kept = [
            (one.path, one.checkpoint.through, len(one.checkpoint.body)) for one in reversed(found) if one.checkpoint
        ]

    @property
    def newest(self) -> int:
        """Sequence number that the newest sound checkpoint reaches, or 0."""
        return self._kept[-1][1] if self._kept else 0

    @property
    def covered(self) -> int:
        """Sequence number up to which records may go: the newest checkpoint and the one before both reach it."""
        return min(through for _, through, _ in self._kept[-KEPT:]) if len(self._kept) >= KEPT else 0

    @property
    def disk_bytes(self) -> int:
        """Bytes that sound checkpoints take on disk."""
        return sum(_HEAD_BYTES + size for _, _, size in self._kept)

    def read(self, older_than: int | None = None) -> Checkpoint | None:
        """Return the newest sound checkpoint, or the newest whose ``through`` is below ``older_than``."""
        return newest(find(self._folder, self._journal_id), older_than)

    def write(self, through: int, body: bytes) -> None:
        """Put a new checkpoint in place and drop all but the one before it. Raises OSError.

        On a full disk the one before goes first; the one that counts stays whatever happens.
        """
        path = self._folder / f"{self._generation + 1:016d}{SUFFIX}"
        parts = (self._head(through, body), body)
        try:
            write_file(path, parts)
        except OSError as error:
            if error.errno not in FULL or len(self._kept) < KEPT:
                raise
            self._drop(1)
            write_file(path, parts)
        self._generation += 1
        self._kept.append((path, through, len(body)))
        self._drop(KEPT)

    def _head(self, through: int, body: bytes) -> bytes:
        head = MAGIC + CRC.pack(FORMAT)
        head += CRC.pack(zlib.crc32(head)) + _HEADER.pack(self._journal_id, through, len(body))
        return head + CRC.pack(zlib.crc32(body, zlib.crc32(head)))

    def _drop(self, keep: int) -> None:
        """Remove all but the newest ``keep`` sound checkpoints, and damaged ones older than those."""
        self._kept = self._kept[-keep:]
        oldest = _generation_of(self._kept[0][0]) or 0
        for generation, path in files(self._folder):
            if generation < oldest:
                remove(path)
