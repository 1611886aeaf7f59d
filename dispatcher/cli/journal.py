"""``kentongan journal``: the journal of a post, from its data_dir or a copy of it."""

import json
from dataclasses import replace
from pathlib import Path

from dispatcher.cli.say import complain, fall_silent, language
from dispatcher.domain.faults import Text
from dispatcher.journal import FormatTooNew, FsckReport, JournalLocked, JournalProblem
from dispatcher.journal import export as export_records
from dispatcher.journal import fsck as check_journal

IO_ERROR, BAD_CONFIG = 74, 78

NO_JOURNAL = Text("tidak ada jurnal di {folder}", "there is no journal in {folder}")
IN_USE = Text(
    "pos sedang berjalan; hanya diperiksa, tidak diperbaiki", "the post is running; checked only, nothing repaired"
)
FAILED = Text("{folder}: {error}", "{folder}: {error}")


def _folder(data: Path) -> Path | None:
    """Return the journal's folder, whether its own path was given or the data_dir above it."""
    inner = data / "journal"
    folder = inner if inner.is_dir() else data
    if folder.is_dir() and any(folder.glob("*.seg")):
        return folder
    complain(NO_JOURNAL, folder=data)
    return None


def fsck(data: Path, *, check_only: bool) -> int:
    """Check, and repair unless told not to or the post is running; print what was found."""
    folder = _folder(data)
    if folder is None:
        return IO_ERROR
    try:
        return _fsck(folder, repair=not check_only)
    except FormatTooNew as error:
        complain(FAILED, folder=folder, error=error)
        return BAD_CONFIG
    except (JournalProblem, OSError) as error:
        complain(FAILED, folder=folder, error=error)
        return IO_ERROR


def _fsck(folder: Path, *, repair: bool) -> int:
    try:
        report = check_journal(folder, repair)
    except JournalLocked:
        complain(IN_USE)
        findings = check_journal(folder, repair=False).findings
        report = FsckReport(replace(findings, leftovers=()))  # what a running post is at work on is no leftover
    print("\n".join(report.lines(language())))
    return report.exit_code


def export(data: Path) -> int:
    """Print every record, oldest first, a line of JSON each."""
    folder = _folder(data)
    if folder is None:
        return IO_ERROR
    try:
        for line in export_records(folder):
            print(json.dumps(line, ensure_ascii=False))
    except FormatTooNew as error:
        complain(FAILED, folder=folder, error=error)
        return BAD_CONFIG
    except BrokenPipeError:
        fall_silent()  # the reader has seen enough; that is no fault of the journal
    except (JournalProblem, OSError) as error:
        complain(FAILED, folder=folder, error=error)
        return IO_ERROR
    return 0
