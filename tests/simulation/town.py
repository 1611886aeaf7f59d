"""Who stands where in a simulated night, and the rules that are in force."""

from functools import cache
from pathlib import Path

from dispatcher.devices import Profiles, parse_profiles
from dispatcher.domain.site import Device, Kelurahan, Post, Site
from dispatcher.matcher.python import PythonMatcher
from dispatcher.post.rulebook import Edition, Rulebook, edition
from dispatcher.settings.yamlfile import read_file
from tests.support.rules import ruleset

POSTS, PRECINCT = ("pos-03", "pos-07", "pos-11"), "polsek-tambora"
COUNTING = ("btn-1", "btn-2")
BOUGHT = "z-1"
STRANGER = "btn-9"
LAMP = "lamp-1"
SIREN = "siren-1"
ZIGBEE = Path(__file__).parents[2] / "devices" / "zigbee2mqtt.yaml"

_POSTS = {post: Post(post, f"Pos {post[-2:]} Krendang", "krendang", -6.15, 106.8) for post in POSTS}


@cache
def site_of(post: str) -> Site:
    """Return a post's site file. Devices have the same names at every post: whatever could be mixed up, would be."""
    return Site(
        timezone="Asia/Jakarta",
        precinct=PRECINCT,
        kelurahan={"krendang": Kelurahan("krendang", "31.73.04.1005", "Krendang")},
        posts=_POSTS,
        devices={
            "btn-1": Device("btn-1", "kentongan", "panic_button", post, "meja"),
            "btn-2": Device("btn-2", "kentongan", "panic_button", post, "gang"),
            BOUGHT: Device(BOUGHT, "zigbee2mqtt", "panic_button", post, "pintu"),
            "pir-1": Device("pir-1", "kentongan", "motion", post, "parkir"),
            "smoke-1": Device("smoke-1", "kentongan", "smoke", post, "meja"),
            SIREN: Device(SIREN, "kentongan", "siren", post),
            LAMP: Device(LAMP, "kentongan", "lamp", post),
        },
    )


SITE = site_of(POSTS[0])
_RULES = """
- id: panic-press
  name: Tombol panik
  when: {event: panic.*}
  then: {escalate: precinct, incident: panic, severity: critical, message: "Tolong {device}", actions: [siren.on]}
  throttle: {once_within: 30s, group_by: [device]}
- id: smoke
  name: Asap
  when: {event: smoke}
  then: {escalate: precinct, incident: kebakaran, severity: high, message: "Asap {device}"}
  throttle: {once_within: 60s, group_by: [device]}
- id: crowd
  when: {count: {event: motion, at_least: %(crowd)d}, within: 2m, group_by: [zone]}
  then: {escalate: precinct, incident: kerumunan, severity: medium, message: "Ramai di {zone}"}
  suppressed_by: [smoke]
- id: fled
  when: {sequence: [{event: motion, as: first}, {event: panic.press}, {event: motion}], within: 10m}
  then: {escalate: precinct, incident: tawuran, severity: critical, message: "Gerak, tombol, gerak"}
  throttle: {once_within: 5m, group_by: [device]}
- id: deserted
  when: {absent: {event: motion}, for: 3m, expect_from: [pir-1]}
  then: {escalate: none, set: {desk: empty}}
- id: empty
  when: {state: {desk: empty}, for: 1m}
  then: {escalate: technician, incident: pos-kosong, severity: low, message: "Pos kosong"}
  clear_when: {event: motion}
- id: nobody-came
  when: {absent: {event: motion}, after: {event: smoke}, within: 90s}
  then: {escalate: precinct, incident: kebakaran, severity: high, message: "Asap, tidak ada yang datang"}
- id: roll-call
  when: {schedule: {at: "02:00"}}
  then: {escalate: technician, incident: apel, severity: info, message: "Jam dua"}
- id: trial
  mode: shadow
  when: {count: {event: motion, at_least: 2}, within: 30s}
  then: {escalate: precinct, incident: coba, severity: low, message: "coba"}
"""
# What stands in the files, and what a technician makes of it one night: one rule means something else, one is new.
RULES = ruleset(_RULES % {"crowd": 3}, SITE, "first")
CHANGED = ruleset(
    _RULES % {"crowd": 4}
    + """
- id: again
  when: {all: [{event: motion}, {event: smoke}], within: 1m}
  then: {escalate: precinct, incident: kebakaran, severity: high, message: "Asap dan gerak"}
""",
    SITE,
    "second",
)
VERSIONS = (RULES.version, CHANGED.version)


@cache
def edition_of(post: str, version: str) -> Edition:
    """Return what a post runs with."""
    return edition(RULES if version == RULES.version else CHANGED, site_of(post), post)


def rulebook(post: str, version: str) -> Rulebook:
    """Return the rules of a version, with the other one kept for older records."""
    kept = {one: edition_of(post, one) for one in VERSIONS}
    return Rulebook(kept[version], lambda versions: kept.get(versions[0]))


@cache
def matcher_of(post: str, version: str) -> PythonMatcher:
    """Return what answers for a post's rules."""
    matcher = PythonMatcher()
    matcher.load(edition_of(post, version).questions)
    return matcher


@cache
def profiles() -> Profiles:
    """Return the shipped profile that the bought button needs."""
    found, faults = parse_profiles([read_file(ZIGBEE)])
    assert not faults
    return found


def press_topic(device: str) -> str:
    """Return where a device reports."""
    return f"zigbee2mqtt/{device}" if device == BOUGHT else f"kentongan/{device}/event"
