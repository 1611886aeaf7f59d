"""What the disk itself takes for one save: 4 KiB into a preallocated file, then fdatasync."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

BLOCK = os.urandom(4096)  # random, in case the storage below compresses
BLOCKS = 512


def fsyncs(folder: Path, count: int) -> list[float]:
    """Return the milliseconds that each of ``count`` saves took, one after the other."""
    path = folder / "probe"
    fd = os.open(path, os.O_RDWR | os.O_CREAT)
    try:
        os.pwrite(fd, bytes(4096 * BLOCKS), 0)
        os.fsync(fd)
        return [_save(fd, number) for number in range(count)]
    finally:
        os.close(fd)
        path.unlink()


def _save(fd: int, number: int) -> float:
    os.pwrite(fd, BLOCK, 4096 * (number % BLOCKS))
    began = time.perf_counter_ns()
    os.fdatasync(fd)
    return (time.perf_counter_ns() - began) / 1e6


def file_system(folder: Path) -> str:
    """Return the type of the file system that a folder lies on; on tmpfs a save costs nothing and proves nothing."""
    best, sort = "", "unknown"
    for line in Path("/proc/self/mounts").read_text("utf-8").splitlines():
        _, mount, kind, *_ = line.split()
        if len(mount) >= len(best) and folder.resolve().is_relative_to(mount):
            best, sort = mount, kind
    return sort


# --- a disk of our own ---------------------------------------------------------------------------------------------

SECTOR = 512
IMAGE_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Image:
    """An ext4 file system on a loop device that nobody else writes to."""

    mount: Path
    device: str

    def written_bytes(self) -> int:
        """Return what the device was given to write so far: data, and the file system's own journal."""
        os.sync()
        fields = Path(f"/sys/block/{self.device}/stat").read_text("ascii").split()
        return int(fields[6]) * SECTOR


@contextmanager
def own_disk(folder: Path) -> Iterator[Image | None]:
    """Mount a disk image in ``folder``, None where that is not allowed (it takes root)."""
    image, mount = folder / "disk.img", folder / "disk"
    mount.mkdir(parents=True)
    with image.open("wb") as file:
        file.truncate(IMAGE_BYTES)
    device = _attach(image)
    if device is None:
        yield None
        return
    try:
        subprocess.run(["mount", device, str(mount)], check=True)
        try:
            yield Image(mount, Path(device).name)
        finally:
            subprocess.run(["umount", str(mount)], check=True)
    finally:
        subprocess.run(["losetup", "-d", device], check=True)
        image.unlink()


def _attach(image: Path) -> str | None:
    if os.geteuid() != 0:
        return None
    now = ["-E", "lazy_itable_init=0,lazy_journal_init=0"]  # or the kernel writes the rest while we count
    try:
        subprocess.run(["mkfs.ext4", "-q", *now, str(image)], check=True, capture_output=True)
        done = subprocess.run(["losetup", "-f", "--show", str(image)], check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
