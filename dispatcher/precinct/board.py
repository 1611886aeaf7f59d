"""What the duty officer's board asks and does: the station as the web sees it, from any thread."""

from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass

from dispatcher.domain.incident import SEVERITY_ORDER
from dispatcher.domain.site import Post
from dispatcher.matcher.port import MatcherState
from dispatcher.precinct.changes import Changes
from dispatcher.precinct.model import Action, History, Incident, Reply
from dispatcher.precinct.station import Station
from dispatcher.precinct.watches import WatchReply
from dispatcher.wire.status import Status
from dispatcher.wire.watch import OpenWatch


@dataclass(frozen=True, slots=True)
class PostLine:
    """A post as the strip shows it. ``seen_ms`` is when it last spoke (Unix milliseconds), None: not since we run."""

    id: str
    name: str
    kelurahan: str | None
    status: Status | None
    seen_ms: int | None
    silent: bool
    twins: bool


def most_urgent_first(incidents: Iterable[Incident]) -> list[Incident]:
    """Return the board's order: unanswered before answered, real before exercise, loudest, then oldest."""
    return sorted(
        incidents,
        key=lambda found: (
            not found.standing.unanswered,
            found.exercise,
            -SEVERITY_ORDER[found.severity],
            found.opened_ms,
            found.id,
        ),
    )


class Board:
    """One facade for pages and API."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self._reading = station.store.reading
        self.site = station.site
        self.precinct = station.precinct
        self.store = station.store.id

    @property
    def changes(self) -> Changes:
        """Who wants to be told of changes asks here."""
        return self._station.changes

    @property
    def ready(self) -> bool:
        """Whether the broker is connected and subscribed, and the store works."""
        return self._station.broker_up and self._station.failure is None

    @property
    def boards(self) -> int:
        """How many boards are open."""
        return self._station.boards

    @property
    def notices(self) -> tuple[str, ...]:
        """What is wrong with the precinct itself, as words."""
        return self._station.notices

    @property
    def config_faults(self) -> int:
        """How many faults the files have that we were to run with."""
        return self._station.config_faults

    @property
    def rules(self) -> tuple[str, ...]:
        """The ids of the rules that run here."""
        return self._station.ruling.names

    def matcher_state(self) -> MatcherState | None:
        """Return who answers the rules' clauses; None without rules."""
        ruling = self._station.ruling
        return ruling.matcher_state() if ruling.names else None

    @property
    def watches(self) -> tuple[OpenWatch, ...]:
        """The watches that are open."""
        return self._station.watches

    def open_watch(self, watch: OpenWatch, by: str) -> "Future[WatchReply]":
        """Open a watch; see ``Station.open_watch``."""
        return self._station.open_watch(watch, by)

    def close_watch(self, kind: str, kelurahan: str | None, by: str) -> "Future[WatchReply]":
        """Close a watch; see ``Station.close_watch``."""
        return self._station.close_watch(kind, kelurahan, by)

    def now_ms(self) -> int:
        """The precinct's wall clock, in Unix milliseconds."""
        return self._station.clock.wall_ms()

    def open_incidents(self) -> list[Incident]:
        """Return the open incidents in the board's order."""
        return most_urgent_first(self._reading.open_incidents())

    def recent(self, limit: int) -> tuple[Incident, ...]:
        """Return what changed last, open or closed."""
        return self._reading.incidents(limit)

    def closed(self, limit: int) -> tuple[Incident, ...]:
        """Return what was closed last."""
        return self._reading.closed_incidents(limit)

    def incident(self, incident: str) -> Incident | None:
        """Return one incident."""
        return self._reading.incident(incident)

    def history(self, incident: str) -> History | None:
        """Return everything about one incident."""
        return self._reading.history(incident)

    def counters(self) -> dict[tuple[str, str], int]:
        """Return the counters that survive restarts."""
        return self._reading.counters()

    def posts(self) -> list[PostLine]:
        """Return every post of the site and every other that ever spoke: those in trouble first."""
        lines = [self._line(post) for post in self._station.posts_known()]
        return sorted(lines, key=lambda line: (not line.twins, not line.silent, line.name, line.id))

    def _line(self, post: str) -> PostLine:
        station = self._station
        heard, run = station.heard.get(post), station.clock.run_ms()
        known = self.site.posts.get(post) or Post(post, post, "")
        kelurahan = self.site.kelurahan.get(known.kelurahan)
        return PostLine(
            id=post,
            name=known.name,
            kelurahan=kelurahan.name if kelurahan else None,
            status=heard.status if heard else station.remembered.get(post),
            seen_ms=self.now_ms() - (run - heard.seen_ms) if heard else None,
            silent=post in station.silent,
            twins=heard is not None and heard.twins(run),
        )

    def act(self, action: Action) -> "Future[Reply]":
        """Keep an officer's action; see ``Station.act``."""
        return self._station.act(action)

    def enter(self) -> None:
        """A board with somebody before it opened."""
        self._station.enter()

    def leave(self) -> None:
        """A board closed."""
        self._station.leave()
