"""The *unsaved* mode: the storage has failed, and a call for help must go out all the same (the promise, point 3).

What comes is relayed from memory. Nothing is ever called saved, and the precinct and the lamp are told how it is.
"""

import errno
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from dispatcher.domain.stamp import Stamp
from dispatcher.journal import Checkpoint, Entry, JournalProblem, Record
from dispatcher.journal.readonly import ReadOnlyJournal

# What a person set up wrongly is told and mended (exit 74); what broke by itself must not silence a post.
SET_UP_WRONGLY = frozenset(
    {errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP, errno.EISDIR}
)


def is_broken(error: BaseException) -> bool:
    """Return whether this is storage that failed, rather than a path that was never right."""
    cause: BaseException | None = error
    while cause is not None:
        number = getattr(cause, "errno", None)
        if number is not None:
            return number not in SET_UP_WRONGLY
        cause = cause.__cause__
    return isinstance(error, JournalProblem)


class MemoryOnly:
    """A journal that keeps nothing: it gives numbers and forgets. What an earlier run saved is read if it can be.

    ``complete`` says, once all was read, whether that was everything.
    """

    def __init__(self, folder: Path, look: Callable[[Path], ReadOnlyJournal] = ReadOnlyJournal) -> None:
        self.last_sequence = 0
        self.bytes_on_disk = 0
        self.corrupt_records = 0
        self.complete = True
        try:
            self._before: ReadOnlyJournal | None = look(folder)
            self._before.distrust_memory()
        except (JournalProblem, OSError):
            self._before, self.complete = None, False

    def append(self, entries: Sequence[Entry], *, urgent: bool = False) -> range:  # noqa: ARG002 -- the port's words
        """Number the entries."""
        first = self.last_sequence + 1
        self.last_sequence += len(entries)
        return range(first, self.last_sequence + 1)

    def sync(self) -> None:
        """Save nothing."""

    def write_checkpoint(self, through: int, body: bytes) -> None:
        """Keep nothing."""

    def retain(self, *, keep_after: int, older_than_ms: int, max_bytes: int, now: Stamp) -> int:  # noqa: ARG002
        """Delete nothing: the card may be readable again one day."""
        return 0

    def tend(self) -> None:
        """Nothing to tend."""

    def close(self) -> None:
        """Nothing to close."""

    def abandon(self) -> None:
        """Nothing to let go of."""

    def read_checkpoint(self, older_than: int | None = None) -> Checkpoint | None:
        """Return what an earlier run kept, if the card still reads."""
        try:
            return self._before.read_checkpoint(older_than) if self._before else None
        except OSError:
            self.complete = False
            return None

    def replay(self, after: int = 0) -> Iterator[Record]:
        """Yield what an earlier run saved, as far as the card still reads."""
        if self._before is None:
            return
        try:
            for record in self._before.replay(after):
                self.last_sequence = max(self.last_sequence, record.sequence)
                yield record
        except OSError:
            self.complete = False


def passing_instance(known: str | None) -> str:
    """Return a name for this run alone: its events have no lasting place in a journal to be named after."""
    return f"{known or 'unsaved'}-{secrets.token_hex(4)}"


def storage_works(folder: Path) -> bool:
    """Try whether something can be saved in ``folder``."""
    probe = folder / ".probe"
    try:
        with probe.open("wb", buffering=0) as file:
            file.write(b"x")
            os.fsync(file.fileno())
        probe.unlink()
    except OSError:
        return False
    return True
