"""What a rule says about one event, ready for the incidents: no rule syntax is left in it."""

from dataclasses import dataclass

from dispatcher.domain.incident import Severity


@dataclass(frozen=True, slots=True)
class Firing:
    """One rule that one event satisfied.

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
