"""What a rule says, ready for the incidents: no rule syntax is left in it."""

from dataclasses import dataclass
from enum import StrEnum

from dispatcher.domain.events import Event
from dispatcher.domain.incident import Evidence, Severity


class Said(StrEnum):
    """What the rule engine has decided."""

    FIRED = "fired"  # an alert, or an act of a rule that alerts nobody
    REPEATED = "repeated"  # held by a throttle or an open condition: it joins what is open
    CLEARED = "cleared"  # the condition that was told is over


@dataclass(frozen=True, slots=True)
class Firing:
    """One thing that a rule says about one event, its subject.

    ``event`` is the subject's id, ``about`` the subject itself where the record that this stands in does not hold it
    (a verdict of a timer, an older event). ``group`` is equal for an alert and for what belongs to it later.
    ``evidence`` are the other events of its window, oldest first; ``count`` is the number in the window where those
    are not all of them.
    ``incident`` is None for a rule that only acts.
    """

    rule: str
    event: str
    said: Said
    title: str
    severity: Severity
    incident: str | None
    escalate: tuple[str, ...]
    actions: tuple[str, ...] = ()
    certainty: str | None = None
    group: str = ""
    shadow: bool = False
    evidence: tuple[Evidence, ...] = ()
    count: int | None = None
    late: bool = False
    about: Event | None = None


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that a rule came to and that changes no incident: held back, suppressed, unknown."""

    rule: str
    event: str
    reason: str
    by: str | None = None
