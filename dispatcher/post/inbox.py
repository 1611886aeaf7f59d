"""What waits for the pipeline. Any thread puts, one thread takes; a panic never waits behind a sensor."""

import threading
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TypeVar

from dispatcher.matcher.port import Refusal, Report
from dispatcher.mqtt import Delivery
from dispatcher.post.rulebook import Edition, Matches
from dispatcher.post.shelf import Shelf, may_be_call
from dispatcher.post.standing import LaneLine

MAX_BATCH = 64
MAX_REST = 4_096  # messages; what a window lets through is far below

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Verdicts:
    """The matcher's word on the messages with these sequence numbers: which clauses their events satisfy."""

    sequences: tuple[int, ...]
    matches: Matches = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that the matcher says of itself."""

    report: Report


@dataclass(frozen=True, slots=True)
class Reloaded:
    """The matcher answers for another edition of the rules from here on; with a refusal it does not."""

    edition: Edition
    refusals: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class Announcement:
    """Something that this post tells of itself, once for each ``key``. ``trouble`` is what its lamp shows of it."""

    kind: str
    key: str
    text: str
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """The precinct's broker took this revision."""

    incident: str
    rev: int


@dataclass(frozen=True, slots=True)
class Connected:
    """The precinct's broker is there and will pass on receipts."""


@dataclass(frozen=True, slots=True)
class Listening:
    """The panic lane hears again; what its session kept comes now."""


Notice = Verdicts | Trouble | Reloaded | Announcement | Sent | Connected | Listening


@dataclass(frozen=True, slots=True)
class Batch:
    """What one turn works on, in this order."""

    panic: tuple[Delivery, ...] = ()
    notices: tuple[Notice, ...] = ()
    receipts: tuple[Delivery, ...] = ()
    rest: tuple[Delivery, ...] = ()


class Inbox:
    """Four queues and one condition. Brokers' in-flight windows bound them, since nobody acknowledges early."""

    def __init__(self) -> None:
        self._ready = threading.Condition()
        self._panic: deque[Delivery] = deque()
        self._receipts: deque[Delivery] = deque()
        self._notices: deque[Notice] = deque()
        self._rest: deque[Delivery] = deque()
        self._surplus: Shelf[Delivery] = Shelf(lambda delivery: delivery.raw.topic)
        self.shed = 0
        self._woken = self._waiting = False

    def panic(self, delivery: Delivery) -> bool:
        """Put a message of the panic lane, and return whether ``take`` was waiting for one."""
        waited = self._waiting
        self._put(self._panic, delivery)
        return waited

    def receipt(self, delivery: Delivery) -> None:
        """Put a message of the precinct."""
        self._put(self._receipts, delivery)

    def rest(self, delivery: Delivery) -> None:
        """Put a message of the rest lane.

        At QoS 0 no window bounds a flood. Past ``MAX_REST`` the newest of each topic waits, and what went for it is
        counted; what could be a call for help is always taken.
        """
        with self._ready:
            if len(self._rest) < MAX_REST or delivery.token.qos or may_be_call(delivery.raw.payload):
                self._rest.append(delivery)
            elif self._surplus.put(delivery):
                self.shed += 1
            self._ready.notify()

    def take_shed(self) -> int:
        """Return how many messages went for newer ones since the last time this was asked."""
        with self._ready:
            shed, self.shed = self.shed, 0
        return shed

    def lanes(self, run_ms: int) -> tuple[LaneLine, ...]:
        """Return what waits in each queue at a running time."""
        with self._ready:
            queues = {"panic": self._panic, "precinct": self._receipts, "rest": self._rest}
            lines = tuple(_lane(name, queue, run_ms) for name, queue in queues.items())
            return (*lines[:-1], replace(lines[-1], waiting=lines[-1].waiting + len(self._surplus)))

    def notice(self, notice: Notice) -> None:
        """Put news from inside."""
        self._put(self._notices, notice)

    def wake(self) -> None:
        """Make ``take`` return now."""
        with self._ready:
            self._woken = True
            self._ready.notify()

    def _put(self, queue: "deque[T]", item: T) -> None:
        with self._ready:
            queue.append(item)
            self._ready.notify()

    def take(self, timeout_s: float, *, with_rest: bool) -> Batch:
        """Wait up to ``timeout_s`` for something and return it.

        Sensors stay where they are if ``with_rest`` is false, or if somebody has pressed.
        """
        with self._ready:
            self._waiting = True
            self._ready.wait_for(lambda: self._has_work(with_rest), timeout_s)
            self._woken = self._waiting = False
            called = bool(self._panic)  # sensors take the next turn: a press does not wait until they are decided
            return Batch(
                _pop(self._panic, MAX_BATCH),
                _pop(self._notices, 2 * MAX_BATCH),
                _pop(self._receipts, MAX_BATCH),
                self._take_rest(MAX_BATCH if with_rest and not called else 0),
            )

    def _take_rest(self, limit: int) -> tuple[Delivery, ...]:
        taken = _pop(self._rest, limit)
        return taken + tuple(self._surplus.take(limit - len(taken)))

    def _has_work(self, with_rest: bool) -> bool:
        sensors = with_rest and (self._rest or self._surplus)
        return bool(self._woken or self._panic or self._receipts or self._notices or sensors)


def _lane(name: str, queue: "deque[Delivery]", run_ms: int) -> LaneLine:
    return LaneLine(name, len(queue), max(0, run_ms - queue[0].raw.arrived.run_ms) if queue else 0)


def _pop(queue: "deque[T]", limit: int) -> tuple[T, ...]:
    return tuple(queue.popleft() for _ in range(min(limit, len(queue))))
