"""Repair what can be repaired, and say in plain words what was found."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from dispatcher.domain.faults import Language, Text
from dispatcher.domain.stamp import Stamp
from dispatcher.journal.files import TEMPORARY, write_all
from dispatcher.journal.findings import Findings, Loss, verify
from dispatcher.journal.journal import Journal
from dispatcher.journal.layout import FORMAT, SECTOR, UNKNOWN, UNUSED, Header
from dispatcher.journal.lock import FolderLock
from dispatcher.journal.scan import scan
from dispatcher.journal.segment import Segment
from dispatcher.journal.start import ASIDE
from dispatcher.journal.survey import survey

CLEAN, REPAIRED, LOST = 0, 1, 2

_NOBODY = "00000000-0000-0000-0000-000000000000"  # the boot id of records that a repair writes

_SUMMARY = Text(
    "{records} catatan ({first}-{last}) dalam {segments} segmen, {spares} segmen cadangan, checkpoint: {checkpoints}",
    "{records} records ({first}-{last}) in {segments} segments, {spares} spare segments, checkpoints: {checkpoints}",
)
_LOST = Text(
    "HILANG: catatan {numbers}, pernah tersimpan, kini tidak terbaca (antara {before} dan {after})",
    "LOST: record {numbers}, saved once, unreadable now (between {before} and {after})",
)
_TORN = Text(
    "catatan {numbers} sedang ditulis waktu listrik padam; belum pernah dikonfirmasi",
    "record {numbers} was being written when the power went; never confirmed",
)
_UNWRITTEN = Text(
    "  tempatnya kosong: mungkin disalin selagi pos menulis; salin lagi",
    "  their place is empty: perhaps copied while the post wrote; copy again",
)
_LOST_TAIL = Text(
    "HILANG: catatan terakhir, setelah nomor {last}, rusak; mungkin pernah tersimpan",
    "LOST: the last record, after number {last}, is damaged; it may have been saved once",
)
_REPEATED = Text("nomor catatan {number} ada dua kali", "record number {number} occurs twice")
_TAIL = Text(
    "ekor rusak di segmen {segment}: {bytes} byte tanpa catatan yang utuh",
    "torn tail in segment {segment}: {bytes} bytes without a whole record",
)
_HEADER = Text("kepala segmen {name} rusak", "a header of segment {name} is damaged")
_FOREIGN = Text("{name} bukan bagian jurnal ini", "{name} does not belong to this journal")
_LEFTOVER = Text("{name}: sisa pekerjaan yang terputus", "{name}: left over from interrupted work")
_CHECKPOINT = Text("{name}: checkpoint rusak", "{name}: damaged checkpoint")
_FIXED = Text("{what}: diperbaiki", "{what}: repaired")
_FIXABLE = Text("{what}: diperbaiki oleh fsck tanpa --check", "{what}: fsck without --check puts it right")
_CLEAN = Text("bersih", "clean")


@dataclass(frozen=True, slots=True)
class FsckReport:
    """What a check found, whether it was repaired, and how to end: 0 clean, 1 repaired or repairable, 2 lost."""

    findings: Findings
    repaired: bool = False

    @property
    def exit_code(self) -> int:
        """0 clean, 1 something was (or without repair: can be) put right, 2 something is lost."""
        if self.findings.lost_records or self.findings.repeated:
            return LOST
        return REPAIRED if self.findings.repairable else CLEAN

    def lines(self, language: Language = "id") -> list[str]:
        """Return the report as sentences, the summary first."""
        findings = self.findings
        summary = {
            "records": findings.records, "first": findings.first, "last": findings.last,
            "segments": findings.segments, "spares": findings.spares,
            "checkpoints": ", ".join(map(str, findings.checkpoints)) or "-",
        }  # fmt: skip
        sentences = [_SUMMARY.render(language, summary), *_losses(findings, language)]
        fate = _FIXED if self.repaired else _FIXABLE
        sentences += [fate.render(language, {"what": what}) for what in _faults(findings, language)]
        return [*sentences, _CLEAN.render(language, {})] if self.exit_code == CLEAN else sentences


def fsck(folder: Path, repair: bool = False) -> FsckReport:
    """Check the journal in ``folder`` and, if asked, repair it.

    What is lost stays lost, and is reported until its segment is deleted for age. A repair needs the folder for itself
    (JournalLocked while a post runs); a check does not. Raises FormatTooNew, JournalError, OSError.
    """
    findings = verify(folder)
    if not repair or not findings.repairable:
        return FsckReport(findings)
    _repair(folder, findings)
    return FsckReport(findings, repaired=True)


def _repair(folder: Path, findings: Findings) -> None:
    lock = FolderLock(folder)
    try:
        for name in findings.bad_checkpoints:
            (folder / name).rename(folder / (name + ASIDE))
        for name in findings.foreign:
            (folder / name).rename(folder / (name + ASIDE))
        for leftover in folder.glob(f"*{TEMPORARY}"):
            leftover.unlink()
        _repair_headers(folder)
    finally:
        lock.release()
    if findings.tail is not None:
        Journal.cut_tail(folder, boot=_NOBODY)


def _repair_headers(folder: Path) -> None:
    """Write both headers anew where one is damaged."""
    found = survey(folder)
    for segment in (*found.used, *found.spares):
        whole = segment.file_bytes == segment.header.size and segment.header.version == FORMAT
        if segment.damaged_headers and whole:
            _write_headers(segment, _completed(segment))


def _completed(segment: Segment) -> Header:
    """Return the header with its first number, read from the first record if need be; without one it is a spare."""
    header = segment.header
    if header.first_sequence != UNKNOWN:
        return header
    first = next(scan(segment.read(), header, 0, []), None)
    return replace(header, first_sequence=first[0] if first else UNUSED)


def _write_headers(segment: Segment, header: Header) -> None:
    fd = os.open(segment.path, os.O_RDWR)
    try:
        write_all(fd, replace(header, first_sequence=UNUSED).pack(), header.size - SECTOR)
        write_all(fd, header.pack(), 0)
        os.fsync(fd)
    finally:
        os.close(fd)


def _losses(findings: Findings, language: Language) -> Iterator[str]:
    for loss in findings.lost:
        yield _LOST.render(language, _loss_values(loss))
        if loss.unwritten:
            yield _UNWRITTEN.render(language, {})
    if findings.tail_damaged:
        yield _LOST_TAIL.render(language, {"last": findings.last})
    for loss in findings.torn:
        yield _TORN.render(language, _loss_values(loss))
    for number in findings.repeated:
        yield _REPEATED.render(language, {"number": number})


def _faults(findings: Findings, language: Language) -> Iterator[str]:
    if findings.tail is not None:
        yield _TAIL.render(language, {"segment": findings.tail.segment, "bytes": len(findings.tail)})
    for text, names in (
        (_HEADER, findings.bad_headers),
        (_FOREIGN, findings.foreign),
        (_LEFTOVER, findings.leftovers),
        (_CHECKPOINT, findings.bad_checkpoints),
    ):
        yield from (text.render(language, {"name": name}) for name in names)


def _loss_values(loss: Loss) -> dict[str, object]:
    first, last = loss.gap.first, loss.gap.last
    numbers = str(first) if first == last else f"{first}-{last}"
    return {"numbers": numbers, "before": _when(loss.before), "after": _when(loss.after)}


def _when(stamp: Stamp | None) -> str:
    if stamp is None:
        return "?"
    try:
        moment = datetime.fromtimestamp(stamp.wall_ms / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return "?"
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
