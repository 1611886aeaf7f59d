"""The rules' thread: events that are in the journal go in, firings come out. A press goes before all sensors."""

import threading
from collections import deque
from collections.abc import Callable, Sequence

from dispatcher.domain.events import Event, is_floor
from dispatcher.matcher.port import MAX_BATCH, Matcher, MatcherState, Refusal, State
from dispatcher.post.inbox import Verdicts
from dispatcher.rules.firing import firing
from dispatcher.rules.model import Clause, Rule

Job = tuple[int, tuple[Event, ...]]  # a record's sequence number and the events in it
MAX_WAITING = 512  # messages; beyond that the pipeline takes no more sensors until the rules have caught up
TICK_S = 1.0


class RuleWork:
    """Asks the matcher about events and says what fires. ``submit`` never waits; ``say`` runs on the rules' thread."""

    def __init__(self, matcher: Matcher, rules: Sequence[Rule], say: Callable[[Verdicts], None]) -> None:
        self._matcher = matcher
        self._rules = {rule.id: rule for rule in rules}
        self._say = say
        self._ready = threading.Condition()
        self._urgent: deque[Job] = deque()
        self._waiting: deque[Job] = deque()
        self._stopping = False
        self.failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="rules", daemon=True)

    def load(self) -> tuple[Refusal, ...]:
        """Give the matcher all clauses; rules whose clause it refuses are left out, and returned with the reason."""
        refusals = self._matcher.load(self._clauses())
        if refusals:
            refused = {refusal.clause for refusal in refusals}
            self._rules = {id_: rule for id_, rule in self._rules.items() if id_ not in refused}
            self._matcher.load(self._clauses())
        return refusals

    def _clauses(self) -> dict[str, Clause]:
        return {rule.id: rule.clause for rule in self._rules.values()}

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread and the matcher. What was not judged yet is judged after the next start."""
        with self._ready:
            self._stopping = True
            self._ready.notify()
        if self._thread.ident is not None:
            self._thread.join(5)
        self._matcher.close()

    def submit(self, sequence: int, events: tuple[Event, ...]) -> None:
        """Ask about the events of one message."""
        queue = self._urgent if any(is_floor(event) for event in events) else self._waiting
        with self._ready:
            queue.append((sequence, events))
            self._ready.notify()

    @property
    def is_behind(self) -> bool:
        """Return whether sensors should wait outside."""
        return len(self._waiting) > MAX_WAITING

    @property
    def alive(self) -> bool:
        """Return whether the thread runs."""
        return self._thread.is_alive()

    def matcher_state(self) -> MatcherState:
        """Return who answers, and the counters."""
        return self._matcher.state()

    @property
    def answers(self) -> State:
        """Return who answers at this moment."""
        return self._matcher.state().state

    def _run(self) -> None:
        try:
            while not self._stopping:
                self._turn(self._take())
        except Exception as error:  # the thread must not vanish in silence: the supervisor reads this and ends the post
            self.failure = error

    def _take(self) -> list[Job]:
        with self._ready:
            self._ready.wait_for(lambda: self._stopping or self._urgent or self._waiting, TICK_S)
            jobs: list[Job] = []
            events = 0
            while (queue := self._urgent or self._waiting) and events < MAX_BATCH:
                jobs.append(queue.popleft())
                events += len(jobs[-1][1])
            return jobs

    def _turn(self, jobs: list[Job]) -> None:
        if not jobs:
            self._matcher.tick()
            return
        events = [event for _, of_message in jobs for event in of_message]
        verdicts = self._matcher.match(events)
        fired = tuple(
            firing(self._rules[rule], event)
            for event, verdict in zip(events, verdicts, strict=True)
            for rule in self._in_order(verdict.matched)
        )
        self._say(Verdicts(tuple(sequence for sequence, _ in jobs), fired))

    def _in_order(self, matched: frozenset[str]) -> list[str]:
        # Rules fire in the order of the files, whoever answered and in whatever order.
        return [rule for rule in self._rules if rule in matched] if matched else []
