"""The site: who stands where. Read from site.yaml once, then frozen."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Kelurahan:
    """A kelurahan with its official code and the ids of those beside it."""

    id: str
    code: str
    name: str
    neighbours: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Post:
    """A pos pantau. ``lat`` and ``lon`` in degrees."""

    id: str
    name: str
    kelurahan: str
    lat: float | None = None
    lon: float | None = None
    zones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Device:
    """A device the site knows. ``settings`` is what its site line says beyond the named keys (inputs, battery, ...)."""

    id: str
    profile: str
    role: str
    post: str | None = None
    zone: str | None = None
    model: str | None = None
    clock_trusted: bool = False
    enrolled: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    settings: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Site:
    """The whole site."""

    timezone: str
    precinct: str
    kelurahan: Mapping[str, Kelurahan] = field(default_factory=dict)
    posts: Mapping[str, Post] = field(default_factory=dict)
    devices: Mapping[str, Device] = field(default_factory=dict)
    max_lateness_ms: Mapping[str, int] = field(default_factory=dict)


ROLES = frozenset(
    {
        "panic_button", "motion", "door", "smoke", "heat", "gas", "flood", "vibration", "glass", "camera", "siren",
        "lamp", "buzzer", "check_in", "gateway", "mains", "cyber", "panel", "tracker", "tamper", "sensor",
    }
)  # fmt: skip
