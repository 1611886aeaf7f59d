"""What the engine says, and why: one word from a closed list, shared by log, metric, test and `explain`."""

from dataclasses import dataclass, field
from enum import StrEnum

from dispatcher.domain.events import Event, Value
from dispatcher.domain.stamp import Stamp
from dispatcher.rules.language import FullRule


class Reason(StrEnum):
    """Why a complete ``when`` led to what it led to."""

    FIRED = "fired"
    ACTED = "acted"  # escalate: none: states and commands only
    UNKNOWN = "unknown"  # we were off within this silence
    CLEARED = "cleared"
    THROTTLED = "throttled"  # inside the window of a throttle
    STILL_OPEN = "still_open"  # its condition has not been cleared
    SUPPRESSED = "suppressed"
    HELD = "held"  # by only_if


@dataclass(frozen=True, slots=True)
class Told:
    """One thing said about one rule.

    ``subject`` is the event that completed it, or a timer's event with the fields of the roster's entry, the post or
    nothing. ``groups`` are the groups it is for, each with its post. ``by`` is the rule that suppressed it. ``key`` is
    equal for an alert and the repeats that join its incident.
    """

    reason: Reason
    rule: FullRule
    subject: Event
    at: Stamp
    groups: tuple[tuple[str, str | None], ...] = ()
    count: int | None = None
    evidence: tuple[Event, ...] = ()
    late: bool = False
    everywhere: bool = False
    entry: str | None = None
    by: str | None = None
    key: str = ""

    @property
    def is_alert(self) -> bool:
        """Return whether this is told to anybody: a live rule that fired."""
        return self.reason is Reason.FIRED and not self.rule.shadow


@dataclass(frozen=True, slots=True)
class SetState:
    """A state that a firing sets, once all rules were judged; ``posts`` None: everywhere."""

    name: str
    value: Value
    posts: tuple[str, ...] | None


@dataclass(slots=True)
class Outcome:
    """All that one step led to, in the order in which it was judged; ``sets`` are states that were set by it."""

    told: list[Told] = field(default_factory=list)
    sets: list[SetState] = field(default_factory=list)
    waiting: list[SetState] = field(default_factory=list)
