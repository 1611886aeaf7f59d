"""What becomes of sensors while there is no room for them: of each topic the newest message waits, the rest is counted.

A door that was opened while the disk was full is still open when there is room again; the twenty readings before it
are of no use to anybody.
"""

from dispatcher.domain.events import RawMessage

MAX_TOPICS = 1_000


class Shelf:
    """The newest message of each topic, in the order they came. Bounded: the oldest topic makes room."""

    def __init__(self) -> None:
        self._newest: dict[str, RawMessage] = {}

    def put(self, raw: RawMessage) -> bool:
        """Keep a message; return whether another one had to go for it."""
        replaced = self._newest.pop(raw.topic, None) is not None
        self._newest[raw.topic] = raw
        if len(self._newest) <= MAX_TOPICS:
            return replaced
        del self._newest[next(iter(self._newest))]
        return True

    def take(self, limit: int) -> list[RawMessage]:
        """Take up to ``limit`` messages off the shelf, oldest first."""
        topics = list(self._newest)[:limit]
        return [self._newest.pop(topic) for topic in topics]

    def __len__(self) -> int:
        return len(self._newest)
