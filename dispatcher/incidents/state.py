"""The post's state: what the journal says so far. Changed by ``apply`` alone."""

from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from dispatcher.domain.stamp import Stamp
from dispatcher.incidents.deadlines import Deadlines
from dispatcher.incidents.duties import overdue_at, revise_at
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
    Revision,
    Window,
)

T = TypeVar("T")

COPY_MEMORY_MS = 3_600_000  # a counter seen again within an hour of the last copy is a copy (design, "Copies")
MEMORY_MS = 7 * 24 * 3_600_000  # a precinct with a new store is told the last 7 days again (design, "sync")
MAX_INCIDENTS = 5_000  # beyond that the oldest that are delivered make room
MAX_WEIGHT = 4 * 2**20  # bytes of all of them (a post has 64 MiB), beyond that too; some 1,400 with one revision each
_BARE, _REVISION, _EVIDENCE = 2_000, 250, 300  # bytes beside what they say, about: as measured in a running post
MAX_COPIES = 20_000  # presses in those days, each remembered as long as its incident
MAX_SMALL_COPIES = 4_096  # readings: their devices repeat within seconds
MAX_UNKNOWN = 256
MAX_WINDOWS = 10_000
SEALED = "sealed"  # no incident's id: what would join it opens one of its own


class _Derived:
    """What follows from the incidents, so that nobody has to look through them: no part of the state's equality."""

    __slots__ = ("_overdue", "_revise", "_touched", "passing", "sealed")

    def __init__(self) -> None:
        self._revise, self._overdue = Deadlines(), Deadlines()
        self._touched: dict[str, None] = {}
        self.passing = ""  # the name of a run that saves nothing
        self.sealed: frozenset[str] = frozenset()  # what was there before it

    def _close(self, passing: str, ids: Iterable[str]) -> None:
        self.passing, self.sealed = passing, frozenset(ids)

    def follow(self, id_: str, incident: Incident | None) -> None:
        """Learn how an incident stands now; None: it is no more."""
        self._touched[id_] = None
        self._revise.put(id_, revise_at(incident) if incident is not None and id_ not in self.sealed else None)
        self._overdue.put(id_, overdue_at(incident) if incident is not None else None)


