"""A power cut: an image file with a file system, copied while the writer is held still, is what the card held then."""

import os
import random
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.test_journal_kill import ROOT, check, command, saved_in

IMAGE_BYTES = 24 * 1024 * 1024


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, check=False)


@contextmanager
def mounted(image: Path, where: Path) -> Iterator[Path]:
    where.mkdir(exist_ok=True)
    done = run("mount", "-o", "loop", str(image), str(where))
    if done.returncode:
        pytest.skip(f"NOT TESTED: no image can be mounted here: {done.stderr.strip()}")
    try:
        yield where
    finally:
        subprocess.run(["umount", str(where)], check=True)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    if os.geteuid() != 0 or shutil.which("mkfs.ext4") is None:
        pytest.skip("NOT TESTED: a power cut is played with root and mkfs.ext4")
    path = tmp_path / "card.img"
    with path.open("wb") as file:
        file.truncate(IMAGE_BYTES)
    subprocess.run(["mkfs.ext4", "-q", "-F", "-b", "4096", str(path)], check=True)
    return path


def heard(pipe: int, lines: int) -> bytes:
    """Reads until at least so many lines came; with 0, only what there is already."""
    text = b""
    os.set_blocking(pipe, lines > 0)
    while True:
        try:
            text += os.read(pipe, 65536)
        except BlockingIOError:
            break
        if lines and text.count(b"\n") >= lines:
            break
    return text


def complete(text: bytes) -> list[str]:
    return text[: text.rfind(b"\n") + 1].decode().splitlines()


def test_what_was_called_saved_is_on_the_card_whenever_the_power_goes(tmp_path: Path, image: Path) -> None:
    chance, said, copies = random.Random(3), b"", []
    with mounted(image, tmp_path / "card") as card:
        writer = subprocess.Popen(command(card / "journal", 100_000), cwd=ROOT, stdout=subprocess.PIPE, bufsize=0)
        assert writer.stdout is not None
        try:
            for number in range(6):
                said += heard(writer.stdout.fileno(), chance.randrange(1, 200))
                os.kill(writer.pid, signal.SIGSTOP)
                os.waitid(os.P_PID, writer.pid, os.WSTOPPED | os.WNOWAIT)
                said += heard(writer.stdout.fileno(), 0)
                copies.append((tmp_path / f"{number}.img", saved_in(complete(said))))
                shutil.copyfile(image, copies[-1][0])
                os.kill(writer.pid, signal.SIGCONT)
        finally:
            writer.kill()
            writer.wait()
            writer.stdout.close()
    for copy, called_saved in copies:
        with mounted(copy, tmp_path / "copy") as card:
            check(card / "journal", called_saved)
    assert len(saved_in(complete(said))) > 200
