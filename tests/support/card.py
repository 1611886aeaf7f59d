"""A memory card that a test can pull out, fill, break or copy: ext4 in an image file on a loop device, or a tmpfs.

Needs root and the right to mount; a test that asks for one without them is skipped, loudly.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

MEBIBYTE = 1024 * 1024
CARD_BYTES = 128 * MEBIBYTE
_SHUTDOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN, _IOR('X', 125, __u32)
_NO_LOG_FLUSH = 2
_BLOCK = 4096
_MOVING = 50  # copies that may turn out to be of a card that was still being written


def _need(words: list[str], what: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"NOT TESTED: {what}: {done.stderr.strip()[:200]}")
    return done.stdout.strip()


def need_root() -> None:
    """Skip the test loudly where nothing can be mounted."""
    if os.geteuid() != 0 or shutil.which("mkfs.ext4") is None:
        pytest.skip("NOT TESTED: faults of a card are played with root, loop devices and mkfs.ext4")


class Card:
    """An ext4 file system in ``image``, mounted at ``mount`` through ``device``."""

    def __init__(self, image: Path, mount: Path, device: str) -> None:
        self.image = image
        self.mount = mount
        self._device = Path(device).name

    def copy(self, to: Path) -> None:
        """Copy what the card holds at one instant. Whoever writes to it must be held still meanwhile.

        The kernel may be writing the file system's own journal: then the copy is of no instant and is made again.
        """
        for _ in range(_MOVING):
            before = self._writes()
            subprocess.run(["cp", "--sparse=always", str(self.image), str(to)], check=True)
            if self._writes() == before:
                return
        raise AssertionError("the card never came to rest")

    def _writes(self) -> tuple[str, str]:
        """Return how many writes were finished, and how many requests are under way."""
        fields = Path(f"/sys/block/{self._device}/stat").read_text("ascii").split()
        return fields[4], fields[8]

    def die(self) -> None:
        """Answer every further access with EIO, as a card does whose controller has given up."""
        folder = os.open(self.mount, os.O_RDONLY)
        try:
            fcntl.ioctl(folder, _SHUTDOWN, struct.pack("I", _NO_LOG_FLUSH))
        except OSError as error:
            pytest.skip(f"NOT TESTED: this kernel does not shut down a file system: {error}")
        finally:
            os.close(folder)

    def become_read_only(self) -> None:
        """Turn read-only under the writer's hands, as ext4 does when it meets an error (errors=remount-ro)."""
        _need(["mount", "-o", "remount,abort", str(self.mount)], "this kernel does not abort a file system")

    def mount_read_only(self) -> None:
        """Be mounted read-only, as at a boot that found the file system unsound. Nobody may have it open to write."""
        _need(["mount", "-o", "remount,ro", str(self.mount)], "this card cannot be mounted read-only")

    def remount(self) -> None:
        """Take it out and put it in again: what was broken is well, what was not on it is gone."""
        subprocess.run(["umount", str(self.mount)], check=True)
        subprocess.run(["mount", f"/dev/{self._device}", str(self.mount)], check=True)


@contextmanager
def card_of(image: Path, mount: Path) -> Iterator[Card]:
    """Mount an image, and put everything away whatever happens."""
    need_root()
    mount.mkdir(exist_ok=True)
    device = _need(["losetup", "-f", "--show", str(image)], "no loop device can be had")
    try:
        _need(["mount", "-o", "errors=remount-ro", device, str(mount)], "no image can be mounted")
        try:
            yield Card(image, mount, device)
        finally:
            subprocess.run(["umount", "-l", str(mount)], check=True)
    finally:
        subprocess.run(["losetup", "-d", device], check=True)


@contextmanager
def new_card(folder: Path, size: int = CARD_BYTES) -> Iterator[Card]:
    """Make an empty card in ``folder`` and mount it."""
    need_root()
    image = folder / "card.img"
    with image.open("wb") as file:
        file.truncate(size)
    now = ["-E", "lazy_itable_init=0,lazy_journal_init=0"]  # or the kernel writes the rest while we copy
    subprocess.run(["mkfs.ext4", "-q", "-F", *now, str(image)], check=True)
    with card_of(image, folder / "card") as card:
        yield card
    image.unlink()


class StubbornCard(Card):
    """A card that refuses writes to chosen pages, as a worn one does: the sync fails, and the kernel calls them clean.

    The image lies in a small memory without room, and those pages are holes in it: they read as zeros, and there is
    nowhere to put anything else.
    """

    _ballast: Path | None = None

    def refuse(self, file: Path, first_page: int) -> None:
        """Refuse, from now on, every write that begins in an empty page of ``file`` from ``first_page`` on."""
        told = _need(["filefrag", "-e", "-v", "-b4096", str(file)], "nobody knows where a file lies")
        for extent in re.finditer(r"^\s*\d+:\s*(\d+)\.\.\s*(\d+):\s*(\d+)\.\.", told, re.MULTILINE):
            begin, last, where = map(int, extent.groups())
            for page in range(max(begin, first_page), last + 1):
                self._punch(where + page - begin)
        self._ballast = fill(self.image.parent)

    def _punch(self, block: int) -> None:
        with self.image.open("rb") as file:
            file.seek(block * _BLOCK)
            if file.read(_BLOCK).strip(b"\0"):
                return  # a hole would read otherwise
        where = ["-o", str(block * _BLOCK), "-l", str(_BLOCK)]
        _need(["fallocate", "--punch-hole", *where, str(self.image)], "no hole can be made")

    def relent(self) -> None:
        """Take everything again."""
        if self._ballast is not None:
            self._ballast.unlink()
            self._ballast = None


@contextmanager
def stubborn_card(folder: Path, size: int = 24 * MEBIBYTE) -> Iterator[StubbornCard]:
    """Make such a card and mount it."""
    need_root()
    with small_memory(folder / "behind", size + 8 * MEBIBYTE) as behind:
        image = behind / "card.img"
        image.write_bytes(bytes(size))
        now = ["-b", str(_BLOCK), "-E", "nodiscard,lazy_itable_init=0,lazy_journal_init=0"]
        subprocess.run(["mkfs.ext4", "-q", "-F", *now, str(image)], check=True)
        with image.open("r+b") as file:  # what was left out takes its room now
            whole = file.read()
            file.seek(0)
            file.write(whole)
        with card_of(image, folder / "card") as card:
            yield StubbornCard(image, card.mount, f"/dev/{card._device}")


@contextmanager
def small_memory(mount: Path, size: int) -> Iterator[Path]:
    """Mount a tmpfs of ``size`` bytes: a disk that can be filled in no time."""
    need_root()
    mount.mkdir(exist_ok=True)
    _need(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(mount)], "no tmpfs can be mounted")
    try:
        yield mount
    finally:
        subprocess.run(["umount", "-l", str(mount)], check=True)


def fill(folder: Path, leave: int = 0) -> Path:
    """Fill the file system of ``folder`` with one file, but for ``leave`` bytes, and return the file."""
    ballast = folder / "somebody-elses-film.mp4"
    chunk = bytes(MEBIBYTE)
    with ballast.open("wb", buffering=0) as file:
        while (free := _free(folder)) > leave:
            try:
                if not file.write(chunk[: min(len(chunk), free - leave)]):
                    break
            except OSError:
                break
    return ballast


def _free(folder: Path) -> int:
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize
