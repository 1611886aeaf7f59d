"""What a post subscribes to: exact topics for the panic lane, filters for the rest."""

from collections.abc import Iterable, Iterator, Mapping

from dispatcher.devices import kentongan
from dispatcher.devices.meaning import meaning, word_of, words_of
from dispatcher.devices.model import Profile, Profiles
from dispatcher.domain.events import is_press
from dispatcher.domain.site import Device, Site

# Roles whose device may have a button of its own. A press from any other device is promoted when it turns up on the
# rest lane.
PRESS_ROLES = frozenset({"panic_button", "panel", "check_in", "tracker", "tamper"})


def panic_topics(profiles: Profiles, site: Site, post: str) -> tuple[str, ...]:
    """Return the exact topics on which the devices of ``post`` can call for help, sorted."""
    pressing = (device for device in site.devices.values() if device.post in (None, post) and _may_press(device))
    return tuple(sorted({topic for device in pressing for topic in _topics(profiles, device)}))


def rest_filters(used: Iterable[Profile]) -> tuple[str, ...]:
    """Return the subscription filters of these profiles and of our own convention, sorted."""
    return tuple(sorted({kentongan.FILTER, *(each for profile in used for each in profile.subscribe)}))


def _may_press(device: Device) -> bool:
    if device.role in PRESS_ROLES:
        return True
    enrolled = (meant.get("kind", "") for meant in device.enrolled.values())
    named = [word for key in ("inputs", "pins", "profile_override") for word in words_of(device, key).values()]
    return any(is_press(kind) for kind in enrolled) or any(_is_button(word) for word in named)


def _is_button(word: str) -> bool:
    meant = meaning(word)
    return meant is not None and meant.is_button


def _topics(profiles: Profiles, device: Device) -> Iterator[str]:
    if device.profile == kentongan.PROFILE:
        yield kentongan.event_topic(device.id)
        return
    profile = profiles.by_name.get(device.profile)
    # A device behind a gateway is heard on the gateway's topics.
    name = word_of(device, "gateway") or device.id
    captures: Mapping[str, str] = {"device": name}
    for topic in profile.press_topics if profile is not None else ():
        filled = topic.fill(captures)
        if "+" not in filled and "#" not in filled:
            yield filled
