"""Time and chance: a queue of things that will happen, one source of luck, and places where a fault can strike."""

import heapq
from collections import Counter
from collections.abc import Callable
from random import Random

Action = Callable[[], None]


class Death(BaseException):
    """A post's process ends here, in the middle of whatever it was doing. ``how`` is kill or power."""

    def __init__(self, how: str) -> None:
        super().__init__(how)
        self.how = how


class Over(BaseException):
    """The night is over."""


class Violation(BaseException):
    """Something that must hold does not. ``name`` is the invariant's. No ``except Exception`` may swallow it."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(f"{name}: {text}")
        self.name = name


class World:
    """Simulated milliseconds, and everything that waits for them. ``tell`` costs nothing unless a trace is kept."""

    def __init__(self, seed: str, *, keep_trace: bool = False) -> None:
        self.now = 0
        self.luck = Random(seed)
        self.trace: list[str] | None = [] if keep_trace else None
        self.met: Counter[tuple[str, str]] = Counter()
        self.seen: Counter[str] = Counter()  # what happened of itself
        self._queue: list[tuple[int, int, Action]] = []
        self._count = 0
        self._armed: dict[tuple[str, int], list[tuple[int, Action]]] = {}
        self.acting: list[object] = []  # whose work is under way: one within the other, where a save takes long

    def tell(self, who: str, what: object = "") -> None:
        """Write a line of the story."""
        if self.trace is not None:
            self.trace.append(f"{self.now / 1000:10.3f}  {who:9} {what}")

    def later(self, wait_ms: int, action: Action) -> None:
        """Let something happen after ``wait_ms``."""
        self._count += 1
        heapq.heappush(self._queue, (self.now + wait_ms, self._count, action))

    def run_until(self, when: int, done: Callable[[], bool] = lambda: False) -> None:
        """Let things happen up to ``when``, or until ``done``."""
        queue = self._queue
        while queue and queue[0][0] <= when and not done():
            due, _, action = heapq.heappop(queue)
            self.now = max(self.now, due)
            action()
        if not done():
            self.now = max(self.now, when)

    def between(self, low: int, high: int) -> int:
        """Draw a number of milliseconds."""
        return low + int(self.luck.random() * (high - low + 1))  # randint takes five times as long

    def chance(self, share: float) -> bool:
        """Toss."""
        return self.luck.random() < share

    # --- aimed faults

    def arm(self, place: str, nth: int, action: Action, post: int = 0) -> None:
        """Let ``action`` happen at the ``nth`` time from now on that a post comes by ``place``."""
        self._armed.setdefault((place, post), []).append((nth, action))

    def disarm(self) -> None:
        """Let no aimed fault strike any more."""
        self._armed.clear()

    def passes(self, place: str, post: int = 0) -> None:
        """Come by a place; what is aimed at it strikes here and now. May raise Death."""
        waiting = self._armed.get((place, post)) if self._armed else None
        if not waiting:
            return
        strikes = [action for nth, action in waiting if nth <= 1]
        self._armed[place, post] = [(nth - 1, action) for nth, action in waiting if nth > 1]
        for action in strikes:
            action()