@dataclass(slots=True)
class PostState(_Derived):
    """Incidents, copies, throttle windows and what else the fold keeps. Every table is bounded."""

    incidents: dict[str, Incident] = field(default_factory=dict)
    by_device: dict[str, str] = field(default_factory=dict)
    copies: dict[str, tuple[Copy, ...]] = field(default_factory=dict)
    small_copies: dict[str, tuple[Copy, ...]] = field(default_factory=dict)
    windows: dict[str, Window] = field(default_factory=dict)
    unknown: dict[str, int] = field(default_factory=dict)
    store: str | None = None
    waiting: dict[str, None] = field(default_factory=dict)  # ids of those with something to make, send or deliver

    def __post_init__(self) -> None:
        _Derived.__init__(self)
        for id_, incident in self.incidents.items():
            self.follow(id_, incident)

    def apply(self, decision: Decision) -> None:
        """Carry out the changes of a decision."""
        for change in decision.changes:
            self._apply(change)

    def _apply(self, change: Change) -> None:
        match change:
            case PutIncident(incident):
                self._put_incident(incident)
            case PutCopies(key, copies, small):
                self._put_copies(key, copies, small)
            case PutWindow(key, window):
                _put_newest(self.windows, key, window, MAX_WINDOWS)
            case PutUnknown(device, run_ms):
                _put_newest(self.unknown, device, run_ms, MAX_UNKNOWN)
            case PutStore(store):
                self._put_store(store)

    def _put_incident(self, incident: Incident) -> None:
        if incident.panic and incident.device is not None and self._is_latest(incident, incident.device):
            self.by_device[incident.device] = incident.id
        self.incidents[incident.id] = incident
        self.follow(incident.id, incident)
        self._wait_for(incident)

    def _wait_for(self, incident: Incident) -> None:
        if incident.outbox or (incident.pending and incident.id not in self.sealed):
            self.waiting[incident.id] = None
        else:
            self.waiting.pop(incident.id, None)

    def _is_latest(self, incident: Incident, device: str) -> bool:
        # A receipt for an old incident must not make it the one that the next press would join.
        if incident.id in self.sealed:
            return False
        known = self.incidents.get(self.by_device.get(device, ""))
        return known is None or incident.last_event.run_ms >= known.last_event.run_ms

    def _put_store(self, store: str) -> None:
        is_new = self.store not in (None, store)
        self.store = store
        for incident in list(self.incidents.values()) if is_new else ():
            self._put_incident(resend_everything(incident))

    def unfinished(self) -> list[Incident]:
        """Return the incidents that have something to make, to send or to be delivered."""
        return [self.incidents[id_] for id_ in self.waiting]

    @property
    def holds_passing(self) -> bool:
        """Return whether something waits that is on no card: it would not outlive a restart."""
        return any(id_ not in self.sealed for id_ in self.waiting)

    def to_revise(self, now: Stamp) -> list[Incident]:
        """Return the incidents whose next revision must be made."""
        return [self.incidents[id_] for id_ in self._revise.due(now.run_ms)]

    def overdue(self, now: Stamp) -> list[Incident]:
        """Return the incidents with a press that was not delivered in time, and of which nobody was told so."""
        return [self.incidents[id_] for id_ in self._overdue.due(now.run_ms)]

    def take_touched(self) -> list[tuple[str, Incident | None]]:
        """Return what has changed since this was asked last: each incident as it is now, None where it is gone."""
        touched = self._touched
        self._touched = {}  # type: ignore[misc]  # a slot of the base class, which mypy overlooks in a dataclass
        return [(id_, self.incidents.get(id_)) for id_ in touched]

    def _put_copies(self, key: str, copies: tuple[Copy, ...], small: bool) -> None:
        if small and key not in self.copies:
            _put_newest(self.small_copies, key, copies, MAX_SMALL_COPIES)
        else:
            self.small_copies.pop(key, None)
            _put_newest(self.copies, key, copies, MAX_COPIES)

    def copies_of(self, key: str) -> tuple[Copy, ...]:
        """Return what is remembered under one counter."""
        return self.copies.get(key) or self.small_copies.get(key, ())

    def open_incident_of(self, device: str) -> Incident | None:
        """Return the device's latest floor incident if it is open."""
        incident = self.incidents.get(self.by_device.get(device, ""))
        return incident if incident is not None and incident.is_open else None

    def grow_older(self, before_run_ms: int, by_ms: int) -> None:
        """An absence that ended at ``before_run_ms`` was longer than running time says: all from before it is older.

        Copies do not age: nobody heard anything meanwhile. What came since keeps its time.
        """
        for incident in list(self.incidents.values()):
            self.incidents[incident.id] = older = aged(incident, before_run_ms, by_ms)
            self.follow(older.id, older)
        for key, window in self.windows.items():
            if window.since_run_ms < before_run_ms:
                self.windows[key] = replace(window, since_run_ms=window.since_run_ms - by_ms)
        for device, run_ms in self.unknown.items():
            if run_ms < before_run_ms:
                self.unknown[device] = run_ms - by_ms

    def seal(self, passing: str = "") -> None:
        """Let nothing become of what is there but its delivery: the run that begins, called ``passing``, saves nothing.

        A revision that it made of an older incident would have a number that the next run gives again, to other words;
        and a press that only it has heard would, repeated later, have the same incident's revision 1 again. So what is
        there gets no revision more, and what is new gets ids that no other run derives.
        """
        self._close(passing, self.incidents)
        for incident in self.incidents.values():
            self.follow(incident.id, incident)
            self._wait_for(incident)
        self.by_device.clear()
        self.windows = {key: replace(window, incident=SEALED) for key, window in self.windows.items()}

    def namespace(self, post: str) -> str:
        """Return what the ids of new incidents are derived under."""
        return f"{post} {self.passing}" if self.passing else post

    def was_off(self, downtime_ms: int) -> None:
        """Nobody heard anything for so long, so no copy has aged: a button may have repeated a press all the while."""
        for table in (self.copies, self.small_copies) if downtime_ms else ():
            for key, copies in table.items():
                table[key] = tuple(replace(copy, last_run_ms=copy.last_run_ms + downtime_ms) for copy in copies)

    def forget(self, now: Stamp) -> int:
        """Drop what no later input can need; return how many entries went. Harmless to repeat or to skip."""
        return (
            self._drop_incidents([one for one in self.incidents.values() if _is_over(one, now)])
            + self._make_room()
            + _drop(self.by_device, lambda id_: id_ not in self.incidents)
            + _drop(self.copies, lambda copies: _is_stale(copies, now, MEMORY_MS))
            + _drop(self.small_copies, lambda copies: _is_stale(copies, now, COPY_MEMORY_MS))
        )

    def forget_rules(self, running: Container[str]) -> int:
        """Drop what rules told that run no more; return how many entries went.

        Nothing repeats or clears what they had told: a rule that comes back begins anew.
        """
        gone = [key for key in self.windows if key.partition("/")[0] not in running]
        for key in gone:
            del self.windows[key]
        return len(gone)

    def _make_room(self) -> int:
        surplus = len(self.incidents) - MAX_INCIDENTS
        too_much = sum(map(weight, self.incidents.values())) - MAX_WEIGHT
        if surplus <= 0 and too_much <= 0:
            return 0
        finished = [incident for incident in self.incidents.values() if _is_finished(incident)]
        finished.sort(key=lambda one: (one.is_open, one.is_open and one.panic, one.last_event.run_ms))
        gone = finished[: max(0, surplus)]
        too_much -= sum(map(weight, gone))
        for incident in finished[len(gone) :]:
            if too_much <= 0 or (incident.is_open and incident.panic):  # for bytes alone no lamp says that all is well
                break
            gone.append(incident)
            too_much -= weight(incident)
        return self._drop_incidents(gone)

    def _drop_incidents(self, gone: list[Incident]) -> int:
        for incident in gone:
            del self.incidents[incident.id]
            self.follow(incident.id, None)
        return len(gone)


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


