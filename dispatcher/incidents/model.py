"""The values that the post's state is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from dispatcher.domain.events import Value
from dispatcher.domain.incident import Evidence, PlaceOfIncident, Severity, Stage
from dispatcher.domain.stamp import Stamp

ANSWERS = (Stage.CLOSED, Stage.ARRIVED, Stage.DISPATCHED, Stage.ACKNOWLEDGED)  # most advanced first
FLOOR_RULE = "floor"
UNKNOWN_RULE = "device.unknown"
CONFIG_RULE = "config.fault"
MATCHER_RULE = "matcher.fault"
UNAPPLIED_RULE = "config.unapplied"
OWN_RULES = (CONFIG_RULE, MATCHER_RULE, UNAPPLIED_RULE)  # what a post tells of itself


class Reason(StrEnum):
    """Why a decision is what it is. Log, metric, test and `explain` use these words."""

    OPENED = "opened"
    JOINED = "joined"
    COPY = "copy"
    COUNTER_REUSED = "counter_reused"
    CONFLICTING_COPY = "conflicting_copy"
    NOTED = "noted"
    FIRED = "fired"
    ADDED = "added"
    THROTTLED = "throttled"
    CLEARED = "cleared"
    SHADOWED = "shadowed"
    ACTED = "acted"
    UNKNOWN_DEVICE = "unknown_device"
    CONFIG_FAULT = "config_fault"
    CONFIG_FAULT_AGAIN = "config_fault_again"
    CONFIG_UNAPPLIED = "config_unapplied"
    CONFIG_UNAPPLIED_AGAIN = "config_unapplied_again"
    MATCHER_FAULT = "matcher_fault"
    MATCHER_FAULT_AGAIN = "matcher_fault_again"
    UNKNOWN_DEVICE_AGAIN = "unknown_device_again"
    ADVANCED = "advanced"
    STALE = "stale"
    STORE_CHANGED = "store_changed"
    UNKNOWN_INCIDENT = "unknown_incident"
    SENT = "sent"
    UNDELIVERED = "undelivered"
    NOTHING_DUE = "nothing_due"


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision, fixed when it was made. ``body`` is the alert as bytes; ``made`` is when."""

    incident: str
    rev: int
    body: bytes
    made: Stamp


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident at the post.

    ``rev`` is the highest revision made; ``outbox`` holds those without a receipt, ``kept`` the delivered ones, for a
    precinct that loses its store. ``changed`` says that a rule added something no revision carries yet; evidence
    that none carries has ``rev`` 0. ``answers`` maps an officer's stage to the highest revision it speaks for.
    ``undelivered_rev`` and ``unattended_rev`` are how far those two bad news have been told. ``missing`` are numbers
    that may have been used by records that damage took: they are not used again for anything but to close the gap.
    ``cleared`` is when the condition that a rule had told was over; it is open again with new evidence.
    """

    id: str
    kind: str
    rule: str
    device: str | None
    post: str
    severity: Severity
    title: str
    place: PlaceOfIncident
    opened: Stamp
    last_event: Stamp
    evidence: tuple[Evidence, ...]
    count: int
    panic: bool
    labels: tuple[str, ...] = ()
    escalate: tuple[str, ...] = ("precinct",)
    certainty: str | None = None
    rev: int = 0
    made: Stamp | None = None
    changed: bool = False
    outbox: tuple[Revision, ...] = ()
    kept: tuple[Revision, ...] = ()
    sent_rev: int = 0
    delivered_rev: int = 0
    undelivered_rev: int = 0
    unattended_rev: int = 0
    answers: Mapping[Stage, int] = field(default_factory=dict)
    by: str | None = None
    missing: tuple[int, ...] = ()
    cleared: Stamp | None = None

    @property
    def pending(self) -> bool:
        """Return whether something waits for the next revision."""
        return self.changed or self.evidence[-1].rev == 0

    @property
    def is_open(self) -> bool:
        """Return whether evidence exists that no closing speaks for."""
        last = self.evidence[-1].rev
        return last == 0 or last > self.answers.get(Stage.CLOSED, 0)


@dataclass(frozen=True, slots=True)
class Copy:
    """What is remembered of a press, to know its copies. ``last_run_ms`` is when the last one came.

    ``mid`` is the message id under which the broker delivered a press without a counter, 0 if it is not known.
    """

    event: str
    incident: str
    body: str
    last_run_ms: int
    generation: int = 0
    mid: int = 0


@dataclass(frozen=True, slots=True)
class Window:
    """What a rule told for one group last: since when (running time) and in which incident; repeats join it."""

    since_run_ms: int
    incident: str


# --- effects: what the rim does once the batch is on disk ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Confirm:
    """Tell the button how far its press has come."""

    device: str
    boot: int
    seq: int
    incident: str | None
    stage: Stage
    by: str | None = None
    reason: str | None = None
    again: bool = False  # the device asked again, and is answered whatever it was told before


@dataclass(frozen=True, slots=True)
class Command:
    """Make a device do something, e.g. ``siren.on``. ``id`` is derived, so that a repeat is known as one."""

    id: str
    device: str
    command: str
    args: Mapping[str, Value] = field(default_factory=dict)


Effect = Confirm | Command


# --- changes: what the state becomes ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PutIncident:
    """Put or replace an incident."""

    incident: Incident


@dataclass(frozen=True, slots=True)
class PutCopies:
    """Remember what came under one counter. ``small`` keeps readings apart: a flood of them must evict no press."""

    key: str
    copies: tuple[Copy, ...]
    small: bool = False


@dataclass(frozen=True, slots=True)
class PutWindow:
    """Remember what a rule told for one group."""

    key: str
    window: Window


@dataclass(frozen=True, slots=True)
class PutUnknown:
    """Remember when an unknown device was last told."""

    device: str
    run_ms: int


@dataclass(frozen=True, slots=True)
class PutStore:
    """Remember the precinct's store; a change of it makes every delivery doubtful."""

    store: str


Change = PutIncident | PutCopies | PutWindow | PutUnknown | PutStore


@dataclass(frozen=True, slots=True)
class Decision:
    """What an input leads to, and why. ``moved`` names each press that reached a stage, by its time of arrival."""

    reason: Reason
    changes: tuple[Change, ...] = ()
    effects: tuple[Effect, ...] = ()
    incident: str | None = None
    moved: tuple[tuple[Stage, Stamp], ...] = ()
