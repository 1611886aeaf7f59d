"""The door for messages from devices: which convention a topic belongs to, and what its message says.

Pure and total: any bytes on any topic give an answer. A topic is looked up once and then remembered, so that a plain
sensor reading costs one dictionary look-up before its payload is read.
"""

from dispatcher.devices import kentongan
from dispatcher.devices.model import Profiles
from dispatcher.devices.results import Outcome
from dispatcher.devices.state import DeviceStates
from dispatcher.domain.events import RawMessage, Rejected, RejectReason
from dispatcher.domain.site import Device, Site

# Roles whose device may have a button: their topics are heard on the panic lane. A press that comes from any other
# device is promoted when it turns up on the rest lane.
PRESS_ROLES = frozenset({"panic_button", "panel", "check_in", "tracker", "gateway", "tamper"})


class Normaliser:
    """Understands the messages of one post's devices."""

    def __init__(self, profiles: Profiles, site: Site, post: str) -> None:
        self._profiles = profiles
        self._site = site
        self._post = post

    def panic_topics(self) -> tuple[str, ...]:
        """Return the exact topics on which this post's devices can call for help, sorted."""
        topics = {
            kentongan.event_topic(device.id)
            for device in self._site.devices.values()
            if device.profile == kentongan.PROFILE and self._may_press(device)
        }
        return tuple(sorted(topics))

    def rest_filters(self) -> tuple[str, ...]:
        """Return the subscription filters of every convention that the site uses, sorted."""
        return (kentongan.FILTER,)

    def normalise(self, state: DeviceStates, raw: RawMessage) -> Outcome:  # noqa: ARG002 (ours keeps no state)
        """Return what one message says. Changes nothing: the caller journals the answer and applies its changes."""
        device = kentongan.device_of(raw.topic)
        if device is None:
            return Rejected(RejectReason.UNKNOWN_TOPIC)
        return kentongan.read(raw, device, device in self._site.devices)

    def _may_press(self, device: Device) -> bool:
        return device.role in PRESS_ROLES and device.post in (None, self._post)
