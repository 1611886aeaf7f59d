"""How somebody looks at a running post without being in its way: asked from any thread, answered between turns.

The pipeline's thread does a little of the work after each turn, a few milliseconds at most, so that a press waits for
no onlooker; and nobody gets more than one fresh view a second, however many ask.
"""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from dispatcher.domain.stamp import Stamp
from dispatcher.post import surveying
from dispatcher.post.inbox import Inbox
from dispatcher.post.intake import Intake
from dispatcher.post.memory import Memory
from dispatcher.post.standing import RuleLine, Standing

FRESH_S = 1.0
SLICE_S = 0.002
PATIENCE_S = 2.0  # of one who asks; a pipeline that is stuck in its disk answers nobody


class Looking:
    """``ask`` from any thread; ``serve`` on the pipeline's, after each turn."""

    def __init__(self, memory: Memory, inbox: Inbox, intake: Intake, lamp: Callable[[], tuple[str, str]]) -> None:
        """``lamp`` is asked on the pipeline's thread: the stage that it shows, and the trouble of the post itself."""
        self._memory = memory
        self._intake = intake
        self._lamp = lamp
        self._inbox = inbox
        self._done = threading.Condition()
        self._wanted = False
        self._seen: Standing | None = None
        self._seen_s = 0.0
        self._job: Iterator[RuleLine] | None = None
        self._using = memory.rulebook.using
        self._lines: list[RuleLine] = []
        self._clock: tuple[bool, int] | None = None  # whether it is trusted, and since when

    def ask(self, patience_s: float = PATIENCE_S) -> Standing | None:
        """Return how the post stands, at most a second old; None if nobody answers."""
        with self._done:
            if self._is_fresh():
                return self._seen
            asked_s = time.monotonic()
            self._wanted = True
            self._inbox.wake()
            self._done.wait_for(lambda: self._seen_s >= asked_s, patience_s)
            return self._seen if self._seen_s >= asked_s else None

    @property
    def is_wanted(self) -> bool:
        """Return whether somebody waits for an answer."""
        return self._wanted

    def _is_fresh(self) -> bool:
        return self._seen is not None and time.monotonic() - self._seen_s < FRESH_S

    def serve(self, now: Stamp) -> bool:
        """Do a little, if somebody asked; return whether there is more to do."""
        if self._clock is None or self._clock[0] is not now.trusted:
            self._clock = now.trusted, now.run_ms
        if not self._wanted:
            return False
        using = self._memory.rulebook.using
        if self._job is None or self._using is not using:  # other rules came in between: from the start
            self._job, self._lines, self._using = surveying.rules_of(self._memory, now), [], using
        if self._take_some(self._job):
            return True
        self._job = None
        standing = self._standing(now)
        with self._done:
            self._seen, self._seen_s, self._wanted = standing, time.monotonic(), False
            self._done.notify_all()
        return False

    def _take_some(self, job: Iterator[RuleLine]) -> bool:
        """Take lines for a moment; return whether there are more."""
        until = time.monotonic() + SLICE_S
        for line in job:
            self._lines.append(line)
            if time.monotonic() >= until:
                return True
        return False

    def _standing(self, now: Stamp) -> Standing:
        standing = surveying.standing_of(self._memory, now, tuple(self._lines), self._intake.murmurs)
        trusted, since_ms = self._clock or (now.trusted, now.run_ms)
        clock = replace(standing.clock, trusted=trusted, since_s=max(0, now.run_ms - since_ms) // 1000)
        lamp, trouble = self._lamp()
        return replace(
            standing,
            lamp=lamp,
            trouble=trouble,
            clock=clock,
            lanes=(*self._inbox.lanes(now.run_ms), *standing.lanes),
            strangers=(*standing.strangers, *surveying.strangers_of(self._intake.passers, now)),
        )
