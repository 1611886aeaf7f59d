"""Incidents and posts as the templates print them. Pure: the clock and the language are arguments."""

import hashlib
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from dispatcher.domain.incident import Severity, Stage
from dispatcher.domain.site import Site
from dispatcher.precinct.board import Board, PostLine
from dispatcher.precinct.model import Incident
from dispatcher.precinct.standing import MOVES, STAGE_OF, Verb
from dispatcher.precinct.web.texts import Texts

MAX_CARDS = 150
MAX_DAYS = 99
MAX_SHOWN = 9_999  # a larger number is a fault or a lie, and would push the rest of its line away
MAX_QUIET_POSTS = 12  # a healthy post is no news: with more than these they are a number


@dataclass(frozen=True, slots=True)
class Card:
    """One incident, ready to print."""

    id: str
    rev: int
    alarm: int
    severity: Severity
    place: str
    kind: str
    title: str
    post: str
    post_silent: bool
    since_ms: int
    at_least: bool
    opened: str
    count: int
    doubtful: bool
    possible: bool
    exercise: bool
    conflicts: int
    gap: bool
    unanswered: bool
    again: bool
    stage: Stage
    furthest: Stage
    officer: str | None
    unit: str | None
    disposition: str | None
    verbs: tuple[Verb, ...]

    @property
    def next(self) -> Verb | None:
        """The step that comes next: the one big button."""
        return self.verbs[0] if self.verbs else None

    @property
    def pieces(self) -> str:
        """How many events tell of it, in few enough digits."""
        return short(self.count)

    @property
    def etag(self) -> str:
        """Changes exactly when something that is printed changes; the script replaces only such cards."""
        return hashlib.sha256(repr(self).encode("utf-8", "replace")).hexdigest()[:12]


def card(incident: Incident, site: Site, silent: frozenset[str], texts: Texts) -> Card:
    """Return an incident ready to print."""
    standing = incident.standing
    post = site.posts.get(incident.post)
    return Card(
        id=incident.id,
        rev=standing.top,
        alarm=standing.alarm,
        severity=incident.severity,
        place=place(incident, site) or (post.name if post else texts("place_unknown")),
        kind=texts.kind(incident.kind),
        title=incident.title,
        post=post.name if post else incident.post,
        post_silent=incident.post in silent,
        since_ms=incident.opened_ms,
        at_least=incident.age == "at_least",
        opened=local_time(incident.opened_ms, site),
        count=incident.count,
        doubtful=incident.clock == "doubtful",
        possible=incident.certainty == "possible",
        exercise=incident.exercise,
        conflicts=incident.conflicts,
        gap=standing.top > standing.held,
        unanswered=standing.unanswered,
        again=standing.unanswered and standing.furthest is not Stage.DELIVERED,
        stage=standing.stage,
        furthest=standing.furthest,
        officer=incident.officer,
        unit=incident.unit,
        disposition=incident.disposition,
        verbs=tuple(verb for verb in STAGE_OF if verb in MOVES[standing.stage]),
    )


def place(incident: Incident, site: Site) -> str:
    """Return where it is, e.g. ``Krendang · Gang 5``; empty when nobody said."""
    word = incident.place.kelurahan or (site.posts[incident.post].kelurahan if incident.post in site.posts else None)
    known = site.kelurahan.get(word) if word else None
    return " · ".join(part for part in (known.name if known else word, incident.place.zone) if part)


@dataclass(frozen=True, slots=True)
class PostRow:
    """One post of the strip, ready to print. ``state`` names its text and its icon."""

    id: str
    name: str
    kelurahan: str | None
    state: str
    wrong: bool
    since_ms: int | None
    backlog: str | None
    doubtful: bool
    disk: str | None


def post_row(line: PostLine) -> PostRow:
    """Return a post ready to print."""
    status = line.status
    disk = status.disk if status is not None and status.disk in ("slow", "low") else None
    return PostRow(
        id=line.id,
        name=line.name,
        kelurahan=line.kelurahan,
        state=_state(line),
        wrong=line.twins or line.silent or disk is not None or (status is not None and status.state == "unsaved"),
        since_ms=line.seen_ms if line.silent else None,
        backlog=short(status.outbox_depth) if status and status.outbox_depth else None,
        doubtful=status is not None and status.clock == "doubtful",
        disk=disk,
    )


def _state(line: PostLine) -> str:
    if line.twins:
        return "twins"
    if line.status is None:
        return "never" if line.silent else "waiting"
    if line.status.state == "offline":
        return "offline"
    if line.silent:
        return "quiet"
    return "unsaved" if line.status.state == "unsaved" else "online"


def local_time(wall_ms: int, site: Site, date: bool = False) -> str:
    """Return ``02:40:13`` in the site's zone, with the date before it if asked."""
    moment = datetime.fromtimestamp(wall_ms / 1000, ZoneInfo(site.timezone))
    return moment.strftime("%d.%m.%Y %H:%M:%S" if date else "%H:%M:%S")


def short(number: int) -> str:
    """Return a number of at most four digits, else ``9999+``."""
    return str(number) if number <= MAX_SHOWN else f"{MAX_SHOWN}+"


def duration(ms: int, texts: Texts) -> str:
    """Return ``0:07``, ``12:40``, ``1:02:03``, from a day on ``2 d 03:15`` and, above 99 days, ``99+ hari``."""
    minutes, seconds = divmod(max(0, ms) // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    if hours >= 24 * (MAX_DAYS + 1):
        return texts("ages", n=MAX_DAYS)
    if hours >= 24:
        return f"{hours // 24} d {hours % 24:02}:{minutes:02}"
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def board_context(board: Board, texts: Texts) -> dict[str, Any]:
    """Return what the board's templates print, all of one instant."""
    lines = board.posts()
    silent = frozenset(line.id for line in lines if line.silent)
    cards = [card(found, board.site, silent, texts) for found in board.open_incidents()]
    rows = [post_row(line) for line in lines]
    wrong = [row for row in rows if row.wrong]
    quiet = [row for row in rows if not row.wrong]
    return {
        "waiting": [found for found in cards if found.unanswered][:MAX_CARDS],
        "in_hand": [found for found in cards if not found.unanswered][:MAX_CARDS],
        "sounding": [
            {"key": f"{found.id}:{found.alarm}", "severity": found.severity, "text": f"{found.kind}, {found.place}"}
            for found in cards
            if found.unanswered
        ],
        "total": len(cards),
        "unseen": max(0, sum(found.unanswered for found in cards) - MAX_CARDS),
        "closed": [card(found, board.site, silent, texts) for found in board.closed(5)],
        "wrong": wrong,
        "quiet": quiet[:MAX_QUIET_POSTS],
        "quiet_more": max(0, len(quiet) - MAX_QUIET_POSTS),
        "posts_total": len(rows),
        "silent": len(silent),
        "online": sum(row.state == "online" for row in rows),
        "twins": [row for row in rows if row.state == "twins"],
        "ready": board.ready,
        "notices": board.notices,
        "version": board.changes.version,
        "now_ms": board.now_ms(),
    }


def as_plain(value: Any) -> dict[str, Any]:
    """Return a frozen row as a dictionary, for JSON."""
    return asdict(value)
