"""Keeps a child alive, asks it, and decides when not to wait for it any longer.

Two patiences: an answer that is not there at the deadline of its batch is *late*: the twin answers, and the child may
finish (a busy card is no reason for a restart). A child that is still not done after ``HANG_S`` is *hung*, and killed.
Then the event it was at gets a strike; with two, its content is quarantined and never sent again.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from dispatcher.matcher import child as guest
from dispatcher.matcher.port import OnReport, Report, ReportReason
from dispatcher.matcher.process import GUEST, Babble, CannotStart, ChildProcess, Gone

HANG_S = 1.0
START_S = 10.0  # to start and load; a cold card with 2,000 clauses needs about 2
BACKOFF_MIN_S, BACKOFF_MAX_S = 0.1, 30.0
STEADY_S = 60.0  # a child that was ready this long has earned a quick restart
STRIKES = 2
MAX_SUSPECTS, MAX_QUARANTINED = 256, 1_024


class Phase(StrEnum):
    """Where the child is in its life."""

    NONE = "none"  # nothing to run
    STARTING = "starting"
    READY = "ready"
    WAITING = "waiting"  # for the back-off to pass


@dataclass(frozen=True, slots=True)
class Question:
    """One event for the child. ``content`` is what makes it the same question again; ``entry`` is its bytes."""

    event: str
    content: bytes
    entry: bytes


@dataclass(frozen=True, slots=True)
class _Flight:
    """The batch that the child is at. Only one is ever under way."""

    batch: int
    questions: Sequence[Question]
    since: float


class Supervisor:
    """``now`` is the caller's monotonic clock in seconds; only the wait inside :meth:`ask` uses the real one."""

    def __init__(self, on_report: OnReport, now: Callable[[], float], script: Path = GUEST) -> None:
        self._on_report = on_report
        self._now = now
        self._script = script
        self._child: ChildProcess | None = None
        self._program = b""
        self._phase = Phase.NONE
        self._since = 0.0  # when the phase began
        self._due = 0.0  # when a waiting child is to be started
        self._backoff = BACKOFF_MIN_S
        self._flight: _Flight | None = None
        self._batch = 0
        self._suspects: OrderedDict[bytes, int] = OrderedDict()
        self._quarantined: OrderedDict[bytes, None] = OrderedDict()
        self.restarts = 0
        self.failures = 0  # in a row, without a ready child between
        self.late = 0
        self.bad_shard: int | None = None  # at which loading has failed twice in a row

    @property
    def phase(self) -> Phase:
        """Where the child is in its life."""
        return self._phase

    @property
    def ready(self) -> bool:
        """Whether a question would be sent at this moment."""
        return self._phase is Phase.READY and self._flight is None

    @property
    def pid(self) -> int | None:
        """The child's process id, while there is one."""
        return None if self._child is None else self._child.pid

    @property
    def quarantined(self) -> int:
        """How many contents are never sent again."""
        return len(self._quarantined)

    def is_quarantined(self, content: bytes) -> bool:
        """Return whether this content is never sent again."""
        return content in self._quarantined

    def start(self, program: bytes) -> None:
        """Run a fresh child with this load frame in place of the one there is; an empty frame runs none."""
        self.stop()
        self._program = program
        self._suspects.clear()
        self._quarantined.clear()
        self._backoff, self.failures, self.bad_shard = BACKOFF_MIN_S, 0, None
        if program:
            self._spawn()

    def stop(self) -> None:
        """End the child. Nothing is restarted until the next start."""
        if self._child is not None:
            self._child.end()
        self._child, self._flight, self._program = None, None, b""
        self._enter(Phase.NONE)

    def ask(self, questions: Sequence[Question], seconds: float) -> bytes | None:
        """Return the child's answer (see child.py), or None if there is none in time; why was reported."""
        if not self.ready:
            return None
        self._batch = (self._batch + 1) % guest.LOADING
        self._flight = _Flight(self._batch, questions, self._now())
        head = guest.EVENTS + guest.BATCH.pack(self._batch, len(questions))
        reply = self._guarded(lambda child: self._exchange(child, head, seconds))
        if reply is None and self._flight is not None:
            self.late += len(questions)
            self._report(ReportReason.LATE, f"{len(questions)} > {seconds:.3f} s", questions[0].event)
        return reply

    def _exchange(self, child: ChildProcess, head: bytes, seconds: float) -> bytes | None:
        assert self._flight is not None
        child.send(head + b"".join(question.entry for question in self._flight.questions))
        return self._next(child, seconds)

    def look(self, seconds: float = 0.0) -> None:
        """See what has changed: an answer too late, a death, a hang, a restart that is due.

        Waits for news at most ``seconds``.
        """
        if self._phase is Phase.WAITING and self._now() >= self._due:
            self.restarts += 1
            self._spawn()
        if self._child is not None:
            self._guarded(lambda child: self._next(child, seconds))
            self._check_patience()

    def fail(self, reason: ReportReason, detail: str) -> None:
        """Kill the child, whatever it does, and start another when the back-off has passed."""
        if self._child is not None:
            self._strike(self._child)
            detail = f"{detail} ({self._child.end()})"
        self._child, self._flight = None, None
        if self._phase is Phase.READY and self._now() - self._since >= STEADY_S:
            self._backoff = BACKOFF_MIN_S
        self.failures += 1
        self._due = self._now() + self._backoff
        self._backoff = min(2 * self._backoff, BACKOFF_MAX_S)
        self._enter(Phase.WAITING)
        self._report(reason, detail)

    def _spawn(self) -> None:
        self._enter(Phase.STARTING)
        try:
            self._child = ChildProcess(self._script)
        except CannotStart as error:
            self.fail(ReportReason.CHILD_FAILED, str(error))
            return
        self._guarded(lambda child: child.send(self._program))

    def _guarded(self, action: "Callable[[ChildProcess], bytes | None]") -> bytes | None:
        """Do something with the child; if that shows it to be dead or mad, see to it."""
        if self._child is None:
            return None
        try:
            return action(self._child)
        except Gone as gone:
            self.fail(ReportReason.CHILD_DIED, str(gone))
        except Babble as babble:
            self.fail(ReportReason.CHILD_BABBLED, str(babble))
        return None

    def _next(self, child: ChildProcess, seconds: float) -> bytes | None:
        frame = child.receive(seconds)
        return None if frame is None else self._understand(frame)

    def _understand(self, frame: bytes) -> bytes | None:
        sort, flight = frame[:1], self._flight
        if sort == guest.LOADED and self._phase is Phase.STARTING:
            self.failures = 0
            self._enter(Phase.READY)
            self._report(ReportReason.CHILD_STARTED, f"pid {self.pid}")
            return None
        if sort == guest.FAILED:
            self.fail(ReportReason.CHILD_FAILED, frame[1:200].decode("ascii", "replace"))
            return None
        if flight is None or frame[: 1 + guest.BATCH.size] != _answer_head(flight):
            raise Babble(f"{frame[:16]!r}")
        self._flight = None
        return frame

    def _check_patience(self) -> None:
        flight = self._flight
        if flight is not None and self._now() - flight.since > HANG_S:
            self.fail(ReportReason.CHILD_HUNG, f"batch of {len(flight.questions)}")
        elif self._phase is Phase.STARTING and self._now() - self._since > START_S:
            self.fail(ReportReason.CHILD_FAILED, f"not ready after {START_S:.0f} s")

    def _strike(self, child: ChildProcess) -> None:
        """Remember the event at which the child died or hung, or the shard that it could not load."""
        batch, number = child.progress()
        flight = self._flight
        if batch == guest.LOADING and self._phase is Phase.STARTING and self.failures:
            self.bad_shard = number
        if flight is None or batch != flight.batch or number >= len(flight.questions):
            return
        suspect = flight.questions[number]
        strikes = self._suspects.pop(suspect.content, 0) + 1
        if strikes >= STRIKES:
            _remember(self._quarantined, suspect.content, None, MAX_QUARANTINED)
            self._report(ReportReason.QUARANTINED, f"{strikes} strikes", suspect.event)
        else:
            _remember(self._suspects, suspect.content, strikes, MAX_SUSPECTS)

    def _enter(self, phase: Phase) -> None:
        self._phase, self._since = phase, self._now()

    def _report(self, reason: ReportReason, detail: str, event: str | None = None) -> None:
        self._on_report(Report(reason, detail, event=event))


def _answer_head(flight: _Flight) -> bytes:
    return guest.MATCHED + guest.BATCH.pack(flight.batch, len(flight.questions))


def _remember(
    table: "OrderedDict[bytes, int] | OrderedDict[bytes, None]", key: bytes, value: object, limit: int
) -> None:
    table[key] = value  # type: ignore[assignment]
    while len(table) > limit:
        table.popitem(last=False)
