"""The file operations of the journal: each makes durable what it says, in the order that a power cut respects."""

import errno
import mmap
import os
from collections.abc import Callable
from pathlib import Path

_CHUNK = 256 * 1024  # bytes of zeros written and synced at a time, so that a save in between does not wait long
_ZEROS = bytes(_CHUNK)
_PAGE = 4096
TEMPORARY = ".tmp"
FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def read_all(fd: int, size: int) -> bytes:
    """Return the first ``size`` bytes of a file; pages that the card cannot read any more come as zeros."""
    try:
        return _read(fd, size, 0)
    except OSError as error:
        if error.errno != errno.EIO:
            raise
    return b"".join(_read_page(fd, offset, min(_PAGE, size - offset)) for offset in range(0, size, _PAGE))


def _read(fd: int, size: int, offset: int) -> bytes:
    data = os.pread(fd, size, offset)
    while 0 < len(data) < size:
        more = os.pread(fd, size - len(data), offset + len(data))
        if not more:
            break
        data += more
    return data


def _read_page(fd: int, offset: int, size: int) -> bytes:
    try:
        return _read(fd, size, offset)
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        return bytes(size)


def write_all(fd: int, data: bytes | bytearray | memoryview, offset: int) -> None:
    """Write every byte, or raise OSError with the bytes that were written turned into zeros again.

    Should not even that be possible, the error is EIO, whatever it was at first: the file is not as it was.
    """
    written = 0
    view = memoryview(data)
    try:
        while written < len(view):
            written += os.pwrite(fd, view[written:], offset + written)
    except OSError:
        if written:
            _undo(fd, written, offset)
        raise


def _undo(fd: int, written: int, offset: int) -> None:
    try:
        done = os.pwrite(fd, bytes(written), offset)
    except OSError as error:
        raise OSError(errno.EIO, "a failed write could not be undone") from error
    if done != written:
        raise OSError(errno.EIO, "a failed write could not be undone")


def sync_folder(folder: Path) -> None:
    """Make names created, renamed or removed in ``folder`` durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def write_file(path: Path, parts: tuple[bytes, ...]) -> None:
    """Put a file in place whole: temporary name, fsync, rename, fsync of the folder. Cleans up if that fails."""
    with _temporary(path) as fd:
        offset = 0
        for part in parts:
            write_all(fd, part, offset)
            offset += len(part)
        os.fsync(fd)
    _put_in_place(path)


def write_zeroed(path: Path, head: bytes, tail: bytes, size: int, stopped: Callable[[], bool]) -> bool:
    """Put a file of really written zeros between ``head`` and ``tail`` in place; False if ``stopped`` said so.

    ``posix_fallocate`` comes first because it finds out that the disk is full before anything is written to it.
    """
    with _temporary(path) as fd:
        _allocate(fd, size)
        for offset in range(0, size, _CHUNK):
            if stopped():
                os.unlink(path.with_name(path.name + TEMPORARY))
                return False
            write_all(fd, memoryview(_ZEROS)[: min(_CHUNK, size - offset)], offset)
            os.fdatasync(fd)
        write_all(fd, head, 0)
        write_all(fd, tail, size - len(tail))
        os.fsync(fd)
    _put_in_place(path)
    return True


def _allocate(fd: int, size: int) -> None:
    try:
        os.posix_fallocate(fd, 0, size)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):
            raise


class _temporary:  # noqa: N801 - reads as a function where it is used
    """A file under a temporary name that does not survive a failure."""

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(path.name + TEMPORARY)

    def __enter__(self) -> int:
        self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        return self._fd

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        os.close(self._fd)
        if kind is not None:
            self._path.unlink(missing_ok=True)


def _put_in_place(path: Path) -> None:
    temporary = path.with_name(path.name + TEMPORARY)
    try:
        os.rename(temporary, path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def remove(path: Path) -> None:
    """Remove a file for good."""
    path.unlink(missing_ok=True)
    sync_folder(path.parent)


def drop_cached(fd: int) -> None:
    """Make the next read show what the disk holds, as far as the kernel lets go of what it remembers. Raises OSError.

    After a failed fsync the kernel keeps the pages, marked clean, although the disk never got them. What is not clean
    is synced first; what is clean is then forgotten, the whole file: of large pages the kernel drops no halves.
    """
    os.fdatasync(fd)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)


def overwrite(fd: int, data: bytes, offset: int) -> None:
    """Write what a file is believed to hold already. Unlike ``write_all`` it takes nothing back when it fails."""
    written = 0
    while written < len(data):
        written += os.pwrite(fd, data[written:], offset + written)


def read_disk(path: Path, offset: int, size: int) -> bytes:
    """Return bytes of a file as the disk holds them, whatever the kernel remembers; nothing is written by us.

    Raises OSError: the disk cannot be read there. EROFS: the kernel holds what a read-only disk can never get.
    """
    start = offset // mmap.PAGESIZE * mmap.PAGESIZE  # of a page that is forgotten in part the kernel forgets nothing
    _forget(path, start)
    try:
        data = _read_direct(path, start, offset + size - start)
    except OSError as error:
        if error.errno == errno.EINVAL:  # a file system that has nothing behind its memory, such as tmpfs
            data = _read_again(path, start, offset + size - start)
        elif error.errno == errno.EIO:  # what was still to be written failed just now, and hides the disk no more
            data = _read_direct(path, start, offset + size - start)
        else:
            raise
    return data[offset - start :]


def _forget(path: Path, start: int) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.posix_fadvise(fd, start, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(fd)


def _read_direct(path: Path, start: int, size: int) -> bytes:
    """Read past the kernel's memory; ``start`` and the memory that is read into lie on the edges of pages."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECT)
    try:
        with mmap.mmap(-1, -(-size // mmap.PAGESIZE) * mmap.PAGESIZE) as room:
            found = os.preadv(fd, [room], start)
            return room[: min(found, size)]
    finally:
        os.close(fd)


def _read_again(path: Path, start: int, size: int) -> bytes:
    fd = os.open(path, os.O_RDONLY)
    try:
        return _read(fd, size, start)
    finally:
        os.close(fd)
