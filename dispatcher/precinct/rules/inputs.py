"""What the precinct's rules are told, in order: events, incidents that officers closed, watches, rules, the time."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from dispatcher.domain.events import Event
from dispatcher.domain.stamp import Stamp
from dispatcher.matcher.port import Matcher, Refusal
from dispatcher.rules.engine.engine import Engine


@dataclass(frozen=True, slots=True)
class Seen:
    """An event. ``happened_run`` is the running time that a device with a trusted clock gives it, in milliseconds.

    ``floor`` is the kind of the incident that the floor opened for it here, or that it joined.
    """

    event: Event
    happened_run: int | None = None
    floor: str | None = None


@dataclass(frozen=True, slots=True)
class Closed:
    """An officer closed an incident that a rule of ours had raised."""

    rule: str
    post: str | None


@dataclass(frozen=True, slots=True)
class WatchOpened:
    """A watch, until a wall time in Unix milliseconds that is included, or without an end."""

    kind: str
    kelurahan: str | None
    until: int | None


@dataclass(frozen=True, slots=True)
class WatchClosed:
    """The end of a watch."""

    kind: str
    kelurahan: str | None


@dataclass(frozen=True, slots=True)
class Tick:
    """Nothing but the time. It is never written down."""


@dataclass(frozen=True, slots=True)
class NewRules:
    """Other rules from here on, and who answers their clauses. They are never written down: they stand in the files.

    ``done`` is called when they run, with the ids of those that begin anew; or with why they do not.
    """

    engine: Engine
    matcher: Matcher
    done: Callable[[tuple[str, ...], tuple[Refusal, ...]], None]


Body = Seen | Closed | WatchOpened | WatchClosed | Tick | NewRules


@dataclass(frozen=True, slots=True)
class Input:
    """One input: its number (a tick has that of the input before it) and when it came."""

    n: int
    at: Stamp
    body: Body


_ADAPTERS: dict[str, TypeAdapter[Any]] = {
    kind.__name__: TypeAdapter(kind) for kind in (Seen, Closed, WatchOpened, WatchClosed)
}


def encode(body: Body) -> tuple[str, bytes]:
    """Return the sort of an input and its JSON."""
    sort = type(body).__name__
    return sort, _ADAPTERS[sort].dump_json(body, exclude_defaults=True)


def decode(sort: str, body: bytes) -> Body:
    """Return what ``encode`` wrote. Raises ValueError for anything else."""
    adapter = _ADAPTERS.get(sort)
    if adapter is None:
        raise ValueError(sort)
    found: Body = adapter.validate_json(body)
    return found
