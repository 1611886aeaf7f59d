"""Which message of which profile a topic carries, and from whom."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dispatcher.devices.model import Message, Profile, Shape
from dispatcher.devices.payload import is_clean_name
from dispatcher.domain.site import Device, Site


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to read a topic. ``key`` is where a wrapped payload is put."""

    profile: Profile
    message: Message
    name: str
    device: Device | None
    key: str | None


def candidates(profiles: Iterable[Profile], site: Site, topic: str) -> tuple[Candidate, ...] | None:
    """Return the ways to read a topic, best first: one whose device the site knows before one that it does not.

    That settles topics that fit twice (a name may hold ``/``); among equals the order in the profile counts. Empty for
    a topic that a profile lists to be ignored; None for one that no profile knows.
    """
    matches = [(profile, *match) for profile in profiles for match in _matches(profile, topic)]
    if not matches:
        return None
    found = [way for match in matches if (way := _candidate(site, *match)) is not None]
    return tuple(sorted(found, key=lambda way: way.device is None))


def _matches(profile: Profile, topic: str) -> Iterator[tuple[Message, dict[str, str]]]:
    for message in profile.messages:
        captures = next((found for each in message.topics if (found := each.match(topic)) is not None), None)
        if captures is None:
            continue
        yield message, captures
        if not message.parts:  # listed to be ignored: no later pattern may take it
            return


def _candidate(site: Site, profile: Profile, message: Message, captures: dict[str, str]) -> Candidate | None:
    name = message.device or captures.get("device", "")
    if not message.parts or not is_clean_name(name):
        return None
    key = message.wrap.fill(captures) if message.wrap is not None else None
    return Candidate(profile, message, name, known(site, profile, name), key)


def known(site: Site, profile: Profile, name: str) -> Device | None:
    """Return the device of that name if the site says it speaks this convention."""
    device = site.devices.get(name)
    return device if device is not None and device.profile == profile.name else None


def fitting(ways: tuple[Candidate, ...], is_object: bool) -> Candidate | None:
    """Return the first way whose payload may look like this one."""
    for way in ways:
        shape = way.message.shape
        if shape in (Shape.ANY, Shape.NONE) or (shape is Shape.OBJECT) == is_object:
            return way
    return None
