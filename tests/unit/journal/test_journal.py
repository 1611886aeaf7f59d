import errno
from pathlib import Path

import pytest

from dispatcher.domain.stamp import Stamp
from dispatcher.journal import (
    MAX_BODY,
    BodyTooLarge,
    Entry,
    FormatTooNew,
    Journal,
    JournalError,
    JournalLocked,
    Kind,
)
from dispatcher.journal.layout import Header
from tests.unit.journal.conftest import BOOT, Opener, entry


def bodies(journal: Journal, after: int = 0) -> list[bytes]:
    return [record.body for record in journal.replay(after)]


def test_what_was_appended_is_read_back_with_all_its_fields(open_journal: Opener) -> None:
    journal = open_journal()
    stamp = Stamp(5, 1_700_000_000_123, trusted=True)
    assert journal.append(
        [Entry(Kind.START, stamp, b"a"), Entry(Kind.ALIVE, Stamp(6, -1, trusted=False), b"")]
    ) == range(1, 3)
    journal.sync()
    first, second = journal.replay()
    assert (first.sequence, first.kind, first.stamp, first.body) == (1, Kind.START, stamp, b"a")
    assert (second.sequence, second.stamp, second.body) == (2, Stamp(6, -1, trusted=False), b"")
    assert first.boot == second.boot == journal.boot == BOOT
    assert first.mono_ns == 1


def test_a_kind_this_program_does_not_know_is_kept_and_readable(open_journal: Opener) -> None:
    journal = open_journal()
    journal.append([entry(kind=4242)])
    journal.close()
    assert [record.kind for record in open_journal().replay()] == [4242]


def test_numbers_go_on_after_a_restart_and_over_many_segments(open_journal: Opener) -> None:
    expected = []
    for start in range(5):
        journal = open_journal()
        for index in range(30):
            expected.append(b"%d/%d " % (start, index) + b"x" * 200)
            journal.append([entry(expected[-1])])
        journal.sync()
        journal.close()
    journal = open_journal()
    assert bodies(journal) == expected
    assert [record.sequence for record in journal.replay()] == list(range(1, 151))
    assert journal.last_sequence == 150
    assert journal.corrupt_records == 0
    assert bodies(journal, after=100) == expected[100:]
    assert bodies(journal, after=150) == bodies(journal, after=10**6) == []


def test_one_append_may_be_larger_than_a_segment(open_journal: Opener) -> None:
    journal = open_journal()
    entries = [entry(b"%03d" % index + b"x" * 500) for index in range(40)]
    assert journal.append(entries) == range(1, 41)
    journal.sync()
    assert bodies(journal) == [one.body for one in entries]


def test_an_append_of_nothing_writes_nothing(open_journal: Opener) -> None:
    journal = open_journal()
    assert journal.append([]) == range(1, 1)
    journal.sync()
    assert bodies(journal) == []


@pytest.mark.parametrize("size", [4096, MAX_BODY + 1])
def test_a_body_larger_than_a_segment_is_refused_and_nothing_of_the_append_stays(
    open_journal: Opener, size: int
) -> None:
    journal = open_journal()
    with pytest.raises(BodyTooLarge):
        journal.append([entry(b"small"), entry(b"x" * size)])
    assert journal.append([entry(b"next")]) == range(1, 2)
    assert bodies(journal) == [b"next"]


def test_the_largest_body_fits_a_segment_of_ordinary_size(open_journal: Opener) -> None:
    journal = open_journal(segment_bytes=2 * 1024 * 1024, reserve_bytes=0)
    body = bytes(range(256)) * (MAX_BODY // 256)
    for _ in range(3):
        journal.append([entry(body)])
    assert bodies(journal) == [body] * 3


def test_a_second_opening_is_refused_while_the_first_lives(folder: Path, open_journal: Opener) -> None:
    journal = open_journal()
    with pytest.raises(JournalLocked):
        open_journal()
    journal.append([entry()])
    journal.close()
    assert bodies(open_journal()) == [b"tolong"]


def test_a_closed_journal_takes_nothing_more(open_journal: Opener) -> None:
    journal = open_journal()
    journal.close()
    journal.close()
    with pytest.raises(JournalError) as caught:
        journal.append([entry()])
    assert caught.value.errno == errno.EBADF


def test_a_boot_id_must_be_one(folder: Path) -> None:
    with pytest.raises(ValueError, match="badly formed"):
        Journal.open(folder, boot="monday", mono=lambda: 0)
    assert not folder.exists()


@pytest.mark.parametrize("size", [0, 1024, 4097, 10**12])
def test_impossible_segment_sizes_are_refused(folder: Path, size: int) -> None:
    with pytest.raises(ValueError, match="segment_bytes"):
        Journal.open(folder, segment_bytes=size, boot=BOOT, mono=lambda: 0)


def test_a_journal_of_a_newer_format_is_refused_and_left_as_it_was(folder: Path, open_journal: Opener) -> None:
    journal = open_journal()
    journal.append([entry()])
    journal.close()
    (folder / "lock").unlink()
    (folder / "00000009.seg").write_bytes(Header(b"i" * 16, 9, 4096, version=2).pack() + b"what we cannot know")
    (folder / "00000010.seg.tmp").write_bytes(b"left over")
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}
    with pytest.raises(FormatTooNew) as caught:
        open_journal()
    assert (caught.value.found, caught.value.known) == (2, 1)
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()} == before


def test_segments_of_another_size_are_read_on_after_the_setting_changed(open_journal: Opener) -> None:
    journal = open_journal(segment_bytes=4096)
    journal.append([entry(b"x" * 300) for _ in range(20)])
    journal.close()
    journal = open_journal(segment_bytes=8192)
    journal.append([entry(b"y" * 3000) for _ in range(9)])
    journal.close()
    assert bodies(open_journal(segment_bytes=4096)) == [b"x" * 300] * 20 + [b"y" * 3000] * 9


def test_saving_changes_neither_length_nor_blocks_of_a_segment(folder: Path, open_journal: Opener) -> None:
    journal = open_journal(segment_bytes=65536)
    path = folder / "00000001.seg"
    before = path.stat()
    for _ in range(50):
        journal.append([entry(b"x" * 700)])
        journal.sync()
    after = path.stat()
    assert (after.st_size, after.st_blocks) == (before.st_size, before.st_blocks)
