"""A disk that fills up, played by a folder in which segments can no longer be prepared."""

import errno
import os
from pathlib import Path

import pytest

from dispatcher.journal import Journal, NoSpace
from tests.unit.journal.conftest import Opener, entry, wait_for, with_reserve
from tests.unit.journal.test_damage import own


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Set ``full_disk[0]`` and the system refuses to allocate: the same call, the same error as on a full disk."""
    full = [False]
    allocate = os.posix_fallocate

    def refuse(fd: int, offset: int, size: int) -> None:
        if full[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        allocate(fd, offset, size)

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    return full


def append_until_refused(journal: Journal, *, urgent: bool = False, limit: int = 500) -> int:
    for count in range(limit):
        try:
            journal.append([entry(b"%04d" % count + b"x" * 400)], urgent=urgent)
        except NoSpace:
            return count
    raise AssertionError("never refused")


def test_ordinary_records_leave_the_reserve_to_panics(open_journal: Opener, full_disk: list[bool]) -> None:
    journal = with_reserve(open_journal())
    full_disk[0] = True
    ordinary = append_until_refused(journal)
    assert ordinary >= 6
    with pytest.raises(NoSpace):
        journal.append([entry(b"x" * 400)])
    urgent = append_until_refused(journal, urgent=True)
    assert urgent >= 2 * 6, "two segments of reserve"
    journal.sync()
    assert len(own(journal.replay())) == ordinary + urgent == journal.last_sequence
    assert not journal.reserve_complete


def test_once_panics_use_the_reserve_ordinary_records_do_not_eat_it_with_them(
    open_journal: Opener, full_disk: list[bool]
) -> None:
    journal = with_reserve(open_journal())
    full_disk[0] = True
    append_until_refused(journal)
    journal.append([entry(b"x" * 3000)], urgent=True)  # opens the first segment of the reserve
    with pytest.raises(NoSpace):
        journal.append([entry()])


def test_when_there_is_space_again_the_reserve_fills_and_ordinary_records_pass(
    open_journal: Opener, full_disk: list[bool]
) -> None:
    journal = with_reserve(open_journal())
    full_disk[0] = True
    append_until_refused(journal)
    append_until_refused(journal, urgent=True)
    full_disk[0] = False
    journal.tend()
    wait_for(lambda: journal.reserve_complete)
    journal.append([entry(b"x" * 2000) for _ in range(4)])
    journal.close()
    assert len(own(open_journal().replay())) == journal.last_sequence


def test_a_refused_append_gives_no_number_away(open_journal: Opener, full_disk: list[bool]) -> None:
    journal = with_reserve(open_journal())
    full_disk[0] = True
    append_until_refused(journal)
    last = journal.last_sequence
    with pytest.raises(NoSpace):
        journal.append([entry(b"x" * 1500) for _ in range(20)])
    assert journal.append([entry()], urgent=True) == range(last + 1, last + 2)


def test_a_new_journal_on_a_full_disk_is_refused_and_leaves_no_segment(
    folder: Path, open_journal: Opener, full_disk: list[bool]
) -> None:
    full_disk[0] = True
    with pytest.raises(NoSpace):
        open_journal()
    assert not list(folder.glob("*seg*"))
    full_disk[0] = False
    open_journal().append([entry()])


def test_a_journal_whose_reserve_never_filled_keeps_what_there_is_for_panics(
    open_journal: Opener, full_disk: list[bool]
) -> None:
    open_journal(reserve_bytes=0).close()
    full_disk[0] = True
    journal = open_journal(reserve_bytes=3 * 8192)
    wait_for(lambda: refused(journal))
    journal.append([entry(b"panic")], urgent=True)


def refused(journal: Journal) -> bool:
    try:
        journal.append([entry()])
    except NoSpace:
        return True
    return False


def test_closing_does_not_wait_for_segments_that_nobody_needs_any_more(folder: Path, open_journal: Opener) -> None:
    journal = open_journal(segment_bytes=16 * 1024 * 1024, reserve_bytes=256 * 1024 * 1024)
    journal.append([entry()])
    journal.close()
    assert len(list(folder.glob("*.seg"))) < 17
    assert not list(folder.glob("*.tmp"))
