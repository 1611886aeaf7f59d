"""From what a device said to an event with its place in the site."""

from dispatcher.domain.events import Event, Reading, Value, is_press
from dispatcher.domain.site import Device, Site
from dispatcher.domain.stamp import Stamp

SOURCES = frozenset({"button", "sensor", "camera", "radio", "citizen", "cyber", "precinct", "timer"})
_SOURCE_OF_ROLE = {
    "panic_button": "button",
    "camera": "camera",
    "cyber": "cyber",
    "check_in": "radio",
    "tracker": "radio",
}
_SPOKEN = ("report.", "check_in", "roll_call")  # word of people, who say themselves how it came


def enrich(reading: Reading, site: Site, post: str | None, stamp: Stamp, event_id: str) -> Event:
    """Return the event of a reading at ``post``: role, zone and kelurahan by its device, else by its receiver.

    What an event says itself about zone and kelurahan wins over the site; role and post are never its to say.
    """
    device = site.devices.get(reading.device)
    where = device or _receiver(reading, site)
    at_post = (where.post if where is not None else None) or post
    here = site.posts.get(at_post) if at_post is not None else None
    return Event(
        id=event_id,
        kind=reading.kind,
        device=reading.device,
        role=device.role if device is not None else None,
        post=at_post,
        zone=_text(reading, "zone") or (where.zone if where is not None else None),
        kelurahan=_text(reading, "kelurahan") or (here.kelurahan if here is not None else None),
        source=_source(reading, device),
        trust=reading.trust,
        arrived=stamp,
        attrs=reading.attrs,
        boot=reading.boot,
        seq=reading.seq,
        happened_ms=reading.happened_ms,
    )


def _receiver(reading: Reading, site: Site) -> Device | None:
    via = reading.attrs.get("via")
    return site.devices.get(via) if isinstance(via, str) else None


def _text(reading: Reading, name: str) -> str | None:
    value: Value | None = reading.attrs.get(name)
    return value if isinstance(value, str) and value else None


def _source(reading: Reading, device: Device | None) -> str:
    if is_press(reading.kind):
        return "button"
    if reading.kind.startswith("camera."):
        return "camera"
    if reading.kind.startswith(_SPOKEN):
        said = _text(reading, "source")
        if said in SOURCES:
            return said
    by_role = _SOURCE_OF_ROLE.get(device.role) if device is not None else None
    return by_role or ("citizen" if reading.kind.startswith("report.") else "sensor")
