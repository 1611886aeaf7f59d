"""Devices at the precinct itself, which speak our own convention at its broker: a cyber patrol's desk, a button.

They are those of the site that stand at no post. What they say is judged as a post judges it: the same door, the same
copies, the same floor.
"""

from dataclasses import dataclass, replace

from dispatcher.devices import BUILT_IN, Normalised, enrich, kentongan
from dispatcher.domain.events import Event, RawMessage, Reading, Rejected, RejectReason
from dispatcher.domain.ids import digest
from dispatcher.domain.incident import Stage
from dispatcher.domain.site import Site
from dispatcher.domain.stamp import Stamp
from dispatcher.incidents.model import Confirm
from dispatcher.wire.fields import dump

COPY_MS = 3_600_000  # a counter seen again within this is a copy, later a new press


@dataclass(frozen=True, slots=True)
class Said:
    """What a device said. ``key`` is equal for copies; without a counter only a repetition by the broker is one."""

    event: Event
    key: str
    counted: bool
    repeated: bool

    def renewed(self, now_ms: int) -> Event:
        """Return the event under another name: its counter was used before, long ago."""
        return replace(self.event, id=digest(self.event.id, now_ms))


class DeskDevices:
    """The devices of the site that stand at no post."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._devices = frozenset(
            device.id for device in site.devices.values() if device.post is None and device.profile == BUILT_IN
        )

    @property
    def topics(self) -> tuple[str, ...]:
        """The exact topics on which they report, sorted."""
        return tuple(sorted(kentongan.event_topic(device) for device in self._devices if "/" not in device))

    def is_theirs(self, topic: str) -> bool:
        """Return whether one of them reports on this topic."""
        return kentongan.device_of(topic) in self._devices

    def read(self, raw: RawMessage, now: Stamp) -> Said | Rejected:
        """Return what a message says, or why it says nothing."""
        device = kentongan.device_of(raw.topic)
        if device is None or device not in self._devices:
            return Rejected(RejectReason.UNKNOWN_TOPIC, raw.topic[:80])
        outcome = kentongan.read(raw, device, known=True)
        if not isinstance(outcome, Normalised):
            return outcome if isinstance(outcome, Rejected) else Rejected(RejectReason.UNKNOWN_DEVICE, device=device)
        return self._said(outcome.readings[0], raw, now)

    def _said(self, reading: Reading, raw: RawMessage, now: Stamp) -> Said:
        counted = reading.boot is not None
        body = dump({"kind": reading.kind, "attrs": dict(sorted(reading.attrs.items()))})
        name = (str(reading.boot), str(reading.seq)) if counted else ()
        key = digest("desk", reading.device, *name, body.decode("utf-8", "replace"))
        id_ = key if counted else digest(key, now.run_ms, raw.mid)
        return Said(enrich(reading, self._site, None, now, id_), key, counted, raw.dup)


def refusal(rejected: Rejected) -> tuple[Confirm, ...]:
    """Return what a device is told of a message that cannot be read, where its counter can."""
    if rejected.device is None or rejected.boot is None or rejected.seq is None:
        return ()
    reason = str(rejected.reason)
    return (Confirm(rejected.device, rejected.boot, rejected.seq, None, Stage.REFUSED, reason=reason),)
