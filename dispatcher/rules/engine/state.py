"""What the engine remembers. Plain values throughout, so that a checkpoint is one dump and a start is one load.

Run times are milliseconds of running time (``Stamp.run_ms``); wall times are Unix milliseconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Any

from pydantic import Field, PlainSerializer, TypeAdapter

from dispatcher.domain.events import Value
from dispatcher.rules.engine.shared import SharedEvent, gathering, sharing
from dispatcher.rules.engine.tracks import Latest, PlainLatest, PlainTrack, Track

MAX_COUNTED = 100_000  # events, or distinct values, that one window can count
MAX_BEYOND = 10_000  # that it goes on counting where a firing does not spend them, if `at_least` is less
MAX_ITEMS = 1_000  # whole events in one window, where an order or a comparison is looked for
MAX_CHAINS = 500  # different beginnings of a sequence that wait for one of its places
MAX_LATE = 1_000  # whole events of a count that a late one could still have judged again
MAX_EVIDENCE = 100  # whole events kept beside what is only counted: an alert's revision carries no more
MAX_GROUPS = 1_000  # windows of one rule
MAX_WAITS = 100  # running waits of one group
MAX_KEYS = 5_000  # throttles, conditions or incidents of one rule
MAX_DATES = 16  # judged dates that a clock stepping back could meet again
MAX_DOWNTIMES = 64
NO_EDGE = -1
Spread = Annotated[int, Field(exclude=True)]  # the engine state's own, for whoever sees no more than a part of it


def most_counted(at_least: int) -> int:
    """Return how many events, or distinct values, a window holds that looks for ``at_least``."""
    return min(MAX_COUNTED, max(MAX_BEYOND, at_least))


@dataclass(slots=True)
class Item:
    """An event in a window: when it happened, its number of arrival, and the clauses of this rule that it satisfies."""

    event: SharedEvent
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
class Tally:
    """What was counted: of the many only the times, or the newest of each distinct value.

    ``late`` are the newest, whole and not among those yet: a late event may still come before them. ``evidence`` are
    the newest of the others by their arrival.
    """

    track: PlainTrack = field(default_factory=Track)
    latest: PlainLatest = field(default_factory=Latest)
    evidence: dict[int, Item] = field(default_factory=dict)
    late: list[Item] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Return how many are counted, whatever window they lie in."""
        return len(self.track) + len(self.latest) + len(self.late)


@dataclass(slots=True)
class Chain:
    """The beginning of a sequence: when its first event came, that one's number, and the events it has named."""

    t: int
    n: int
    bound: dict[str, SharedEvent] = field(default_factory=dict)


@dataclass(slots=True)
class Window:
    """What one group has in its window; each form uses its own part.

    ``tallies`` are what was counted, by kelurahan where neighbours are looked at, else under "". ``chains`` are for
    each place of a sequence the beginnings that wait for it, by what they have named. ``kept`` are the newest events
    of each sort for an ``all``. ``items`` are whole events, in order, and ``judged`` the arrivals at which the rule
    was judged complete: where events may come late.
    """

    items: list[Item] = field(default_factory=list)
    tallies: dict[str, Tally] = field(default_factory=dict)
    chains: list[dict[str, Chain]] = field(default_factory=list)
    kept: dict[str, list[Item]] = field(default_factory=dict)
    spent: list[Spent] = field(default_factory=list)
    judged: Annotated[set[int], PlainSerializer(sorted)] = field(default_factory=set)

    @property
    def size(self) -> int:
        """Return how many entries it has, of whatever size."""
        counted = sum(tally.size + len(tally.evidence) for tally in self.tallies.values())
        chained = sum(len(chains) for chains in self.chains) + sum(len(items) for items in self.kept.values())
        return len(self.items) + counted + chained


@dataclass(slots=True)
class Wait:
    """A running wait of an ``after``: since when, begun by what; ``t`` is our return for one that runs anew.

    ``count`` is that of what began it, 0 in a checkpoint of an earlier version. ``anew`` is not 0 for one that
    runs from the edge on: no event with a number up to that came after it began.
    """

    t: int
    n: int
    event: SharedEvent
    bound: dict[str, SharedEvent] = field(default_factory=dict)
    evidence: list[SharedEvent] = field(default_factory=list)
    count: int = 0
    anew: int = 0


@dataclass(slots=True)
class Entry:
    """One name of a roster. ``heard`` is empty while its silence has been told; ``dates`` are days it was heard on.

    ``unsure`` are times heard while the wall clock was not trusted. ``anew``: it was heard at the edge.
    """

    heard: list[int] = field(default_factory=list)
    dates: list[str] = field(default_factory=list)
    unsure: list[int] = field(default_factory=list)
    anew: bool = False


