"""Segments prepared ahead, so that neither a roll-over nor a full disk makes a panic wait.

Preparing writes and syncs megabytes, which would stall the one thread that saves; so a helper thread does it. It is
safe because the two share nothing but a queue: the helper writes files of numbers nobody else uses, under a temporary
name, and announces each in the queue when it is in place and durable; the owner looks at a file only after it took it
from the queue. The helper never touches a segment again that it has announced.
"""

import errno
import os
import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue

from dispatcher.journal.files import FULL
from dispatcher.journal.layout import SECTOR, Header
from dispatcher.journal.segment import Segment, path_of, prepare


@dataclass(frozen=True, slots=True)
class Room:
    """How much to keep ready: ``reserve`` segments for urgent records; others leave ``keep_free`` bytes of the disk."""

    reserve: int
    keep_free: int


@dataclass(frozen=True, slots=True)
class _Done:
    """The helper has ended, well or with an error."""

    error: OSError | None = None


class Spares:
    """The prepared segments of a journal, oldest first. Used by the owner's thread only."""

    def __init__(self, folder: Path, model: Header, room: Room, ready: Iterable[Segment], next_number: int) -> None:
        self._folder = folder
        self._model = model
        self._room = room
        self.reserve = room.reserve
        self._ready = deque(ready)
        self._next_number = next_number
        self._news: SimpleQueue[Segment | _Done] = SimpleQueue()
        self._helper: threading.Thread | None = None
        self._stop = threading.Event()
        self._stale = False
        self.error: OSError | None = None  # why the last attempt to prepare more ended, if it failed

    def __len__(self) -> int:
        return len(self._ready)

    @property
    def capacity(self) -> int:
        """Bytes that records can take in the smallest segment there is or will be."""
        smallest = min((segment.header.size for segment in self._ready), default=self._model.size)
        return min(smallest, self._model.size) - 2 * SECTOR

    @property
    def disk_bytes(self) -> int:
        """Bytes that the prepared segments take on disk."""
        return sum(segment.file_bytes for segment in self._ready)

    @property
    def is_low(self) -> bool:
        """Whether the last attempt to prepare more ended for lack of space."""
        return self.error is not None and self.error.errno in FULL

    def tend(self) -> None:
        """Take in what the helper has made, and set it to work if something is missing."""
        self.collect()
        missing = self.reserve + 1 - len(self._ready)
        if self._helper is None and missing > 0:
            self._start(missing)

    def freed(self) -> None:
        """Space was freed: try again, and do not believe a helper that began before and says that there is none."""
        self._stale = self._helper is not None
        self.tend()

    def collect(self) -> None:
        """Take in what the helper has made so far, without waiting."""
        while True:
            try:
                self._take_in(self._news.get_nowait())
            except Empty:
                return

    def wait_for(self, count: int) -> bool:
        """Return whether ``count`` segments are ready, waiting as long as the helper is at work and not failing."""
        self.collect()
        while len(self._ready) < count:
            if self._helper is None:
                if self.error is not None:
                    return False
                self._start(count - len(self._ready))
            self._take_in(self._news.get())
        return True

    def take(self) -> Segment:
        """Hand out the oldest prepared segment. Raises IndexError when there is none."""
        return self._ready.popleft()

    def close(self) -> None:
        """Let the helper finish its current step, and forget about it."""
        self._stop.set()
        if self._helper is not None:
            self._helper.join()

    def _start(self, count: int) -> None:
        self.error = None
        numbers = range(self._next_number, self._next_number + count)
        urgent = max(0, self.reserve - len(self._ready))
        job = (numbers, urgent)
        self._helper = threading.Thread(target=self._prepare, args=job, name="journal-spares", daemon=True)
        self._helper.start()

    def _take_in(self, news: Segment | _Done) -> None:
        if isinstance(news, Segment):
            self._ready.append(news)
            self._next_number = news.number + 1
        else:
            self.error = None if self._stale else news.error
            self._helper, self._stale = None, False

    def _prepare(self, numbers: range, urgent: int) -> None:
        """Run in the helper thread. The first ``urgent`` segments fill the reserve."""
        try:
            for index, number in enumerate(numbers):
                self._check_free(for_reserve=index < urgent)
                header = Header(self._model.journal_id, number, self._model.size)
                if not prepare(self._folder, header, self._stop.is_set):
                    break
                self._news.put(Segment(path_of(self._folder, number), header, header.size))
        except OSError as error:
            self._news.put(_Done(error))
        else:
            self._news.put(_Done())

    def _check_free(self, *, for_reserve: bool) -> None:
        """The last quarter is not for the reserve either: without a checkpoint nothing could ever be deleted."""
        keep = self._room.keep_free // 4 if for_reserve else self._room.keep_free
        status = os.statvfs(self._folder)
        if status.f_bavail * status.f_frsize < self._model.size + keep:
            raise OSError(errno.ENOSPC, "disk low")
