"""An incident as the post knows it, its revisions, and the precinct's receipts."""

from dataclasses import dataclass
from enum import StrEnum

from dispatcher.domain.stamp import Stamp


class Stage(StrEnum):
    """How far a press has come. A closed list (the promise, point 4)."""

    SAVED = "saved"
    SENT = "sent"
    DELIVERED = "delivered"
    ACKNOWLEDGED = "acknowledged"
    DISPATCHED = "dispatched"
    ARRIVED = "arrived"
    CLOSED = "closed"
    UNDELIVERED = "undelivered"
    UNATTENDED = "unattended"
    REFUSED = "refused"


RECEIPT_STAGES = frozenset(
    {Stage.DELIVERED, Stage.ACKNOWLEDGED, Stage.DISPATCHED, Stage.ARRIVED, Stage.CLOSED, Stage.UNATTENDED}
)


class Severity(StrEnum):
    """How loud, from quiet to loud."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


SEVERITY_ORDER = {severity: rank for rank, severity in enumerate(Severity)}


def loudest(first: Severity, second: Severity) -> Severity:
    """Return the louder of two severities."""
    return first if SEVERITY_ORDER[first] >= SEVERITY_ORDER[second] else second


@dataclass(frozen=True, slots=True)
class PlaceOfIncident:
    """Where it is, as far as the site knows."""

    kelurahan: str | None = None
    zone: str | None = None
    lat: float | None = None
    lon: float | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """One event that belongs to an incident. ``rev`` is the revision that carried it, 0 while none has."""

    event: str
    kind: str
    device: str | None
    at: Stamp
    boot: int | None = None
    seq: int | None = None
    rev: int = 0


@dataclass(frozen=True, slots=True)
class Receipt:
    """The precinct's word on an incident, as far as revision ``rev``."""

    id: str
    rev: int
    stage: Stage
    by: str | None = None
    at: str | None = None
    disposition: str | None = None
    store: str | None = None
