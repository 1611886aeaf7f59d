"""What posts pass on and what they say of themselves, as events that the rules see."""

from dispatcher.domain.events import Event
from dispatcher.domain.ids import digest
from dispatcher.domain.site import ROLES, Device, Site
from dispatcher.domain.stamp import Stamp
from dispatcher.precinct.intake import instant_ms
from dispatcher.rules.names import SOURCES, TRUSTS
from dispatcher.wire.event import Forwarded
from dispatcher.wire.status import Status


def event_of(post: str, said: Forwarded, site: Site, now: Stamp) -> Event:
    """Return an event that ``post`` passed on. It reaches the rules at its arrival here, however old it is.

    Where a device stands and what it is the site knows best; a device of another post is not this one's to name.
    """
    device = site.devices.get(said.device or "")
    strange = device is not None and device.post not in (None, post)
    here = site.posts.get(post)
    return Event(
        id=said.id,
        kind=said.kind,
        device=None if strange else said.device,
        role=None if strange else _role(said, device),
        post=post,
        zone=said.zone,
        kelurahan=said.kelurahan or (here.kelurahan if here is not None else None) or None,
        source=said.source if said.source in SOURCES else "sensor",
        trust=said.trust if said.trust in TRUSTS else "unknown",
        arrived=now,
        attrs=said.attrs,
        boot=said.boot,
        seq=said.seq,
        happened_ms=None if said.happened is None or strange else instant_ms(said.happened),
    )


def _role(said: Forwarded, device: Device | None) -> str | None:
    if device is not None:
        return device.role
    return said.role if said.role in ROLES else None


def happened_run(event: Event, site: Site) -> int | None:
    """Return the running time, in milliseconds, at which a device with a trusted clock says that it was."""
    device = site.devices.get(event.device or "")
    if event.happened_ms is None or device is None or not device.clock_trusted:
        return None
    return event.arrived.run_ms - max(0, event.arrived.wall_ms - event.happened_ms)


def heartbeat_of(post: str, status: Status, site: Site, now: Stamp) -> Event:
    """Return a post's status as its sign of life."""
    here = site.posts.get(post)
    return Event(
        id=digest("heartbeat", post, now.run_ms),
        kind="heartbeat",
        device=None,
        role=None,
        post=post,
        zone=None,
        kelurahan=(here.kelurahan if here is not None else None) or None,
        source="precinct",
        trust="authenticated",
        arrived=now,
        attrs={"state": status.state},
    )
