"""Publishes between the caller and paho: bounded, and never kept for long.

paho keeps what it is given in memory until the broker answers, without end and across connections; a process that dies
then loses it all (2,000 published, kill -9, 101 arrived). So paho gets no more than a window of messages, and what
waits here is of two sorts. A publish with a tag has a caller who keeps it on disk and sends it again: it is taken only
while there is a connection, and forgotten when that breaks. One without a tag (a lamp, a confirmation) is nobody
else's: it survives a short break, for `HOLD_S`, and then it is old news.
"""

import threading
from collections import deque
from dataclasses import dataclass

HOLD_S = 10.0
MAX_QUEUED = 1000
MAX_QUEUED_BYTES = 4 * 1024 * 1024
MAX_TOPIC_BYTES = 65_535


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One publish. ``until`` is the monotonic second after which it is not worth sending."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    tag: object
    until: float

    @property
    def size(self) -> int:
        """Bytes that it holds, about."""
        return len(self.topic) + len(self.payload)


def check(topic: str, payload: bytes, qos: int) -> None:
    """Raise ValueError for what no broker could take; the caller has a fault, not the network."""
    if not topic or "+" in topic or "#" in topic or "\0" in topic:
        raise ValueError(f"not a topic to publish to: {topic!r}")
    if len(topic.encode("utf-8")) > MAX_TOPIC_BYTES:
        raise ValueError("topic of more than 65,535 bytes")
    if len(payload) > MAX_QUEUED_BYTES:
        raise ValueError(f"payload of {len(payload)} bytes; at most {MAX_QUEUED_BYTES}")
    if qos not in (0, 1):
        raise ValueError(f"QoS {qos}: 0 or 1")  # at QoS 2 the message sits in memory after PUBREC


class Queue:
    """A bounded queue that any thread fills and the link's thread empties."""

    def __init__(self) -> None:
        self._items: deque[Outgoing] = deque()
        self._bytes = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: Outgoing) -> bool:
        """Append, or return False when it is full."""
        with self._lock:
            if len(self._items) >= MAX_QUEUED or self._bytes + item.size > MAX_QUEUED_BYTES:
                return False
            self._items.append(item)
            self._bytes += item.size
            return True

    def take(self) -> Outgoing | None:
        """Remove and return the oldest."""
        with self._lock:
            if not self._items:
                return None
            item = self._items.popleft()
            self._bytes -= item.size
            return item

    def put_back(self, items: list[Outgoing]) -> None:
        """Put what was sent and not answered in front again, in its old order. The window bounds it."""
        with self._lock:
            self._items.extendleft(reversed(items))
            self._bytes += sum(item.size for item in items)

    def drop(self, now: float, *, tagged: bool) -> int:
        """Forget what is past its time, and with ``tagged`` whatever has a keeper elsewhere; return how many."""
        with self._lock:
            kept = [item for item in self._items if item.until > now and not (tagged and item.tag is not None)]
            dropped = len(self._items) - len(kept)
            if dropped:
                self._items = deque(kept)
                self._bytes = sum(item.size for item in kept)
            return dropped
