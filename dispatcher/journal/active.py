"""The segment that records are appended to."""

import os
import zlib
from collections.abc import Sequence

from dispatcher.journal.files import write_all
from dispatcher.journal.layout import CRC, CRC_AT, CRC_FROM, FORMAT, RECORD, TRUSTED, padded, record_magic, segment_seed
from dispatcher.journal.model import Entry
from dispatcher.journal.segment import Segment


class Active:
    """An open segment and the offset behind its last record."""

    def __init__(self, segment: Segment, fd: int, position: int, boot: bytes) -> None:
        self.segment = segment
        self.position = position
        self._fd = fd
        self._boot = boot
        header = segment.header
        self._magic = record_magic(header.journal_id)
        self._seed = segment_seed(header.journal_id, header.number)
        # A file that lost its end is not written to, since that would change its length, and so metadata, with each
        # save; nor is one of an older format.
        whole = segment.file_bytes == header.size and header.version == FORMAT
        self._end = header.end if whole else 0

    @property
    def room(self) -> int:
        """Bytes that records can still take."""
        return max(0, self._end - self.position)

    def write(self, entries: Sequence[Entry], sequence: int, flags: int, mono_ns: int) -> None:
        """Write the entries, which must fit, with numbers from ``sequence`` on. ``flags`` go to the first of them."""
        buffer = self._pack(entries, sequence, flags, mono_ns)
        write_all(self._fd, buffer, self.position)
        self.position += len(buffer)

    def _pack(self, entries: Sequence[Entry], sequence: int, flags: int, mono_ns: int) -> bytearray:
        head, pack_into, crc32 = RECORD.size, RECORD.pack_into, zlib.crc32
        magic, boot, place = self._magic, self._boot, self.position
        buffer = bytearray(sum(padded(head + len(entry.body)) for entry in entries))
        view = memoryview(buffer)
        start = 0
        for entry in entries:
            body, stamp = entry.body, entry.stamp
            if stamp.trusted:
                flags |= TRUSTED
            size = len(body)
            pack_into(
                buffer,
                start,
                magic,
                0,
                size,
                entry.kind,
                flags,
                0,
                sequence,
                mono_ns,
                stamp.wall_ms,
                stamp.run_ms,
                boot,
            )
            end = start + head + size
            view[start + head : end] = body
            crc = crc32(view[start + CRC_FROM : end], self._seed ^ (place + start))
            CRC.pack_into(buffer, start + CRC_AT, crc)
            start = padded(end)
            sequence += 1
            flags = 0
        return buffer

    def sync(self) -> None:
        """Make everything written durable. Raises OSError."""
        os.fdatasync(self._fd)

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)
