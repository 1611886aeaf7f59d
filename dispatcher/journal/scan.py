"""Find the records in the bytes of one segment, whatever happened to them.

The scan walks from record to record. Where it finds anything but a record it looks for the next one and notes the
damaged stretch; so one flipped bit costs the record it hit, and no other. How many were lost is not read from the
damage but from the sequence numbers around it.
"""

import itertools
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from dispatcher.domain.stamp import Stamp
from dispatcher.journal.layout import (
    ALIGN,
    CRC,
    CRC_FROM,
    RECORD,
    RESTART,
    SECTOR,
    SYNCED,
    TRUSTED,
    UNUSED,
    Header,
    boot_text,
    padded,
    record_magic,
    segment_seed,
)
from dispatcher.journal.model import Gap, Kind, Record

_KINDS: dict[int, int] = {int(kind): kind for kind in Kind}
_FEWEST_BYTES = 16  # other than zero in the head of any record: magic, CRC and boot id alone have more
# A record with one of these was written when all that could be read before it was durable: a save had just returned,
# or a start had just made sure of it.
_VOUCHES = SYNCED | RESTART
_MAX_BOOTS = 1024  # names of boots remembered while reading; a journal of months holds a few

Raw = tuple[int, int, int, int, int, int, bytes, int, int]
"""sequence, kind, flags, mono_ns, wall_ms, run_ms, boot, start and stop of the body"""


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes ``start`` to ``stop`` of a segment that are neither a record nor unused."""

    segment: int
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start


@dataclass(slots=True)
class Tally:
    """What a scan over one or more segments has met so far."""

    last: int | None = None  # sequence number of the last record
    end: int = SECTOR  # offset behind it in its segment
    doubtful: int = SECTOR  # offset in its segment behind the last record that a later one says was durable
    records: int = 0
    spans: list[Span] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    pending: list[tuple[int, int]] = field(default_factory=list)

    def missing(self, first: int, last: int) -> None:
        """Note sequence numbers that did not come."""
        self.pending.append((first, last))

    def judge(self, flags: int) -> None:
        """Settle what is missing once a record says whether everything before it had been durable."""
        if flags & (SYNCED | RESTART):
            self._settle(durable=bool(flags & SYNCED))

    def finish(self) -> None:
        """Settle what no later record vouches for."""
        self._settle(durable=False)

    def _settle(self, *, durable: bool) -> None:
        self.gaps.extend(Gap(first, last, durable) for first, last in self.pending)
        self.pending.clear()

    @property
    def lost(self) -> int:
        """Records that had been durable and cannot be read."""
        return sum(len(gap) for gap in self.gaps if gap.durable)


def scan(data: bytes, header: Header, after: int, spans: list[Span], start: int = SECTOR) -> Iterator[Raw]:
    """Yield every record with a sequence above ``after``, in order; add what is damaged to ``spans``.

    The last span may be a torn tail: nothing valid follows it.
    """
    magic, seed = record_magic(header.journal_id), segment_seed(header.journal_id, header.number)
    stop = min(len(data), header.end)
    view = memoryview(data)
    unpack, head, crc32 = RECORD.unpack_from, RECORD.size, zlib.crc32
    needle = CRC.pack(magic)
    position = clean = start
    while position + head <= stop:
        found, crc, length, kind, flags, _, sequence, mono, wall, run, boot = unpack(data, position)
        end = position + head + length
        if (
            found == magic
            and end <= stop
            and sequence > after
            and crc32(view[position + CRC_FROM : end], seed ^ position) == crc
        ):
            if position != clean:
                spans.append(Span(header.number, clean, position))
            yield sequence, kind, flags, mono, wall, run, boot, position + head, end
            after = sequence
            position = clean = (end + ALIGN - 1) & -ALIGN
        else:
            position = _next(data, needle, position + ALIGN, stop)
    used = len(data[clean:stop].rstrip(b"\0"))
    if used:
        spans.append(Span(header.number, clean, clean + used))


Scanner = Callable[[bytes, Header, int, list[Span]], Iterator[Raw]]
SCANNERS: dict[int, Scanner] = {1: scan}  # by format; see layout.HEADER_READERS


def _next(data: bytes, needle: bytes, position: int, stop: int) -> int:
    """Return the offset of the next possible record, or ``stop``."""
    while (at := data.find(needle, position, stop)) >= 0:
        if at % ALIGN == 0:
            return at
        position = at + 1
    return stop


class Decoder:
    """Turns the raw fields of one segment's records into ``Record``; remembers the names of boots."""

    def __init__(self) -> None:
        self._boots: dict[bytes, str] = {}

    def records(self, data: bytes, header: Header, tally: Tally) -> Iterator[Record]:
        """Yield the records of one segment, keeping ``tally`` up to date."""
        if tally.last is None and header.first_sequence > UNUSED:
            tally.last = header.first_sequence - 1
        after = tally.last or 0
        boots, kinds, stop = self._boots, _KINDS, SECTOR
        tally.doubtful = SECTOR
        for sequence, kind, flags, mono, wall, run, boot, start, stop in SCANNERS[header.version](
            data, header, after, tally.spans
        ):
            body = data[start:stop]
            if tally.last is not None and sequence != tally.last + 1:
                _note_missing(tally, tally.last + 1, sequence, kind, body)
            if flags & _VOUCHES:
                tally.doubtful = start - RECORD.size
            if tally.pending:
                tally.judge(flags)
            tally.last = sequence
            tally.records += 1
            name = boots.get(boot) or self._name(boot)
            yield Record(sequence, kinds.get(kind, kind), Stamp(run, wall, bool(flags & TRUSTED)), name, mono, body)
        tally.end = padded(stop)

    def _name(self, boot: bytes) -> str:
        if len(self._boots) >= _MAX_BOOTS:
            self._boots.clear()
        return self._boots.setdefault(boot, boot_text(boot))


