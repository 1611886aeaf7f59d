"""When each undelivered revision is sent next. Pure but for its own tables; the clock is an argument.

A revision leaves the outbox by the precinct's receipt alone. A broker that took it has promised nothing, so it is
sent again, each time after twice the wait, until the receipt comes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heappop, heappush

from dispatcher.incidents.model import Incident, Revision

MAX_SENDINGS = 32  # in one turn, so that a day's backlog does not stand before the press that comes now

_Key = tuple[str, int]
_Rank = tuple[bool, int, int, str, int]


@dataclass(frozen=True, slots=True)
class Sending:
    """A revision to send now. ``attempt`` counts from 1; ``age_ms`` is the incident's age in running time."""

    revision: Revision
    attempt: int
    age_ms: int


@dataclass(slots=True)
class _Try:
    """A revision of the outbox: how often it was sent, and when it is due again; None: it stands among the ready."""

    incident: Incident
    revision: Revision
    attempt: int = 0
    next_run_ms: int | None = None


class Schedule:
    """Back-off for every revision of the outbox. ``min_ms`` and ``max_ms`` bound the wait between two sendings.

    It is told of each incident that changes, and looks at no other.
    """

    def __init__(self, min_ms: int, max_ms: int) -> None:
        self._min_ms = min_ms
        self._max_ms = max_ms
        self._tries: dict[_Key, _Try] = {}
        self._keys: dict[str, tuple[int, ...]] = {}
        self._ready: list[_Rank] = []
        self._waiting: list[tuple[int, _Key]] = []

    def see(self, id_: str, incident: Incident | None) -> None:
        """Learn what waits in an incident's outbox now; None: it is no more.

        What has its receipt is no longer tried; should it come back (a new store), it is new again.
        """
        revisions = {revision.rev: revision for revision in incident.outbox} if incident is not None else {}
        for rev in self._keys.pop(id_, ()):
            if rev not in revisions:
                del self._tries[id_, rev]
        if incident is None or not revisions:
            return
        self._keys[id_] = tuple(revisions)
        for rev, revision in revisions.items():
            known = self._tries.get((id_, rev))
            if known is None:
                self._tries[id_, rev] = known = _Try(incident, revision)
                heappush(self._ready, _rank(known))
            known.incident, known.revision = incident, revision

    def due(self, run_ms: int) -> list[Sending]:
        """Return what to send now, panics first, then the oldest, and count it as tried."""
        self._wake(run_ms)
        sendings = []
        for tried in self._take_ready():
            tried.attempt += 1
            tried.next_run_ms = run_ms + self._wait(tried.attempt)
            heappush(self._waiting, (tried.next_run_ms, _key(tried)))
            age_ms = max(0, run_ms - tried.incident.opened.run_ms)
            sendings.append(Sending(tried.revision, tried.attempt, age_ms))
        return sendings

    def _wake(self, run_ms: int) -> None:
        while self._waiting and self._waiting[0][0] <= run_ms:
            at, key = heappop(self._waiting)
            tried = self._tries.get(key)
            if tried is not None and tried.next_run_ms == at:
                tried.next_run_ms = None
                heappush(self._ready, _rank(tried))

    def _take_ready(self) -> Iterator[_Try]:
        taken: set[_Key] = set()
        while self._ready and len(taken) < MAX_SENDINGS:
            rank = heappop(self._ready)
            key = rank[3], rank[4]
            tried = self._tries.get(key)
            if tried is None or tried.next_run_ms is not None or rank[1] != tried.attempt or key in taken:
                continue  # it left the outbox, or stands elsewhere by now
            taken.add(key)
            yield tried

    def reconnected(self) -> None:
        """A new connection: everything is due at once, and waits begin anew."""
        self._waiting = []
        for tried in self._tries.values():
            tried.attempt, tried.next_run_ms = 0, None
        self._ready = sorted(_rank(tried) for tried in self._tries.values())

    def _wait(self, attempt: int) -> int:
        return min(self._max_ms, self._min_ms << min(attempt - 1, 20))


def _key(tried: _Try) -> _Key:
    return tried.revision.incident, tried.revision.rev


def _rank(tried: _Try) -> _Rank:
    # What was never tried goes before what was: a slow precinct must not keep the end of a backlog from leaving.
    incident = tried.incident
    return not incident.panic, tried.attempt, incident.opened.run_ms, incident.id, tried.revision.rev
