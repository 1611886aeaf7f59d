"""A card as the journal's contract describes it: what was synced is there, what was not is there or not.

The real journal is held to this contract by tests/faults and tests/unit/journal; here it is broken far more often.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dispatcher.domain.stamp import Stamp
from dispatcher.journal import Entry, JournalError, Kind, NoSpace, Record
from dispatcher.journal.model import Checkpoint
from dispatcher.journal.scan import cut_body
from dispatcher.post.unsaved import MemoryOnly
from tests.simulation.machine import Machine
from tests.simulation.world import World

EIO = 5
SEGMENT = 16  # records; old ones go by so many


@dataclass(slots=True)
class Stored:
    """One record on the card. ``damaged``: a bit has flipped in it, and nobody can read it any more.

    ``refused``: a sync that failed was to save it. The kernel remembers it, calls it clean, and it is not on the card.
    """

    record: Record
    durable: bool = False
    damaged: bool = False
    refused: bool = False


@dataclass(slots=True)
class Snapshot:
    """One checkpoint on the card."""

    through: int
    body: bytes
    damaged: bool = False


class Card:
    """What outlives the process.

    Faults are attributes: ``full`` (0 none, 1 only urgent, 2 nothing), ``broken``, and ``dead``: nothing can be written,
    and of what is read the first ``readable`` records alone (None: all).
    """

    def __init__(self, world: World, machine: Machine) -> None:
        self.world = world
        self.machine = machine
        self.stored: list[Stored] = []
        self.checkpoints: list[Snapshot] = []
        self.archive: list[Record] = []  # everything that was ever durable: an oracle needs it, the post does not
        self.full = 0
        self.broken = 0  # so many syncs fail
        self.dead = False
        self.readable: int | None = None
        self.slow_ms = 0
        self.flips = 0
        self.durable: dict[int, Record] = {}
        self.next = 1
        self.on_loss: Callable[[Record], None] = lambda _record: None
        self.on_slow: Callable[[], None] = lambda: None  # a save took long: whoever waited for it may be dead by now

    @property
    def works(self) -> bool:
        """Return whether a file could be written, as a post that runs unsaved tries."""
        return not self.dead and self.full < 2

    def revive(self) -> None:
        """Let it be well again."""
        self.dead, self.readable = False, None

    def copied(self, machine: Machine) -> "Card":
        """Return a card with the same on it, in another machine."""
        twin = Card(self.world, machine)
        twin.stored = [replace(one) for one in self.stored if one.durable]
        twin.checkpoints = [replace(one) for one in self.checkpoints]
        twin.archive, twin.durable = list(self.archive), dict(self.durable)
        twin.next, twin.flips = max((one.record.sequence for one in twin.stored), default=0) + 1, self.flips
        twin.next = max(twin.next, *(one.through + 1 for one in twin.checkpoints), 1)
        return twin

    @property
    def pending(self) -> list[Stored]:
        """Return what was appended and not synced."""
        return [one for one in self.stored if not one.durable and not one.refused]

    def refuse(self, kept: Sequence[Stored]) -> None:
        """Let the pending records in ``kept`` be on the card for good, and the others in the kernel's memory alone."""
        for one in self.pending:
            one.refused = all(one is not other for other in kept)
        self.harden()

    def open(self) -> None:
        """Do as the start of a post that saves: nothing that is read afterwards is in memory alone.

        The kernel forgets what it was refused; or it does not, and then that is written again.
        """
        refused = [one for one in self.stored if one.refused]
        if not refused:
            return
        if self.dead:
            raise JournalError(EIO, "pwrite")
        if self.broken:
            self.broken -= 1
            raise JournalError(EIO, "fdatasync")
        kept = refused if self.world.chance(0.2) else []
        for one in kept:
            one.refused = False
        self.settle(kept)

    def settle(self, kept: Sequence[Stored]) -> None:
        """Let the records in ``kept`` be on the card for good, and the others that are not gone."""
        lost = {id(one) for one in self.stored if not one.durable} - {id(one) for one in kept}
        for one in self.stored:
            if id(one) in lost:
                self.on_loss(one.record)
        self.stored = [one for one in self.stored if id(one) not in lost]
        self.harden()
        last = max((one.record.sequence for one in self.stored), default=0)
        newest = max((one.through for one in self.checkpoints), default=0)
        # A torn tail is cut with a record, and the numbers that it may have held are skipped; a clean one leaves none.
        self.next = max(last, newest) + 1
        if lost and self.world.chance(0.5):
            self._cut(self.world.between(1, 5))

    def _cut(self, skipped: int) -> None:
        first, self.next = self.next, self.next + skipped + 1
        run_ms = max((one.record.stamp.run_ms for one in self.stored), default=0)
        stamp = Stamp(run_ms, 0, trusted=False)
        body = cut_body(first, 64 * skipped, 0)
        record = Record(self.next - 1, Kind.CUT, stamp, self.machine.boot, self.machine.mono_ns(), body)
        self.stored.append(Stored(record))
        self.harden()

    def harden(self) -> None:
        """Everything that is there is durable now."""
        for one in self.stored:
            if not one.durable and not one.refused:
                one.durable = True
                self.archive.append(one.record)
                self.durable[one.record.sequence] = one.record

    def survive(self, how: str) -> None:
        """Decide what is left: all after a kill, anything after a power cut; after a sync that failed (``refused``)
        anything is on the card and the rest is in memory.
        """
        pending = self.pending
        if how == "kill" and not self.dead:
            self.harden()
        elif how == "power":
            self.settle(self._lucky(pending))
        else:
            self.refuse(self._lucky(pending))

    def _lucky(self, pending: list[Stored]) -> list[Stored]:
        luck = self.world.luck
        draw = luck.random()
        if draw < 0.3:
            return []
        if draw < 0.6:
            return pending[: luck.randint(0, len(pending))]
        return [one for one in pending if luck.random() < 0.5]

    def flip(self) -> Record | None:
        """Flip a bit in one of the later durable records, and return it."""
        readable = [one for one in self.stored if one.durable and not one.damaged]
        if not readable:
            return None
        one = readable[-1 - int(len(readable) * self.world.luck.random() ** 2)]
        one.damaged = True
        self.flips += 1
        return one.record


