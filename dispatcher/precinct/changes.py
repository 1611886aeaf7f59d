"""Who wants to know that something changed, and what it was. Any thread may tell; any may listen."""

import threading
from collections import deque
from collections.abc import Callable

MEMORY = 1000  # changes remembered; a listener that fell further behind reads everything anew

POSTS = "posts"
DESK = "desk"


class Changes:
    """A version that grows with each change, and the topics (an incident's id, ``posts``, ``desk``) that changed."""

    def __init__(self) -> None:
        self.version = 0
        self.closed = False
        self._recent: deque[tuple[int, frozenset[str]]] = deque(maxlen=MEMORY)
        self._listeners: dict[object, Callable[[], None]] = {}
        self._lock = threading.Lock()

    def tell(self, topics: frozenset[str]) -> None:
        """Something about ``topics`` changed."""
        if not topics:
            return
        with self._lock:
            self.version += 1
            self._recent.append((self.version, topics))
        self._wake()

    def open(self) -> None:
        """A server starts to serve streams."""
        self.closed = False

    def close(self) -> None:
        """It stops: wake everybody for the last time."""
        self.closed = True
        self._wake()

    def listen(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Call ``wake`` after each change, from whichever thread made it; returns what ends that."""
        key = object()
        with self._lock:
            self._listeners[key] = wake

        def end() -> None:
            with self._lock:
                self._listeners.pop(key, None)

        return end

    def since(self, seen: int) -> tuple[int, frozenset[str] | None]:
        """Return the version now and what changed since ``seen``; None when that is no longer known."""
        with self._lock:
            if self._recent and self._recent[0][0] > seen + 1:
                return self.version, None
            found = frozenset(topic for version, topics in self._recent if version > seen for topic in topics)
            return self.version, found

    def _wake(self) -> None:
        with self._lock:
            listeners = list(self._listeners.values())
        for wake in listeners:
            wake()
