"""Where the store thread finds its work: officers' actions first, then what the broker delivered, in order."""

import threading
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Protocol

from dispatcher.domain.events import RawMessage
from dispatcher.precinct.model import Action, Reply


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


class Inbox:
    """A queue of two lanes. It needs no bound: a broker sends only so much before it wants acknowledgements."""

    def __init__(self) -> None:
        self._jobs: deque[Job] = deque()
        self._deliveries: deque[Delivery] = deque()
        self._poked = False
        self._work = threading.Condition()

    def put(self, delivery: Delivery) -> None:
        """Take a message from the broker's thread; never blocks."""
        with self._work:
            self._deliveries.append(delivery)
            self._work.notify()

    def ask(self, job: Job) -> None:
        """Take an officer's action; never blocks."""
        with self._work:
            self._jobs.append(job)
            self._work.notify()

    def poke(self) -> None:
        """Make the store thread look at the clock and at who is there."""
        with self._work:
            self._poked = True
            self._work.notify()

    def take(self, most: int, timeout_s: float) -> tuple[list[Job], list[Delivery]]:
        """Return all actions and at most ``most`` messages, waiting up to ``timeout_s`` for the first of them."""
        with self._work:
            self._work.wait_for(lambda: self._jobs or self._deliveries or self._poked, timeout_s)
            self._poked = False
            jobs = list(self._jobs)
            self._jobs.clear()
            return jobs, [self._deliveries.popleft() for _ in range(min(most, len(self._deliveries)))]
