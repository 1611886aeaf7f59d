import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.journal import FormatTooNew, JournalLocked, export, fsck, verify
from dispatcher.journal.active import Active
from dispatcher.journal.export import _body
from dispatcher.journal.layout import SECTOR, SYNCED, Header, boot_bytes
from dispatcher.journal.survey import survey
from tests.unit.journal.conftest import BOOT, Opener, entry, with_reserve
from tests.unit.journal.test_damage import flip, own, write


@pytest.fixture
def written(folder: Path, open_journal: Opener) -> Path:
    """A journal of 30 records of 168 bytes in several segments, with two checkpoints."""
    journal = with_reserve(open_journal())
    write(journal, 30)
    journal.write_checkpoint(4, b"one")
    journal.write_checkpoint(5, b"two")
    journal.close()
    return folder


def snapshot(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_sound_journal_is_clean(written: Path) -> None:
    report = fsck(written)
    assert report.exit_code == 0
    assert report.findings.ok
    assert (report.findings.records, report.findings.first, report.findings.last) == (30, 1, 30)
    assert report.findings.checkpoints == (5, 4)
    assert report.lines("id")[-1] == "bersih"
    assert report.lines("en")[-1] == "clean"


def test_a_lost_record_is_named_with_the_time_around_it(written: Path) -> None:
    flip(written / "00000001.seg", SECTOR + 3 * 168 + 100, 0)
    report = fsck(written, repair=True)
    assert report.exit_code == 2
    assert report.findings.lost_records == 1
    assert len(report.findings.damaged[0]) == 168
    assert report.lines("id")[1] == (
        "HILANG: catatan 4, pernah tersimpan, kini tidak terbaca "
        "(antara 2023-11-14 22:13:20 UTC dan 2023-11-14 22:13:20 UTC)"
    )
    assert report.lines("en")[1].startswith("LOST: record 4, ")
    assert fsck(written).exit_code == 2, "lost stays lost"


def test_a_lost_segment_is_named(written: Path) -> None:
    (written / "00000001.seg").unlink()
    report = fsck(written)
    assert report.exit_code == 2
    assert report.findings.lost[0].gap.first == 6, "up to 5 the checkpoint speaks for them"
    assert report.findings.lost[0].gap.last == report.findings.first - 1


def test_segments_that_retention_deleted_are_not_lost(folder: Path, open_journal: Opener) -> None:
    journal = open_journal()
    write(journal, 60)
    for _ in range(2):
        journal.write_checkpoint(60, b"")
    assert journal.retain(keep_after=60, older_than_ms=0, max_bytes=0, now=entry(run_ms=10**9).stamp) > 0
    journal.close()
    assert fsck(folder).exit_code == 0


def damaged_header(folder: Path) -> None:
    flip(folder / "00000001.seg", 20, 2)


def damaged_spare_header(folder: Path) -> None:
    flip(max(folder.glob("*.seg")), 20, 2)


def damaged_copy(folder: Path) -> None:
    flip(folder / "00000002.seg", 4096 - SECTOR + 30, 2)


def foreign_file(folder: Path) -> None:
    (folder / "00000099.seg").write_bytes(Header(b"another journals", 99, 4096, 1).pack() + bytes(3584))


def leftover(folder: Path) -> None:
    (folder / "00000050.seg.tmp").write_bytes(b"half")


def damaged_checkpoint(folder: Path) -> None:
    flip(max(folder.glob("*.checkpoint")), 50, 2)


def torn_tail(folder: Path) -> None:
    data = bytearray((folder / "00000002.seg").read_bytes())
    end = len(data[: 4096 - SECTOR].rstrip(b"\0"))
    start = (end + SECTOR) // SECTOR * SECTOR
    assert start < 4096 - 2 * SECTOR
    data[start + 40 : start + 60] = b"x" * 20
    (folder / "00000002.seg").write_bytes(data)


@pytest.mark.parametrize(
    "harm",
    [damaged_header, damaged_spare_header, damaged_copy, foreign_file, leftover, damaged_checkpoint, torn_tail],
)
def test_what_can_be_put_right_is_and_the_journal_is_clean_again(
    written: Path, open_journal: Opener, harm: Callable[[Path], None]
) -> None:
    harm(written)
    harmed = snapshot(written)
    report = fsck(written)
    assert report.exit_code == 1
    assert report.lines("id")[-1].endswith("tanpa --check")
    assert snapshot(written) == harmed, "a check changes nothing"
    report = fsck(written, repair=True)
    assert report.exit_code == 1
    assert report.lines("id")[-1].endswith("diperbaiki")
    assert fsck(written).exit_code == 0
    journal = open_journal()
    assert [sequence for sequence, _ in own(journal.replay())] == list(range(1, 31))
    assert journal.recovery.truncated_bytes == journal.recovery.headers_damaged == 0


def test_a_damaged_last_record_is_lost_even_after_the_repair(written: Path) -> None:
    path = written / "00000002.seg"
    end = len(path.read_bytes()[: 4096 - SECTOR].rstrip(b"\0"))
    flip(path, end - 30, 1)
    for report in (fsck(written), fsck(written, repair=True), fsck(written)):
        assert report.exit_code == 2
        assert report.findings.lost_records == 1
        assert any(line.startswith("HILANG") and ("29" in line or "30" in line) for line in report.lines("id"))


def test_a_number_that_occurs_twice_is_read_once_and_reported(folder: Path, open_journal: Opener) -> None:
    open_journal().close()
    (segment,) = (one for one in survey(folder).used)
    active = Active(segment, os.open(segment.path, os.O_RDWR), SECTOR, boot_bytes(BOOT))
    for sequence, body in ((1, b"one"), (2, b"two"), (2, b"two again"), (3, b"three"), (1, b"one again")):
        active.write([entry(body)], sequence, SYNCED, 0)
    active.close()
    report = fsck(folder)
    assert report.exit_code == 2
    assert report.findings.repeated == (2, 1)
    assert "nomor catatan 2 ada dua kali" in report.lines("id")
    assert own(open_journal().replay()) == [(1, b"one"), (2, b"two"), (3, b"three")]


def test_a_repair_waits_for_the_post_to_be_stopped_but_a_check_does_not(written: Path, open_journal: Opener) -> None:
    journal = with_reserve(open_journal())
    damaged_copy(written)
    assert fsck(written).exit_code == 1
    with pytest.raises(JournalLocked):
        fsck(written, repair=True)
    journal.append([entry()])
    journal.close()


def test_a_running_journal_reads_as_sound_between_any_two_appends(folder: Path, open_journal: Opener) -> None:
    journal = open_journal()
    for count in range(1, 40):
        journal.append([entry(b"x" * 300)])
        findings = verify(folder)
        assert findings.records == count
        assert not findings.lost
        assert findings.tail is None


def test_a_checkpoint_that_a_running_post_has_just_deleted_is_none(written: Path) -> None:
    (written / "0000000000000009.checkpoint").symlink_to(written / "gone")  # still listed, and not there any more
    report = fsck(written)
    assert (report.exit_code, report.findings.checkpoints) == (0, (5, 4))
    assert survey(written).journal_id is not None


def test_a_copy_whose_older_segment_was_copied_first_is_told_to_be_made_again(
    folder: Path, open_journal: Opener, tmp_path: Path
) -> None:
    journal, copy = with_reserve(open_journal()), tmp_path / "copy"
    write(journal, 3)
    shutil.copytree(folder, copy)
    write(journal, 30)
    shutil.copy(folder / "00000002.seg", copy)
    assert fsck(folder).exit_code < 2  # nothing is lost; the next segment may just be in the making
    report = fsck(copy)
    assert report.exit_code == 2
    assert "copy again" in report.lines("en")[2]
    assert "salin lagi" in report.lines("id")[2]


def test_what_rot_has_taken_is_not_told_to_be_copied_again(written: Path) -> None:
    flip(written / "00000001.seg", SECTOR + 3 * 168 + 100, 0)
    assert not any("copy again" in line for line in fsck(written).lines("en"))


def test_a_newer_format_is_refused(written: Path) -> None:
    (written / "00000040.seg").write_bytes(Header(b"i" * 16, 40, 4096, version=7).pack())
    for check in (lambda: fsck(written), lambda: fsck(written, repair=True), lambda: list(export(written))):
        with pytest.raises(FormatTooNew):
            check()


def test_export_gives_each_record_as_json_and_names_what_is_missing(folder: Path, open_journal: Opener) -> None:
    journal = open_journal()
    journal.append(
        [entry(b'{"a": 1}'), entry("tolong \u00e9".encode(), kind=4242), entry(b"\xff\x00"), entry(b"[NaN]")]
    )
    journal.sync()
    journal.append([entry(b"lost" * 10)])
    journal.sync()
    journal.append([entry(b"null")])
    journal.close()
    flip(folder / "00000001.seg", (folder / "00000001.seg").read_bytes().index(b"lost"), 0)
    lines = [json.loads(json.dumps(line, allow_nan=False)) for line in export(folder)]
    assert [line.get("sequence") for line in lines] == [1, 2, 3, 4, None, 6]
    assert lines[0]["json"] == {"a": 1}
    assert (lines[0]["kind"], lines[0]["at"]) == ("message", "2023-11-14T22:13:20.000+00:00")
    assert (lines[1]["kind"], lines[1]["text"]) == (4242, "tolong \u00e9")
    assert lines[2]["base64"] == "/wA="
    assert lines[3]["text"] == "[NaN]"
    assert lines[4] == {"gap": {"first": 5, "last": 5, "durable": True}}
    assert lines[5]["json"] is None


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=50).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_body_is_exported_as_json(body: bytes) -> None:
    json.dumps(_body(body), allow_nan=False).encode("utf-8")


def test_a_deeply_nested_body_is_exported_as_text() -> None:
    assert "text" in _body(b"[" * 100_000)
