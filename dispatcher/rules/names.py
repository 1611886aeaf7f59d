"""The names that rules may use: what the site knows, and the closed lists of the language."""

from collections.abc import Mapping

from dispatcher.domain.site import ROLES, Site

SOURCES = frozenset({"button", "sensor", "camera", "radio", "citizen", "cyber", "precinct", "timer"})
TRUSTS = frozenset({"authenticated", "replayable", "unknown"})

CLOSED: Mapping[str, frozenset[str]] = {"role": ROLES, "source": SOURCES, "trust": TRUSTS}


def names_of(site: Site | None) -> dict[str, frozenset[str]]:
    """Return the values that can occur, by field. A field that the site says nothing about stays open."""
    names = dict(CLOSED)
    if site is None:
        return names
    zones = {zone for post in site.posts.values() for zone in post.zones}
    zones |= {device.zone for device in site.devices.values() if device.zone is not None}
    listed = {
        "device": frozenset(site.devices),
        "post": frozenset(site.posts),
        "kelurahan": frozenset(site.kelurahan),
        "zone": frozenset(zones),
        "device or post": frozenset(site.devices) | frozenset(site.posts),
    }
    return names | {field: known for field, known in listed.items() if known}


def lenient_names(site: Site) -> dict[str, frozenset[str]]:
    """Return the names for a test, whose events may come from devices and zones that its site does not list."""
    return {**CLOSED, "device or post": frozenset(site.devices) | frozenset(site.posts)}
