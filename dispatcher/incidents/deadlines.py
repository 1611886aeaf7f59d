"""Which of many is due, without looking at them all: a backlog of thousands must not slow down the press of now."""

from collections.abc import Iterator
from heapq import heapify, heappop, heappush


class Deadlines:
    """One time for each key, in milliseconds. An entry that was replaced stays in the heap until its time comes."""

    __slots__ = ("_at", "_heap")

    def __init__(self) -> None:
        self._at: dict[str, int] = {}
        self._heap: list[tuple[int, str]] = []

    def put(self, key: str, at: int | None) -> None:
        """Set a key's time, or (None) that it has none."""
        if at is None:
            self._at.pop(key, None)
        elif self._at.get(key) != at:
            self._at[key] = at
            heappush(self._heap, (at, key))
            self._shrink()

    def _shrink(self) -> None:
        if len(self._heap) > 2 * len(self._at) + 64:
            self._heap = [(at, key) for key, at in self._at.items()]
            heapify(self._heap)

    def due(self, now: int) -> list[str]:
        """Return the keys whose time has come, the earliest first. They stay due until their time is set anew."""
        found = dict.fromkeys(self._pop_until(now))
        for key in found:
            heappush(self._heap, (self._at[key], key))
        return list(found)

    def _pop_until(self, now: int) -> Iterator[str]:
        while self._heap and self._heap[0][0] <= now:
            at, key = heappop(self._heap)
            if self._at.get(key) == at:
                yield key