class SimJournal:
    """One process's view of the card: a Saver, and what a start reads."""

    def __init__(self, card: Card) -> None:
        self._card = card
        self._death: JournalError | None = None

    @property
    def last_sequence(self) -> int:
        return self._card.next - 1

    @property
    def synced_sequence(self) -> int:
        durable = (one.record.sequence for one in reversed(self._card.stored) if one.durable)
        return self.last_sequence if not self._card.pending else next(durable, 0)

    @property
    def bytes_on_disk(self) -> int:
        return 0

    @property
    def corrupt_records(self) -> int:
        return sum(one.damaged for one in self._card.stored)

    def append(self, entries: Sequence[Entry], *, urgent: bool = False) -> range:
        card, world = self._card, self._card.world
        self._check()
        world.passes("append", card.machine.number)
        if card.full > (1 if urgent else 0):
            raise NoSpace("the card is full")
        first = card.next
        for entry in entries:
            mono = card.machine.mono_ns()
            record = Record(card.next, entry.kind, entry.stamp, card.machine.boot, mono, entry.body)
            card.stored.append(Stored(record))
            card.next += 1
            if card.next == first + 1 and len(entries) > 1:
                world.passes("append.torn", card.machine.number)
        world.passes("appended", card.machine.number)
        return range(first, card.next)

    def sync(self) -> None:
        card, world = self._card, self._card.world
        self._check()
        if not card.pending:
            return
        world.passes("sync", card.machine.number)
        if card.broken:
            card.broken -= 1
            self._death = JournalError(EIO, "fdatasync")
            raise self._death
        if card.slow_ms:
            world.run_until(world.now + world.between(1, card.slow_ms))
            card.on_slow()
        card.harden()
        world.passes("synced", card.machine.number)

    def write_checkpoint(self, through: int, body: bytes) -> None:
        card, world = self._card, self._card.world
        self._check()
        self.sync()
        world.passes("checkpoint", card.machine.number)
        if card.full > 1:
            raise NoSpace("no space for a checkpoint")
        card.checkpoints = [*card.checkpoints, Snapshot(through, body)][-2:]
        world.passes("checkpointed", card.machine.number)

    def retain(self, *, keep_after: int, older_than_ms: int, max_bytes: int, now: Stamp) -> int:
        """Let old records go whenever they may: a card that keeps little shows whether the checkpoint holds it all."""
        del older_than_ms, max_bytes, now
        card = self._card
        if len(card.checkpoints) < 2 or card.world.chance(0.3):
            return 0
        floor = min(keep_after, *(one.through for one in card.checkpoints)) // SEGMENT * SEGMENT
        before = len(card.stored)
        card.stored = [one for one in card.stored if one.record.sequence > floor]
        return before - len(card.stored)

    def tend(self) -> None:
        self._check()

    def _check(self) -> None:
        if self._death is None and self._card.dead:
            self._death = JournalError(EIO, "pwrite")
        if self._death is not None:
            raise self._death

    # --- what a start reads

    def read_checkpoint(self, older_than: int | None = None) -> Checkpoint | None:
        sound = (
            one
            for one in reversed(self._card.checkpoints)
            if not one.damaged and (older_than is None or one.through < older_than)
        )
        found = next(sound, None)
        return None if found is None else Checkpoint(found.through, found.body)

    def replay(self, after: int = 0) -> Iterator[Record]:
        for one in self._card.stored:
            if one.record.sequence > after and not one.damaged:
                yield one.record

    def close(self) -> None:
        if self._death is None:
            self.sync()


class Unsaved(MemoryOnly):
    """The real journal of a post that saves nothing, over what can still be read of a simulated card."""

    def __init__(self, card: Card) -> None:
        super().__init__(Path("/nonexistent"), lambda _folder: Reader(card))  # type: ignore[arg-type,return-value]


class Reader:
    """A card that is read and not written, and that may fail at any record."""

    def __init__(self, card: Card) -> None:
        self._card = card
        self._refused: set[int] = set()

    def distrust_memory(self) -> None:
        """Pass over what the kernel alone remembers."""
        self._refused = {id(one.record) for one in self._card.stored if one.refused}

    def read_checkpoint(self, older_than: int | None = None) -> Checkpoint | None:
        if self._card.readable == 0:
            raise OSError(EIO, "read")
        return SimJournal(self._card).read_checkpoint(older_than)

    def replay(self, after: int = 0) -> Iterator[Record]:
        left = self._card.readable
        for record in SimJournal(self._card).replay(after):
            if id(record) in self._refused:
                continue
            if left is not None and left <= 0:
                raise OSError(EIO, "read")
            left = None if left is None else left - 1
            yield record
