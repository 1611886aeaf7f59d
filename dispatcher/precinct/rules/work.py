"""The rules' thread: it asks the matcher, steps the engine, and hands back what is to be kept. It owns the memory.

It hands over after each batch that led to something, and else now and then: what it judged since is judged again after
a kill, to the same end, because the inputs stay written down until the memory with them in it is kept.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dispatcher.domain.events import Event
from dispatcher.domain.site import Site
from dispatcher.domain.stamp import Stamp
from dispatcher.matcher.port import MAX_BATCH, Matcher
from dispatcher.precinct.rules import memory
from dispatcher.precinct.rules.effects import Effects, Judged
from dispatcher.precinct.rules.inputs import Input, Tick
from dispatcher.precinct.rules.judge import Judge
from dispatcher.rules.engine.engine import Engine
from dispatcher.rules.engine.state import EngineState

KEEP_MS = 10_000  # the memory is kept at least so often while something is under way
KEEP_INPUTS = 256  # and after so many inputs: a start judges no more than these again
FORGET_MS = 60_000
TICK_S = 1.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Left:
    """What the run before has left: its memory, what it had not judged, and when it was alive last."""

    parts: dict[str, bytes]
    pending: tuple[Input, ...]

    @property
    def stopped(self) -> Stamp | None:
        """When it was alive last, None where there was none."""
        stamps = [one for one in (memory.stamp_of(self.parts), *(one.at for one in self.pending[-1:])) if one]
        return max(stamps, key=lambda one: one.run_ms, default=None)


class RuleWork:
    """``submit`` never waits. ``hand_over`` is called on the rules' thread and must not wait either."""

    def __init__(
        self,
        engine: Engine,
        site: Site,
        matcher: Matcher,
        left: Left,
        began: Stamp,
        hand_over: Callable[[Judged], None],
    ) -> None:
        self.failure: Exception | None = None
        self._engine = engine
        self._site = site
        self._matcher = matcher
        self._left = left
        self._began = began
        self._hand_over = hand_over
        self._ready = threading.Condition()
        self._queue: deque[Input] = deque()
        self._stopping = False
        self._changed = memory.Changed(left.parts)
        self._upto = 0
        self._effects = Effects()
        self._inputs = 0
        self._now = began
        self._kept = self._forgot = began.run_ms
        self._thread = threading.Thread(target=self._run, name="precinct-rules", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread and the matcher. What was not judged is judged after the next start."""
        with self._ready:
            self._stopping = True
            self._ready.notify()
        if self._thread.ident is not None:
            self._thread.join(5)
        self._matcher.close()

    def submit(self, one: Input) -> None:
        """Hand an input over, in order."""
        with self._ready:
            self._queue.append(one)
            self._ready.notify()

    @property
    def waiting(self) -> int:
        """How many inputs are not judged yet."""
        return len(self._queue)

    # --- the rules' thread

    def _run(self) -> None:
        try:
            self._matcher.load(self._engine.questions())
            self._begin()
            while not self._stopping:
                self._turn(self._take())
            self._keep(self._now)
        except Exception as error:  # alerts go on without us; what is written down is judged after a start
            self.failure = error
            _log.exception("rules_failed")

    def _begin(self) -> None:
        left, stopped = self._left, self._left.stopped
        state, fresh = self._remembered(left, stopped or self._began)
        self._judge = Judge(self._engine, self._site, self._ask, state, _told_fault)
        self._add(self._judge.take(left.pending))
        if stopped is not None:
            self._add(self._judge.came_back(stopped, self._began))
        if fresh:  # a rule that is new begins now, and not before an absence that it knows nothing of
            state.rules = {name: own for name, own in state.rules.items() if name not in fresh}
            self._engine.adopt(state, self._began)
        self._upto = max((one.n for one in left.pending), default=0)
        self._keep(self._began)

    def _remembered(self, left: Left, at: Stamp) -> tuple[EngineState, list[str]]:
        try:
            state = memory.join(left.parts) if left.parts else None
        except ValueError:
            _log.exception("rules_memory_lost")
            state = None
        if state is None:
            return self._engine.start(left.pending[0].at if left.pending else at), []
        return state, self._engine.adopt(state, at)

    def _take(self) -> list[Input]:
        with self._ready:
            self._ready.wait_for(lambda: self._stopping or self._queue, TICK_S)
            return [self._queue.popleft() for _ in range(min(MAX_BATCH, len(self._queue)))]

    def _turn(self, inputs: Sequence[Input]) -> None:
        if not inputs:
            self._matcher.tick()
            return
        self._add(self._judge.take(inputs))
        self._inputs += sum(not isinstance(one.body, Tick) for one in inputs)
        self._upto = inputs[-1].n
        self._now = now = inputs[-1].at
        if now.run_ms - self._forgot >= FORGET_MS:
            self._forgot = now.run_ms
            self._engine.forget(self._judge.state, now)
            self._matcher.tick()
        if self._is_due(now):
            self._keep(now)

    def _ask(self, events: Sequence[Event]) -> list[frozenset[str]]:
        return [verdict.matched for verdict in self._matcher.match(events)]

    def _add(self, effects: Effects) -> None:
        self._effects.deeds += effects.deeds
        self._effects.counts += effects.counts

    def _is_due(self, now: Stamp) -> bool:
        if self._effects.deeds or self._inputs >= KEEP_INPUTS:
            return True
        if now.run_ms - self._kept < KEEP_MS:
            return False
        dirty = self._inputs > 0 or bool(self._effects.counts)
        return dirty or self._engine.next_deadline(self._judge.state, now) is not None

    def _keep(self, now: Stamp) -> None:
        parts, gone = self._changed.take(memory.split(self._judge.state, now))
        self._hand_over(Judged(self._upto, now, self._effects, parts, gone))
        self._effects, self._inputs, self._kept = Effects(), 0, now.run_ms


def _told_fault(one: Input, error: Exception) -> None:
    _log.error("rule_failed", extra={"number": one.n, "input": type(one.body).__name__}, exc_info=error)
