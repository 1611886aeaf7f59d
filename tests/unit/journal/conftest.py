import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dispatcher.domain.stamp import Stamp
from dispatcher.journal import Entry, Journal, Kind

BOOT = "11111111-2222-4333-8444-555555555555"

Opener = Callable[..., Journal]


def entry(body: bytes = b"tolong", *, run_ms: int = 0, trusted: bool = True, kind: int = Kind.MESSAGE) -> Entry:
    return Entry(kind, Stamp(run_ms, 1_700_000_000_000 + run_ms, trusted), body)


def wait_for(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Returns once the condition holds; fails after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.002)


def with_reserve(journal: Journal) -> Journal:
    """Returns the journal once its helper has filled the reserve."""
    wait_for(lambda: journal.reserve_complete)
    return journal


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture
def open_journal(folder: Path) -> Iterator[Opener]:
    """Opens the journal in ``folder`` with small segments; lets go of every one at the end."""
    opened: list[Journal] = []
    ticks = itertools.count(1)

    def opener(where: Path = folder, *, segment_bytes: int = 4096, reserve_bytes: int = 8192) -> Journal:
        journal = Journal.open(
            where, segment_bytes=segment_bytes, reserve_bytes=reserve_bytes, boot=BOOT, mono=lambda: next(ticks)
        )
        opened.append(journal)
        return journal

    yield opener
    for journal in opened:
        journal.abandon()
