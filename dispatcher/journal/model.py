"""What goes into the journal and what comes out of it."""

from dataclasses import dataclass
from enum import IntEnum

from dispatcher.domain.stamp import Stamp


class Kind(IntEnum):
    """What a record is about: a number below 65,536 on disk, never reused.

    The journal gives a meaning to ``CUT`` only. Numbers it does not know are kept and read back as plain integers.
    """

    START = 1
    MESSAGE = 2
    REVISION = 3
    JUDGED = 4
    SENT = 5
    TIMER = 6
    ALIVE = 7
    CLOCK = 8
    SHED = 9
    RULES = 10
    DUE = 11
    MATCHER = 12
    WATCH = 13
    CUT = (
        255  # the journal's own: a torn tail was cut here, and the sequence numbers it may have held are not used again
    )


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to append."""

    kind: int
    stamp: Stamp
    body: bytes


@dataclass(frozen=True, slots=True)
class Record:
    """One thing read back. ``mono_ns`` is CLOCK_BOOTTIME in nanoseconds and comparable within one ``boot`` only."""

    sequence: int
    kind: int
    stamp: Stamp
    boot: str
    mono_ns: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The owner's state after record ``through``."""

    through: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Gap:
    """Sequence numbers ``first`` to ``last`` that cannot be read.

    ``durable`` says that a later record vouches for them: they had been synced, so something confirmed may be lost.
    Otherwise they were in flight when the power went, and nobody had been promised anything.
    """

    first: int
    last: int
    durable: bool

    def __len__(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class Recovery:
    """What ``open`` found. Only the newest segment is read then; older ones are read, and counted, by ``replay``.

    ``truncated_bytes`` were a torn tail. It normally was in flight and unconfirmed when the power went;
    ``tail_damaged`` says that it looks like a record that was whole once, and counts as one that is lost.
    """

    segments: int = 0
    records: int = 0
    gaps: tuple[Gap, ...] = ()
    truncated_bytes: int = 0
    tail_damaged: bool = False
    newest_format: int = 0
    headers_damaged: int = 0
    set_aside: tuple[str, ...] = ()

    @property
    def corrupt(self) -> int:
        """Records of the newest segment that were synced once and cannot be read."""
        return sum(len(gap) for gap in self.gaps if gap.durable) + self.tail_damaged
