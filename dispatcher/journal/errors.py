"""What can go wrong with the journal, told apart by what its owner must do."""

import os


class JournalProblem(Exception):
    """Anything the journal refuses or fails at."""


class JournalError(JournalProblem):
    """The storage failed. The journal is dead: every later append and sync raises this again; confirm nothing more."""

    def __init__(self, errno: int, what: str) -> None:
        super().__init__(f"{what}: {os.strerror(errno)} (errno {errno})")
        self.errno = errno
        self.what = what


class NoSpace(JournalProblem):
    """There is no room; nothing was written. The journal lives, and urgent appends may still pass."""


class JournalLocked(JournalProblem):
    """Another journal object, here or in another process, has this folder open for writing."""


class FormatTooNew(JournalProblem):
    """A newer program wrote this journal. Nothing on disk was touched."""

    def __init__(self, path: str, found: int, known: int) -> None:
        super().__init__(f"{path}: format {found}, this program knows up to {known}")
        self.path = path
        self.found = found
        self.known = known


class BodyTooLarge(JournalProblem):
    """A body is longer than ``MAX_BODY`` or than a segment; nothing of the append was written."""
