"""The way up from an older format, walked with one that never was: format 0, whose records are plain lines."""

import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from dispatcher.journal import layout, scan, verify
from dispatcher.journal.layout import CRC, SECTOR, SEGMENT_MAGIC, Header
from tests.unit.journal.conftest import Opener, entry

ID = b"sixteen bytes id"


def old_segment(number: int, lines: list[bytes]) -> bytes:
    head = SEGMENT_MAGIC + CRC.pack(0)
    head += CRC.pack(zlib.crc32(head)) + bytes([number])
    return (head.ljust(SECTOR, b"\0") + b"".join(line + b"\n" for line in lines)).ljust(4096, b"\0")


def read_old_header(raw: bytes) -> Header | None:
    number = raw[16]
    return Header(ID, number, 4096, first_sequence=0 if number == 3 else 1 + 2 * (number - 1), version=0)


def scan_old(data: bytes, header: Header, after: int, spans: list[scan.Span]) -> Iterator[scan.Raw]:
    place = SECTOR
    for index, line in enumerate(data[SECTOR:].rstrip(b"\0").split(b"\n")[:-1]):
        if header.first_sequence + index > after:
            yield header.first_sequence + index, 2, 0, 0, 0, 0, bytes(16), place, place + len(line)
        place += len(line) + 1


@pytest.fixture
def format_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(layout.HEADER_READERS, 0, read_old_header)
    monkeypatch.setitem(scan.SCANNERS, 0, scan_old)


def test_an_older_journal_is_read_as_it_is_and_goes_on_in_the_newest_format(
    folder: Path, open_journal: Opener, format_zero: None
) -> None:
    folder.mkdir()
    for number, lines in enumerate([[b"one", b"two"], [b"three", b"four"], []], start=1):
        (folder / f"{number:08d}.seg").write_bytes(old_segment(number, lines))
    before = {path: path.read_bytes() for path in folder.iterdir()}
    journal = open_journal()
    assert journal.recovery.newest_format == 0
    assert journal.append([entry(b"five")]) == range(5, 6)
    journal.sync()
    assert [record.body for record in journal.replay()] == [b"one", b"two", b"three", b"four", b"five"]
    journal.close()
    journal = open_journal()
    assert [record.body for record in journal.replay()] == [b"one", b"two", b"three", b"four", b"five"]
    assert {path: path.read_bytes() for path in before} == before
    assert journal.recovery.newest_format == 1
    assert verify(folder).records == 5
