"""Copies: which messages are one press told twice.

A device that counts names each press (device, boot, seq). A button that stops at PUBACK names nothing: there the
broker's DUP flag together with the very bytes and the message id of a recent press says "again". DUP alone does not: it
also marks a press that we were given and had no time to save. Wall clocks decide nothing here.
"""

import json
from dataclasses import dataclass, replace
from typing import Protocol

from dispatcher.domain.events import Attrs, Event, is_floor
from dispatcher.domain.ids import counted_event_id, digest
from dispatcher.domain.stamp import Stamp
from dispatcher.incidents.model import Copy, PutCopies
from dispatcher.incidents.state import COPY_MEMORY_MS, MEMORY_MS, PostState

GENERATIONS = 1_000_000  # of one counter within one span of memory


class Counted(Protocol):
    """What makes a press the press it is: a reading fresh from its device, or the event that was made of it."""

    @property
    def kind(self) -> str: ...
    @property
    def device(self) -> str | None: ...
    @property
    def attrs(self) -> Attrs: ...
    @property
    def boot(self) -> int | None: ...
    @property
    def seq(self) -> int | None: ...
    @property
    def happened_ms(self) -> int | None: ...


class Carried(Protocol):
    """The message that carried it, as it may be stored."""

    @property
    def topic(self) -> str: ...
    @property
    def payload(self) -> bytes: ...
    @property
    def dup(self) -> bool: ...
    @property
    def mid(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Identity:
    """What a message turns out to be. ``copy`` is the press it repeats; ``known`` all that share its counter.

    ``event`` is its id, None for a message without a counter: that one gets its place in the journal as its id.
    """

    key: str
    body: str
    event: str | None
    copy: Copy | None
    known: tuple[Copy, ...] = ()
    mid: int = 0

    @property
    def reused(self) -> bool:
        """Return whether the counter was used before by something that this is no copy of."""
        return bool(self.known) and self.copy is None


def identify(state: PostState, reading: Counted, now: Stamp) -> Identity:
    """Return which press a counted reading is. Raises nothing; a reading without a counter has no known copies."""
    if reading.boot is None or reading.seq is None:
        return Identity("", "", None, None)
    key = f"{reading.boot}/{reading.seq}/{reading.device}"
    body = _body(reading)
    known = state.copies_of(key)
    copy = next((copy for copy in known if copy.body == body and is_fresh(copy, now)), None)
    if copy is not None:
        return Identity(key, body, copy.event, copy, known)
    event = counted_event_id(reading.device or "", reading.boot, reading.seq, _next_generation(known, now))
    return Identity(key, body, event, None, known)


def identify_repeat(state: PostState, reading: Counted, raw: Carried, now: Stamp) -> Identity:
    """Return which press an uncounted reading is: a copy only with DUP set and the bytes and id of a recent message."""
    key = digest("bytes", raw.topic, raw.payload.hex(), reading.kind, reading.device or "")
    known = state.copies_of(key)
    same = (
        copy for copy in reversed(known) if is_fresh(copy, now) and (copy.mid == raw.mid or 0 in (copy.mid, raw.mid))
    )
    copy = next(same, None) if raw.dup else None
    return Identity(key, "", copy.event if copy else None, copy, known, raw.mid)


def may_repeat(event: Event, qos: int, mid: int) -> bool:
    """Return whether an event without a counter can come again: a call may; of the rest what a broker keeps for us."""
    return is_floor(event) or (qos > 0 and mid > 0)


def _body(reading: Counted) -> str:
    attrs = json.dumps(dict(reading.attrs), sort_keys=True)
    return digest(reading.kind, attrs, str(reading.happened_ms))


def is_fresh(copy: Copy, now: Stamp) -> bool:
    """Return whether a repeat of this is still a copy and not a counter that began anew."""
    return now.run_ms - copy.last_run_ms <= COPY_MEMORY_MS


def _next_generation(known: tuple[Copy, ...], now: Stamp) -> int:
    # A counter that begins anew gives a new press, and that must not get the id of the old one: the precinct remembers
    # longer than we do. What is forgotten here was used in an earlier span of memory, so a new span counts higher.
    return max((copy.generation for copy in known), default=now.run_ms // MEMORY_MS * GENERATIONS - 1) + 1


def seen_again(identity: Identity, now: Stamp) -> PutCopies:
    """Return the change that a copy is: its memory is renewed."""
    copies = (replace(copy, last_run_ms=now.run_ms) if copy is identity.copy else copy for copy in identity.known)
    return PutCopies(identity.key, tuple(copies))


def first_seen(identity: Identity, event: Event, incident: str) -> PutCopies:
    """Return the change that a new press is. ``incident`` is empty for an event that opens none."""
    fresh = tuple(copy for copy in identity.known if is_fresh(copy, event.arrived))
    generation = _next_generation(identity.known, event.arrived)
    copy = Copy(event.id, incident, identity.body, event.arrived.run_ms, generation, identity.mid)
    return PutCopies(identity.key, (*fresh[-8:], copy), small=not incident)
