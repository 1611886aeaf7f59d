"""A disk that refuses what it is given: the kernel remembers it all the same, and nobody may take that for saved."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from dispatcher.journal import Journal, JournalError, JournalProblem, Kind
from dispatcher.journal.readonly import ReadOnlyJournal
from tests.support.card import StubbornCard, card_of, stubborn_card
from tests.unit.journal.conftest import BOOT, entry

PAGE = 4096
HEAD = 64  # bytes before a record's body
SMALL = [b"%d: saved" % number for number in range(5)]
REFUSED = [b"%d: refused" % number + bytes(3000) for number in range(5)]


@contextmanager
def journal_on(card: StubbornCard) -> Iterator[Journal]:
    ticks = iter(range(1, 10**6))
    journal = Journal.open(
        card.mount / "journal",
        segment_bytes=16 * PAGE,
        reserve_bytes=0,
        keep_free_bytes=0,
        boot=BOOT,
        mono=lambda: next(ticks),
    )
    try:
        yield journal
    finally:
        journal.abandon()


def save(journal: Journal, *bodies: bytes) -> None:
    journal.append([entry(body) for body in bodies])
    journal.sync()


def bodies_in(journal: Journal | ReadOnlyJournal) -> list[bytes]:
    return [record.body for record in journal.replay() if record.kind != Kind.CUT]


@pytest.fixture
def refused(tmp_path: Path) -> Iterator[tuple[StubbornCard, list[bytes]]]:
    """A journal on a card that refused its last save, and what had been saved before."""
    with stubborn_card(tmp_path) as card:
        with journal_on(card) as journal:
            for body in SMALL:
                save(journal, body)
            rest = PAGE - journal._active.position % PAGE
            saved = [*SMALL, b"the page is full".ljust(rest - HEAD, b".")]
            save(journal, saved[-1])
            assert journal._active.position % PAGE == 0
            card.refuse(card.mount / "journal" / "00000001.seg", journal._active.position // PAGE)
            with pytest.raises(JournalError, match="fdatasync"):
                save(journal, *REFUSED)
        remembered = bodies_in(ReadOnlyJournal(card.mount / "journal"))
        assert remembered == [*saved, *REFUSED], "this kernel forgot at once, and there is nothing to be tested"
        yield card, saved


def test_a_post_that_cannot_save_reads_what_the_disk_has_and_not_what_the_kernel_remembers(
    refused: tuple[StubbornCard, list[bytes]],
) -> None:
    card, saved = refused
    reader = ReadOnlyJournal(card.mount / "journal")
    reader.distrust_memory()
    assert bodies_in(reader) == saved


def test_a_start_on_a_disk_that_still_refuses_finds_and_saves_nothing_that_is_not_there(
    refused: tuple[StubbornCard, list[bytes]],
) -> None:
    card, saved = refused
    with suppress(JournalProblem), journal_on(card) as journal:
        assert bodies_in(journal) == saved
        with pytest.raises(JournalError):
            save(journal, b"still refused" + bytes(3000))
    reader = ReadOnlyJournal(card.mount / "journal")
    reader.distrust_memory()
    assert bodies_in(reader) == saved


def test_what_is_saved_once_the_disk_works_again_outlives_the_power(
    tmp_path: Path, refused: tuple[StubbornCard, list[bytes]]
) -> None:
    card, saved = refused
    card.relent()
    with journal_on(card) as journal:
        assert bodies_in(journal) == saved
        save(journal, b"after it")
        copy = tmp_path / "after.img"
        shutil.copyfile(card.image, copy)
    with card_of(copy, tmp_path / "copy") as after:
        assert bodies_in(ReadOnlyJournal(after.mount / "journal")) == [*saved, b"after it"]
