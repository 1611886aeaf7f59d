"""A journal that can be read and not written: for a post whose card has failed, which must still relay what it held."""

from collections.abc import Iterator
from pathlib import Path

from dispatcher.journal import checkpoint, reading
from dispatcher.journal.model import Checkpoint, Gap, Record
from dispatcher.journal.survey import survey


class ReadOnlyJournal:
    """What lies in a folder now. Takes no lock and writes nothing."""

    def __init__(self, folder: Path) -> None:
        """Look at ``folder``. Raises FormatTooNew, OSError."""
        self._folder = folder
        self._survey = survey(folder)

    def read_checkpoint(self, older_than: int | None = None) -> Checkpoint | None:
        """Return the newest checkpoint that is sound (and from before ``older_than``), or None. Raises OSError."""
        if self._survey.journal_id is None:
            return None
        return checkpoint.newest(checkpoint.find(self._folder, self._survey.journal_id), older_than)

    def replay(self, after: int = 0) -> Iterator[Record]:
        """Yield every readable record above ``after``, in order. Raises OSError."""
        damage: dict[int, tuple[Gap, ...]] = {}
        yield from reading.replay(self._survey.used, after, damage)
