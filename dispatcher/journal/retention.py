"""Which of the oldest segments may go."""

from collections.abc import Sequence
from dataclasses import dataclass

from dispatcher.domain.stamp import Stamp
from dispatcher.journal.layout import SECTOR
from dispatcher.journal.model import Record
from dispatcher.journal.scan import Decoder, Tally
from dispatcher.journal.segment import Segment

_ENOUGH = SECTOR + 64 * 1024  # bytes that hold the first record of nearly every segment


@dataclass(frozen=True, slots=True)
class Limits:
    """``floor``: the last sequence number that may go; ``max_bytes`` on disk; ``age_ms`` before ``now``."""

    floor: int
    max_bytes: int
    age_ms: int
    now: Stamp


class Retention:
    """Decides over whole segments by the first record behind each: what is older than that is all older."""

    def __init__(self) -> None:
        self._begins: dict[int, tuple[int, Stamp]] = {}  # by segment; the same few are asked for each time

    def expendable(self, segments: Sequence[Segment], on_disk: int, limits: Limits) -> int:
        """Return how many of the segments, oldest first, may go; never the last. ``on_disk`` are all bytes now."""
        self._forget_before(segments[0].number)
        count = 0
        while count + 1 < len(segments):
            if segments[count + 1].header.first_sequence - 1 > limits.floor:
                break
            begin = self._begin_of(segments[count + 1 :])
            if begin is None or begin[0] - 1 > limits.floor:
                break
            if on_disk <= limits.max_bytes and not is_older(begin[1], limits.now, limits.age_ms):
                break
            on_disk -= segments[count].file_bytes
            count += 1
        return count

    def _begin_of(self, segments: Sequence[Segment]) -> tuple[int, Stamp] | None:
        """Return number and stamp of the first record in these segments; the first ones may be empty or unreadable."""
        for segment in segments:
            if segment.number not in self._begins and (record := first_record(segment)) is not None:
                self._begins[segment.number] = (record.sequence, record.stamp)
            if segment.number in self._begins:
                return self._begins[segment.number]
        return None

    def _forget_before(self, number: int) -> None:
        for old in [known for known in self._begins if known < number]:
            del self._begins[old]


def first_record(segment: Segment) -> Record | None:
    """Return the first record of a segment that can be read."""
    for limit in (_ENOUGH, segment.file_bytes):
        found = next(Decoder().records(segment.read(limit), segment.header, Tally()), None)
        if found is not None:
            return found
    return None


def is_older(stamp: Stamp, now: Stamp, age_ms: int) -> bool:
    """Return whether ``stamp`` lies more than ``age_ms`` before ``now``, by a clock that can be believed."""
    if now.run_ms - stamp.run_ms > age_ms:
        return True
    return now.trusted and stamp.trusted and now.wall_ms - stamp.wall_ms > age_ms
