"""Start: the fold of checkpoint and tail, and what the journal knows of the time before."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from dispatcher.incidents.floor import Context
from dispatcher.journal import Journal
from dispatcher.post.clock import Last
from dispatcher.post.memory import Memory
from dispatcher.settings.sources import replace_file

_INSTANCE_BYTES = 10


@dataclass(frozen=True, slots=True)
class Recovered:
    """The memory as it was, and when it was last known to be alive. ``unreadable`` counts records of no known form."""

    memory: Memory
    last: Last | None
    folded: int
    unreadable: int


def recover(journal: Journal, context: Context) -> Recovered:
    """Fold checkpoint and tail. A checkpoint of no known form is passed over and the whole journal folded."""
    memory, last, after = Memory(context), None, 0
    checkpoint = journal.read_checkpoint()
    if checkpoint is not None:
        try:
            memory, last = Memory.load(context, checkpoint.body)
            after = checkpoint.through
        except (ValueError, TypeError):
            memory, last, after = Memory(context), None, 0
    folded = unreadable = 0
    for record in journal.replay(after):
        try:
            memory.fold(record)
            folded += 1
        except (ValueError, KeyError, TypeError, AttributeError):
            unreadable += 1
        last = Last(record.stamp, record.boot, record.mono_ns)
    return Recovered(memory, last, folded, unreadable)


def instance_of(data_dir: Path) -> str:
    """Return the random name of this installation, drawn once. Raises OSError."""
    path = data_dir / "instance"
    try:
        known = path.read_text(encoding="ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        known = ""
    if known.isalnum() and len(known) <= 64:
        return known
    drawn = secrets.token_hex(_INSTANCE_BYTES)
    replace_file(path, drawn.encode())
    return drawn


def make_private(folder: Path) -> None:
    """Create data_dir for its owner alone. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(13, os.strerror(13), str(folder))
