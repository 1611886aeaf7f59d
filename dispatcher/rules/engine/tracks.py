"""What a window knows of the many: when each event came, or the newest of each distinct value. No event is kept whole.

Both are in the order of time and lose their front as time goes on; an event costs the same however many there are. In a
checkpoint times and numbers are differences, so that a hundred thousand take a few hundred kilobytes.
"""

from array import array
from base64 import b64encode
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator
from hashlib import blake2b
from itertools import accumulate, pairwise
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator

from dispatcher.domain.events import Value

SPARE = 1_024  # entries that a track may carry in front, already expired, before it is packed
LONG = 20  # characters of a value that are kept as they are; of a longer one a digest of 96 bits is

Key = str | int | float | tuple[bool]


class Track:
    """The times and arrival numbers of events, in the order of time; 16 bytes each."""

    __slots__ = ("_head", "numbers", "times")

    def __init__(self, times: Iterable[int] = (), numbers: Iterable[int] = ()) -> None:
        self.times = array("q", times)
        self.numbers = array("q", numbers)
        self._head = 0

    def __len__(self) -> int:
        return len(self.times) - self._head

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Track) and self.plain() == other.plain()

    __hash__ = None  # type: ignore[assignment]  # it changes

    def append(self, t: int, n: int) -> None:
        """Add the newest; it is never put before another, whatever its time says."""
        times = self.times
        times.append(max(t, times[-1]) if len(times) > self._head else t)
        self.numbers.append(n)

    def expire(self, horizon: int) -> None:
        """Forget what came before ``horizon``."""
        times, head = self.times, self._head
        if head < len(times) and times[head] < horizon:
            self._head = bisect_left(times, horizon, head)
            self._pack()

    def drop_oldest(self) -> None:
        """Forget the oldest."""
        self._head += 1
        self._pack()

    def count_from(self, low: int) -> int:
        """Return how many came at ``low`` or later."""
        return len(self.times) - bisect_left(self.times, low, self._head)

    def times_from(self, low: int) -> "array[int]":
        """Return when each came that came at ``low`` or later, the oldest first."""
        return self.times[bisect_left(self.times, low, self._head) :]

    def cut(self, low: int, high: int) -> None:
        """Forget what came from ``low`` to ``high``, both included."""
        start = bisect_left(self.times, low, self._head)
        end = bisect_right(self.times, high, start)
        del self.times[start:end], self.numbers[start:end]

    def shift(self, n: int, by_ms: int) -> None:
        """Let everything that arrived after number ``n`` be later."""
        for index in range(self._head, len(self.times)):
            if self.numbers[index] > n:
                self.times[index] += by_ms

    def _pack(self) -> None:
        if self._head > SPARE and self._head * 4 > len(self.times):
            del self.times[: self._head], self.numbers[: self._head]
            self._head = 0

    def plain(self) -> list[list[int]]:
        """Return it as JSON values."""
        return [_differences(self.times[self._head :]), _differences(self.numbers[self._head :])]


