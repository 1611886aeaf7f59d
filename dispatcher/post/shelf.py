"""What becomes of sensors while there is no room for them: of each topic the newest message waits, the rest is counted.

A door that was opened while the disk was full is still open when there is room again; the twenty readings before it
are of no use to anybody.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

MAX_TOPICS = 1_000

T = TypeVar("T")

# Bytes without which no message of any convention is a call for help that could come on the rest lane: panics of our
# own, emergency words of bought buttons, panels, and critical reports. Too much is kept rather than too little.
_CALLS = (b"panic", b"emergency", b"sos", b"critical", b"panel", b"alarm", b"help", b"tolong")


def may_be_call(payload: bytes) -> bool:
    """Return whether shedding this message unread could shed a call for help."""
    small = payload.lower()
    return any(word in small for word in _CALLS)


class Shelf(Generic[T]):
    """The newest thing of each topic, in the order they came. Bounded: the oldest topic makes room."""

    def __init__(self, topic: Callable[[T], str]) -> None:
        self._topic = topic
        self._newest: dict[str, T] = {}

    def put(self, thing: T) -> bool:
        """Keep a thing; return whether another one had to go for it."""
        topic = self._topic(thing)
        replaced = self._newest.pop(topic, None) is not None
        self._newest[topic] = thing
        if len(self._newest) <= MAX_TOPICS:
            return replaced
        del self._newest[next(iter(self._newest))]
        return True

    def take(self, limit: int) -> list[T]:
        """Take up to ``limit`` things off the shelf, oldest first."""
        topics = list(self._newest)[:limit] if limit > 0 else []
        return [self._newest.pop(topic) for topic in topics]

    def __len__(self) -> int:
        return len(self._newest)
