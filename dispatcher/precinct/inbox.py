"""Where the store thread finds its work: officers' actions first, then what the broker delivered, then the rules."""

import threading
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Protocol

from dispatcher.domain.events import RawMessage
from dispatcher.precinct.model import Action, Reply
from dispatcher.precinct.rules.effects import Judged
from dispatcher.precinct.rules.ruling import Done, Rules
from dispatcher.precinct.watches import WatchReply, WatchRequest


class Delivery(Protocol):
    """A message with the token that acknowledges it (dispatcher.mqtt.Delivery)."""

    @property
    def raw(self) -> RawMessage: ...

    @property
    def token(self) -> object: ...


@dataclass(frozen=True, slots=True)
class Job:
    """An officer's action, and where the answer goes."""

    action: Action
    reply: "Future[Reply]" = field(default_factory=Future)


@dataclass(frozen=True, slots=True)
class WatchJob:
    """A watch to be opened or closed, and where the answer goes."""

    request: WatchRequest
    reply: "Future[WatchReply]" = field(default_factory=Future)


@dataclass(frozen=True, slots=True)
class RulesJob:
    """Other rules, and what is called when they run; the reply says that they stand in the queue."""

    rules: Rules
    done: Done
    reply: "Future[None]" = field(default_factory=Future)


AnyJob = Job | WatchJob | RulesJob


class Inbox:
    """A queue of three lanes. It needs no bound: a broker sends only so much before it wants acknowledgements."""

    def __init__(self) -> None:
        self._jobs: deque[AnyJob] = deque()
        self._deliveries: deque[Delivery] = deque()
        self._judged: deque[Judged] = deque()
        self._poked = False
        self._work = threading.Condition()

    def put(self, delivery: Delivery) -> None:
        """Take a message from the broker's thread; never blocks."""
        with self._work:
            self._deliveries.append(delivery)
            self._work.notify()

    def ask(self, job: AnyJob) -> None:
        """Take an officer's action; never blocks."""
        with self._work:
            self._jobs.append(job)
            self._work.notify()

    def hand_over(self, judged: Judged) -> None:
        """Take what the rules have judged; never blocks."""
        with self._work:
            self._judged.append(judged)
            self._work.notify()

    def poke(self) -> None:
        """Make the store thread look at the clock and at who is there."""
        with self._work:
            self._poked = True
            self._work.notify()

    def take(self, most: int, timeout_s: float) -> tuple[list[AnyJob], list[Delivery], list[Judged]]:
        """Return all actions, at most ``most`` messages and all that was judged; waits up to ``timeout_s`` for any."""
        with self._work:
            self._work.wait_for(self._any, timeout_s)
            self._poked = False
            jobs, judged = list(self._jobs), list(self._judged)
            self._jobs.clear()
            self._judged.clear()
            return jobs, [self._deliveries.popleft() for _ in range(min(most, len(self._deliveries)))], judged

    def _any(self) -> bool:
        return bool(self._jobs or self._deliveries or self._judged or self._poked)
