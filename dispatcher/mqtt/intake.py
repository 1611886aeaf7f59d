"""Messages on their way in: skipped, or delivered with a token, and never lost by an exception.

An exception that leaves `on_message` kills paho's loop while it still calls itself connected. Nothing leaves here: what
a callback raises is counted, and the message, unacknowledged, is offered again a little later.
"""

from collections.abc import Callable

import paho.mqtt.client as mqtt

from dispatcher.domain.events import Lane, RawMessage
from dispatcher.domain.stamp import Stamp
from dispatcher.mqtt.model import Delivery, Token
from dispatcher.mqtt.tally import Tally

MAX_KEPT = 1024
RETRY_S = 0.5


class Intake:
    """What one link does with each message. Used on the link's thread."""

    def __init__(
        self,
        *,
        link: str,
        lane: Lane,
        stamp: Callable[[], Stamp],
        deliver: Callable[[Delivery], None],
        skip: Callable[[str], bool] | None,
        tally: Tally,
    ) -> None:
        self._link = link
        self._lane = lane
        self._stamp = stamp
        self._deliver = deliver
        self._skip = skip
        self._tally = tally
        self._epoch = 0
        self._dismiss: Callable[[int], object] = int
        self._kept: list[mqtt.MQTTMessage] = []
        self._retry_at = 0.0

    def begin(self, epoch: int, dismiss: Callable[[int], object]) -> None:
        """Turn to a new connection; ``dismiss`` acknowledges a message id of it.

        What an older connection left undelivered is forgotten: it was not acknowledged, so the broker sends it again.
        """
        self._epoch = epoch
        self._dismiss = dismiss
        self._kept.clear()

    def hear(self, message: mqtt.MQTTMessage) -> None:
        """Take one message. Never raises, never blocks."""
        self._tally.received += 1
        try:
            topic = message.topic
        except UnicodeDecodeError:
            self._tally.malformed += 1
            self._dismiss(message.mid)
            return
        if self._skip is not None and self._skips(self._skip, topic):
            self._tally.skipped += 1
            self._dismiss(message.mid)
        else:
            self._offer(message, topic)

    def retry(self, now: float) -> None:
        """Offer again what raised, at most every `RETRY_S` seconds."""
        if not self._kept or now < self._retry_at:
            return
        self._retry_at = now + RETRY_S
        again, self._kept = self._kept, []
        for message in again:
            self._offer(message, message.topic)

    def _offer(self, message: mqtt.MQTTMessage, topic: str) -> None:
        payload = bytes(message.payload)
        try:
            raw = RawMessage(
                self._lane, topic, payload, message.qos, message.retain, message.dup, self._stamp(), message.mid
            )
            self._deliver(Delivery(raw, Token(self._link, self._epoch, message.mid, message.qos)))
        except Exception:
            self._tally.exceptions += 1
            if len(self._kept) < MAX_KEPT:
                self._kept.append(message)

    def _skips(self, skip: Callable[[str], bool], topic: str) -> bool:
        try:
            return skip(topic)
        except Exception:
            self._tally.exceptions += 1
            return False  # twice is better than not at all
