"""The other virtual devices: lamp, siren, door, motion, smoke. Pure: each takes an order or an action, and the time."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dispatcher.demo import messages
from dispatcher.demo.messages import Command, Message
from dispatcher.domain.incident import Stage

DARK = "dark"
IDLE = "idle"
LAMP_STAGES = frozenset({IDLE, *(str(stage) for stage in Stage)})
DEFAULT_TTL_S = 15.0
LONGEST_TTL_S = 120.0
SIREN_S = 60.0  # a siren ends by itself, or a dead post would leave it howling
LONGEST_SIREN_S = 600.0


@dataclass(frozen=True, slots=True)
class Lamp:
    """A lamp that is driven actively: what it was told last holds for a time to live, then it is dark."""

    device: str
    stage: str = DARK
    until_s: float = 0.0
    by: str | None = None
    trouble: str | None = None


def lamp_told(lamp: Lamp, order: Command, now_s: float) -> Lamp:
    """Obey ``lamp.stage``. A stage that this lamp does not know is not shown, so that it goes dark rather than lie."""
    stage = messages.word(order.args, "stage")
    if order.name != "lamp.stage" or stage not in LAMP_STAGES:
        return lamp
    until_s = now_s + messages.seconds(order.args, "ttl_s", DEFAULT_TTL_S, LONGEST_TTL_S)
    by, trouble = messages.word(order.args, "by"), messages.word(order.args, "trouble")
    return replace(lamp, stage=str(stage), until_s=until_s, by=by, trouble=trouble)


def lamp_shows(lamp: Lamp, now_s: float) -> str:
    """Return the stage that is lit, or ``dark`` when nothing came in time: the post may be dead, use the radio."""
    return lamp.stage if now_s < lamp.until_s else DARK


@dataclass(frozen=True, slots=True)
class Siren:
    """A siren that howls until a time."""

    device: str
    until_s: float = 0.0


def siren_told(siren: Siren, order: Command, now_s: float) -> Siren:
    """Obey ``siren.on`` (for ``duration_s`` seconds, else one minute) and ``siren.off``."""
    if order.name == "siren.on":
        return replace(siren, until_s=now_s + messages.seconds(order.args, "duration_s", SIREN_S, LONGEST_SIREN_S))
    return replace(siren, until_s=0.0) if order.name == "siren.off" else siren


def siren_on(siren: Siren, now_s: float) -> bool:
    """Return whether it howls."""
    return now_s < siren.until_s


@dataclass(frozen=True, slots=True)
class Sensor:
    """A sensor that speaks our convention. ``until_s`` is how long its little light shows, None for a lasting state."""

    device: str
    role: str
    boot: int
    seq: int = 0
    active: bool = False
    until_s: float | None = None


@dataclass(frozen=True, slots=True)
class _Act:
    kind: str
    active: bool
    lasts_s: float | None


ACTS = {
    ("door", "open"): _Act("door.open", True, None),
    ("door", "close"): _Act("door.closed", False, None),
    ("motion", "trigger"): _Act("motion", True, 5.0),
    ("smoke", "trigger"): _Act("smoke", True, 15.0),
}


def act(sensor: Sensor, action: str, now_s: float) -> tuple[Sensor, Message] | None:
    """Let the sensor notice something; None for an action it does not have."""
    found = ACTS.get((sensor.role, action))
    if found is None:
        return None
    seq = sensor.seq + 1
    until_s = None if found.lasts_s is None else now_s + found.lasts_s
    noticed = replace(sensor, seq=seq, active=found.active, until_s=until_s)
    return noticed, messages.event(sensor.device, found.kind, sensor.boot, seq)


def sensor_active(sensor: Sensor, now_s: float) -> bool:
    """Return whether the sensor's own light shows."""
    return sensor.active and (sensor.until_s is None or now_s < sensor.until_s)
