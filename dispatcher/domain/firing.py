"""What a rule says about one event, ready for the incidents: no rule syntax is left in it."""

from dataclasses import dataclass
from enum import StrEnum

from dispatcher.domain.incident import Severity


class Said(StrEnum):
    """What the rule engine has decided: an alert (or an act), or a repeat that joins what is open."""

    FIRED = "fired"
    REPEATED = "repeated"


@dataclass(frozen=True, slots=True)
class Firing:
    """One rule that one event satisfied.

    ``said`` is None where nobody has looked at the throttle yet; else it has been decided, and ``group`` tells which
    incident a repeat joins. ``evidence`` are the ids of the window's events, ``count`` is their number or None.

    ``group`` is the value of the throttle's group fields for this event. ``once_within_ms`` is the throttle window in
    milliseconds of running time, None without a throttle. ``incident`` is None for a rule that only acts.
    """

    rule: str
    event: str
    title: str
    severity: Severity
    incident: str | None
    escalate: tuple[str, ...]
    actions: tuple[str, ...] = ()
    certainty: str | None = None
    group: str = ""
    once_within_ms: int | None = None
    shadow: bool = False
    said: Said | None = None
    evidence: tuple[str, ...] = ()
    count: int | None = None
    late: bool = False
