import errno
import os
from pathlib import Path

import pytest

from dispatcher.journal import Checkpoint, FormatTooNew, verify
from dispatcher.journal.layout import CRC, PREFIX, SECTOR
from tests.unit.journal.conftest import Opener, entry
from tests.unit.journal.test_damage import flip


def newest(folder: Path) -> Path:
    return max(folder.glob("*.checkpoint"))


def test_without_a_checkpoint_there_is_none(open_journal: Opener) -> None:
    assert open_journal().read_checkpoint() is None


def test_the_newest_checkpoint_is_read_also_after_a_restart(folder: Path, open_journal: Opener) -> None:
    journal = open_journal()
    journal.append([entry() for _ in range(5)])
    for through in (2, 3, 5):
        journal.write_checkpoint(through, b"state %d" % through)
    assert journal.read_checkpoint() == Checkpoint(5, b"state 5")
    journal.close()
    assert open_journal().read_checkpoint() == Checkpoint(5, b"state 5")
    assert len(list(folder.glob("*.checkpoint"))) == 2, "this one and the one before"


def test_a_checkpoint_speaks_only_for_what_was_appended_and_makes_it_durable(open_journal: Opener) -> None:
    journal = open_journal()
    journal.append([entry()])
    with pytest.raises(ValueError, match="ends at 1"):
        journal.write_checkpoint(2, b"")
    assert journal.synced_sequence == 0
    journal.write_checkpoint(1, b"")
    assert journal.synced_sequence == 1
    assert journal.read_checkpoint() == Checkpoint(1, b"")


def test_a_flipped_bit_anywhere_in_a_checkpoint_gives_the_one_before(folder: Path, open_journal: Opener) -> None:
    journal = open_journal()
    journal.append([entry(), entry()])
    journal.write_checkpoint(1, b"one")
    journal.write_checkpoint(2, b"two")
    journal.close()
    journal = open_journal()
    path = newest(folder)
    for offset in range(path.stat().st_size):
        for bit in range(8):
            flip(path, offset, bit)
            assert journal.read_checkpoint() == Checkpoint(1, b"one")
            flip(path, offset, bit)
    assert journal.read_checkpoint() == Checkpoint(2, b"two")


@pytest.mark.parametrize("length", [0, 10, 51, 52, 54])
def test_a_checkpoint_that_lost_its_end_gives_the_one_before(folder: Path, open_journal: Opener, length: int) -> None:
    journal = open_journal()
    journal.append([entry(), entry()])
    journal.write_checkpoint(1, b"one")
    journal.write_checkpoint(2, b"two")
    os.truncate(newest(folder), length)
    assert journal.read_checkpoint() == Checkpoint(1, b"one")
    journal.close()
    journal = open_journal()
    journal.write_checkpoint(2, b"three")
    assert journal.read_checkpoint() == Checkpoint(2, b"three")


def test_numbers_go_on_behind_the_checkpoint_even_if_all_segments_are_gone(folder: Path, open_journal: Opener) -> None:
    journal = open_journal()
    journal.append([entry() for _ in range(7)])
    journal.write_checkpoint(7, b"state")
    journal.close()
    for path in folder.glob("*.seg"):
        path.unlink()
    journal = open_journal()
    assert journal.read_checkpoint() == Checkpoint(7, b"state")
    assert journal.append([entry(b"new")]) == range(8, 9)
    assert [record.sequence for record in journal.replay(7)] == [8]


def test_numbers_go_on_behind_the_checkpoint_even_if_the_newest_records_are_gone(
    folder: Path, open_journal: Opener
) -> None:
    journal = open_journal()
    journal.append([entry() for _ in range(7)])
    journal.write_checkpoint(7, b"state")
    journal.close()
    path = folder / "00000001.seg"
    data = path.read_bytes()
    path.write_bytes(data[: SECTOR + 3 * 72] + bytes(len(data) - 2 * SECTOR - 3 * 72) + data[-SECTOR:])
    journal = open_journal()
    assert journal.append([entry(b"new")]) == range(8, 9)
    assert [record.sequence for record in journal.replay(7)] == [8]
    assert [record.sequence for record in journal.replay()] == [1, 2, 3, 8]


def test_a_checkpoint_of_another_journal_is_none_of_ours(folder: Path, tmp_path: Path, open_journal: Opener) -> None:
    journal = open_journal(tmp_path / "other")
    journal.append([entry()])
    journal.write_checkpoint(1, b"theirs")
    journal.close()
    journal = open_journal()
    journal.append([entry()])
    newest(tmp_path / "other").rename(folder / "0000000000000009.checkpoint")
    assert journal.read_checkpoint() is None


def test_a_checkpoint_of_a_newer_format_keeps_the_journal_closed(folder: Path, open_journal: Opener) -> None:
    import zlib

    journal = open_journal()
    journal.append([entry()])
    journal.write_checkpoint(1, b"state")
    journal.close()
    head = b"KTGNCHKP" + CRC.pack(2)
    path = newest(folder)
    path.write_bytes(head + CRC.pack(zlib.crc32(head)) + path.read_bytes()[PREFIX.size :])
    before = sorted(folder.iterdir())
    with pytest.raises(FormatTooNew):
        open_journal()
    with pytest.raises(FormatTooNew):
        verify(folder)
    assert sorted(folder.iterdir()) == before


def test_a_half_written_checkpoint_is_swept_away(folder: Path, open_journal: Opener) -> None:
    open_journal().close()
    (folder / "0000000000000001.checkpoint.tmp").write_bytes(b"half")
    journal = open_journal()
    assert journal.read_checkpoint() is None
    assert not list(folder.glob("*.checkpoint.tmp"))


def test_after_close_no_checkpoint_is_written(open_journal: Opener) -> None:
    from dispatcher.journal import JournalError

    journal = open_journal()
    journal.close()
    with pytest.raises(JournalError) as caught:
        journal.write_checkpoint(0, b"")
    assert caught.value.errno == errno.EBADF
