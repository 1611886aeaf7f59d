"""When each undelivered revision is sent next. Pure but for its own table; the clock is an argument.

A revision leaves the outbox by the precinct's receipt alone. A broker that took it has promised nothing, so it is
sent again, each time after twice the wait, until the receipt comes.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from dispatcher.incidents.model import Incident, Revision

MAX_SENDINGS = 32  # in one turn, so that a day's backlog does not stand before the press that comes now


@dataclass(frozen=True, slots=True)
class Sending:
    """A revision to send now. ``attempt`` counts from 1; ``age_ms`` is the incident's age in running time."""

    revision: Revision
    attempt: int
    age_ms: int


@dataclass(frozen=True, slots=True)
class _Try:
    attempt: int
    next_run_ms: int


class Schedule:
    """Back-off for every revision of the outbox. ``min_ms`` and ``max_ms`` bound the wait between two sendings."""

    def __init__(self, min_ms: int, max_ms: int) -> None:
        self._min_ms = min_ms
        self._max_ms = max_ms
        self._tries: dict[tuple[str, int], _Try] = {}
        self._seen = (0, 0)
        self._quiet_until_ms = 0

    def due(self, incidents: Iterable[Incident], run_ms: int) -> list[Sending]:
        """Return what to send now, panics first, then the oldest, and count it as tried."""
        listed = list(incidents)
        seen = (sum(len(incident.outbox) for incident in listed), sum(incident.rev for incident in listed))
        if seen == self._seen and run_ms < self._quiet_until_ms:
            return []  # a day's backlog must not be looked through at every turn
        self._seen = seen
        waiting = [(incident, revision) for incident in listed for revision in incident.outbox]
        self._forget_all_but(waiting)
        due = [(incident, revision) for incident, revision in waiting if self._is_due(revision, run_ms)]
        sendings = [
            Sending(revision, self._attempt(revision) + 1, max(0, run_ms - incident.opened.run_ms))
            for incident, revision in sorted(due, key=self._rank)[:MAX_SENDINGS]
        ]
        for sending in sendings:
            self._tries[_key(sending.revision)] = _Try(sending.attempt, run_ms + self._wait(sending.attempt))
        all_tried = len(self._tries) >= len(waiting)
        self._quiet_until_ms = min((tried.next_run_ms for tried in self._tries.values()), default=0) if all_tried else 0
        return sendings

    def _rank(self, waiting: tuple[Incident, Revision]) -> tuple[bool, int, int, str, int]:
        # What was never tried goes before what was: a slow precinct must not keep the end of a backlog from leaving.
        incident, revision = waiting
        return (not incident.panic, self._attempt(revision), incident.opened.run_ms, incident.id, revision.rev)

    def next_due(self, incidents: Iterable[Incident], run_ms: int) -> int | None:
        """Return in how many milliseconds something is due, None with an empty outbox."""
        times = [
            self._tries[_key(revision)].next_run_ms if _key(revision) in self._tries else run_ms
            for incident in incidents
            for revision in incident.outbox
        ]
        return max(0, min(times) - run_ms) if times else None

    def reconnected(self) -> None:
        """A new connection: everything is due at once, and waits begin anew."""
        self._tries.clear()
        self._quiet_until_ms = 0

    def _forget_all_but(self, waiting: list[tuple[Incident, Revision]]) -> None:
        # What has its receipt is no longer tried; should it come back (a new store), it is new again.
        if len(self._tries) > len(waiting):
            kept = {_key(revision) for _, revision in waiting}
            self._tries = {key: tried for key, tried in self._tries.items() if key in kept}

    def _attempt(self, revision: Revision) -> int:
        tried = self._tries.get(_key(revision))
        return tried.attempt if tried else 0

    def _is_due(self, revision: Revision, run_ms: int) -> bool:
        tried = self._tries.get(_key(revision))
        return tried is None or tried.next_run_ms <= run_ms

    def _wait(self, attempt: int) -> int:
        return min(self._max_ms, self._min_ms << min(attempt - 1, 20))


def _key(revision: Revision) -> tuple[str, int]:
    return revision.incident, revision.rev
