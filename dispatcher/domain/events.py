"""From bytes on a topic to an event that rules and incidents understand: one frozen type per stage."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from dispatcher.domain.stamp import Stamp

Value = str | int | float | bool
Attrs = Mapping[str, Value]

MAX_COUNTER = 2**53  # boot and seq are JSON integers that every language can hold exactly
MAX_PAYLOAD = 64 * 1024  # bytes; a device that says more says nothing we can use

PRESS_PREFIX = "panic."
FLOOR_KINDS = frozenset({"panel.alarm"})


class Lane(StrEnum):
    """Which of the doors a message came through."""

    PANIC = "panic"
    REST = "rest"
    PRECINCT = "precinct"


@dataclass(frozen=True, slots=True)
class RawMessage:
    """One MQTT message as it arrived at the post. ``mid`` is its id in the broker's session, 0 where there is none."""

    lane: Lane
    topic: str
    payload: bytes
    qos: int
    retain: bool
    dup: bool
    arrived: Stamp
    mid: int = 0


class RejectReason(StrEnum):
    """Why a message gave no event. Log, metric and test use these words."""

    UNKNOWN_TOPIC = "unknown_topic"
    TOO_LARGE = "too_large"
    BAD_UTF8 = "bad_utf8"
    BAD_JSON = "bad_json"
    WRONG_TYPE = "wrong_type"
    MISSING_FIELD = "missing_field"
    UNKNOWN_KIND = "unknown_kind"
    UNKNOWN_DEVICE = "unknown_device"
    NOT_ENROLLED = "not_enrolled"
    RETAINED = "retained"
    UNKNOWN_VERSION = "unknown_version"
    UNKNOWN_INCIDENT = "unknown_incident"
    UNKNOWN_STAGE = "unknown_stage"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Rejected:
    """A message that gave nothing, with the reason and a word for the technician.

    ``boot`` and ``seq`` are there where they could be read all the same: the device then learns that it was refused.
    """

    reason: RejectReason
    detail: str = ""
    device: str | None = None
    boot: int | None = None
    seq: int | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What a profile understood: a kind, the device's name, and what the device itself said.

    ``boot`` and ``seq`` are the device's own counters, both or neither. ``happened_ms`` is the Unix time in
    milliseconds that the device claims.
    """

    kind: str
    device: str
    attrs: Attrs = field(default_factory=dict)
    boot: int | None = None
    seq: int | None = None
    happened_ms: int | None = None
    trust: str = "authenticated"


@dataclass(frozen=True, slots=True)
class Event:
    """A reading with its identity and its place in the site. ``arrived`` is the stamp of the record it stands in."""

    id: str
    kind: str
    device: str | None
    role: str | None
    post: str | None
    zone: str | None
    kelurahan: str | None
    source: str
    trust: str
    arrived: Stamp
    attrs: Attrs = field(default_factory=dict)
    boot: int | None = None
    seq: int | None = None
    happened_ms: int | None = None

    def field(self, name: str) -> Value | None:
        """Return what a rule means by ``name``: a field that every event has, else the attribute; None if missing."""
        if name in EVENT_FIELDS:
            value: Value | None = getattr(self, name)
            return value
        return self.attrs.get(name)


EVENT_FIELDS = frozenset({"id", "kind", "device", "role", "post", "zone", "kelurahan", "source", "trust"})


def is_press(kind: str) -> bool:
    """Return whether this kind is a person calling for help with a button."""
    return kind.startswith(PRESS_PREFIX)


def is_floor(event: Event) -> bool:
    """Return whether the floor relays this event whatever the rules say (rules-language, "The floor")."""
    return is_call(event.kind, event.attrs)


def is_call(kind: str, attrs: Attrs) -> bool:
    """Return whether a message of this kind, saying this, calls for help."""
    if is_press(kind) or kind in FLOOR_KINDS:
        return True
    return kind.startswith("report.") and attrs.get("severity") == "critical"
