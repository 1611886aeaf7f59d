from pathlib import Path

from dispatcher.domain.stamp import Stamp
from dispatcher.journal import Entry, Journal, Kind
from dispatcher.journal.layout import SECTOR
from tests.unit.journal.conftest import Opener, entry, with_reserve

DAY = 86_400_000
HUGE = 2**60


def fill(journal: Journal, days: int, *, trusted: bool = True) -> None:
    """A record of about a third of a segment per day."""
    for day in range(days):
        journal.append([entry(b"x" * 900, run_ms=day * DAY, trusted=trusted)])


def now(day: int, *, trusted: bool = True) -> Stamp:
    return entry(run_ms=day * DAY, trusted=trusted).stamp


def covered(journal: Journal, through: int) -> None:
    """Two checkpoints: what the one before does not reach is not given away."""
    journal.write_checkpoint(through, b"")
    journal.write_checkpoint(through, b"")


def sequences(journal: Journal) -> list[int]:
    return [record.sequence for record in journal.replay()]


def test_old_segments_go_whole_and_the_rest_stays(folder: Path, open_journal: Opener) -> None:
    journal = open_journal()
    fill(journal, 12)
    covered(journal, 12)
    assert journal.retain(keep_after=12, older_than_ms=5 * DAY, max_bytes=HUGE, now=now(12)) == 2
    assert sequences(journal) == list(range(7, 13))
    journal.close()
    assert sequences(open_journal()) == list(range(7, 13))


def test_nothing_goes_that_the_owner_still_needs(open_journal: Opener) -> None:
    journal = open_journal()
    fill(journal, 12)
    covered(journal, 12)
    assert journal.retain(keep_after=5, older_than_ms=0, max_bytes=0, now=now(99)) == 1
    assert sequences(journal) == list(range(4, 13))


def test_nothing_goes_that_the_checkpoint_before_the_newest_does_not_cover(open_journal: Opener) -> None:
    journal = open_journal()
    fill(journal, 12)
    assert journal.retain(keep_after=12, older_than_ms=0, max_bytes=0, now=now(99)) == 0
    journal.write_checkpoint(12, b"the only one could rot")
    assert journal.retain(keep_after=12, older_than_ms=0, max_bytes=0, now=now(99)) == 0
    journal.write_checkpoint(12, b"")
    assert journal.retain(keep_after=12, older_than_ms=0, max_bytes=0, now=now(99)) == 3
    assert sequences(journal) == [10, 11, 12], "the segment in use stays"


def test_too_many_bytes_drive_out_the_oldest_and_no_more(open_journal: Opener) -> None:
    journal = with_reserve(open_journal())
    fill(journal, 12)
    covered(journal, 12)
    with_reserve(journal)
    before = journal.bytes_on_disk
    assert journal.retain(keep_after=12, older_than_ms=HUGE, max_bytes=before - 5000, now=now(12)) == 2
    assert sequences(journal) == list(range(7, 13))


def test_a_wall_clock_nobody_trusts_ages_nothing(open_journal: Opener) -> None:
    journal = open_journal()
    fill(journal, 12, trusted=False)
    covered(journal, 12)
    still = Stamp(11 * DAY, 2**50, trusted=True)
    assert journal.retain(keep_after=12, older_than_ms=30 * DAY, max_bytes=HUGE, now=still) == 0
    untrusted = Stamp(11 * DAY, 2**50, trusted=False)
    assert journal.retain(keep_after=12, older_than_ms=30 * DAY, max_bytes=HUGE, now=untrusted) == 0


def test_running_time_ages_without_any_wall_clock(open_journal: Opener) -> None:
    journal = open_journal()
    fill(journal, 12, trusted=False)
    covered(journal, 12)
    assert journal.retain(keep_after=12, older_than_ms=5 * DAY, max_bytes=HUGE, now=now(12, trusted=False)) == 2


def test_a_long_time_without_power_ages_by_the_trusted_wall_clock(open_journal: Opener) -> None:
    journal = open_journal()
    for _ in range(12):
        journal.append([Entry(Kind.ALIVE, Stamp(5, 1000, trusted=True), b"x" * 900)])
    covered(journal, 12)
    assert journal.retain(keep_after=12, older_than_ms=DAY, max_bytes=HUGE, now=Stamp(6, 3 * DAY, trusted=True)) == 3


def test_a_segment_without_a_readable_record_does_not_keep_the_older_ones_for_ever(
    folder: Path, open_journal: Opener
) -> None:
    journal = open_journal()
    fill(journal, 12)
    covered(journal, 12)
    journal.close()
    path = folder / "00000002.seg"
    path.write_bytes(path.read_bytes()[:SECTOR] + bytes(4096 - 2 * SECTOR) + path.read_bytes()[-SECTOR:])
    journal = open_journal()
    assert journal.retain(keep_after=12, older_than_ms=0, max_bytes=0, now=now(99)) == 3
    assert sequences(journal) == [10, 11, 12]
