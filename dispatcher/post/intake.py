"""A message becomes a record: normalised, decided, and written down, before anybody is answered."""

from dataclasses import dataclass, replace

from dispatcher.devices import Normalised, Normaliser, Outcome, UnknownDevice, enrich
from dispatcher.domain.events import (
    Event,
    Lane,
    RawMessage,
    Reading,
    Rejected,
    RejectReason,
    is_call,
    is_floor,
    is_press,
)
from dispatcher.domain.ids import digest, journaled_event_id
from dispatcher.domain.incident import Stage
from dispatcher.domain.stamp import Stamp
from dispatcher.incidents.copies import identify
from dispatcher.incidents.model import UNKNOWN_RULE, Confirm, Decision, Effect
from dispatcher.journal import Entry, Kind
from dispatcher.post import records
from dispatcher.post.daybook import StrangerNotes, note_stranger
from dispatcher.post.memory import NO_IDENTITY, Memory
from dispatcher.post.records import Message

REJECT_EVERY_MS = 1_000  # a reason is journaled at most once a second; the counter counts them all
PROMOTED_MS = 600_000  # how long a session's copy of a press that was promoted may be under way
BACKLOG_MS = 5_000  # and how long after its lane hears again: what comes later was pressed later
RESTING_MS = 60_000  # the rest lane may have been away so long while the panic lane took what it brings only now
MAX_PROMOTED = 500
_TOLD_WHEN_UNKNOWN = ("panic.", "panel.alarm", "report.")


@dataclass(frozen=True, slots=True)
class Taken:
    """What one message became.

    ``entry`` is None for what is only counted. ``fresh`` are the events that the rules must see, ``decisions`` one for
    each event. ``urgent`` says that somebody waits for the answer; ``words`` are for the precinct's rules.
    """

    entry: Entry | None
    events: tuple[Event, ...] = ()
    fresh: tuple[Event, ...] = ()
    decisions: tuple[Decision, ...] = ()
    rejected: Rejected | None = None
    urgent: bool = False
    answers: tuple[Effect, ...] = ()
    words: tuple[Event, ...] = ()

    @property
    def presses(self) -> int:
        """Return how many of the events are calls for help."""
        return sum(1 for event in self.events if is_press(event.kind))


