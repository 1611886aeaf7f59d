"""What comes from the broker: taken apart, or refused with a reason. Pure."""

from dataclasses import dataclass

from dispatcher.domain.events import RawMessage, Rejected, RejectReason
from dispatcher.wire import alert, event, status, sync, topics
from dispatcher.wire.alert import Alert
from dispatcher.wire.event import Forwarded
from dispatcher.wire.fields import Malformed
from dispatcher.wire.status import Status
from dispatcher.wire.sync import Known


@dataclass(frozen=True, slots=True)
class Parcel:
    """Something a post said. ``retained``: the broker had kept it; it may be old."""

    post: str
    payload: bytes
    body: Alert | Status | Forwarded | tuple[Known, ...]
    retained: bool = False


_READERS = {"alert": alert.decode, "status": status.decode, "sync": sync.decode, "event": event.decode}


def unpack(raw: RawMessage, precinct: str) -> Parcel | Rejected:
    """Return what ``raw`` says, or why it says nothing."""
    address = topics.address(raw.topic)
    if address is None or address.precinct != precinct or address.channel not in _READERS:
        return Rejected(RejectReason.UNKNOWN_TOPIC, raw.topic[:80])
    body = _READERS[address.channel](raw.payload)
    if isinstance(body, Malformed):
        return Rejected(body.reason, body.detail[:80], address.post)
    return Parcel(address.post, raw.payload, body, raw.retain)


def topic_filters(precinct: str) -> tuple[str, ...]:
    """Return what the precinct subscribes to, at QoS 1."""
    return tuple(topics.topic(precinct, "+", channel) for channel in topics.UP)
