"""What a failed fsync leaves in the kernel's memory reads like a record and is none: nobody may rest a promise on it."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.journal import Journal, JournalError, Kind
from dispatcher.journal.readonly import ReadOnlyJournal
from tests.support.pagecache import PageCache
from tests.unit.journal.conftest import BOOT, entry, wait_for

SEGMENT = 3 * 4096


class Lives:
    """Lives of a journal, one after the other, on a disk that can fail; and what each of them was told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "journal"
        self.folder.mkdir()
        self.kernel = PageCache(self.folder)
        self.saved: set[bytes] = set()
        self._names = itertools.count(1)
        self._ticks = itertools.count(1)
        self.journal: Journal | None = None

    def start(self) -> set[bytes]:
        """Open the journal, and return what is in it then."""
        self.end()
        with suppress(JournalError):
            self.journal = Journal.open(
                self.folder,
                segment_bytes=SEGMENT,
                reserve_bytes=0,
                keep_free_bytes=0,
                boot=BOOT,
                mono=lambda: next(self._ticks),
            )
        return self.found() if self.journal else set()

    def found(self) -> set[bytes]:
        assert self.journal is not None
        return {record.body for record in self.journal.replay() if record.kind != Kind.CUT}

    def save(self, count: int = 1, size: int = 700) -> None:
        """Append and sync; what was synced is saved."""
        if self.journal is None:
            return
        bodies = [(b"%d:" % next(self._names)).ljust(size, b"x") for _ in range(count)]
        try:
            self.journal.append([entry(body) for body in bodies])
            self.journal.sync()
        except JournalError:
            self.end()
        else:
            self.saved.update(bodies)

    def leave_unsynced(self) -> None:
        """Append, and be killed before the sync."""
        if self.journal is not None:
            self.journal.append([entry(b"%d: unsynced" % next(self._names))])
            self.end()

    def look(self) -> set[bytes]:
        """Return what a start finds that cannot save."""
        try:
            reader = ReadOnlyJournal(self.folder)
            reader.distrust_memory()
            return {record.body for record in reader.replay() if record.kind != Kind.CUT}
        except OSError:
            return set()

    def cut_power(self, luck: Random) -> None:
        self.end()
        self.kernel.cut_power(luck)

    def end(self) -> None:
        if self.journal is not None:
            self.journal.abandon()
            self.journal = None


@contextmanager
def lives() -> Iterator[Lives]:
    with TemporaryDirectory() as folder:
        town = Lives(Path(folder))
        with town.kernel.installed():
            try:
                yield town
            finally:
                town.end()


def after_a_failed_save(town: Lives) -> bytes:
    """Let a save fail after three that did not; return a body that only memory has."""
    town.start()
    for _ in range(3):
        town.save()
    town.kernel.failing = 1
    town.save(3)
    assert town.kernel.failed == 1
    bodies = _in_memory(town) - town.saved
    assert len(bodies) == 3
    return min(bodies)


def _in_memory(town: Lives) -> set[bytes]:
    return {record.body for record in ReadOnlyJournal(town.folder).replay()}


def test_a_start_does_not_find_what_only_the_kernel_remembers() -> None:
    with lives() as town:
        body = after_a_failed_save(town)
        assert body not in town.start()
        assert town.saved <= town.found()


def test_a_start_saves_what_the_kernel_will_not_forget_before_it_believes_it() -> None:
    with lives() as town:
        body = after_a_failed_save(town)
        town.kernel.pinned = True
        assert body in town.start()
        town.cut_power(Random(1))
        town.kernel.pinned = False
        assert body in town.start()


def test_a_start_that_cannot_save_what_it_reads_is_no_start() -> None:
    with lives() as town:
        after_a_failed_save(town)
        town.kernel.pinned = True
        town.kernel.failing = 1
        assert town.start() == set()
        assert town.journal is None


@pytest.mark.parametrize("pinned", [False, True])
def test_a_post_that_cannot_save_takes_no_record_of_a_failed_save_for_saved(pinned: bool) -> None:
    with lives() as town:
        body = after_a_failed_save(town)
        town.kernel.pinned = pinned
        assert body in _in_memory(town)
        assert town.look() == town.saved


def test_a_post_that_cannot_save_finds_what_was_saved_and_only_memory_still_holds() -> None:
    """The card gives nothing back any more; what is known to have been saved is worth telling all the same."""
    with lives() as town:
        after_a_failed_save(town)
        for disk in town.kernel._disk.values():
            disk[:] = bytes(len(disk))
        town.kernel.pinned = True
        assert town.look() == town.saved


def test_a_segment_whose_first_use_failed_is_still_unused_after_a_power_cut_and_loses_nothing() -> None:
    with lives() as town:
        town.start()
        while len(list(town.folder.glob("*.seg"))) < 3:
            town.save()
        before = len(town.saved)
        while town.journal is not None:  # up to the next change of segments: its second sync is the new one's header
            room = town.journal._active.room
            if room < 800:
                town.kernel.failing = 1
            town.save()
            assert len(town.saved) < before + 40
        for _ in range(2):
            town.start()
            for _ in range(3):
                town.save()
            town.cut_power(Random(3))
        assert town.saved <= town.start()


def test_a_segment_that_was_named_and_whose_namer_was_killed_keeps_its_name_before_it_is_used() -> None:
    with lives() as town:
        town.kernel.late = True
        town.start()
        wait_for(lambda: len(list(town.folder.glob("*.seg"))) == 2)
        town.start()
        for _ in range(20):
            town.save()
        town.cut_power(Random(1))
        assert town.saved <= town.start()


STEPS = st.one_of(
    st.tuples(st.just("save"), st.integers(1, 6)),
    st.sampled_from([("start", 0), ("fail", 1), ("fail", 2), ("unsynced", 0), ("pin", 0), ("unpin", 0), ("look", 0)]),
    st.tuples(st.just("power"), st.integers(0, 2**16)),
)


@settings(max_examples=120, deadline=None)
@given(steps=st.lists(STEPS, min_size=3, max_size=30), last=st.integers(0, 2**16))
def test_whatever_was_ever_believed_survives_the_power(steps: list[tuple[str, int]], last: int) -> None:
    with lives() as town:
        believed: set[bytes] = set()
        town.start()
        for word, number in [*steps, ("start", 0), ("save", 1), ("power", last)]:
            if word == "save":
                town.save(number)
            elif word == "start":
                found = town.start()
                assert town.journal is None or believed | town.saved <= found
                believed |= found
            elif word == "fail":
                town.kernel.failing = number
            elif word == "unsynced":
                town.leave_unsynced()
            elif word == "look":
                town.end()
                believed |= town.look()
            elif word == "power":
                town.kernel.failing = 0
                town.cut_power(Random(number))
                assert believed | town.saved <= town.start()
            else:
                town.kernel.pinned = word == "pin"
