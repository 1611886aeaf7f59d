"""Look at a journal's folder without changing anything: which segments are there, and in which state."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from dispatcher.journal import checkpoint
from dispatcher.journal.layout import FORMAT, UNKNOWN, Header
from dispatcher.journal.segment import Segment, load, numbered


@dataclass(frozen=True, slots=True)
class Survey:
    """The segment files of a folder, sorted into those with records (oldest first), spares and foreign ones."""

    journal_id: bytes | None
    used: tuple[Segment, ...]
    spares: tuple[Segment, ...]
    foreign: tuple[Path, ...]
    next_number: int

    @property
    def newest_format(self) -> int:
        """The newest format among the segments, 0 if there is none."""
        return max((segment.header.version for segment in (*self.used, *self.spares)), default=0)

    @property
    def damaged_headers(self) -> int:
        """Headers that cannot be read; each segment has two."""
        return sum(segment.damaged_headers for segment in (*self.used, *self.spares))


def survey(folder: Path) -> Survey:
    """Return what lies in ``folder``. Raises FormatTooNew, or OSError.

    Segments that vanish meanwhile are left out: the post may be running.
    """
    checkpoint.refuse_newer(folder)
    found: dict[int, Segment | None] = {}
    paths: dict[int, Path] = {}
    for number, path in numbered(folder):
        try:
            found[number] = load(path)
            paths[number] = path
        except FileNotFoundError:
            continue
    journal_id = _id_of(folder, found)
    segments = [_adopt(segment, number, paths[number], journal_id) for number, segment in found.items()]
    own = [segment for segment in segments if segment is not None]
    last_used = max((segment.number for segment in own if segment.used), default=0)
    return Survey(
        journal_id,
        used=tuple(segment for segment in own if segment.number <= last_used),
        spares=tuple(segment for segment in own if segment.number > last_used),
        foreign=tuple(paths[number] for number, segment in zip(found, segments, strict=True) if segment is None),
        next_number=max(found, default=0) + 1,
    )


def _id_of(folder: Path, found: dict[int, Segment | None]) -> bytes | None:
    """Return the id that most segments name; without any, the one of the newest checkpoint."""
    ids = Counter(segment.header.journal_id for segment in found.values() if segment is not None)
    if ids:
        return ids.most_common(1)[0][0]
    return next(checkpoint.owners(folder), None)


def _adopt(segment: Segment | None, number: int, path: Path, journal_id: bytes | None) -> Segment | None:
    """Return the segment if it is this journal's; one with both headers damaged is, as far as anyone can tell."""
    if journal_id is None:
        return None
    if segment is not None:
        mine = segment.header.journal_id == journal_id and segment.number == number
        return segment if mine else None
    size = path.stat().st_size
    return Segment(path, Header(journal_id, number, size, UNKNOWN, FORMAT), size, damaged_headers=2)
