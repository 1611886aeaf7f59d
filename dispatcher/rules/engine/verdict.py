"""Events that no device sent: what a verdict about a silence, a state or an hour is about, and alerts as events."""

from dataclasses import dataclass

from dispatcher.domain.events import Event
from dispatcher.domain.ids import digest
from dispatcher.domain.site import Site
from dispatcher.domain.stamp import Stamp

EXERCISE = "exercise"  # the attribute of an alert that is one


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


@dataclass(frozen=True, slots=True)
class About:
    """What an alert says."""

    incident: str
    severity: str
    post: str | None
    kelurahan: str | None
    exercise: bool = False


def alert_event(id_: str, about: About, now: Stamp) -> Event:
    """Return an alert as the rules see it (rules-language, "Where a rule runs")."""
    return Event(
        id=id_,
        kind=f"alert.{about.incident}",
        device=None,
        role=None,
        post=about.post,
        zone=None,
        kelurahan=about.kelurahan,
        source="precinct",
        trust="authenticated",
        arrived=now,
        attrs={"severity": about.severity, **({EXERCISE: True} if about.exercise else {})},
    )
