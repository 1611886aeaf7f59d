"""What a journal's last process left behind, read so that only what the disk really holds counts."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

from dispatcher.domain.stamp import Stamp
from dispatcher.journal.files import drop_cached, overwrite, read_all
from dispatcher.journal.layout import FORMAT, UNKNOWN, UNUSED
from dispatcher.journal.model import Recovery
from dispatcher.journal.scan import Decoder, Span, Tally, is_damage
from dispatcher.journal.segment import Segment
from dispatcher.journal.survey import Survey


@dataclass(frozen=True, slots=True)
class Recovered:
    """Where to go on: the newest segment, open; the last sequence number; the torn tail, if there is one."""

    fd: int
    segment: Segment
    position: int
    last: int
    stamp: Stamp
    tail: Span | None
    recovery: Recovery


def recover(found: Survey) -> Recovered:
    """Read the newest segment of a journal that has one, and make sure of what is read. Raises OSError.

    All others were synced before it was put to use. In this one, its header included, there may be what a failed fsync
    left in the kernel's memory.
    """
    segment = found.used[-1]
    fd = os.open(segment.path, os.O_RDWR)
    try:
        drop_cached(fd)
        return _scan_newest(found, segment, fd)
    except BaseException:
        os.close(fd)
        raise


def _scan_newest(found: Survey, segment: Segment, fd: int) -> Recovered:
    data = read_all(fd, min(segment.file_bytes, segment.header.size))
    tally, stamp = Tally(), Stamp(0, 0, trusted=False)
    for record in Decoder().records(data, segment.header, tally):
        stamp = record.stamp
    _make_sure(segment, fd, data, tally)
    tally.finish()
    tail = tally.spans.pop() if tally.spans and tally.spans[-1].stop > tally.end else None
    last = tally.last if tally.last is not None else _last_before(found)
    report = Recovery(
        segments=len(found.used),
        records=tally.records,
        gaps=tuple(tally.gaps),
        truncated_bytes=len(tail) if tail else 0,
        tail_damaged=tail is not None and is_damage(data, segment.header, tail, last),
        newest_format=found.newest_format,
        headers_damaged=found.damaged_headers,
        set_aside=tuple(path.name for path in found.foreign),
    )
    return Recovered(fd, segment, tally.end, last, Stamp(stamp.run_ms, stamp.wall_ms, trusted=False), tail, report)


def _make_sure(segment: Segment, fd: int, data: bytes, tally: Tally) -> None:
    """Write what no later record vouches for once more, and sync it, before anybody believes it.

    The kernel may have kept what the disk never got although it was told to forget (somebody else was just reading
    it): then a sync alone would write nothing, since the pages count as clean.
    """
    if segment.file_bytes != segment.header.size or segment.header.version != FORMAT:
        return  # such a file is never written to again
    if segment.header.first_sequence != UNKNOWN:
        overwrite(fd, segment.header.pack(), 0)
    for start, stop in _sound(tally):
        overwrite(fd, data[start:stop], start)
    os.fdatasync(fd)


def _sound(tally: Tally) -> Iterator[tuple[int, int]]:
    """Yield the doubtful stretches that are records: what is damaged may be readable again one day."""
    start = tally.doubtful
    for span in tally.spans:
        if start < span.stop and span.start < tally.end:
            yield start, span.start
            start = span.stop
    yield start, tally.end


def _last_before(found: Survey) -> int:
    """Return the last sequence number before a newest segment that neither says nor shows where it begins."""
    for segment in reversed(found.used[:-1]):
        tally = Tally()
        for _ in Decoder().records(segment.read(), segment.header, tally):
            pass
        if tally.last is not None:
            return tally.last
    return UNUSED
