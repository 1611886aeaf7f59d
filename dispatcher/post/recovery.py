"""Start: the fold of checkpoint and tail, and what the journal knows of the time before."""

import errno
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from dispatcher.domain.stamp import Stamp
from dispatcher.incidents import revisions
from dispatcher.incidents.floor import Context
from dispatcher.journal import Checkpoint, Entry, Kind, Record
from dispatcher.post import records
from dispatcher.post.clock import Last
from dispatcher.post.memory import Memory, bare_rulebook, stopped_plain
from dispatcher.post.rulebook import Rulebook
from dispatcher.settings.sources import replace_file

_INSTANCE_BYTES = 10


class Readable(Protocol):
    """A journal as far as a start reads it."""

    def read_checkpoint(self, older_than: int | None = None) -> Checkpoint | None: ...

    def replay(self, after: int = 0) -> Iterator[Record]: ...


@dataclass(frozen=True, slots=True)
class Recovered:
    """The memory as it was, and when it was last known to be alive. ``unreadable`` counts records of no known form."""

    memory: Memory
    last: Last | None
    folded: int
    unreadable: int


def recover(journal: Readable, context: Context, rulebook: Rulebook | None = None) -> Recovered:
    """Fold checkpoint and tail. A checkpoint of no known form gives way to the one before it, and is counted.

    Without a ``rulebook`` no rule is known.
    """
    rulebook = rulebook or bare_rulebook(context)
    memory, last, after = Memory(context, rulebook), None, 0
    folded = unreadable = 0
    checkpoint = journal.read_checkpoint()
    while checkpoint is not None:
        try:
            memory, last = Memory.load(context, rulebook, checkpoint.body)
            memory.folded = after = checkpoint.through
            break
        except (ValueError, TypeError, KeyError):
            unreadable += 1
            checkpoint = journal.read_checkpoint(older_than=checkpoint.through)
    for record in journal.replay(after):
        try:
            memory.fold(record)
            folded += 1
        except (ValueError, KeyError, TypeError, AttributeError):
            unreadable += 1
        last = Last(record.stamp, record.boot, record.mono_ns)
    return Recovered(memory, last, folded, unreadable)


def unmade(memory: Memory, instance: str, now: Stamp) -> list[Entry]:
    """Make the revisions that the last run had no time for and return their records, before anything else is decided.

    So their words follow from what was saved and from nothing later: a run that saves nothing, and the one after it,
    give the same number to the same words.
    """
    entries, at = [], memory.last or now
    for incident in list(memory.state.unfinished()):
        while memory.state.incidents[incident.id].pending:
            revision = revisions.make(memory.state.incidents[incident.id], at, instance)
            memory.revision(revision)
            entries.append(Entry(Kind.REVISION, at, records.revision_body(revision)))
    return entries


def starting(memory: Memory, body: records.Body, now: Stamp) -> list[Entry]:
    """Fold a start into the memory and return its records: what nobody had judged yet is judged before it.

    Its rules may be others from here on, and a deadline may have come due before the absence.
    """
    entries: list[Entry] = []
    before = memory.last or now  # a replay must find the absence where it was: between these records and the next
    while (judged := memory.judge_some()) is not None:
        sequences, matches, facts, here = judged
        lean = memory.retell(before, facts, here)
        entries += records.entries_of(Kind.JUDGED, before, records.judged_plain(sequences, matches), lean, here)
    body = body | {"stopped": stopped_plain(memory.last)}
    facts = memory.fold_start(now, body)
    lean = memory.retell(now, facts, {})
    return entries + records.entries_of(Kind.START, now, body, lean, {})


@dataclass(frozen=True, slots=True)
class Names:
    """``instance`` names the installation in alerts. ``passing`` names a run that saves nothing, and is else empty;
    ``complete``: all that was saved could be read.
    """

    instance: str
    passing: str = ""
    complete: bool = True


def beginning(memory: Memory, body: records.Body, now: Stamp, names: Names) -> list[Entry]:
    """Fold a start into the memory and return all its records."""
    # Of a card that does not read to its end nobody knows which revisions were made.
    entries = unmade(memory, names.instance, now) if names.complete else []
    if names.passing:
        memory.state.seal(names.passing)
    return [*entries, *starting(memory, body, now)]


def known_instance(data_dir: Path) -> str | None:
    """Return the name of this installation if one was drawn and can be read."""
    try:
        known = (data_dir / "instance").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return known if known.isalnum() and len(known) <= 64 else None


def instance_of(data_dir: Path) -> str:
    """Return the random name of this installation, drawn once. Raises OSError."""
    known = known_instance(data_dir)
    if known is not None:
        return known
    drawn = secrets.token_hex(_INSTANCE_BYTES)
    replace_file(data_dir / "instance", drawn.encode())
    return drawn


def make_private(folder: Path) -> None:
    """Create data_dir for its owner alone. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not os.access(folder, os.W_OK | os.X_OK):
        # A card that was mounted read-only because it is unsound has failed; a folder of another user was set up so.
        number = errno.EROFS if os.statvfs(folder).f_flag & os.ST_RDONLY else errno.EACCES
        raise OSError(number, os.strerror(number), str(folder))
