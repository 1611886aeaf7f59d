"""What a link counts while it runs."""

import threading
import time

from dispatcher.mqtt.model import Counters

MAX_TOPICS = 8


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
        self._forbidden: dict[str, float] = {}  # topic -> monotonic second; replaced whole, so that any thread may read
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
        others = {name: at for name, at in self._forbidden.items() if name != topic}
        self._forbidden = {**dict(list(others.items())[1 - MAX_TOPICS :]), topic: time.monotonic()}

    def accepted(self, topic: str) -> None:
        """Count a publish that the broker took: what it had forbidden it permits now."""
        self.published += 1
        if topic in self._forbidden:
            self._forbidden = {name: at for name, at in self._forbidden.items() if name != topic}

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
            refused_topics=self._forbidden,
            malformed=self.malformed,
            exceptions=self.exceptions,
        )
