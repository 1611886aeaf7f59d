"""Opening a journal, in the order that leaves nothing behind when it is refused."""

import errno
import os
from dataclasses import dataclass
from pathlib import Path

from dispatcher.domain.stamp import Stamp
from dispatcher.journal.checkpoint import Checkpoints
from dispatcher.journal.errors import JournalError, NoSpace
from dispatcher.journal.files import FULL, TEMPORARY, sync_folder
from dispatcher.journal.layout import FORMAT, SECTOR, Header, is_usable_id
from dispatcher.journal.lock import FolderLock
from dispatcher.journal.model import Recovery
from dispatcher.journal.recover import Recovered, recover
from dispatcher.journal.segment import Segment, activate, path_of, prepare
from dispatcher.journal.spares import Room, Spares
from dispatcher.journal.survey import Survey, survey

ASIDE = ".aside"


@dataclass(frozen=True, slots=True)
class Started:
    """All that an open journal consists of."""

    recovered: Recovered
    sealed: tuple[Segment, ...]
    spares: Spares
    checkpoints: Checkpoints


def start(folder: Path, segment_bytes: int, room: Room) -> tuple[FolderLock, Started]:
    """Lock the folder and recover or create the journal in it. Raises what ``Journal.open`` raises."""
    try:
        if folder.is_dir():
            survey(folder)  # a journal of a newer format is refused before even the lock file is made
        else:
            _make_folder(folder)
        lock = FolderLock(folder)
        try:
            return lock, _start_locked(folder, segment_bytes, room)
        except BaseException:
            lock.release()
            raise
    except OSError as error:
        if error.errno in FULL:
            raise NoSpace(f"{folder}: no space for a journal") from error
        raise JournalError(error.errno or errno.EIO, f"{folder}: open") from error


def _make_folder(folder: Path) -> None:
    missing = [folder, *(parent for parent in folder.parents if not parent.exists())]
    folder.mkdir(parents=True, mode=0o700)
    for made in missing:
        sync_folder(made.parent)


def _start_locked(folder: Path, segment_bytes: int, room: Room) -> Started:
    for leftover in folder.glob(f"*{TEMPORARY}"):
        leftover.unlink()
    sync_folder(folder)  # a process that was killed may have given a segment its name and not made that durable
    found = survey(folder)
    for path in found.foreign:
        path.rename(path.with_name(path.name + ASIDE))
    journal_id = found.journal_id or _new_id()
    if found.used:
        recovered, spares, number = recover(found), found.spares, found.next_number
    else:
        recovered, spares, number = _begin(folder, found, Header(journal_id, found.next_number, segment_bytes))
    model = Header(journal_id, 0, segment_bytes)
    return Started(
        recovered,
        sealed=found.used[:-1],
        spares=Spares(folder, model, room, spares, number),
        checkpoints=Checkpoints(folder, journal_id),
    )


def _begin(folder: Path, found: Survey, header: Header) -> tuple[Recovered, tuple[Segment, ...], int]:
    """Put the first segment to use, preparing it if there is none yet."""
    spares, number = list(found.spares), found.next_number
    if not spares:
        prepare(folder, header)
        spares.append(Segment(path_of(folder, header.number), header, header.size))
        number += 1
    first = spares.pop(0)
    checkpoints = Checkpoints(folder, first.header.journal_id)
    fd = os.open(first.path, os.O_RDWR)
    try:
        active = activate(fd, first.header, checkpoints.newest + 1)
    except BaseException:
        os.close(fd)
        raise
    report = Recovery(newest_format=FORMAT, set_aside=tuple(path.name for path in found.foreign))
    segment = Segment(first.path, active, first.file_bytes)
    nothing = Stamp(0, 0, trusted=False)
    return Recovered(fd, segment, SECTOR, checkpoints.newest, nothing, None, report), tuple(spares), number


def _new_id() -> bytes:
    journal_id = os.urandom(16)
    while not is_usable_id(journal_id):
        journal_id = os.urandom(16)
    return journal_id
