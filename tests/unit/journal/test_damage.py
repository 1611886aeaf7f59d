import os
import random
import shutil
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.journal import Journal, Kind, Record, verify
from dispatcher.journal.layout import (
    CRC,
    CRC_FROM,
    HEADER_BYTES,
    RECORD,
    SECTOR,
    Header,
    read_header,
    record_magic,
    segment_seed,
)
from dispatcher.journal.scan import Decoder, Tally
from tests.unit.journal.conftest import BOOT, Opener, entry, with_reserve

SEGMENT = 4096


def flip(path: Path, offset: int, bit: int) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        (byte,) = file.read(1)
        file.seek(offset)
        file.write(bytes([byte ^ 1 << bit]))


def own(records: Iterator[Record]) -> list[tuple[int, bytes]]:
    """The records that the test appended; not those by which the journal documents a cut."""
    return [(record.sequence, record.body) for record in records if record.kind != Kind.CUT]


def write(journal: Journal, count: int, size: int = 100) -> list[tuple[int, bytes]]:
    """Appends and syncs records one by one, as a post with little to do would."""
    written = []
    for _ in range(count):
        body = os.urandom(size)
        (sequence,) = journal.append([entry(body)])
        journal.sync()
        written.append((sequence, body))
    return written


def test_a_flipped_bit_anywhere_among_the_records_costs_at_most_one(folder: Path, open_journal: Opener) -> None:
    journal = open_journal()
    expected = write(journal, 16, size=90)
    journal.close()
    data = (folder / "00000001.seg").read_bytes()
    header = read_header(data[:HEADER_BYTES])
    assert header is not None
    flipped = bytearray(data)
    for position in range(SECTOR * 8, header.end * 8):
        flipped[position // 8] ^= 1 << position % 8
        tally = Tally()
        found = own(Decoder().records(bytes(flipped), header, tally))
        flipped[position // 8] ^= 1 << position % 8
        assert len(found) >= len(expected) - 1
        assert [item for item in expected if item in found] == found


def test_a_flipped_bit_in_a_header_costs_nothing(folder: Path, open_journal: Opener) -> None:
    journal = open_journal()
    expected = write(journal, 30)
    journal.close()
    for path in sorted(folder.glob("*.seg"))[:2]:
        for offset in (*range(HEADER_BYTES), *range(SEGMENT - SECTOR, SEGMENT - SECTOR + HEADER_BYTES)):
            flip(path, offset, offset % 8)
            findings = verify(folder)
            assert (findings.records, findings.lost, findings.foreign) == (30, (), ())
            assert findings.bad_headers == (path.name,)
            flip(path, offset, offset % 8)
    assert verify(folder).ok
    assert own(open_journal().replay()) == expected


def test_a_flipped_bit_costs_at_most_one_record_of_a_journal_that_goes_on(
    tmp_path: Path, folder: Path, open_journal: Opener
) -> None:
    journal = open_journal(reserve_bytes=0)
    expected = write(journal, 25)
    journal.close()
    for number, path in enumerate(sorted(folder.glob("*.seg"))[:2]):
        for offset in range(number, SEGMENT, 41):
            copy = tmp_path / f"{number}-{offset}"
            shutil.copytree(folder, copy)
            flip(copy / path.name, offset, offset % 8)
            journal = open_journal(copy, reserve_bytes=0)
            more = write(journal, 2)
            journal.close()
            journal = open_journal(copy, reserve_bytes=0)
            found = own(journal.replay())
            missing = [item for item in expected + more if item not in found]
            assert len(missing) <= 1
            assert found == [item for item in expected + more if item in found]
            assert journal.corrupt_records == len(missing)
            assert len({sequence for sequence, _ in expected + more}) == 27, "a number was given twice"
            journal.close()
            shutil.rmtree(copy)


def forged(magic: int, seed: int, place: int, sequence: int, body: bytes) -> bytes:
    """A record as somebody would write it who knows everything that is on the disk."""
    raw = RECORD.pack(magic, 0, len(body), 2, 0, 0, sequence, 0, 0, 0, bytes(16)) + body
    return raw[:4] + CRC.pack(zlib.crc32(raw[CRC_FROM:], seed ^ place)) + raw[8:]


def test_a_body_full_of_magic_confuses_nobody_even_when_its_record_is_damaged(
    folder: Path, open_journal: Opener
) -> None:
    journal = open_journal()
    header = read_header((folder / "00000001.seg").read_bytes()[:HEADER_BYTES])
    assert header is not None
    magic = record_magic(header.journal_id)
    place = 2 * SECTOR
    body = CRC.pack(magic) * 60
    # A copy of a real record's bytes is valid in its own place only, and the place is mixed into the CRC.
    body += forged(magic, segment_seed(header.journal_id, 1), place, 7, b"never pressed")
    expected = [(1, b"first"), (2, body), (3, b"third")]
    journal.append([entry(body) for _, body in expected])
    journal.close()
    journal = open_journal()
    assert own(journal.replay()) == expected
    journal.close()
    flip(folder / "00000001.seg", SECTOR + 72 + 20, 3)
    assert own(open_journal().replay()) == [expected[0], expected[2]]


def test_a_damaged_last_record_is_reported_and_its_number_is_never_given_again(
    folder: Path, open_journal: Opener
) -> None:
    journal = open_journal()
    write(journal, 3)
    journal.close()
    flip(folder / "00000001.seg", SECTOR + 2 * 168 + 80, 1)
    journal = open_journal()
    assert journal.recovery.truncated_bytes > 100
    assert journal.recovery.tail_damaged
    assert journal.corrupt_records == 1
    assert journal.append([entry(b"new")]).start > 3
    journal.close()
    journal = open_journal()
    assert [sequence for sequence, _ in own(journal.replay())][:2] == [1, 2]
    assert journal.corrupt_records == 1, "still known after the cut"
    assert journal.recovery.truncated_bytes == 0


def test_what_a_power_cut_left_behind_the_cut_does_not_come_back(folder: Path, open_journal: Opener) -> None:
    journal = open_journal()
    write(journal, 2)
    for letter in (b"a", b"b", b"c"):
        journal.append([entry(letter * 700)])
    journal.close()
    path = folder / "00000001.seg"
    data = bytearray(path.read_bytes())
    data[2 * SECTOR : 3 * SECTOR] = bytes(SECTOR)  # one sector of a never arrived; b and c did
    path.write_bytes(data)
    journal = open_journal()
    assert [body[:1] for _, body in own(journal.replay())][2:] == [b"b", b"c"]
    assert journal.corrupt_records == 0, "a was in flight, nobody had been promised anything"
    data[3 * SECTOR : 6 * SECTOR] = bytes(3 * SECTOR)  # and now: of b and c only the very end arrived
    journal.close()
    path.write_bytes(data)
    journal = open_journal()
    assert journal.recovery.truncated_bytes > 0
    assert not journal.recovery.tail_damaged
    journal.append([entry(b"d")])
    journal.close()
    assert path.read_bytes()[2 * SECTOR : SEGMENT - SECTOR].count(b"c") == 0
    assert [body[:1] for _, body in own(open_journal().replay())][2:] == [b"d"]


@pytest.mark.parametrize("offset", [0, SEGMENT - SECTOR])
def test_one_of_the_two_headers_of_the_only_segment_is_enough(folder: Path, open_journal: Opener, offset: int) -> None:
    journal = open_journal(reserve_bytes=0)
    expected = write(journal, 5)
    journal.close()
    for spare in sorted(folder.glob("*.seg"))[1:]:
        spare.unlink()
    flip(folder / "00000001.seg", offset + 20, 4)
    assert own(open_journal().replay()) == expected


def test_both_headers_of_a_segment_may_go_as_long_as_one_other_names_the_journal(
    folder: Path, open_journal: Opener
) -> None:
    journal = open_journal()
    expected = write(journal, 30)
    journal.close()
    for number in (1, 2):
        path = folder / f"{number:08d}.seg"
        data = bytearray(path.read_bytes())
        data[:SECTOR] = data[-SECTOR:] = bytes(SECTOR)
        path.write_bytes(data)
    assert own(open_journal().replay()) == expected


def test_a_file_that_is_not_ours_is_set_aside_and_not_read(folder: Path, open_journal: Opener) -> None:
    journal = open_journal()
    expected = write(journal, 3)
    journal.close()
    (folder / "00000008.seg").write_bytes(Header(b"j" * 16, 8, SEGMENT, first_sequence=1).pack() + bytes(3584))
    journal = open_journal()
    assert journal.recovery.set_aside == ("00000008.seg",)
    assert (folder / "00000008.seg.aside").exists()
    assert own(journal.replay()) == expected


def test_a_missing_segment_is_a_gap_and_the_rest_is_read(folder: Path, open_journal: Opener) -> None:
    journal = open_journal()
    expected = write(journal, 60)
    journal.close()
    (folder / "00000002.seg").unlink()
    journal = open_journal()
    found = own(journal.replay())
    assert found == [item for item in expected if item in found]
    assert journal.corrupt_records == 60 - len(found) > 0


def test_a_segment_that_lost_its_end_is_read_and_not_written_to(folder: Path, open_journal: Opener) -> None:
    journal = open_journal()
    expected = write(journal, 8)
    journal.close()
    path = folder / "00000001.seg"
    os.truncate(path, SECTOR + 8 * 168)
    journal = open_journal()
    assert own(journal.replay()) == expected
    expected += write(journal, 3)
    journal.close()
    assert path.stat().st_size == SECTOR + 8 * 168
    assert own(open_journal().replay()) == expected


@dataclass
class Disk:
    """What a card would hold if the power went now: what was synced, and any sectors of what was not."""

    folder: Path
    synced: dict[str, bytes] = field(default_factory=dict)

    def image(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted(self.folder.glob("*.seg"))}

    def note_sync(self) -> None:
        self.synced = self.image()

    def crash(self, into: Path, chance: random.Random) -> None:
        now = self.image()
        used = [name for name, data in now.items() if (h := read_header(data[:HEADER_BYTES])) and h.first_sequence > 0]
        for name, data in now.items():
            content = data
            if name == used[-1]:  # all segments before it were synced when it was put to use
                base = self.synced.get(name, b"")
                if read_header(base[:HEADER_BYTES]) != read_header(data[:HEADER_BYTES]):
                    base = data[:SECTOR] + bytes(len(data) - SECTOR)
                content = mixed(base, data, chance)
            (into / name).write_bytes(content)


def mixed(base: bytes, now: bytes, chance: random.Random) -> bytes:
    changed = [at for at in range(0, len(now), SECTOR) if base[at : at + SECTOR] != now[at : at + SECTOR]]
    result = bytearray(base)
    likely = chance.random()
    for at in changed:
        if chance.random() < likely:
            result[at : at + SECTOR] = now[at : at + SECTOR]
    return bytes(result)


BATCHES = st.lists(
    st.one_of(st.lists(st.binary(max_size=900), min_size=1, max_size=6), st.just("sync"), st.just("restart")),
    max_size=12,
)


@settings(max_examples=80, deadline=None)
@given(BATCHES, BATCHES, st.booleans(), st.integers(0, 2**32))
def test_after_a_crash_all_that_was_synced_is_there_and_nothing_that_was_never_appended(
    before: list[list[bytes] | str], afterwards: list[list[bytes] | str], with_flip: bool, seed: int
) -> None:
    with TemporaryDirectory() as name:
        first, second = Path(name) / "first", Path(name) / "second"
        appended: list[tuple[int, bytes]] = []
        synced = _run(first, before, appended)
        second.mkdir()
        chance = random.Random(seed)  # not drawn: how many files there are depends on a thread
        synced[1].crash(second, chance)
        flips = _flip_one(second, chance) if with_flip else 0
        journal = _open(second)
        found = own(journal.replay())
        assert found == [item for item in appended if item in found]
        missing = [item for item in appended[: synced[0]] if item not in found]
        assert len(missing) <= flips
        journal.close()
        again = list(found)
        count, _ = _run(second, afterwards, again)
        journal = _open(second)
        assert own(journal.replay()) == again
        assert count <= len(again)
        assert len({sequence for sequence, _ in appended[: synced[0]] + again[len(found) :]}) == synced[0] + len(
            again
        ) - len(found), "a number that may have been confirmed was given again"
        journal.close()


def _open(folder: Path) -> Journal:
    return Journal.open(folder, segment_bytes=SEGMENT, reserve_bytes=0, boot=BOOT, mono=lambda: 0)


def _run(folder: Path, steps: list[list[bytes] | str], appended: list[tuple[int, bytes]]) -> tuple[int, Disk]:
    """Does the steps, and leaves without a sync; returns how many of ``appended`` are synced, and the disk."""
    journal, disk, synced = _open(folder), Disk(folder), len(appended)
    disk.note_sync()
    for step in steps:
        if step == "restart":
            journal.close()
            journal = _open(folder)
        elif isinstance(step, list):
            numbers = journal.append([entry(body) for body in step])
            appended.extend(zip(numbers, step, strict=True))
            continue
        journal.sync()
        disk.note_sync()
        synced = len(appended)
    journal.abandon()
    return synced, disk


def _flip_one(folder: Path, chance: random.Random) -> int:
    path = chance.choice(sorted(folder.glob("*.seg")))
    flip(path, chance.randrange(path.stat().st_size), chance.randrange(8))
    return 1


@pytest.mark.parametrize("bit", range(8))
def test_a_bit_that_flips_in_unused_space_harms_nothing(folder: Path, open_journal: Opener, bit: int) -> None:
    journal = with_reserve(open_journal())
    expected = write(journal, 3)
    journal.close()
    flip(folder / "00000001.seg", 3000, bit)
    flip(folder / "00000002.seg", 700, bit)
    journal = open_journal()
    expected += write(journal, 40)
    assert own(journal.replay()) == expected
    assert len({sequence for sequence, _ in expected}) == 43