@dataclass(slots=True)
class Pending:
    """A state that became so at ``since`` at these posts. ``everywhere``: it was set for all at once."""

    since: int
    posts: list[str]
    everywhere: bool = False
    anew: bool = False


@dataclass(slots=True)
class MachineState:
    """What one ``when`` remembers; each form uses its own part. Nothing of it is due before ``alarm``.

    ``dropped`` counts what was given up because there was no more room; the oldest goes first. ``began`` is when the
    rule was loaded, ``began_wall`` the same in wall time, None before the clock was trusted.
    ``fresh``: it has come, or was switched on, since daily deadlines were last judged. ``anew``: at the edge.
    """

    edge: Spread = NO_EDGE
    anew: bool = False
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
    dropped: int = 0


@dataclass(slots=True)
class RuleState:
    """What one rule remembers. Keys of a shadow's entries begin with ``~``: it must hold back nothing when it is live.

    ``conditions`` maps an open group to its post, ``throttles`` a key to the start of its window, ``incidents`` a
    group to its post and the time of its last evidence. ``throttled_anew`` and ``renewed`` are those of the edge.
    """

    fingerprint: str
    when: MachineState = field(default_factory=MachineState)
    clear: MachineState = field(default_factory=MachineState)
    conditions: dict[str, str | None] = field(default_factory=dict)
    throttles: dict[str, int] = field(default_factory=dict)
    incidents: dict[str, tuple[str | None, int]] = field(default_factory=dict)
    resting: bool = False
    dropped: int = 0
    edge: Spread = NO_EDGE
    throttled_anew: list[str] = field(default_factory=list)
    renewed: list[str] = field(default_factory=list)


@dataclass(slots=True)
class StateValue:
    """What a state is at one post, and since when; ``everywhere``: it was set for all posts at once."""

    value: Value
    since: int
    everywhere: bool = False
    anew: bool = False


@dataclass(slots=True)
class Watch:
    """An open watch of the precinct: for one kelurahan or (None) all, until a wall time that is included."""

    kind: str
    kelurahan: str | None
    until: int | None


@dataclass(slots=True)
class Downtime:
    """We were off from ``start`` to ``end``; ``n`` is the number of the last arrival before it."""

    start: int
    end: int
    n: int


@dataclass(slots=True)
class EngineState:
    """All of it. Nothing but daily deadlines is due before ``alarm``.

    ``wall_seen`` is up to when daily deadlines were judged; None before the clock was ever trusted, and ``unsure``
    while it is not. ``ungrouped`` counts the events that lacked a rule's group field.

    ``edge`` is where running time stood still while we were off, for nobody knows how long: we came back at the very
    instant at which we had gone. Once that is measured, what came at it before has to stay and what came after it has
    to move: that is ``anew``.
    """

    started: int = 0
    alarm: int = 0
    n: int = 0
    wall_seen: int | None = None
    unsure: bool = False
    rules: dict[str, RuleState] = field(default_factory=dict)
    states: dict[str, dict[str, StateValue]] = field(default_factory=dict)
    edge: int = NO_EDGE
    watches: list[Watch] = field(default_factory=list)
    downtimes: list[Downtime] = field(default_factory=list)
    ungrouped: dict[str, int] = field(default_factory=dict)
    too_late: int = 0
    gave_up: int = 0

    def spread_edge(self) -> None:
        """Let every part know where the edge is."""
        for own in self.rules.values():
            own.edge = own.when.edge = own.clear.edge = self.edge


def overflow(state: EngineState) -> Mapping[str, int]:
    """Return for each rule how much it has given up because there was no more room: of those that gave up any."""
    lost = {id_: own.dropped + own.when.dropped + own.clear.dropped for id_, own in state.rules.items()}
    return {id_: number for id_, number in lost.items() if number}


@cache
def _adapter() -> TypeAdapter[EngineState]:
    return TypeAdapter(EngineState)  # made when it is needed: `check` never is in need of it


def to_plain(state: EngineState) -> dict[str, Any]:
    """Return the state as JSON values; ``events`` are the events that stand anywhere in it, each once."""
    context = gathering()
    plain: dict[str, Any] = _adapter().dump_python(state, mode="json", exclude_defaults=True, context=context)
    return {"events": context.events, **plain} if context.events else plain


def from_plain(data: object) -> EngineState:
    """Return what ``to_plain`` made. Raises ValueError for anything else."""
    state = _adapter().validate_python(data, context=sharing(data))
    state.spread_edge()
    return state
