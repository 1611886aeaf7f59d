"""The journal of a post: the only durable thing it has. It keeps opaque bodies in order and knows nothing of alerts."""

from dispatcher.journal.errors import (
    BodyTooLarge,
    FormatTooNew,
    JournalError,
    JournalLocked,
    JournalProblem,
    NoSpace,
)
from dispatcher.journal.export import export
from dispatcher.journal.findings import Findings, Loss, verify
from dispatcher.journal.findings import records as read_folder
from dispatcher.journal.fsck import FsckReport, fsck
from dispatcher.journal.journal import Journal
from dispatcher.journal.layout import FORMAT, MAX_BODY
from dispatcher.journal.lock import holder
from dispatcher.journal.model import Checkpoint, Entry, Gap, Kind, Record, Recovery
from dispatcher.journal.readonly import ReadOnlyJournal

__all__ = [
    "FORMAT",
    "MAX_BODY",
    "BodyTooLarge",
    "Checkpoint",
    "Entry",
    "Findings",
    "FormatTooNew",
    "FsckReport",
    "Gap",
    "Journal",
    "JournalError",
    "JournalLocked",
    "JournalProblem",
    "Kind",
    "Loss",
    "NoSpace",
    "ReadOnlyJournal",
    "Record",
    "Recovery",
    "export",
    "fsck",
    "holder",
    "read_folder",
    "verify",
]
