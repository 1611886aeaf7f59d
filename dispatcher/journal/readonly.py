"""A journal that can be read and not written: for a post whose card has failed, which must still relay what it held."""

import errno
from collections.abc import Iterator
from pathlib import Path

from dispatcher.journal import checkpoint, reading
from dispatcher.journal.files import read_disk
from dispatcher.journal.model import Checkpoint, Gap, Record
from dispatcher.journal.scan import Decoder, Tally
from dispatcher.journal.segment import Segment
from dispatcher.journal.survey import survey


class ReadOnlyJournal:
    """What lies in a folder now. Takes no lock and writes nothing."""

    def __init__(self, folder: Path) -> None:
        """Look at ``folder``. Raises FormatTooNew, OSError."""
        self._folder = folder
        self._survey = survey(folder)
        self._newest: bytes | None = None
        self._unread: OSError | None = None

    def distrust_memory(self) -> None:
        """Take for saved only what is, of the records that the last process wrote. Raises OSError.

        What a failed fsync covered stays in the kernel's memory and reads as if it were on the disk; when the disk
        cannot be written, nothing can be done to put it there. What later records vouch for was durable once and is
        believed, wherever it comes from: perhaps memory has it and the dying card has not. Of the rest only that
        counts which the disk gives back.
        """
        if not self._survey.used:
            return
        segment = self._survey.used[-1]
        data, tally = segment.read(), Tally()
        for _ in Decoder().records(data, segment.header, tally):
            pass
        self._newest = data[: tally.doubtful] + self._from_disk(segment, tally.doubtful, len(data) - tally.doubtful)

    def _from_disk(self, segment: Segment, start: int, size: int) -> bytes:
        try:
            return read_disk(segment.path, start, size)
        except OSError as error:
            if error.errno != errno.EROFS:  # else it is known: what has not been written never will be
                self._unread = error
            return b""

    def read_checkpoint(self, older_than: int | None = None) -> Checkpoint | None:
        """Return the newest checkpoint that is sound (and from before ``older_than``), or None. Raises OSError."""
        if self._survey.journal_id is None:
            return None
        return checkpoint.newest(checkpoint.find(self._folder, self._survey.journal_id), older_than)

    def replay(self, after: int = 0) -> Iterator[Record]:
        """Yield every readable record above ``after``, in order. Raises OSError, at the end for an unreadable end."""
        damage: dict[int, tuple[Gap, ...]] = {}
        yield from reading.replay(self._survey.used, after, damage, self._read)
        if self._unread is not None:
            raise self._unread

    def _read(self, segment: Segment) -> bytes:
        is_newest = self._newest is not None and segment.number == self._survey.used[-1].number
        return self._newest if is_newest and self._newest is not None else segment.read()
