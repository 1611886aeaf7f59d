"""Rules as frozen values, after parsing. Nothing here knows YAML or the engine."""

from dataclasses import dataclass
from enum import StrEnum

from dispatcher.domain.events import Value
from dispatcher.domain.incident import Severity


class Operator(StrEnum):
    """The comparisons of ``where`` (rules-language, "when")."""

    IS = "is"
    IS_NOT = "is_not"
    IN = "in"
    NOT_IN = "not_in"
    ABOVE = "above"
    BELOW = "below"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    BETWEEN = "between"
    CONTAINS = "contains"
    STARTS_WITH = "starts_with"
    MATCHES = "matches"
    EXISTS = "exists"


@dataclass(frozen=True, slots=True)
class FieldRef:
    """Another field of the same event, as an operand."""

    name: str


Operand = Value | FieldRef


@dataclass(frozen=True, slots=True)
class Compare:
    """One comparison. ``operands`` has one value, but two for ``between`` and any number for ``in`` and ``not_in``.

    ``exists`` has one boolean. A comparison with a missing field is false, whatever the operator (``exists: false``
    is the one that asks for it).
    """

    field: str
    operator: Operator
    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    """True when all parts are; an empty one is true."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """True when one part is; an empty one is false."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """True when its part is not (also where the part lacks a field)."""

    part: "Condition"


Condition = Compare | AllOf | AnyOf | Not


@dataclass(frozen=True, slots=True)
class Clause:
    """``{event: K, where: {...}}``: which single events satisfy it.

    ``kinds`` are exact kinds, or prefixes ending in ``.*``. ``where`` is a condition on one event.
    """

    kinds: tuple[str, ...]
    where: Condition = AllOf(())

    def wants(self, kind: str) -> bool:
        """Return whether an event of this kind can satisfy the clause at all."""
        return any(kind == word or (word.endswith(".*") and kind.startswith(word[:-1])) for word in self.kinds)


@dataclass(frozen=True, slots=True)
class Throttle:
    """``once_within`` in milliseconds, per value of the group fields."""

    once_within_ms: int
    group_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Then:
    """What a firing does."""

    escalate: tuple[str, ...]
    incident: str | None
    severity: Severity
    message: str
    actions: tuple[str, ...] = ()
    avs: int | None = None
    certainty: str | None = None
    sets: tuple[tuple[str, Value], ...] = ()
