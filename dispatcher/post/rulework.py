"""The matcher's thread: events that are in the journal go in, the clauses that they satisfy come out, in that order."""

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence

from dispatcher.domain.events import Event
from dispatcher.matcher.port import MAX_BATCH, Matcher, MatcherState, Refusal, State, Verdict
from dispatcher.post.inbox import Reloaded, Verdicts
from dispatcher.post.rulebook import Edition, Matches
from dispatcher.rules.model import Clause

Job = tuple[int, tuple[Event, ...]]  # a record's sequence number and the events in it
# Messages; beyond that the pipeline takes no more sensors until the matcher has caught up. Rules judge in order of
# arrival, so this is what a press may find before it: two batches, some milliseconds. The floor waits for none of it.
MAX_WAITING = 2 * MAX_BATCH
TICK_S = 1.0


class RuleWork:
    """Asks the matcher about events. ``submit`` never waits; ``say`` runs on the matcher's thread."""

    def __init__(self, matcher: Matcher, say: Callable[[Verdicts | Reloaded], None]) -> None:
        self._matcher = matcher
        self._say = say
        self._ready = threading.Condition()
        self._waiting: deque[Job | Edition] = deque()
        self._stopping = False
        self.failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="rules", daemon=True)

    def load(self, clauses: Mapping[str, Clause]) -> tuple[Refusal, ...]:
        """Give the matcher the clauses to ask about. With a refusal nothing changes."""
        return self._matcher.load(clauses)

    def reload(self, edition: Edition) -> None:
        """Let the matcher answer for other rules, once it has answered for all that was submitted before."""
        with self._ready:
            self._waiting.append(edition)
            self._ready.notify()

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
        with self._ready:
            self._waiting.append((sequence, events))
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

    def _take(self) -> list[Job] | Edition:
        with self._ready:
            self._ready.wait_for(lambda: self._stopping or self._waiting, TICK_S)
            jobs: list[Job] = []
            events = 0
            while self._waiting and events < MAX_BATCH:
                first = self._waiting[0]
                if isinstance(first, Edition):
                    return jobs or self._pop_edition()
                jobs.append(first)
                self._waiting.popleft()
                events += len(first[1])
            return jobs

    def _pop_edition(self) -> Edition:
        edition = self._waiting.popleft()
        assert isinstance(edition, Edition)
        return edition

    def _turn(self, jobs: list[Job] | Edition) -> None:
        if isinstance(jobs, Edition):
            self._say(Reloaded(jobs, self._matcher.load(jobs.questions)))
            return
        if not jobs:
            self._matcher.tick()
            return
        verdicts = self._matcher.match([event for _, of_message in jobs for event in of_message])
        self._say(Verdicts(tuple(sequence for sequence, _ in jobs), matches_of(jobs, verdicts)))


def matches_of(jobs: Sequence[Job], verdicts: Sequence[Verdict]) -> Matches:
    """Return the clauses of each event that satisfies any, by its record and its place in it."""
    matches: Matches = {}
    answers = iter(verdicts)
    for sequence, events in jobs:
        found = {n: verdict.matched for n, (_, verdict) in enumerate(zip(events, answers, strict=False))}
        found = {n: matched for n, matched in found.items() if matched}
        if found:
            matches[sequence] = found
    return matches
