"""``event``: word that a post passes on because the precinct's own rules look at it, and the answer that it was taken.

A post repeats an event until the precinct has said that it is kept; the precinct keeps each id once. An alert is no
such event: it has its own topic, and no post may invent one here.
"""

from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from dispatcher.domain.events import MAX_COUNTER, Attrs, Event, RejectReason, Value
from dispatcher.wire import fields
from dispatcher.wire.fields import Malformed, clip, clip_optional, clip_required

MAX_EVENT_BYTES = 32 * 1024
MAX_ATTRS = 64
NAME, DEVICE, INSTANT, WORD = 64, 128, 40, 32  # longest texts, in characters
CLOCKS = frozenset({"trusted", "doubtful"})
PREFIXES = ("report.", "device.")
KINDS = frozenset({"heartbeat", "check_in", "roll_call"})


@dataclass(frozen=True, slots=True)
class Forwarded:
    """An event as a post passes it on.

    ``at`` is when it arrived at the post and ``happened`` when a device with a trusted clock says that it was, both
    ISO 8601; ``age_s`` is how long before sending it arrived, in seconds.
    """

    id: str
    kind: str
    device: str | None
    role: str | None
    zone: str | None
    kelurahan: str | None
    source: str
    trust: str
    at: str
    clock: str
    age_s: int
    attrs: Attrs = field(default_factory=dict)
    boot: int | None = None
    seq: int | None = None
    happened: str | None = None


@dataclass(frozen=True, slots=True)
class EventTaken:
    """The precinct's word that it keeps an event: the post need not send it again."""

    event: str
    store: str | None = None


def is_forwarded(kind: str) -> bool:
    """Return whether a post passes events of this kind on (rules-language, "Where a rule runs")."""
    return kind in KINDS or (len(kind) <= NAME and kind.startswith(PREFIXES) and kind not in PREFIXES)


def forward(event: Event, age_s: int, *, happened: bool = False) -> Forwarded:
    """Return what a post says of an event. ``happened``: the site trusts the clock of its device."""
    claimed = event.happened_ms if happened else None
    return Forwarded(
        id=event.id,
        kind=event.kind,
        device=event.device,
        role=event.role,
        zone=event.zone,
        kelurahan=event.kelurahan,
        source=event.source,
        trust=event.trust,
        at=fields.iso(event.arrived.wall_ms),
        clock="trusted" if event.arrived.trusted else "doubtful",
        age_s=age_s,
        attrs=event.attrs,
        boot=event.boot,
        seq=event.seq,
        happened=None if claimed is None else fields.iso(claimed),
    )


def encode(event: Forwarded) -> bytes:
    """Return the event as it goes over the wire, made into what ``decode`` takes: clipped, and without what is none."""
    body: dict[str, Any] = {
        "v": fields.VERSION,
        "id": event.id,
        "kind": event.kind,
        "device": clip_optional(event.device, DEVICE),
        "role": clip_optional(event.role, WORD),
        "zone": clip_optional(event.zone, NAME),
        "kelurahan": clip_optional(event.kelurahan, NAME),
        "source": clip_required(event.source, WORD),
        "trust": clip_required(event.trust, WORD),
        "at": event.at,
        "clock": event.clock,
        "age_s": event.age_s,
        "attrs": _plain(event.attrs),
    }
    more = {"boot": event.boot, "seq": event.seq, "happened": event.happened}
    body |= {key: value for key, value in more.items() if value is not None}
    whole = fields.dump(body)
    return whole if len(whole) <= MAX_EVENT_BYTES else fields.dump({**body, "attrs": {}})


def _plain(attrs: Attrs) -> dict[str, Value]:
    kept = ((clip(key, NAME), _value(value)) for key, value in attrs.items() if key.strip())
    return dict([(key, value) for key, value in kept if value is not None][:MAX_ATTRS])


def _value(value: Value) -> Value | None:
    if isinstance(value, str):
        return clip(value, fields.MAX_TEXT)
    if isinstance(value, float):
        return value if isfinite(value) else None
    return value if isinstance(value, bool) or abs(value) <= MAX_COUNTER else None


def decode(payload: bytes) -> Forwarded | Malformed:
    """Read an event; a Malformed names the first field that is wrong. Unknown keys are ignored."""
    try:
        if len(payload) > MAX_EVENT_BYTES:
            raise Malformed(RejectReason.TOO_LARGE, f"{len(payload)} bytes")
        return _decode(fields.load_object(payload))
    except Malformed as malformed:
        return malformed


def _decode(body: dict[str, Any]) -> Forwarded:
    kind = fields.text(body, "kind", NAME)
    if not is_forwarded(kind):
        raise Malformed(RejectReason.UNKNOWN_KIND, kind)
    return Forwarded(
        id=fields.identity(body, "id"),
        kind=kind,
        device=fields.optional_text(body, "device", DEVICE) or None,
        role=fields.optional_text(body, "role", WORD) or None,
        zone=fields.optional_text(body, "zone", NAME) or None,
        kelurahan=fields.optional_text(body, "kelurahan", NAME) or None,
        source=fields.text(body, "source", WORD),
        trust=fields.text(body, "trust", WORD),
        at=fields.text(body, "at", INSTANT),
        clock=fields.choice(body, "clock", CLOCKS),
        age_s=fields.integer(body, "age_s"),
        attrs=_decode_attrs(body.get("attrs")),
        boot=fields.optional_integer(body, "boot"),
        seq=fields.optional_integer(body, "seq"),
        happened=fields.optional_text(body, "happened", INSTANT),
    )


def _decode_attrs(value: object) -> dict[str, Value]:
    if value is None:
        return {}
    if not isinstance(value, dict) or len(value) > MAX_ATTRS:
        raise Malformed(RejectReason.WRONG_TYPE, "attrs")
    # A null attribute is a missing one.
    return {_name(key): _decode_value(one) for key, one in value.items() if one is not None}


def _name(key: str) -> str:
    return fields.text({"attrs": key}, "attrs", NAME)


def _decode_value(value: object) -> Value:
    body = {"attrs": value}
    if isinstance(value, bool):
        return value
    if isinstance(value, float) and isfinite(value):  # 1e999 is valid JSON, and no number
        return value
    if fields.is_int(value):
        return fields.integer(body, "attrs", low=-MAX_COUNTER)
    text = fields.optional_text(body, "attrs")
    if text is None:
        raise Malformed(RejectReason.WRONG_TYPE, "attrs")
    return text


def encode_taken(taken: EventTaken) -> bytes:
    """Return the answer as it goes down the receipts' topic; a post that does not know it finds no stage in it."""
    return fields.dump({"v": fields.VERSION, "event": taken.event, "store": taken.store})


def decode_taken(payload: bytes) -> EventTaken | Malformed:
    """Read an answer; Malformed for anything else, a receipt for an incident too."""
    try:
        body = fields.load_object(payload)
        return EventTaken(fields.identity(body, "event"), fields.optional_text(body, "store", 64))
    except Malformed as malformed:
        return malformed
