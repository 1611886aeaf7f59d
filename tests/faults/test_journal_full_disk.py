"""A disk that is really full: a small tmpfs."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from dispatcher.domain.stamp import Stamp
from dispatcher.journal import Entry, Journal, Kind, NoSpace, fsck
from tests.unit.journal.conftest import wait_for

BOOT = "11111111-2222-4333-8444-555555555555"
SEGMENT = 64 * 1024
PANIC = Entry(Kind.MESSAGE, Stamp(0, 0, trusted=False), b"tolong" * 30)
READING = Entry(Kind.MESSAGE, Stamp(0, 0, trusted=False), b"21.5" * 100)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("NOT TESTED: a small tmpfs needs root and the right to mount")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def open_journal(disk: Path) -> Journal:
    return Journal.open(
        disk / "journal",
        segment_bytes=SEGMENT,
        reserve_bytes=2 * SEGMENT,
        keep_free_bytes=SEGMENT,
        boot=BOOT,
        mono=lambda: 0,
    )


def fill(journal: Journal, entry: Entry, *, urgent: bool = False) -> int:
    count = 0
    try:
        while count < 100_000:
            journal.append([entry], urgent=urgent)
            count += 1
    except NoSpace:
        return count
    raise AssertionError("never full")


def test_when_the_disk_is_full_panics_are_still_saved_and_space_comes_back(small_disk: Path) -> None:
    journal = open_journal(small_disk)
    readings = fill(journal, READING)
    assert readings > 1000
    assert journal.is_disk_low
    journal.sync()
    panics = 0
    while panics < 300 or journal.reserve_complete:
        journal.append([PANIC], urgent=True)
        journal.sync()
        panics += 1
        assert panics < 2000
        wait_for(lambda: journal.reserve_complete or journal.is_disk_low)  # the helper has done what it can
    with pytest.raises(NoSpace):
        journal.append([READING])
    assert sum(record.body == PANIC.body for record in journal.replay()) == panics
    assert fsck(small_disk / "journal").exit_code == 0

    journal.close()
    journal = open_journal(small_disk)
    assert sum(1 for _ in journal.replay()) == readings + panics
    journal.append([PANIC], urgent=True)

    journal.write_checkpoint(readings, b"small state")
    journal.write_checkpoint(readings, b"small state")
    gone = journal.retain(keep_after=readings, older_than_ms=2**60, max_bytes=SEGMENT * 8, now=PANIC.stamp)
    assert gone > 3
    assert fill(journal, READING) > 500
    journal.close()
    assert fsck(small_disk / "journal").exit_code == 0


def test_a_checkpoint_that_finds_no_space_leaves_the_one_there_is(small_disk: Path) -> None:
    journal = open_journal(small_disk)
    journal.append([READING] * 3)
    journal.write_checkpoint(1, b"one" * 1000)
    journal.write_checkpoint(2, b"two" * 1000)
    fill(journal, READING)
    with pytest.raises(NoSpace):
        journal.write_checkpoint(3, b"three" * 50_000)
    checkpoint = journal.read_checkpoint()
    assert checkpoint is not None
    assert checkpoint.through == 2
    assert not list((small_disk / "journal").glob("*.tmp"))
    journal.append([PANIC], urgent=True)
    journal.sync()
    journal.write_checkpoint(3, b"three" * 10)
    journal.close()


def test_a_disk_too_small_for_a_journal_is_refused(small_disk: Path) -> None:
    with pytest.raises(NoSpace):
        Journal.open(small_disk / "journal", boot=BOOT, mono=lambda: 0)