def _note_missing(tally: Tally, first: int, sequence: int, kind: int, body: bytes) -> None:
    """Note the numbers from ``first`` to before ``sequence``, but for those that a cut skipped on purpose."""
    last = sequence - 1
    if kind == Kind.CUT and (cut := _CUT_BODY.fullmatch(body)):
        skipped = int(cut["from"])
        last = min(last, skipped - 1)
        if int(cut["lost"]):
            tally.gaps.append(Gap(skipped, skipped + int(cut["lost"]) - 1, durable=True))
    if last >= first:
        tally.missing(first, last)


_CUT_BODY = re.compile(rb'\{"from":(?P<from>\d{1,19}),"bytes":\d{1,19},"lost":(?P<lost>[01])\}')


def cut_body(first: int, size: int, lost: int) -> bytes:
    """Return the body of a CUT record: numbers from ``first`` on are skipped; what was cut, and how much is lost."""
    return b'{"from":%d,"bytes":%d,"lost":%d}' % (first, size, lost)


def is_damage(data: bytes, header: Header, tail: Span, after: int) -> bool:
    """Return whether a torn tail is rather a record that was whole once.

    A disk writes whole sectors. A write that the power cut short shows as a sector that is still all zeros somewhere
    in the record; if there is none, the record was complete, and something changed it later. A stray bit or two in
    unused space are no record.
    """
    head = data[tail.start : tail.start + RECORD.size]
    if len(head) < RECORD.size or RECORD.size - head.count(0) < _FEWEST_BYTES:
        return False
    stop = min(len(data), header.end)
    magic, _, length, _, _, _, sequence, *_ = RECORD.unpack(head)
    end = tail.start + RECORD.size + length
    if magic != record_magic(header.journal_id) or sequence <= after or end > stop:
        end = tail.stop
    edges = [tail.start, *range((tail.start // SECTOR + 1) * SECTOR, end, SECTOR), end]
    return all(data[left:right].strip(b"\0") for left, right in itertools.pairwise(edges) if right - left >= ALIGN)
