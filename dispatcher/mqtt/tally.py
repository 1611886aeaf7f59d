"""What a link counts while it runs."""

import threading
import time

from dispatcher.mqtt.model import Counters


class Tally:
    """Plain numbers of the link's thread; only refusals are counted on other threads too, and under a lock."""

    def __init__(self) -> None:
        self.received = 0
        self.acked = 0
        self.skipped = 0
        self.published = 0
        self.connections = 0
        self.stale_acks = 0
        self.refused_publishes = 0
        self.refused_topic = ""
        self.refused_at = 0.0
        self.malformed = 0
        self.exceptions = 0
        self._dropped = 0
        self._lock = threading.Lock()

    def dropped(self, count: int = 1) -> None:
        """Count publishes that were not taken or were forgotten."""
        if count:
            with self._lock:
                self._dropped += count

    def refused(self, topic: str) -> None:
        """Count a publish that the broker does not permit."""
        self.refused_publishes += 1
        self.refused_topic, self.refused_at = topic, time.monotonic()

    def snapshot(self) -> Counters:
        """Return the numbers of this moment."""
        return Counters(
            received=self.received,
            acked=self.acked,
            skipped=self.skipped,
            published=self.published,
            reconnects=max(self.connections - 1, 0),
            stale_acks=self.stale_acks,
            dropped_publishes=self._dropped,
            refused_publishes=self.refused_publishes,
            refused_topic=self.refused_topic,
            refused_at=self.refused_at,
            malformed=self.malformed,
            exceptions=self.exceptions,
        )
