"""How a post stands, as `GET /status` answers and `kentongan status` and `doctor` read: plain values, bounded in size.

Ages and durations are seconds or, where the name ends in ``_ms``, milliseconds; ``at_ms`` and its like are Unix time.
Keys may be added; a reader ignores those that it does not know, and what is missing has its default.
"""

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from pydantic import TypeAdapter

MAX_RULES = 1_000
MAX_INCIDENTS = 50
MAX_DEVICES = 1_000
MAX_FAULTS = 20
MAX_TEXT = 200  # characters of any text that comes from outside
MUTE_ROLES = frozenset({"lamp", "siren", "buzzer"})  # they are spoken to
MAX_BYTES = 1024 * 1024  # of the whole answer; what each limit above allows fits


@dataclass(frozen=True, slots=True)
class Broker:
    """One connection. ``phase`` is a word of `mqtt.Phase`; ``since_s`` since when; ``ever``: subscribed once by now.

    ``refused_topics`` are those that the broker refused and has not taken since, the last ``refused_s`` ago.
    """

    name: str
    phase: str
    since_s: int = 0
    detail: str = ""
    ever: bool = False
    reconnects: int = 0
    refused_publishes: int = 0
    dropped_publishes: int = 0
    refused_topics: tuple[str, ...] = ()
    refused_s: int | None = None


@dataclass(frozen=True, slots=True)
class LaneLine:
    """What waits in one lane. ``oldest_ms`` is how long the first has waited."""

    name: str
    waiting: int = 0
    oldest_ms: int = 0


@dataclass(frozen=True, slots=True)
class Outbox:
    """Revisions without the precinct's receipt; ``words`` are events for its rules that it has not taken."""

    depth: int = 0
    oldest_s: int = 0
    words: int = 0


@dataclass(frozen=True, slots=True)
class IncidentLine:
    """One open incident. ``stage`` is that of the press that help is least near to."""

    id: str
    rule: str
    title: str
    severity: str
    stage: str
    age_s: int
    count: int


@dataclass(frozen=True, slots=True)
class MatcherLine:
    """Who answers (a word of `matcher.State`), whom the configuration asks for, and what went wrong since the start."""

    answers: str
    wanted: str = ""
    differences: int = 0
    restarts: int = 0
    late: int = 0
    quarantined: int = 0
    twin_only: int = 0


@dataclass(frozen=True, slots=True)
class DiskLine:
    """``state``: good, slow, low or failed. Times of a save in milliseconds, since the start; None before the first."""

    state: str
    free_bytes: int | None = None
    low_bytes: int = 0
    journal_bytes: int = 0
    corrupt: int = 0
    saves: int = 0
    save_ms: float | None = None
    save_p99_ms: float | None = None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class ClockLine:
    """Whether the wall clock is believed, for how long that has been so, and by whose word (`clock.trust`).

    ``steps`` counts its jumps since the program started, the last by ``step_ms``, ``step_s`` ago.
    """

    trusted: bool
    since_s: int = 0
    trust: str = ""
    steps: int = 0
    step_ms: int = 0
    step_s: int | None = None


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule. ``sort``, ``have``, ``need`` and ``ends_ms`` are those of the engine's `Fill`, in its nearest group.

    ``today`` counts each word that the rule came to on this local date. ``fired_s`` is how long ago it last fired,
    None if it never did; ``matched_s`` how long ago an event last satisfied one of its clauses; ``known_s`` for how
    long that has been watched, and the rule has meant what it means.
    """

    id: str
    name: str
    mode: str = "live"  # live, shadow or off
    sort: str = "instant"
    have: int = 0
    need: int = 1
    ends_ms: int | None = None
    group: tuple[tuple[str, str], ...] = ()
    today: dict[str, int] = field(default_factory=dict)
    fired_s: int | None = None
    matched_s: int | None = None
    known_s: int = 0
    ungrouped: int = 0
    dropped: int = 0
    file: str = ""


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules that run, ``count`` of them. ``in_files`` is the version of what the files say now.

    ``wanted`` is how many should run by the files as they were last looked at, ``faults`` what is wrong in them,
    ``fallbacks`` the sorts of files that an older copy stands for. ``who`` put them there at ``since_ms``, and ``how``.
    """

    version: str
    site: str = ""
    count: int = 0
    in_files: str = ""
    wanted: int = 0
    since_ms: int = 0
    who: str = ""
    how: str = ""
    needs_restart: tuple[str, ...] = ()
    safe_mode: bool = False
    faults: tuple[str, ...] = ()
    fallbacks: tuple[str, ...] = ()
    too_late: int = 0
    gave_up: int = 0
    lines: tuple[RuleLine, ...] = ()


@dataclass(frozen=True, slots=True)
class DeviceLine:
    """One device of the site at this post. ``heard_s`` is how long ago, None: never since ``known_s``.

    ``qos0`` counts calls for help at QoS 0 since the last at QoS 1, the newest ``qos0_s`` ago.
    """

    id: str
    role: str
    profile: str = ""
    heard_s: int | None = None
    qos0: int = 0
    qos0_s: int | None = None

    @property
    def is_expected(self) -> bool:
        """Return whether one must hear of it sooner or later: a lamp may have nothing to say all its life."""
        return self.role not in MUTE_ROLES


@dataclass(frozen=True, slots=True)
class StrangerLine:
    """A device that speaks and that the site does not know."""

    id: str
    said: str = ""
    heard_s: int = 0
    count: int = 0


@dataclass(frozen=True, slots=True)
class StartLine:
    """A start of the program. ``off_s`` is how long it had been off, None: nobody knows."""

    ago_s: int
    at_ms: int
    trusted: bool
    program: str = ""
    off_s: int | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """All of it. What only a running post knows is empty or None where it was read off the folder of one."""

    post: str
    at_ms: int
    timezone: str = ""
    running: bool = True
    version: str = ""
    instance: str = ""
    up_s: int = 0
    known_s: int = 0
    lamp: str = "idle"
    trouble: str = ""
    quick_ends: int = 0
    clock: ClockLine = ClockLine(trusted=False)
    disk: DiskLine = DiskLine("good")
    brokers: tuple[Broker, ...] = ()
    lanes: tuple[LaneLine, ...] = ()
    outbox: Outbox = Outbox()
    incidents_open: int = 0
    incidents: tuple[IncidentLine, ...] = ()
    matcher: MatcherLine | None = None
    rules: RuleSet = RuleSet("")
    devices: tuple[DeviceLine, ...] = ()
    strangers: tuple[StrangerLine, ...] = ()
    starts: tuple[StartLine, ...] = ()


@cache
def _adapter() -> TypeAdapter[Standing]:
    return TypeAdapter(Standing)  # made at the first question: a post that nobody looks at has no need of it


def encode(standing: Standing) -> bytes:
    """Return it as JSON."""
    return _adapter().dump_json(standing)


def decode(data: bytes) -> Standing:
    """Return what ``encode`` made, of any version. Raises ValueError for anything else."""
    return _adapter().validate_json(data)


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the answer."""
    return _adapter().json_schema(mode="serialization")
