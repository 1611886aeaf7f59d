"""The journal of a post: the only durable thing it has. It keeps opaque bodies in order and knows nothing of alerts."""

from dispatcher.journal.errors import (
    BodyTooLarge,
    FormatTooNew,
    JournalError,
    JournalLocked,
    JournalProblem,
    NoSpace,
)
from dispatcher.journal.journal import Journal
from dispatcher.journal.layout import FORMAT, MAX_BODY
from dispatcher.journal.model import Checkpoint, Entry, Gap, Kind, Record, Recovery

__all__ = [
    "FORMAT",
    "MAX_BODY",
    "BodyTooLarge",
    "Checkpoint",
    "Entry",
    "FormatTooNew",
    "Gap",
    "Journal",
    "JournalError",
    "JournalLocked",
    "JournalProblem",
    "Kind",
    "NoSpace",
    "Record",
    "Recovery",
]