def _is_stale(copies: tuple[Copy, ...], now: Stamp, memory_ms: int) -> bool:
    return all(now.run_ms - copy.last_run_ms > memory_ms for copy in copies)


def _is_over(incident: Incident, now: Stamp) -> bool:
    # An open one stays, even where a clock that is years ahead was believed: the lamp must not say that all is well.
    return _is_finished(incident) and not incident.is_open and now.run_ms - incident.last_event.run_ms > MEMORY_MS


def _is_finished(incident: Incident) -> bool:
    return not incident.outbox and not incident.pending


def weight(incident: Incident) -> int:
    """Return about how many bytes of memory an incident takes."""
    made = (*incident.outbox, *incident.kept)
    return _BARE + sum(len(one.body) + _REVISION for one in made) + _EVIDENCE * len(incident.evidence)


def resend_everything(incident: Incident) -> Incident:
    """Forget that anything was delivered: the precinct's store is a new one."""
    outbox = (*incident.kept, *incident.outbox)
    return replace(incident, outbox=outbox, kept=(), sent_rev=0, delivered_rev=0, unattended_rev=0)


def aged(incident: Incident, before_run_ms: int, by_ms: int) -> Incident:
    """Return the incident with every stamp from before ``before_run_ms`` that much older."""

    def older(stamp: Stamp) -> Stamp:
        return replace(stamp, run_ms=stamp.run_ms - by_ms) if stamp.run_ms < before_run_ms else stamp

    def remade(revisions: tuple[Revision, ...]) -> tuple[Revision, ...]:
        return tuple(replace(revision, made=older(revision.made)) for revision in revisions)

    return replace(
        incident,
        opened=older(incident.opened),
        last_event=older(incident.last_event),
        evidence=tuple(replace(entry, at=older(entry.at)) for entry in incident.evidence),
        made=older(incident.made) if incident.made else None,
        outbox=remade(incident.outbox),
        kept=remade(incident.kept),
    )
