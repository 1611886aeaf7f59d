"""Reading many segments as one journal."""

from collections.abc import Callable, Iterator, MutableMapping, Sequence

from dispatcher.journal.layout import UNUSED
from dispatcher.journal.model import Gap, Record
from dispatcher.journal.scan import Decoder, Tally
from dispatcher.journal.segment import Segment


def replay(
    segments: Sequence[Segment],
    after: int,
    damage: MutableMapping[int, tuple[Gap, ...]],
    read: Callable[[Segment], bytes] = Segment.read,
) -> Iterator[Record]:
    """Yield the records above ``after``; note the gaps of each segment that was read to its end in ``damage``."""
    tally, decoder = Tally(), Decoder()
    for segment in segments[_skippable(segments, after) :]:
        settled = len(tally.gaps)
        records = decoder.records(read(segment), segment.header, tally)
        if tally.last is not None and tally.last >= after:
            yield from records
        else:
            yield from (record for record in records if record.sequence > after)
        damage[segment.number] = tuple(tally.gaps[settled:])
    settled = len(tally.gaps)
    tally.finish()
    if segments:
        damage[segments[-1].number] = (*damage[segments[-1].number], *tally.gaps[settled:])


def _skippable(segments: Sequence[Segment], after: int) -> int:
    """Return how many segments at the front hold nothing above ``after``."""
    count = 0
    for index, segment in enumerate(segments):
        if UNUSED < segment.header.first_sequence <= after + 1:
            count = index
    return count
