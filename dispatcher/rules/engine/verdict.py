"""Events that no device sent: what a verdict about a silence, a state or an hour is about."""

from dataclasses import dataclass

from dispatcher.domain.events import Event
from dispatcher.domain.ids import digest
from dispatcher.domain.site import Site
from dispatcher.domain.stamp import Stamp


@dataclass(frozen=True, slots=True)
class Subject:
    """Where a verdict belongs: a post, or a device and its place."""

    post: str | None = None
    kelurahan: str | None = None
    device: str | None = None
    role: str | None = None
    zone: str | None = None


def subject_of(site: Site, entry: str) -> Subject:
    """Return the place of a roster's entry, which is a device or a post."""
    device = site.devices.get(entry)
    if device is None:
        return Subject(post=entry, kelurahan=kelurahan_of(site, entry))
    return Subject(device.post, kelurahan_of(site, device.post), device.id, device.role, device.zone)


def kelurahan_of(site: Site, post: str | None) -> str | None:
    """Return the kelurahan in which a post stands."""
    known = site.posts.get(post or "")
    return (known.kelurahan or None) if known is not None else None


def timer_event(rule: str, form: str, subject: Subject, due: int, now: Stamp) -> Event:
    """Return the event of a verdict that was due at ``due``; the same verdict has the same id after any replay."""
    about = (subject.post or "", subject.device or "")
    return Event(
        id=digest("verdict", rule, form, *about, due),
        kind=f"timer.{form}",
        device=subject.device,
        role=subject.role,
        post=subject.post,
        zone=subject.zone,
        kelurahan=subject.kelurahan,
        source="timer",
        trust="authenticated",
        arrived=now,
    )
