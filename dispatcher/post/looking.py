"""How somebody looks at a running post without being in its way: asked from any thread, answered between turns.

The pipeline's thread does a little of the work after each turn, a few milliseconds at most, so that a press waits for
no onlooker; and nobody gets more than one fresh view a second, however many ask.
"""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from dispatcher.domain.stamp import Stamp
from dispatcher.post import surveying
from dispatcher.post.inbox import Inbox
from dispatcher.post.intake import Intake
from dispatcher.post.memory import Memory
from dispatcher.post.standing import ClockLine, RuleLine, Standing

FRESH_S = 1.0
SLICE_S = 0.002
STEP_MS = 2_000  # a smaller difference between two turns is no jump of the clock
PATIENCE_S = 4.0  # of one who asks; a pipeline that is stuck in its disk answers nobody


@dataclass(frozen=True, slots=True)
class ClockNotes:
    """Whether the wall clock is trusted and since when (running time), how far it is before ours, and its jumps."""

    trusted: bool
    since_ms: int
    ahead_ms: int
    steps: int = 0
    step_ms: int = 0
    stepped_ms: int = 0

    @classmethod
    def first(cls, now: Stamp) -> "ClockNotes":
        """Return what is known at a first look."""
        return cls(now.trusted, now.run_ms, now.wall_ms - now.run_ms)

    def told(self, now: Stamp) -> "ClockNotes":
        """Return what is known after another look; a clock that is corrected slowly does not jump."""
        by, ahead_ms = now.wall_ms - now.run_ms - self.ahead_ms, now.wall_ms - now.run_ms
        if by == 0 and self.trusted is now.trusted:
            return self  # nearly always
        since_ms = self.since_ms if self.trusted is now.trusted else now.run_ms
        seen = replace(self, trusted=now.trusted, since_ms=since_ms, ahead_ms=ahead_ms)
        if abs(by) < STEP_MS:
            return seen
        return replace(seen, steps=self.steps + 1, step_ms=by, stepped_ms=now.run_ms)

    def line(self, now: Stamp) -> ClockLine:
        """Return it as an onlooker is told."""
        since_s = max(0, now.run_ms - self.since_ms) // 1000
        step_s = max(0, now.run_ms - self.stepped_ms) // 1000 if self.steps else None
        return ClockLine(self.trusted, since_s, steps=self.steps, step_ms=self.step_ms, step_s=step_s)


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
        self._clock: ClockNotes | None = None

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
        self._clock = ClockNotes.first(now) if self._clock is None else self._clock.told(now)
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
        clock = (self._clock or ClockNotes.first(now)).line(now)
        lamp, trouble = self._lamp()
        return replace(
            standing,
            lamp=lamp,
            trouble=trouble,
            clock=clock,
            lanes=(*self._inbox.lanes(now.run_ms), *standing.lanes),
            strangers=(*standing.strangers, *surveying.strangers_of(self._intake.passers, now)),
        )
