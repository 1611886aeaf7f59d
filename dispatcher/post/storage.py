"""What the post saves to: the journal, or, when the storage has failed, nothing but its memory."""

from dataclasses import dataclass

from dispatcher.journal import FormatTooNew, Journal, JournalLocked, JournalProblem
from dispatcher.post.clock import boot_id, boottime_ns
from dispatcher.post.exits import BAD_CONFIG, IO_ERROR, TRY_LATER, CannotStart
from dispatcher.post.recovery import Names, instance_of, known_instance, make_private
from dispatcher.post.unsaved import MemoryOnly, is_broken, passing_instance
from dispatcher.settings.station import PostSettings

PAGE = 4_096
SMALLEST_SEGMENT = 2 * 1024 * 1024  # a record's body is at most 1 MiB
LARGEST_SEGMENT = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Storage:
    """``trouble`` says why nothing can be saved; it is empty when all is well.

    ``instance`` names this installation, ``event_names`` is what events without a counter are named after: a name for
    this run alone, since a copied card would give the same numbers to other events.
    """

    journal: Journal | MemoryOnly
    instance: str
    event_names: str
    trouble: str = ""

    @property
    def names(self) -> Names:
        """Return what a start must know of it, once the journal was read."""
        complete = not isinstance(self.journal, MemoryOnly) or self.journal.complete
        return Names(self.instance, "" if self.saves else self.event_names, complete)

    @property
    def saves(self) -> bool:
        """Return whether what is synced is kept."""
        return not self.trouble


def open_storage(settings: PostSettings) -> Storage:
    """Open the journal, or fall back to memory when the storage has failed. Raises CannotStart."""
    try:
        make_private(settings.data_dir)
        journal = Journal.open(
            settings.data_dir / "journal",
            segment_bytes=segment_bytes(settings.journal.segment_bytes),
            keep_free_bytes=settings.limits.disk_low,
            boot=boot_id(),
            mono=boottime_ns,
        )
    except FormatTooNew as error:
        raise CannotStart(BAD_CONFIG, f"journal: {error}") from None
    except JournalLocked as error:
        raise CannotStart(TRY_LATER, f"journal: {error}") from None
    except (JournalProblem, OSError) as error:
        return without_disk(settings, error)
    try:
        instance = instance_of(settings.data_dir)
    except OSError as error:
        journal.abandon()
        return without_disk(settings, error)
    return Storage(journal, instance, passing_instance(instance))


def without_disk(settings: PostSettings, error: BaseException) -> Storage:
    """Return storage that keeps nothing. Raises CannotStart (74) where a person must mend the path first."""
    if not is_broken(error):
        raise CannotStart(IO_ERROR, f"{settings.data_dir}: {error}")
    known = known_instance(settings.data_dir)
    passing = passing_instance(known)
    return Storage(MemoryOnly(settings.data_dir / "journal"), known or passing, passing, str(error))


def segment_bytes(wanted: int) -> int:
    """Return the nearest size that a segment can have: whole pages, and room for the largest record there can be."""
    pages = min(max(wanted, SMALLEST_SEGMENT), LARGEST_SEGMENT) // PAGE
    return pages * PAGE
