"""Read a whole journal and say what is wrong with it. Changes nothing; safe on a copy and beside a running post."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from dispatcher.domain.stamp import Stamp
from dispatcher.journal import checkpoint
from dispatcher.journal.files import TEMPORARY
from dispatcher.journal.layout import RECORD
from dispatcher.journal.model import Gap, Record
from dispatcher.journal.scan import Decoder, Span, Tally, is_damage, scan
from dispatcher.journal.segment import Segment
from dispatcher.journal.survey import Survey, survey


@dataclass(frozen=True, slots=True)
class Loss:
    """Numbers that cannot be read, with the stamps of the records around them.

    ``unwritten``: they would stand at the end of a segment where nothing is written. Such a hole has a copy that was
    made while the post wrote: its older segment was copied first.
    """

    gap: Gap
    before: Stamp | None
    after: Stamp | None
    unwritten: bool = False


@dataclass(frozen=True, slots=True)
class Findings:
    """All that was found in a folder. File names are without the folder.

    ``lost`` had been durable; ``torn`` was in flight when the power went, and nobody had been promised anything.
    ``tail`` is a torn tail that the next start will cut; ``tail_damaged`` says that it looks like a record that was
    whole once. ``repeated`` are numbers that occur twice.
    """

    folder: Path
    newest_format: int = 0
    segments: int = 0
    spares: int = 0
    records: int = 0
    first: int = 0
    last: int = 0
    lost: tuple[Loss, ...] = ()
    torn: tuple[Loss, ...] = ()
    damaged: tuple[Span, ...] = ()
    tail: Span | None = None
    tail_damaged: bool = False
    repeated: tuple[int, ...] = ()
    bad_headers: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    leftovers: tuple[str, ...] = ()
    checkpoints: tuple[int, ...] = ()
    bad_checkpoints: tuple[str, ...] = ()

    @property
    def lost_records(self) -> int:
        """How many records that had been durable cannot be read."""
        return sum(len(loss.gap) for loss in self.lost) + self.tail_damaged

    @property
    def repairable(self) -> bool:
        """Whether there is something that a repair puts right."""
        return bool(self.tail or self.bad_headers or self.foreign or self.leftovers or self.bad_checkpoints)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong. What was in flight at a power cut is not wrong."""
        return not (self.lost or self.repeated or self.repairable)


def verify(folder: Path) -> Findings:
    """Check every CRC, every number and the checkpoints. Raises FormatTooNew, OSError.

    Beside a running post the end of the journal moves while it is read; so damage counts only if a second look finds
    the same.
    """
    findings = _inspect(folder)
    return findings if findings.ok and not findings.torn else _agree(findings, _inspect(folder))


def _agree(first: Findings, second: Findings) -> Findings:
    """Return the second look, with only the damage that the first one saw, too."""
    return replace(
        second,
        lost=_both(first.lost, second.lost),
        torn=_both(first.torn, second.torn),
        damaged=tuple(span for span in second.damaged if span in first.damaged),
        tail=second.tail if second.tail == first.tail else None,
        tail_damaged=second.tail_damaged and second.tail == first.tail,
        leftovers=tuple(name for name in second.leftovers if name in first.leftovers),
    )


def _both(first: tuple[Loss, ...], second: tuple[Loss, ...]) -> tuple[Loss, ...]:
    seen = {(loss.gap.first, loss.gap.last) for loss in first}
    return tuple(loss for loss in second if (loss.gap.first, loss.gap.last) in seen)