class Intake:
    """Takes messages in, one after the other, and folds them into the memory."""

    def __init__(self, memory: Memory, normaliser: Normaliser, instance: str) -> None:
        self._memory = memory
        self._normaliser = normaliser
        self._instance = instance
        self._journaled: dict[RejectReason, int] = {}
        self._panic_topics = frozenset(normaliser.panic_topics())
        self._promoted: dict[tuple[str, bytes], int] = {}
        self._took: dict[tuple[str, bytes], int] = {}  # by the panic lane
        self._listening_ms: int | None = None
        self.passers: dict[str, StrangerNotes] = {}
        self.murmurs: dict[str, Stamp] = {}  # devices of the site that said something of which no record is kept

    def is_call(self, raw: RawMessage) -> bool:
        """Return whether this message is somebody's call for help, which is never shed. Changes nothing."""
        outcome = self._outcome(raw)
        if isinstance(outcome, UnknownDevice):
            return outcome.kind.startswith(_TOLD_WHEN_UNKNOWN)
        readings = outcome.readings if isinstance(outcome, Normalised) else ()
        return any(is_call(reading.kind, reading.attrs) for reading in readings)

    def _outcome(self, raw: RawMessage) -> Outcome:
        try:
            return self._normaliser.normalise(self._memory.devices, raw)
        except Exception as error:  # a fault of ours in one profile must not take the panic lane down with it
            return Rejected(RejectReason.INTERNAL, repr(error)[:120])

    def _once(self, raw: RawMessage, stamp: Stamp) -> RawMessage:
        """Mark a message that came by both lanes as a repetition.

        While the panic lane is away its presses come by the rest lane; what its session kept meanwhile comes once more.
        Where that is doubtful it is no repetition: a press that is counted twice is better than one that is lost.
        """
        if raw.topic not in self._panic_topics:
            return raw
        message, now = (raw.topic, raw.payload), stamp.run_ms
        if raw.lane is Lane.REST:
            if now - self._took.get(message, -RESTING_MS) >= RESTING_MS:
                _note(self._promoted, message, now)
            return raw
        _note(self._took, message, now)
        told = self._promoted.pop(message, None)
        return replace(raw, dup=True, mid=0) if told is not None and self._may_be_kept(told, now) else raw

    def _may_be_kept(self, told: int, now: int) -> bool:
        """Return whether what came by the rest lane at ``told`` may come out of the panic lane's session now."""
        back = self._listening_ms
        return now - told <= PROMOTED_MS and (back is None or back < told or now - back <= BACKLOG_MS)

    def listening(self, stamp: Stamp) -> None:
        """The panic lane hears again."""
        self._listening_ms = stamp.run_ms

    def take(self, raw: RawMessage, sequence: int, stamp: Stamp) -> Taken:
        """Fold one message. ``sequence`` is the number that its record will get, ``stamp`` the record's time."""
        raw = self._once(raw, stamp)
        outcome = self._outcome(raw)
        match outcome:
            case Rejected():
                return self.reject(raw, outcome, stamp)
            case UnknownDevice():
                return self._unknown(raw, outcome, sequence, stamp)
            case Normalised():
                return self._understood(raw, outcome, sequence, stamp)

    def reject(self, raw: RawMessage, rejected: Rejected, stamp: Stamp) -> Taken:
        """Count a message that gives nothing, and write it down at most once a second for its reason."""
        answers = refusal(rejected)
        last = self._journaled.get(rejected.reason)
        if last is not None and stamp.run_ms - last < REJECT_EVERY_MS:
            return Taken(None, rejected=rejected, answers=answers)
        self._journaled[rejected.reason] = stamp.run_ms
        # What could not be understood could hold anything, a name or a PIN too: its size is kept, its text is not.
        payload = f"{len(raw.payload)} bytes: {rejected.detail}".encode()
        entry = self._entry(raw, payload, stamp, rejected=str(rejected.reason))
        return Taken(entry, rejected=rejected, answers=answers)

    def _entry(self, raw: RawMessage, payload: bytes, stamp: Stamp, **fields: object) -> Entry:
        return Entry(Kind.MESSAGE, stamp, records.message_body(self._message(raw, payload, **fields)))

    def _message(self, raw: RawMessage, payload: bytes, **fields: object) -> Message:
        message = Message(raw.lane, raw.topic, payload, raw.qos, raw.retain, raw.dup)
        return replace(message, **fields)  # type: ignore[arg-type]

    def _unknown(self, raw: RawMessage, unknown: UnknownDevice, sequence: int, stamp: Stamp) -> Taken:
        reading = Reading(UNKNOWN_RULE, unknown.device, {"said": unknown.kind}, unknown.boot, unknown.seq)
        event = self._event(reading, journaled_event_id(self._instance, sequence, 0), stamp)
        rejected = Rejected(RejectReason.UNKNOWN_DEVICE, unknown.kind, unknown.device)
        if not unknown.kind.startswith(_TOLD_WHEN_UNKNOWN):
            note_stranger(self.passers, unknown.device, unknown.kind, stamp)
            return replace(self.reject(raw, rejected, stamp), urgent=True)
        decision = self._memory.event(event, NO_IDENTITY)
        if not decision.changes:  # told already: a stranger who presses on does not fill the card
            return Taken(None, (event,), (), (decision,), rejected)
        entry = self._entry(raw, b"", stamp, events=(event,), rejected=str(rejected.reason))
        self._memory.heard(self._message(raw, b"", events=(event,)), stamp)
        return Taken(entry, (event,), (), (decision,), rejected, urgent=True)

    def _understood(self, raw: RawMessage, outcome: Normalised, sequence: int, stamp: Stamp) -> Taken:
        uncounted = any(reading.boot is None for reading in outcome.readings)
        mid = raw.mid if uncounted else 0
        message = Message(raw.lane, raw.topic, outcome.redacted, raw.qos, raw.retain, raw.dup, mid=mid)
        self._memory.devices.apply(outcome.changes)
        self.murmurs.update(dict.fromkeys(outcome.heard, stamp))
        pairs = [self._fold(reading, message, sequence, n, stamp) for n, reading in enumerate(outcome.readings)]
        events = tuple(event for event, _, _ in pairs)
        if not events and not outcome.changes:
            return Taken(None)
        fresh = tuple(event for event, _, is_copy in pairs if not is_copy)
        words = self._memory.put_fresh(sequence, fresh) if fresh else []
        incidents = tuple(decision.incident for _, decision, _ in pairs)
        message = replace(message, events=events, changes=outcome.changes, incidents=incidents)
        self._memory.heard(message, stamp)
        return Taken(
            Entry(Kind.MESSAGE, stamp, records.message_body(message)),
            events,
            fresh,
            tuple(decision for _, decision, _ in pairs),
            urgent=any(is_floor(event) for event in events),
            words=tuple(words),
        )

    def _fold(
        self, reading: Reading, message: Message, sequence: int, index: int, stamp: Stamp
    ) -> tuple[Event, Decision, bool]:
        memory = self._memory
        if reading.boot is not None:
            identity = identify(memory.state, reading, stamp)
            event = self._event(reading, identity.event or "", stamp)
        else:
            event = self._event(reading, journaled_event_id(self._instance, sequence, index), stamp)
            identity = memory.identity(event, message)
            if identity.copy is not None:
                event = replace(event, id=identity.copy.event)
        return event, memory.event(event, identity), identity.copy is not None

    def _event(self, reading: Reading, event_id: str, stamp: Stamp) -> Event:
        context = self._memory.context
        return enrich(reading, context.site, context.post, stamp, event_id)

    def announce(self, kind: str, key: str, text: str, stamp: Stamp) -> Taken:
        """Fold an event of our own, told once for each ``key``."""
        context = self._memory.context
        post = context.site.posts.get(context.post)
        event = Event(
            id=digest("own", kind, key),
            kind=kind,
            device=None,
            role=None,
            post=context.post,
            zone=None,
            kelurahan=post.kelurahan if post else None,
            source="timer",
            trust="authenticated",
            arrived=stamp,
            attrs={"text": text[:400]},
        )
        decision = self._memory.event(event, NO_IDENTITY)
        message = Message(Lane.REST, "", b"", 1, retain=False, dup=False, events=(event,))
        return Taken(Entry(Kind.MESSAGE, stamp, records.message_body(message)), (event,), (), (decision,), urgent=True)


def _note(table: dict[tuple[str, bytes], int], message: tuple[str, bytes], now: int) -> None:
    table.pop(message, None)
    table[message] = now
    while len(table) > MAX_PROMOTED:
        del table[next(iter(table))]


def refusal(rejected: Rejected) -> tuple[Confirm, ...]:
    """Return the answer to a device that counts and was not understood: without one it would repeat for ever."""
    if rejected.device is None or rejected.boot is None or rejected.seq is None:
        return ()
    reason = str(rejected.reason)
    return (Confirm(rejected.device, rejected.boot, rejected.seq, None, Stage.REFUSED, reason=reason, again=True),)
