"""One person at a time changes the rules of a post: whoever comes second is told who is at it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NAME = "apply.lock"


class Busy(Exception):
    """Somebody else is changing the rules; says who, as far as that is known."""


@contextmanager
def alone(data_dir: Path, who: str) -> Iterator[None]:
    """Keep others out; the kernel lets them in again whatever ends this process. Raises Busy, OSError.

    A post that has never run has no folder yet, and nobody to be kept out.
    """
    if not data_dir.is_dir():
        yield
        return
    fd = os.open(data_dir / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(os.pread(fd, 100, 0).decode("utf-8", "replace").strip()) from None
        _sign(fd, data_dir, who)
        yield
    finally:
        os.close(fd)


def _sign(fd: int, data_dir: Path, who: str) -> None:
    if os.geteuid() == 0:
        owner = data_dir.stat()
        os.fchown(fd, owner.st_uid, owner.st_gid)
    os.ftruncate(fd, 0)
    os.pwrite(fd, who.encode("utf-8"), 0)