@dataclass(slots=True)
class _Reading:
    """What is remembered while all segments are read."""

    tally: Tally = field(default_factory=Tally)
    edges: dict[int, Stamp] = field(default_factory=dict)
    first: int = 0
    previous: Record | None = None
    repeated: list[int] = field(default_factory=list)
    tail: Span | None = None
    tail_damaged: bool = False
    seams: set[int] = field(default_factory=set)  # numbers that would have had room where a segment is empty

    def see(self, record: Record) -> None:
        """Keep the stamps at both sides of whatever is missing before this record."""
        previous = self.previous
        if previous is None:
            self.first = record.sequence
        elif record.sequence != previous.sequence + 1:
            self.edges[previous.sequence] = previous.stamp
        if previous is None or record.sequence != previous.sequence + 1:
            self.edges[record.sequence] = record.stamp
        self.previous = record

    def loss(self, gap: Gap) -> Loss:
        """Return the gap with what is known about its surroundings."""
        return Loss(gap, self.edges.get(gap.first - 1), self.edges.get(gap.last + 1), gap.first in self.seams)


def _inspect(folder: Path) -> Findings:
    found = survey(folder)
    checkpoints = list(checkpoint.find(folder, found.journal_id or b""))
    sound = tuple(one.checkpoint.through for one in checkpoints if one.checkpoint)
    reading = _read_all(found)
    if reading.first > 1 + max(sound, default=0):
        reading.tally.gaps.insert(0, Gap(1 + max(sound, default=0), reading.first - 1, durable=True))
    segments = (*found.used, *found.spares)
    return Findings(
        folder=folder,
        newest_format=found.newest_format,
        segments=len(found.used),
        spares=len(found.spares),
        records=reading.tally.records,
        first=reading.first,
        last=reading.previous.sequence if reading.previous else 0,
        lost=tuple(reading.loss(gap) for gap in reading.tally.gaps if gap.durable),
        torn=tuple(reading.loss(gap) for gap in reading.tally.gaps if not gap.durable),
        damaged=tuple(reading.tally.spans),
        tail=reading.tail,
        tail_damaged=reading.tail_damaged,
        repeated=tuple(reading.repeated),
        bad_headers=tuple(segment.path.name for segment in segments if segment.damaged_headers),
        foreign=tuple(path.name for path in found.foreign),
        leftovers=tuple(sorted(path.name for path in folder.glob(f"*{TEMPORARY}"))),
        checkpoints=sound,
        bad_checkpoints=tuple(one.path.name for one in checkpoints if one.checkpoint is None),
    )


def _read_all(found: Survey) -> _Reading:
    reading, decoder = _Reading(), Decoder()
    for segment in found.used:
        try:
            data = segment.read()
        except FileNotFoundError:
            continue  # deleted since the survey: it was old
        _read_segment(reading, decoder, segment, data, newest=segment is found.used[-1])
    reading.tally.finish()
    return reading


def _read_segment(reading: _Reading, decoder: Decoder, segment: Segment, data: bytes, *, newest: bool) -> None:
    tally = reading.tally
    known = len(tally.spans)
    header = segment.header
    for record in decoder.records(data, header, tally):
        reading.see(record)
    after = tally.last or 0
    spans = tally.spans[known:]
    for span in spans:
        # A torn tail ends at its last byte that is not zero, which may cut what is being looked for; any other span
        # ends where the next whole record begins.
        stop = header.end if span.stop > tally.end else span.stop
        reading.repeated.extend(raw[0] for raw in scan(data[:stop], header, 0, [], span.start) if raw[0] <= after)
    if not (spans and spans[-1].stop > tally.end) and header.end - tally.end > RECORD.size:
        reading.seams.add(after + 1)
    if newest and spans and spans[-1].stop > tally.end:
        reading.tail = tally.spans.pop()
        reading.tail_damaged = is_damage(data, header, reading.tail, after)


def records(folder: Path) -> Iterator[Record | Gap]:
    """Yield every readable record of a folder in order, and a gap where numbers are missing before one.

    Read-only, and one segment in memory at a time. Raises FormatTooNew, OSError.
    """
    tally, decoder = Tally(), Decoder()
    for segment in survey(folder).used:
        try:
            data = segment.read()
        except FileNotFoundError:
            continue
        for record in decoder.records(data, segment.header, tally):
            yield from _settled(tally)
            yield record
    tally.finish()
    yield from _settled(tally)


def _settled(tally: Tally) -> Iterator[Gap]:
    yield from tally.gaps
    tally.gaps.clear()
