"""One journal per folder at a time."""

import fcntl
import os
import struct
from pathlib import Path

from dispatcher.journal.errors import JournalLocked

NAME = "lock"
_held: set[tuple[int, int]] = set()
_FLOCK = struct.Struct("hhqqi4x")  # struct flock of 64-bit Linux: type, whence, start, length, pid


def holder(folder: Path) -> int | None:
    """Return the process that has this journal open, None when none has; 0 where it is another namespace's.

    Asks the kernel, so that no number in a file can be stale. Raises PermissionError, where the folder is another
    user's. Not for the process that has the journal itself: closing the file here would let others in.
    """
    try:
        fd = os.open(folder / NAME, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        found = fcntl.fcntl(fd, fcntl.F_GETLK, _FLOCK.pack(fcntl.F_RDLCK, os.SEEK_SET, 0, 0, 0))
    finally:
        os.close(fd)
    kind, *_, pid = _FLOCK.unpack(found)
    return None if kind == fcntl.F_UNLCK else int(pid)


class FolderLock:
    """A POSIX record lock on a file in the folder.

    Unlike flock it is not inherited by child processes: a child that outlives a killed post keeps nobody out. It does
    not see a second attempt of the same process, hence the set.
    """

    def __init__(self, folder: Path) -> None:
        """Take the lock. Raises JournalLocked, or OSError."""
        self._fd = os.open(folder / NAME, os.O_RDWR | os.O_CREAT, 0o600)
        status = os.fstat(self._fd)
        self._key = (status.st_dev, status.st_ino)
        if self._key in _held:
            # Closing any descriptor of the file would release the lock this process holds: leave this one open.
            raise JournalLocked(f"{folder}: already open in this process")
        try:
            fcntl.lockf(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._fd)
            raise JournalLocked(f"{folder}: in use by another process") from error
        _held.add(self._key)

    def release(self) -> None:
        """Let others in."""
        if self._key in _held:
            _held.discard(self._key)
            os.close(self._fd)
