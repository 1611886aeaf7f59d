"""The kernel's memory of files, and what the disk behind it really got: a stand-in that fails as Linux does.

A sync that fails leaves the pages it could not write in memory, *clean*: everybody reads them, the next sync succeeds
and writes nothing, and a power cut loses them. The files themselves play the memory; the disk is kept beside them. A
real disk that fails so is in tests/faults, where root may make one.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from unittest.mock import patch

PAGE = 4096


class PageCache:
    """What the kernel does for the files of one folder. ``failing`` syncs of the main thread fail from now on.

    ``pinned``: somebody else is just reading, and the kernel forgets nothing that it is asked to forget. ``late``: what
    other threads make, they have given a name and not yet made the name durable.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.failing = 0
        self.pinned = False
        self.late = False
        self.failed = 0
        self._disk: dict[int, bytearray] = {}
        self._dirty: dict[int, set[int]] = {}
        self._names: dict[str, int] = {}
        self._direct: set[int] = set()
        self._lock = threading.RLock()

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Stand between the program and its files."""
        names = ("open", "close", "pwrite", "preadv", "fsync", "fdatasync", "posix_fadvise")
        self._real = {name: getattr(os, name) for name in names}
        with patch.multiple(os, **{name: getattr(self, f"_{name}") for name in names}):
            yield

    def cut_power(self, luck: Random) -> None:
        """Lose what is in memory alone. What was dirty may have been written meanwhile, or in part."""
        for inode, pages in self._dirty.items():
            for page in sorted(pages):
                if luck.random() < 0.5:
                    self._to_disk(inode, page, self._memory_of(inode))
        kept = {name: bytes(self._disk.get(inode, b"")) for name, inode in self._names.items()}
        for path in self.folder.iterdir():
            path.unlink()
        self._disk.clear()
        self._dirty.clear()
        for name, data in kept.items():
            (self.folder / name).write_bytes(data)
            self._disk[(self.folder / name).stat().st_ino] = bytearray(data)
        self._names = self._listing()

    def _listing(self) -> dict[str, int]:
        return {path.name: path.stat().st_ino for path in self.folder.iterdir()}

    def _memory_of(self, inode: int) -> bytes:
        found = (path for path in self.folder.iterdir() if path.stat().st_ino == inode)
        path = next(found, None)
        return path.read_bytes() if path else b""

    def _to_disk(self, inode: int, page: int, memory: bytes) -> None:
        disk = self._disk.setdefault(inode, bytearray())
        disk.extend(bytes(max(0, len(memory) - len(disk))))
        disk[page * PAGE : (page + 1) * PAGE] = memory[page * PAGE : (page + 1) * PAGE]

    def _is_ours(self, fd: int) -> bool:
        return Path(os.readlink(f"/proc/self/fd/{fd}")).parent == self.folder

    def _content(self, fd: int) -> bytes:
        return os.pread(fd, os.fstat(fd).st_size, 0) if _readable(fd) else self._memory_of(os.fstat(fd).st_ino)

    # --- what the program calls

    def _open(self, path: str | Path, flags: int, mode: int = 0o777, **more: int) -> int:
        fd: int = self._real["open"](path, flags & ~os.O_DIRECT, mode, **more)
        with self._lock:
            if flags & os.O_DIRECT:
                self._direct.add(fd)
            if flags & os.O_TRUNC and self._is_ours(fd):
                inode = os.fstat(fd).st_ino
                self._disk[inode], self._dirty[inode] = bytearray(), set()
        return fd

    def _close(self, fd: int) -> None:
        self._direct.discard(fd)
        self._real["close"](fd)

    def _pwrite(self, fd: int, data: bytes, offset: int) -> int:
        with self._lock:
            written: int = self._real["pwrite"](fd, data, offset)
            if self._is_ours(fd):
                pages = range(offset // PAGE, (offset + written - 1) // PAGE + 1)
                self._dirty.setdefault(os.fstat(fd).st_ino, set()).update(pages)
            return written

    def _preadv(self, fd: int, rooms: list[bytearray], offset: int) -> int:
        if fd not in self._direct or not self._is_ours(fd):
            return int(self._real["preadv"](fd, rooms, offset))
        with self._lock:
            if self._dirty.get(os.fstat(fd).st_ino):
                self._sync(fd)
            data = bytes(self._disk.get(os.fstat(fd).st_ino, b""))[offset : offset + len(rooms[0])]
            rooms[0][: len(data)] = data
            return len(data)

    def _fdatasync(self, fd: int) -> None:
        self._sync(fd)

    def _fsync(self, fd: int) -> None:
        self._sync(fd)

    def _sync(self, fd: int) -> None:
        if Path(os.readlink(f"/proc/self/fd/{fd}")) == self.folder:
            if threading.current_thread() is threading.main_thread() or not self.late:
                self._names = self._listing()
        elif self._is_ours(fd):
            with self._lock:
                self._write_back(fd)

    def _write_back(self, fd: int) -> None:
        inode = os.fstat(fd).st_ino
        pages = self._dirty.pop(inode, set())
        if not pages:
            return
        if self.failing and threading.current_thread() is threading.main_thread():
            self.failing -= 1
            self.failed += 1
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        memory = self._content(fd)
        for page in pages:
            self._to_disk(inode, page, memory)

    def _posix_fadvise(self, fd: int, offset: int, length: int, advice: int) -> None:
        if self.pinned or advice != os.POSIX_FADV_DONTNEED or not self._is_ours(fd):
            return
        assert length == 0, "to the end, as the programs here ask"
        with self._lock:
            inode = os.fstat(fd).st_ino
            disk, dirty = self._disk.get(inode, bytearray()), self._dirty.get(inode, set())
            pages = range(-(-offset // PAGE), -(-len(disk) // PAGE))
            forgotten = [(page * PAGE, disk[page * PAGE : (page + 1) * PAGE]) for page in pages if page not in dirty]
            again = self._real["open"](f"/proc/self/fd/{fd}", os.O_WRONLY)
            for start, data in forgotten:
                self._real["pwrite"](again, bytes(data), start)
            self._real["close"](again)


def _readable(fd: int) -> bool:
    flags = next(line for line in Path(f"/proc/self/fdinfo/{fd}").read_text("ascii").splitlines() if "flags" in line)
    return int(flags.split()[1], 8) & os.O_ACCMODE != os.O_WRONLY
