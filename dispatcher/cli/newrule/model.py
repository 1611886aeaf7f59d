"""What the questions are about, as one value; from it the rule and its tests are written."""

from dataclasses import dataclass
from enum import StrEnum

from dispatcher.domain.catalogue import KINDS
from dispatcher.domain.events import FLOOR_KINDS, PRESS_PREFIX
from dispatcher.domain.site import ROLES
from dispatcher.rules.duration import parse_duration


class Form(StrEnum):
    """How often something must come before the rule fires."""

    EACH = "each"
    COUNT = "count"
    THEN = "then"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Draft:
    """A rule as it was answered. Durations are as written (``60s``), hours local times of day (``22:00``).

    ``above`` and ``below`` are for readings, ``roster`` for silence (``posts`` or a role), ``once_within`` is empty for
    a rule that repeats itself each time.
    """

    id: str
    name: str
    kind: str
    form: Form = Form.EACH
    times: int = 3
    within: str = "60s"
    then_kind: str = ""
    roster: str = "posts"
    above: float | None = None
    below: float | None = None
    zone: str = ""
    per: str = "device"
    hours: tuple[str, str] | None = None
    severity: str = "medium"
    escalate: tuple[str, ...] = ("precinct",)
    incident: str = "lain"
    message: str = ""
    once_within: str = ""
    siren: bool = False

    @property
    def at_precinct(self) -> bool:
        """Return whether the precinct judges it: word from people comes in there."""
        return is_report(self.kind)

    @property
    def is_floor(self) -> bool:
        """Return whether each such event is relayed even without a rule."""
        return is_floor(self.kind)

    @property
    def within_ms(self) -> int:
        """Return the window, or the length of a silence, in milliseconds."""
        return parse_duration(self.within) or 0

    @property
    def once_ms(self) -> int:
        """Return for how long repeats join the same incident, in milliseconds."""
        return parse_duration(self.once_within) or 0


def is_report(kind: str) -> bool:
    """Return whether people say it."""
    return kind.startswith("report.")


def is_floor(kind: str) -> bool:
    """Return whether the floor relays it, whatever the rules say."""
    return kind.startswith(PRESS_PREFIX) or kind in FLOOR_KINDS


def is_reading(kind: str) -> bool:
    """Return whether it is a measured value."""
    return kind.startswith("reading.")


def usable(kind: str) -> bool:
    """Return whether a rule of this command may be about it: what devices and people say."""
    return kind in KINDS and KINDS[kind].from_device


_ROLES = {"panic": "panic_button", "roll_call": "check_in", "heartbeat": "gateway"}


def role_of(kind: str) -> str:
    """Return the role of a device that reports this kind."""
    first = kind.partition(".")[0]
    return _ROLES.get(first, first if first in ROLES else "cyber" if is_report(kind) else "sensor")


_INCIDENTS = {
    "smoke": "kebakaran", "heat": "kebakaran", "gas": "kebakaran", "reading.temperature": "kebakaran",
    "reading.smoke_density": "kebakaran", "panic": "panic", "panel": "panel", "motion": "penyusupan",
    "door": "penyusupan", "glass": "penyusupan", "camera": "penyusupan", "vibration": "ranmor", "flood": "banjir",
    "reading.water_level": "banjir", "mains": "listrik", "battery": "alat", "device": "alat", "tamper": "perusakan",
    "check_in": "pos-kosong", "roll_call": "pos-kosong", "heartbeat": "pos-diam",
}  # fmt: skip


def incident_of(kind: str) -> str:
    """Return the kind of incident that this usually is."""
    if is_report(kind):
        return kind.partition(".")[2]
    return _INCIDENTS.get(kind) or _INCIDENTS.get(kind.partition(".")[0], "lain")
