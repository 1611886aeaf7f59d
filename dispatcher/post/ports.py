"""What the pipeline needs from outside, as narrow as it needs it: the real thing in the daemon, a simulated one in
the simulation. Time, disk and rules all come through here.
"""

from collections.abc import Sequence
from typing import Protocol

from dispatcher.domain.events import Event
from dispatcher.domain.stamp import Stamp
from dispatcher.journal import Entry
from dispatcher.post.clock import Last


class Clock(Protocol):
    """Now, on the post's three clocks."""

    def stamp(self) -> Stamp: ...

    def last(self) -> Last: ...


class Saver(Protocol):
    """The journal as the pipeline uses it (dispatcher.journal.Journal says what each does and raises)."""

    @property
    def last_sequence(self) -> int: ...

    @property
    def bytes_on_disk(self) -> int: ...

    def append(self, entries: Sequence[Entry], *, urgent: bool = False) -> range: ...

    def sync(self) -> None: ...

    def write_checkpoint(self, through: int, body: bytes) -> None: ...

    def retain(self, *, keep_after: int, older_than_ms: int, max_bytes: int, now: Stamp) -> int: ...

    def tend(self) -> None: ...


class Judge(Protocol):
    """The rules: asked here, answering through the inbox."""

    @property
    def is_behind(self) -> bool: ...

    def submit(self, sequence: int, events: tuple[Event, ...]) -> None: ...
