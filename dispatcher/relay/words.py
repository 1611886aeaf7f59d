"""Events that the precinct's own rules look at, on their way there: kept until the precinct says that it has them.

They call nobody, so they are bounded: of what waits for days without an uplink the oldest goes, and is counted. Pure
but for its own table; the clock is an argument.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from dispatcher.domain.events import Event

MAX_WORDS = 1_000
MAX_SENDINGS = 16  # in one turn


@dataclass(slots=True)
class _Try:
    event: Event
    attempt: int = 0
    next_run_ms: int = 0


class Words:
    """What waits, oldest first. ``min_ms`` and ``max_ms`` bound the wait between two sendings of one event."""

    def __init__(self, min_ms: int, max_ms: int) -> None:
        self._min_ms = min_ms
        self._max_ms = max_ms
        self._tries: dict[str, _Try] = {}
        self._quiet_until_ms = 0
        self._dropped = 0

    def __len__(self) -> int:
        return len(self._tries)

    def put(self, events: Iterable[Event]) -> None:
        """Take events to pass on."""
        for event in events:
            self._tries.setdefault(event.id, _Try(event))
            self._quiet_until_ms = 0
        while len(self._tries) > MAX_WORDS:
            del self._tries[next(iter(self._tries))]
            self._dropped += 1

    def taken(self, id_: str) -> None:
        """The precinct has this one."""
        self._tries.pop(id_, None)

    def take_dropped(self) -> int:
        """Return how many went for newer ones since this was asked last."""
        dropped, self._dropped = self._dropped, 0
        return dropped

    def due(self, run_ms: int) -> list[Event]:
        """Return what to send now, and count it as tried."""
        if run_ms < self._quiet_until_ms:
            return []
        found = list(islice(self._due(run_ms), MAX_SENDINGS))
        for tried in found:
            tried.next_run_ms = run_ms + min(self._max_ms, self._min_ms << min(tried.attempt, 20))
            tried.attempt += 1
        self._quiet_until_ms = min((tried.next_run_ms for tried in self._tries.values()), default=0)
        return [tried.event for tried in found]

    def _due(self, run_ms: int) -> Iterator[_Try]:
        return (tried for tried in self._tries.values() if tried.next_run_ms <= run_ms)

    def reconnected(self) -> None:
        """A new connection: everything is due at once."""
        self._quiet_until_ms = 0
        for tried in self._tries.values():
            tried.attempt = tried.next_run_ms = 0
