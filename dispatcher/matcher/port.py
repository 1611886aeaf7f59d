"""The question a matcher answers, and what it may say about itself. Both matchers keep this one contract."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from dispatcher.domain.events import Event
from dispatcher.domain.faults import Fault, Place, Text
from dispatcher.rules.model import Clause

MAX_BATCH = 64  # events in one call of `match` that the deadline is made for; a longer list is answered too


class Source(StrEnum):
    """Who answered. ``engine`` only where the engine evaluated the event in time."""

    ENGINE = "engine"
    TWIN = "twin"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The ids of the clauses that the event satisfies. ``event`` is the event's id."""

    event: str
    matched: frozenset[str]
    source: Source


class RefusalReason(StrEnum):
    """Why a clause cannot be loaded at all, by either matcher."""

    BAD_REGEX = "bad_regex"
    BAD_OPERANDS = "bad_operands"
    TOO_DEEP = "too_deep"
    TOO_MANY_NODES = "too_many_nodes"


_REFUSAL_TEXTS = {
    RefusalReason.BAD_REGEX: Text(
        "ekspresi reguler tidak sah: {detail}",
        "the regular expression is not valid: {detail}",
    ),
    RefusalReason.BAD_OPERANDS: Text(
        "pembanding tidak menerima nilai ini: {detail}",
        "the comparison does not take this operand: {detail}",
    ),
    RefusalReason.TOO_DEEP: Text(
        "syarat bersarang terlalu dalam: {detail}",
        "the condition is nested too deep: {detail}",
    ),
    RefusalReason.TOO_MANY_NODES: Text(
        "syarat terlalu panjang: {detail}",
        "the condition is too long: {detail}",
    ),
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """One clause that cannot be loaded. ``detail`` names the part at fault."""

    clause: str
    reason: RefusalReason
    detail: str

    def fault(self, place: Place) -> Fault:
        """Return the refusal as a fault at the place where the clause stands."""
        return Fault(place, f"matcher.{self.reason}", _REFUSAL_TEXTS[self.reason], {"detail": self.detail})


class ReportReason(StrEnum):
    """What a matcher may have to say about itself. Log, metric and test use these words."""

    CHILD_STARTED = "child_started"
    CHILD_DIED = "child_died"
    CHILD_HUNG = "child_hung"
    CHILD_FAILED = "child_failed"  # it could not be started, or it could not load the clauses
    CHILD_BABBLED = "child_babbled"  # its answer was no answer
    CANARY_FAILED = "canary_failed"
    LATE = "late"
    DIFFERENCE = "difference"
    QUARANTINED = "quarantined"
    TWIN_ONLY = "twin_only"  # a clause that is outside what the engine can be trusted with


@dataclass(frozen=True, slots=True)
class Report:
    """One thing worth journaling. ``clause`` and ``event`` are ids, where the reason is about one."""

    reason: ReportReason
    detail: str = ""
    clause: str | None = None
    event: str | None = None


OnReport = Callable[[Report], None]


class State(StrEnum):
    """Who answers at this moment."""

    ENGINE = "engine"
    TWIN = "twin"
    RESTARTING = "restarting"


@dataclass(frozen=True, slots=True)
class MatcherState:
    """Counters since the matcher was made. ``late`` counts events that the engine did not answer in time.

    ``quarantined`` and ``twin_only`` are how many event contents and clauses the engine is spared at this moment;
    ``child`` is the process id of the engine's process.
    """

    state: State
    differences: int = 0
    restarts: int = 0
    quarantined: int = 0
    late: int = 0
    twin_only: int = 0
    by_engine: int = 0
    by_twin: int = 0
    child: int | None = None


class Matcher(Protocol):
    """Called from one thread. Never raises for what is in an event."""

    def load(self, clauses: Mapping[str, Clause]) -> tuple[Refusal, ...]:
        """Replace all clauses at once. With a refusal nothing changes and the old clauses stay."""
        ...

    def match(self, events: Sequence[Event]) -> list[Verdict]:
        """Return exactly one verdict for each event, in their order, within the deadline."""
        ...

    def tick(self) -> None:
        """Look after the engine while no events come. Call it about once a second; it never waits long."""
        ...

    def state(self) -> MatcherState:
        """Return who answers, and the counters."""
        ...

    def close(self) -> None:
        """End the child, if there is one. Closing twice is allowed."""
        ...
