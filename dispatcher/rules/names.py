"""The names that rules may use: what the site knows, and the closed lists of the language."""

from collections.abc import Mapping

from dispatcher.domain.site import ROLES, Site

SOURCES = frozenset({"button", "sensor", "camera", "radio", "citizen", "cyber", "precinct", "timer"})
TRUSTS = frozenset({"authenticated", "replayable", "unknown"})

CLOSED: Mapping[str, frozenset[str]] = {"role": ROLES, "source": SOURCES, "trust": TRUSTS}


def names_of(site: Site | None) -> dict[str, frozenset[str]]:
    """Return the values that can occur, by field. A field that the site says nothing about stays open."""
    if site is None:
        return dict(CLOSED)
    zones = {zone for post in site.posts.values() for zone in post.zones}
    zones |= {device.zone for device in site.devices.values() if device.zone is not None}
    return listed_names(frozenset(site.devices), frozenset(site.posts), frozenset(site.kelurahan), frozenset(zones))


Known = frozenset[str] | None  # None: not all of them are known, so nobody is told that one is not


def listed_names(devices: Known, posts: Known, kelurahan: Known, zones: Known) -> dict[str, frozenset[str]]:
    """Return the values that can occur, by field, of a site that lists these."""
    either = None if devices is None or posts is None else devices | posts
    listed = {"device": devices, "post": posts, "kelurahan": kelurahan, "zone": zones, "device or post": either}
    return {**CLOSED, **{field: known for field, known in listed.items() if known}}


def lenient_names(names: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """Return the names for a test, whose events may come from devices and zones that its site does not list."""
    return {**CLOSED, **{field: known for field, known in names.items() if field == "device or post"}}
