"""The post's state: what the journal says so far. Changed by ``apply`` alone."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from dispatcher.domain.stamp import Stamp
from dispatcher.incidents.model import (
    Change,
    Copy,
    Decision,
    Incident,
    PutCopies,
    PutIncident,
    PutStore,
    PutUnknown,
    PutWindow,
    Window,
)

T = TypeVar("T")

COPY_MEMORY_MS = 3_600_000  # a counter seen again within an hour of the last copy is a copy (design, "Copies")
CLOSED_MEMORY_MS = 3_600_000  # late receipts and copies still find their incident this long after it closed
IDLE_MEMORY_MS = 7 * 24 * 3_600_000  # a delivered incident that nobody closes leaves memory after a week
MAX_COPIES = 50_000
MAX_UNKNOWN = 256
MAX_WINDOWS = 10_000


@dataclass(slots=True)
class PostState:
    """Incidents, copies, throttle windows and what else the fold keeps. Every table is bounded."""

    incidents: dict[str, Incident] = field(default_factory=dict)
    by_device: dict[str, str] = field(default_factory=dict)
    copies: dict[str, tuple[Copy, ...]] = field(default_factory=dict)
    windows: dict[str, Window] = field(default_factory=dict)
    unknown: dict[str, int] = field(default_factory=dict)
    store: str | None = None

    def apply(self, decision: Decision) -> None:
        """Carry out the changes of a decision."""
        for change in decision.changes:
            self._apply(change)

    def _apply(self, change: Change) -> None:
        match change:
            case PutIncident(incident):
                self._put_incident(incident)
            case PutCopies(key, copies):
                _put_newest(self.copies, key, copies, MAX_COPIES)
            case PutWindow(key, window):
                _put_newest(self.windows, key, window, MAX_WINDOWS)
            case PutUnknown(device, run_ms):
                _put_newest(self.unknown, device, run_ms, MAX_UNKNOWN)
            case PutStore(store):
                self.store = store

    def _put_incident(self, incident: Incident) -> None:
        if incident.panic and incident.device is not None:
            self.by_device[incident.device] = incident.id
        self.incidents[incident.id] = incident

    def open_incident_of(self, device: str) -> Incident | None:
        """Return the device's latest floor incident if it is open."""
        incident = self.incidents.get(self.by_device.get(device, ""))
        return incident if incident is not None and incident.is_open else None

    def forget(self, now: Stamp) -> int:
        """Drop what no later input can need; return how many entries went. Harmless to repeat or to skip."""
        return (
            _drop(self.incidents, lambda incident: _is_over(incident, now))
            + _drop(self.by_device, lambda id_: id_ not in self.incidents)
            + _drop(self.copies, lambda copies: now.run_ms - copies[-1].last_run_ms > COPY_MEMORY_MS)
        )


def _put_newest(table: dict[str, T], key: str, value: T, limit: int) -> None:
    # Re-inserting moves the key to the end, so that the oldest is what a full table drops.
    table.pop(key, None)
    table[key] = value
    if len(table) > limit:
        del table[next(iter(table))]


def _drop(table: dict[str, T], is_over: Callable[[T], bool]) -> int:
    gone = [key for key, value in table.items() if is_over(value)]
    for key in gone:
        del table[key]
    return len(gone)


def _is_over(incident: Incident, now: Stamp) -> bool:
    if incident.outbox or incident.pending or incident.delivered_rev < incident.rev:
        return False
    age = now.run_ms - incident.last_event.run_ms
    return age > (IDLE_MEMORY_MS if incident.is_open else CLOSED_MEMORY_MS)
