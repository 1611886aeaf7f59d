"""What the engine remembers. Plain values throughout, so that a checkpoint is one dump and a start is one load.

Run times are milliseconds of running time (``Stamp.run_ms``); wall times are Unix milliseconds.
"""

from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter

from dispatcher.domain.events import Event, Value

MAX_ITEMS = 1_000  # events in one window
MAX_GROUPS = 1_000  # windows of one rule
MAX_DATES = 16  # judged dates that a clock stepping back could meet again
MAX_DOWNTIMES = 64


@dataclass(slots=True)
class Item:
    """An event in a window: when it happened, its number of arrival, and the clauses of this rule that it satisfies."""

    event: Event
    t: int
    n: int
    lits: frozenset[str]

    @property
    def order(self) -> tuple[int, int]:
        """Return what events are ordered by: time, and arrival within one instant."""
        return self.t, self.n


@dataclass(slots=True)
class Spent:
    """A window that a firing has spent, closed at both ends; for ``kelurahan`` only, where neighbours are looked at."""

    start: int
    end: int
    kelurahan: tuple[str, ...] = ()


@dataclass(slots=True)
class Window:
    """The events of one group, in order; ``judged`` are the arrivals at which the rule was judged complete."""

    items: list[Item] = field(default_factory=list)
    spent: list[Spent] = field(default_factory=list)
    judged: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Wait:
    """A running wait of an ``after``: since when, begun by what; ``t`` is our return for one that runs anew.

    ``count`` is that of what began it, 0 in a checkpoint of an earlier version.
    """

    t: int
    n: int
    event: Event
    bound: dict[str, Event] = field(default_factory=dict)
    evidence: list[Event] = field(default_factory=list)
    count: int = 0


@dataclass(slots=True)
class Entry:
    """One name of a roster. ``heard`` is empty while its silence has been told; ``dates`` are days it was heard on.

    ``unsure`` are times heard while the wall clock was not trusted.
    """

    heard: list[int] = field(default_factory=list)
    dates: list[str] = field(default_factory=list)
    unsure: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Pending:
    """A state that became so at ``since`` at these posts. ``everywhere``: it was set for all at once."""

    since: int
    posts: list[str]
    everywhere: bool = False


@dataclass(slots=True)
class MachineState:
    """What one ``when`` remembers; each form uses its own part. Nothing of it is due before ``alarm``.

    ``began`` is when the rule was loaded, ``began_wall`` the same in wall time, None before the clock was trusted.
    ``fresh``: it has come, or was switched on, since daily deadlines were last judged.
    """

    began: int = 0
    began_wall: int | None = None
    fresh: bool = False
    alarm: int = 0
    windows: dict[str, Window] = field(default_factory=dict)
    waits: dict[str, list[Wait]] = field(default_factory=dict)
    ended: dict[str, list[Item]] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)
    pending: list[Pending] = field(default_factory=list)
    dates: list[str] = field(default_factory=list)


@dataclass(slots=True)
class RuleState:
    """What one rule remembers. Keys of a shadow's entries begin with ``~``: it must hold back nothing when it is live.

    ``conditions`` maps an open group to its post, ``throttles`` a key to the start of its window, ``incidents`` a
    group to its post and the time of its last evidence.
    """

    fingerprint: str
    when: MachineState = field(default_factory=MachineState)
    clear: MachineState = field(default_factory=MachineState)
    conditions: dict[str, str | None] = field(default_factory=dict)
    throttles: dict[str, int] = field(default_factory=dict)
    incidents: dict[str, tuple[str | None, int]] = field(default_factory=dict)
    resting: bool = False


@dataclass(slots=True)
class StateValue:
    """What a state is at one post, and since when; ``everywhere``: it was set for all posts at once."""

    value: Value
    since: int
    everywhere: bool = False


@dataclass(slots=True)
class Watch:
    """An open watch of the precinct: for one kelurahan or (None) all, until a wall time that is included."""

    kind: str
    kelurahan: str | None
    until: int | None


@dataclass(slots=True)
class Downtime:
    """We were off from ``start`` to ``end``; ``n`` is the number of the first arrival after it."""

    start: int
    end: int
    n: int


@dataclass(slots=True)
class EngineState:
    """All of it. Nothing but daily deadlines is due before ``alarm``.

    ``wall_seen`` is up to when daily deadlines were judged; None before the clock was ever trusted, and ``unsure``
    while it is not. ``ungrouped`` counts the events that lacked a rule's group field.
    """

    started: int = 0
    alarm: int = 0
    n: int = 0
    wall_seen: int | None = None
    unsure: bool = False
    rules: dict[str, RuleState] = field(default_factory=dict)
    states: dict[str, dict[str, StateValue]] = field(default_factory=dict)
    watches: list[Watch] = field(default_factory=list)
    downtimes: list[Downtime] = field(default_factory=list)
    ungrouped: dict[str, int] = field(default_factory=dict)
    too_late: int = 0
    gave_up: int = 0


_ADAPTER: TypeAdapter[EngineState] = TypeAdapter(EngineState)


def to_plain(state: EngineState) -> dict[str, Any]:
    """Return the state as JSON values."""
    plain: dict[str, Any] = _ADAPTER.dump_python(state, mode="json", exclude_defaults=True)
    return plain


def from_plain(data: object) -> EngineState:
    """Return what ``to_plain`` made. Raises ValueError for anything else."""
    return _ADAPTER.validate_python(data)
