"""The whole rule language as frozen values, after parsing. ``model`` holds what one event can satisfy; this, the rest.

Durations are milliseconds. Places play no part in equality of meaning: a rule that was only moved is the same rule.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from dispatcher.domain.events import Value
from dispatcher.domain.faults import Place
from dispatcher.rules.model import Clause, Compare, Then, Throttle

NOWHERE = Place("<rules>")


class Relation(StrEnum):
    """How a field of one event stands to a field of an earlier one."""

    SAME_AS = "same_as"
    NOT_SAME_AS = "not_same_as"
    RISES_BY = "rises_by"
    FALLS_BY = "falls_by"


@dataclass(frozen=True, slots=True)
class Cross(Compare):
    """A comparison with an event that another clause named ``alias``. It never reaches a matcher: windows judge it.

    ``other`` is the field of that event; ``amount`` is the least difference of ``rises_by`` and ``falls_by``.
    """

    relation: Relation
    alias: str
    other: str
    amount: float | int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """A clause of a ``sequence``, an ``all`` or an ``after``: ``at_least`` events, of which ``name`` names the last."""

    clause: Clause
    name: str | None = None
    at_least: int = 1


@dataclass(frozen=True, slots=True)
class Unless:
    """What voids a match when it comes here."""

    clause: Clause


@dataclass(frozen=True, slots=True)
class EventForm:
    """``event``: each event that matches."""

    clause: Clause


@dataclass(frozen=True, slots=True)
class AnyForm:
    """``any``: each event that one of the clauses wants."""

    clauses: tuple[Clause, ...]


@dataclass(frozen=True, slots=True)
class CountForm:
    """``count``: matching events, or distinct values of one field, inside the window."""

    clause: Clause
    at_least: int
    distinct: str | None = None


@dataclass(frozen=True, slots=True)
class AllForm:
    """``all``: each clause by an event of its own, in any order; ``unless`` counts between the first and the last."""

    steps: tuple[Step, ...]
    unless: tuple[Unless, ...] = ()


@dataclass(frozen=True, slots=True)
class SequenceForm:
    """``sequence``: the clauses in this order. An ``Unless`` stands between the two clauses that it parts."""

    parts: tuple[Step | Unless, ...]

    @property
    def steps(self) -> tuple[Step, ...]:
        """Return the clauses that must match."""
        return tuple(part for part in self.parts if isinstance(part, Step))


@dataclass(frozen=True, slots=True)
class Roster:
    """Who is expected: ``posts``, ``devices``, every device of a ``role``, or the ``ids`` named."""

    sort: str
    role: str = ""
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """``["HH:MM", "HH:MM"]`` as minutes of the local day; the end may lie on the next day."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class After:
    """What begins the wait of an ``after``.

    ``within_ms`` is the window of an inner sequence or count, else None. ``name`` names the last event of a count.
    """

    trigger: Step | SequenceForm | CountForm
    within_ms: int | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class AbsentForm:
    """``absent``: exactly one of ``for_ms``, ``between`` and ``after`` is set."""

    clause: Clause
    for_ms: int | None = None
    between: TimeSpan | None = None
    after: After | None = None
    roster: Roster | None = None


@dataclass(frozen=True, slots=True)
class StateForm:
    """``state``: the named state becomes ``value`` and stays so for ``for_ms`` (0: at once)."""

    name: str
    value: Value
    for_ms: int = 0


@dataclass(frozen=True, slots=True)
class ScheduleForm:
    """``schedule``: at a minute of the local day, on ``days`` (0 is Monday; empty: every day)."""

    at: int
    days: tuple[int, ...] = ()


Form = EventForm | AnyForm | CountForm | AllForm | SequenceForm | AbsentForm | StateForm | ScheduleForm


@dataclass(frozen=True, slots=True)
class When:
    """One ``when`` or ``clear_when``."""

    form: Form
    within_ms: int = 0
    group_by: tuple[str, ...] = ()
    neighbours: bool = False
    reuse: bool = False
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class StateIs:
    """``{state: name, is: value}``."""

    name: str
    value: Value


@dataclass(frozen=True, slots=True)
class TimeIs:
    """``{between: [...]}``: local time, the start included and the end not."""

    span: TimeSpan


@dataclass(frozen=True, slots=True)
class DayIs:
    """``{days: [...]}``: the local weekday, 0 is Monday."""

    days: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class WatchIs:
    """``{watch: kind}``: the precinct has an open watch for this place."""

    kind: str


OnlyIf = StateIs | TimeIs | DayIs | WatchIs


class RunsAt(StrEnum):
    """Where a rule is judged."""

    POST = "post"
    PRECINCT = "precinct"


@dataclass(frozen=True, slots=True)
class FullRule:
    """One rule as parsed, in any form."""

    id: str
    name: str
    when: When
    then: Then
    only_if: tuple[OnlyIf, ...] = ()
    throttle: Throttle | None = None
    clear_when: When | None = None
    suppressed_by: tuple[str, ...] = ()
    runs_at: RunsAt = RunsAt.POST
    enabled: bool = True
    shadow: bool = False
    name_en: str | None = None
    place: Place = field(default=NOWHERE, compare=False, repr=False)
    places: Mapping[str, Place] = field(default_factory=dict, compare=False, repr=False)

    def place_of(self, key: str) -> Place:
        """Return where a key of the rule stands, or the rule's own place."""
        return self.places.get(key, self.place)

    @property
    def alerts(self) -> bool:
        """Return whether a firing tells anybody: ``escalate: none`` only sets states or acts."""
        return self.then.escalate != ("none",)

    @property
    def alerts_precinct(self) -> bool:
        """Return whether a firing stands for the floor's alert."""
        return "precinct" in self.then.escalate and not self.shadow


@dataclass(frozen=True, slots=True)
class FullRuleSet:
    """All rules of all files, in file order, those switched off included."""

    rules: tuple[FullRule, ...] = ()
    version: str = "empty"

    def by_id(self) -> dict[str, FullRule]:
        """Return the rules by id."""
        return {rule.id: rule for rule in self.rules}
