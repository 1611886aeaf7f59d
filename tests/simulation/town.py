"""Who stands where in a simulated night, and the rules that are in force."""

from functools import cache
from pathlib import Path

from dispatcher.devices import Profiles, parse_profiles
from dispatcher.domain.incident import Severity
from dispatcher.domain.site import Device, Kelurahan, Post, Site
from dispatcher.rules.model import Clause, Rule, Then, Throttle
from dispatcher.settings.yamlfile import read_file

POST, PRECINCT = "pos-03", "polsek-tambora"
COUNTING = ("btn-1", "btn-2")
BOUGHT = "z-1"
STRANGER = "btn-9"
LAMP = "lamp-1"
SIREN = "siren-1"
ZIGBEE = Path(__file__).parents[2] / "devices" / "zigbee2mqtt.yaml"

SITE = Site(
    timezone="Asia/Jakarta",
    precinct=PRECINCT,
    kelurahan={"krendang": Kelurahan("krendang", "31.73.04.1005", "Krendang")},
    posts={POST: Post(POST, "Pos 03 Krendang", "krendang", -6.15, 106.8)},
    devices={
        "btn-1": Device("btn-1", "kentongan", "panic_button", POST, "meja"),
        "btn-2": Device("btn-2", "kentongan", "panic_button", POST, "gang"),
        BOUGHT: Device(BOUGHT, "zigbee2mqtt", "panic_button", POST, "pintu"),
        "pir-1": Device("pir-1", "kentongan", "motion", POST, "parkir"),
        "smoke-1": Device("smoke-1", "kentongan", "smoke", POST, "meja"),
        SIREN: Device(SIREN, "kentongan", "siren", POST),
        LAMP: Device(LAMP, "kentongan", "lamp", POST),
    },
)
RULES = (
    Rule(
        "panic-press",
        "Tombol panik",
        Clause(("panic.*",)),
        Then(("precinct",), "panic", Severity.CRITICAL, "Tolong {device}", ("siren.on",)),
        Throttle(30_000, ("device",)),
    ),
    Rule(
        "smoke",
        "Asap",
        Clause(("smoke",)),
        Then(("precinct",), "kebakaran", Severity.HIGH, "Asap {device}"),
        Throttle(60_000, ("device",)),
    ),
)


@cache
def profiles() -> Profiles:
    """Return the shipped profile that the bought button needs."""
    found, faults = parse_profiles([read_file(ZIGBEE)])
    assert not faults
    return found


def press_topic(device: str) -> str:
    """Return where a device reports."""
    return f"zigbee2mqtt/{device}" if device == BOUGHT else f"kentongan/{device}/event"