class Latest:
    """The newest arrival of each distinct value, in the order of time.

    A queue of all arrivals, in which an older one of the same value is dead: taking the first of a dict again and
    again would walk over all that were deleted before it.
    """

    __slots__ = ("_head", "_keys", "_newest", "_numbers", "_times")

    def __init__(self, newest: Iterable[tuple[Key, int, int]] = ()) -> None:
        self._newest: dict[Key, int] = {}
        self._fill(newest)

    def _fill(self, entries: Iterable[tuple[Key, int, int]]) -> None:
        self._keys: list[Key] = []
        self._times, self._numbers = array("q"), array("q")
        self._head = 0
        for key, t, n in entries:
            self._keys.append(key)
            self._times.append(t)
            self._numbers.append(n)
        self._newest = dict(zip(self._keys, self._numbers, strict=True))

    def __len__(self) -> int:
        return len(self._newest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Latest) and self.plain() == other.plain()

    __hash__ = None  # type: ignore[assignment]  # it changes

    def put(self, key: Key, t: int, n: int) -> int | None:
        """Note the newest of a value; return the arrival number of the one that it replaces."""
        old = self._newest.get(key)
        self._newest[key] = n
        self._keys.append(key)
        self._times.append(max(t, self._times[-1]) if self._times else t)
        self._numbers.append(n)
        self._pack()
        return old

    def expire(self, horizon: int) -> None:
        """Forget what was last seen before ``horizon``."""
        times = self._times
        if self._head < len(times) and times[self._head] < horizon:
            while self._head < len(times) and times[self._head] < horizon:
                self._forget_first()
            self._pack()

    def _forget_first(self) -> None:
        if self._is_alive(self._head):
            del self._newest[self._keys[self._head]]
        self._head += 1

    def drop_oldest(self) -> None:
        """Forget the value that was not seen for the longest time."""
        full = len(self._newest)
        while len(self._newest) == full:
            self._forget_first()

    def count_from(self, low: int, more: Collection[Key] = ()) -> int:
        """Return how many values were seen at ``low`` or later, or are among ``more``; quick where few are older."""
        older = set(self._before(low))
        return len(self._newest) - len(older) + sum(key in older or key not in self._newest for key in more)

    def keys_from(self, low: int) -> set[Key]:
        """Return the values that were last seen at ``low`` or later."""
        return set(self._newest).difference(self._before(low))

    def seen_from(self, low: int) -> Iterator[tuple[Key, int]]:
        """Yield each value that was last seen at ``low`` or later, and when, the oldest first."""
        for index in range(bisect_left(self._times, low, self._head), len(self._keys)):
            if self._is_alive(index):
                yield self._keys[index], self._times[index]

    def _before(self, low: int) -> Iterator[Key]:
        for index in range(self._head, bisect_left(self._times, low, self._head)):
            if self._is_alive(index):
                yield self._keys[index]

    def cut(self, low: int, high: int) -> None:
        """Forget what was last seen from ``low`` to ``high``, both included."""
        if not self._newest:
            return
        self._fill([entry for entry in self._entries() if not low <= entry[1] <= high])

    def shift(self, n: int, by_ms: int) -> None:
        """Let everything that arrived after number ``n`` be later."""
        self._fill([(key, t + by_ms if number > n else t, number) for key, t, number in self._entries()])

    def _is_alive(self, index: int) -> bool:
        return self._newest.get(self._keys[index]) == self._numbers[index]

    def _entries(self) -> Iterator[tuple[Key, int, int]]:
        for index in range(self._head, len(self._keys)):
            if self._is_alive(index):
                yield self._keys[index], self._times[index], self._numbers[index]

    def _pack(self) -> None:
        """Drop the dead once they are many; each is moved at most once for each that came."""
        if len(self._keys) > 2 * len(self._newest) + SPARE:
            self._fill(list(self._entries()))

    def plain(self) -> list[list[Any]]:
        """Return it as JSON values."""
        entries = list(self._entries())
        keys = [key[0] if isinstance(key, tuple) else key for key, _, _ in entries]
        return [keys, _differences([t for _, t, _ in entries]), _differences([n for _, _, n in entries])]


def key_of_value(value: Value) -> Key:
    """Return what is equal for the same values only: true is not 1, and "5" is not 5."""
    if isinstance(value, bool):
        return (value,)
    if isinstance(value, str) and len(value) > LONG:
        digest = blake2b(value.encode("utf-8", "surrogatepass"), digest_size=12).digest()
        return "#" + b64encode(digest).decode("ascii")
    return value


def _differences(numbers: Iterable[int]) -> list[int]:
    return [second - first for first, second in pairwise((0, *numbers))]


def _sums(data: object) -> list[int]:
    if not isinstance(data, list) or not all(type(one) is int for one in data):
        raise ValueError("a list of whole numbers is expected")
    return list(accumulate(data))


def _columns(data: object, number: int) -> list[Any]:
    if not isinstance(data, list) or len(data) != number or not all(isinstance(one, list) for one in data):
        raise ValueError(f"{number} lists are expected")
    if len({len(one) for one in data}) != 1:
        raise ValueError("lists of one length are expected")
    return data


def _load_track(data: object) -> Track:
    if isinstance(data, Track):
        return data
    times, numbers = _columns(data, 2)
    try:
        return Track(_sums(times), _sums(numbers))
    except OverflowError:
        raise ValueError("a number is out of range") from None


def _load_latest(data: object) -> Latest:
    if isinstance(data, Latest):
        return data
    keys, times, numbers = _columns(data, 3)
    if not all(isinstance(key, str | int | float) for key in keys):
        raise ValueError("values are expected")
    found = ((key,) if isinstance(key, bool) else key for key in keys)
    return Latest(zip(found, _sums(times), _sums(numbers), strict=True))


PlainTrack = Annotated[Track, PlainValidator(_load_track), PlainSerializer(Track.plain)]
PlainLatest = Annotated[Latest, PlainValidator(_load_latest), PlainSerializer(Latest.plain)]
