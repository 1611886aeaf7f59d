"""The bytes of a segment: its header and its records.

A segment is a file of fixed size, really filled with zeros before its first use, so that saving a record changes no
metadata:

    sector 0        header
    sector 1 ...    records, each aligned to 8 bytes, packed one after the other; zeros behind the last
    last sector     a copy of the header as it was when the segment was prepared

A record is found by three things together. The *magic* is drawn per journal, so that no message from outside can
carry it. The CRC starts from a value that depends on journal, segment and offset, so that a record is valid in its own
place only: neither a copy inside a body nor bytes left from earlier use can pass for one. And sequence numbers only
grow.
"""

import struct
import uuid
import zlib
from collections.abc import Callable
from dataclasses import dataclass

FORMAT = 1
SECTOR = 512  # bytes; what a disk writes whole or not at all
MIN_SEGMENT = 4 * SECTOR
MAX_SEGMENT = 256 * 1024 * 1024
MAX_BODY = 1024 * 1024  # bytes
ALIGN = 8

# The first 16 bytes are the same in every format to come, in segments and checkpoints: that is how an older program
# knows that it is too old. `<8sII`: magic, format, CRC-32 of the 12 bytes before.
PREFIX = struct.Struct("<8sII")
SEGMENT_MAGIC = b"KTGNSEGM"
# Behind the prefix: journal id, segment number, size in bytes, first sequence (0: not used yet), CRC-32 of all before.
_HEADER = struct.Struct("<16sQQQI")
HEADER_BYTES = PREFIX.size + _HEADER.size

# magic, CRC-32 of all that follows, body length, kind, flags, 0, sequence, monotonic ns, wall ms, running ms, boot id
RECORD = struct.Struct("<IIIHBBQqqq16s")
CRC = struct.Struct("<I")
CRC_AT = 4
CRC_FROM = 8

UNUSED = 0  # first sequence of a segment that holds no record
UNKNOWN = -1  # first sequence of a segment whose first header is damaged; never on disk

TRUSTED = 1  # the wall clock was believed
SYNCED = 2  # all records before this one were durable when it was written
RESTART = 4  # the first record of a process


def padded(size: int) -> int:
    """Return ``size`` rounded up to the alignment of records."""
    return (size + ALIGN - 1) & -ALIGN


def record_bytes(body: bytes) -> int:
    """Return how many bytes a record with this body takes in a segment."""
    return padded(RECORD.size + len(body))


def record_magic(journal_id: bytes) -> int:
    """Return the magic of this journal's records."""
    return zlib.crc32(b"record" + journal_id)


def segment_seed(journal_id: bytes, number: int) -> int:
    """Return where the CRC of a segment's records starts, before the offset is mixed in."""
    return zlib.crc32(number.to_bytes(8, "little") + journal_id)


def is_usable_id(journal_id: bytes) -> bool:
    """Return whether the id gives a magic without a zero byte, which could never be taken for unused space."""
    return 0 not in CRC.pack(record_magic(journal_id))


def boot_bytes(boot: str) -> bytes:
    """Return the 16 bytes of a boot id. Raises ValueError unless it is a UUID as the kernel writes it."""
    return uuid.UUID(boot).bytes


def boot_text(raw: bytes) -> str:
    """Return a boot id as the kernel writes it."""
    return str(uuid.UUID(bytes=raw))


@dataclass(frozen=True, slots=True)
class Header:
    """What a segment says about itself. ``first_sequence`` may be UNUSED or UNKNOWN."""

    journal_id: bytes
    number: int
    size: int
    first_sequence: int = UNUSED
    version: int = FORMAT

    @property
    def end(self) -> int:
        """Offset behind the last byte a record may take."""
        return self.size - SECTOR

    def pack(self) -> bytes:
        """Return the header as one sector."""
        head = SEGMENT_MAGIC + CRC.pack(self.version)
        head += CRC.pack(zlib.crc32(head))
        body = _HEADER.pack(self.journal_id, self.number, self.size, self.first_sequence, 0)[:-4]
        return (head + body + CRC.pack(zlib.crc32(head + body))).ljust(SECTOR, b"\0")


def read_version(raw: bytes, magic: bytes = SEGMENT_MAGIC) -> int | None:
    """Return the format that a file's first 16 bytes name, or None if they are damaged."""
    if len(raw) < PREFIX.size:
        return None
    found, version, crc = PREFIX.unpack_from(raw)
    return version if found == magic and crc == zlib.crc32(raw[: PREFIX.size - 4]) else None


def read_header(raw: bytes) -> Header | None:
    """Return the header in these bytes, or None if they are damaged or of a format without a reader."""
    version = read_version(raw)
    reader = None if version is None else HEADER_READERS.get(version)
    return reader(raw) if reader else None


def _read_header_1(raw: bytes) -> Header | None:
    if len(raw) < HEADER_BYTES:
        return None
    journal_id, number, size, first, crc = _HEADER.unpack_from(raw, PREFIX.size)
    if crc != zlib.crc32(raw[: HEADER_BYTES - 4]):
        return None
    return Header(journal_id, number, size, first)


# How a newer program goes on with an older journal: one reader here and one in scan.SCANNERS for each format that ever
# was. Old segments are read as they are until they are deleted for age; records are appended in the newest format only.
HEADER_READERS: dict[int, Callable[[bytes], Header | None]] = {1: _read_header_1}
