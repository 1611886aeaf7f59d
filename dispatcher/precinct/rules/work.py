"""The rules' thread: it asks the matcher, steps the engine, and hands back what is to be kept. It owns the memory.

It hands over after each batch that led to something, and else now and then: what it judged since is judged again after
a kill, to the same end, because the inputs stay written down until the memory with them in it is kept.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from dispatcher.domain.events import Event
from dispatcher.domain.site import Site
from dispatcher.domain.stamp import Stamp
from dispatcher.matcher.port import MAX_BATCH, Matcher
from dispatcher.precinct.rules import memory
from dispatcher.precinct.rules.effects import Effects, Judged
from dispatcher.precinct.rules.inputs import Input, NewRules, Tick
from dispatcher.precinct.rules.judge import Judge
from dispatcher.rules.engine.engine import Engine
from dispatcher.rules.engine.state import EngineState, Watch
from dispatcher.wire.watch import OpenWatch

KEEP_MS = 10_000  # the memory is kept at least so often while something is under way
KEEP_INPUTS = 256  # and after so many inputs: a start judges no more than these again
FORGET_MS = 60_000
TICK_S = 1.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Left:
    """What the run before has left: its memory, what it had not judged, the open watches, and when it was alive."""

    parts: dict[str, bytes]
    pending: tuple[Input, ...]
    watches: tuple[OpenWatch, ...] = ()

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
        # A watch may have been opened while no rule ran here, or the memory be lost.
        state.watches = [Watch(one.kind, one.kelurahan, one.until_ms) for one in left.watches]
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
        for one, following in _parted(inputs):
            self._change(one)
            self._add(self._judge.take(following))
        self._inputs += sum(not isinstance(one.body, Tick) for one in inputs)
        self._upto = inputs[-1].n
        self._now = now = inputs[-1].at
        if now.run_ms - self._forgot >= FORGET_MS:
            self._forgot = now.run_ms
            self._engine.forget(self._judge.state, now)
            self._matcher.tick()
        if self._is_due(now):
            self._keep(now)

    def _change(self, one: Input | None) -> None:
        """Go on with other rules, and keep that at once: all that came before was judged by the old ones."""
        if one is None or not isinstance(one.body, NewRules):
            return
        new = one.body
        self._add(self._judge.catch_up(one.at))
        refusals = new.matcher.load(new.engine.questions())
        if refusals:  # cannot be: they were checked as they were read. The old ones go on
            new.done((), refusals)
            return
        if new.matcher is not self._matcher:
            self._matcher.close()
        self._engine, self._matcher = new.engine, new.matcher
        fresh = self._judge.go_on_with(new.engine, one.at)
        self._upto = one.n
        self._keep(one.at)
        new.done(fresh, ())

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


def _parted(inputs: Sequence[Input]) -> Iterator[tuple[Input | None, list[Input]]]:
    """Yield the inputs in parts that one set of rules judges, each with the change of rules that stands before it."""
    change: Input | None = None
    part: list[Input] = []
    for one in inputs:
        if isinstance(one.body, NewRules):
            yield change, part
            change, part = one, []
        else:
            part.append(one)
    yield change, part


def _told_fault(one: Input, error: Exception) -> None:
    _log.error("rule_failed", extra={"number": one.n, "input": type(one.body).__name__}, exc_info=error)
