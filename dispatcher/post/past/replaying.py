"""A past, given to rules once more: by the engine that a post runs, with the time of the records.

What a post judged at its ticks is judged here at the very instant of each deadline; what it told is paired with what is
told here by the id of the event that completed the rule, and verdicts by their time.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import dropwhile

from dispatcher.domain.stamp import Stamp
from dispatcher.matcher.python import PythonMatcher
from dispatcher.post.past.comparing import Difference, compare
from dispatcher.post.past.said import Alert, Ledger, Replayed
from dispatcher.post.past.source import Past
from dispatcher.post.past.walk import Step, Walk
from dispatcher.post.rulebook import Edition, Kept, Rulebook
from dispatcher.rules.engine.outcome import Told
from dispatcher.rules.firing import as_firing, as_remark

__all__ = ["Alert", "Difference", "Progress", "Replayed", "compare", "recorded", "replay"]

DAY_MS = 86_400_000
WARM_MS = 2 * DAY_MS  # before ``since``: windows, throttles and states of a night or two are then as they were
FORGET_MS = 60_000
TELL_EVERY = 5_000  # records
MAX_STEPS = 10_000  # deadlines in a row, should one not move on


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a replay is: the number of records read, of events judged, and the wall time that it has come to."""

    records: int
    events: int
    wall_ms: int


OnProgress = Callable[[Progress], None]


class _Runner:
    """Gives steps to one edition, whatever rules ran when they were written; with ``kept`` to those that ran then."""

    def __init__(self, edition: Edition, kept: Kept | None = None) -> None:
        self.ledger = Ledger()
        self._edition = edition
        self._follows = kept is not None
        self._book = Rulebook(edition, kept or (lambda _versions: None))
        self._matcher = PythonMatcher()
        self._asking: Edition | None = None
        self._last: Stamp | None = None
        self._forgot_ms = 0
        self._standstill_ms: int | None = None  # when we last came back from an absence that nobody has measured

    def take(self, step: Step) -> None:
        now = step.stamp
        if step.start or self._last is None:
            self._begin(step)
        else:
            self._advance(now)
        if step.missing_ms and self._standstill_ms is not None:
            self._book.corrected(step.missing_ms, self._standstill_ms)
            self._standstill_ms = None
        if step.versions is not None and not step.start and self._follows:
            self._tell(now, self._book.switch(step.versions, now))
        if step.watches is not None:
            self._book.watch(step.watches)
        if step.closed:
            self._book.closed(step.closed, self._edition.post)
        self._ask()
        for event, verdict in zip(step.events, self._matcher.match(step.events), strict=True):
            self._tell(now, self._book.judge([(event, verdict.matched)]))
        self._last = now

    def _begin(self, step: Step) -> None:
        if step.unmeasured and self._last is not None:
            self._standstill_ms = step.stamp.run_ms
        stopped = step.stopped if self._last is not None else None
        known = step.versions if self._follows else None
        self._tell(step.stamp, self._book.start(stopped, step.stamp, known or self._edition.versions))

    def _ask(self) -> None:
        """Let the matcher answer for the rules of this moment."""
        if self._asking is not self._book.using:
            self._asking = self._book.using
            self._matcher.load(self._asking.questions)

    def finish(self) -> None:
        """Judge what was due at the last instant."""
        if self._last is not None:
            self._tell(self._last, self._book.time(self._last))

    def _advance(self, now: Stamp) -> None:
        """Judge what came due before ``now``, each deadline at its own instant."""
        judged: Stamp | None = None
        for _ in range(MAX_STEPS):
            at = self._next(now)
            if at is None or at == judged:
                break
            self._tell(at, self._book.time(at))
            self._last = judged = at
        if self._book.is_due(now):  # the clock was set meanwhile, and passed a deadline over
            self._tell(now, self._book.catch_up(now))
        if now.run_ms - self._forgot_ms >= FORGET_MS:
            self._forgot_ms = now.run_ms
            self._book.forget(now)

    def _next(self, now: Stamp) -> Stamp | None:
        """Return the instant of the first deadline before ``now``."""
        last = self._last
        if last is None or not self._book.is_due(now):
            return None
        due = self._book.next_due(last)
        if due is None or due >= now.run_ms:
            return None
        later = max(0, due - last.run_ms)
        return Stamp(last.run_ms + later, last.wall_ms + later, last.trusted)

    def _tell(self, at: Stamp, told: Iterable[Told]) -> None:
        for one in told:
            firing, remark = as_firing(one), as_remark(one)
            if firing is not None:
                self.ledger.firing(at, firing, one.subject)
            elif remark is not None:
                self.ledger.remark(remark)
        self.ledger.failures += bool(self._book.take_failure())


# --- the functions ---------------------------------------------------------------------------------------------------


def replay(
    past: Past,
    edition: Edition,
    since_ms: int | None = None,
    on_progress: OnProgress = lambda _: None,
    kept: Kept | None = None,
) -> Replayed:
    """Return what the rules of an edition say over a past.

    With ``kept``, which finds rules by the hashes in the records, each rule set that ran judges its own time, and the
    edition what came before the first change. ``since_ms`` is wall time in Unix milliseconds, None for all there is;
    the two days before it are given to the rules, too, without being counted, so that windows, throttles and states
    are as they would have been. Raises OSError, FormatTooNew.
    """
    runner, walked = _Runner(edition, kept), _Walked(since_ms, on_progress)
    for step in walked.steps(past):
        runner.ledger.counts_now = walked.counts
        runner.take(step)
    runner.finish()
    return walked.result(runner.ledger)


def recorded(past: Past, since_ms: int | None = None, on_progress: OnProgress = lambda _: None) -> Replayed:
    """Return what the rules that ran then really said, as it was written down. Raises OSError, FormatTooNew."""
    ledger, walked = Ledger(), _Walked(since_ms, on_progress)
    for step in walked.steps(past):
        ledger.counts_now = walked.counts
        for firing, event in step.firings:
            ledger.firing(step.stamp, firing, event)
        for remark, _ in step.remarks:
            ledger.remark(remark)
    return walked.result(ledger)


@dataclass(slots=True)
class _Walked:
    """Reads steps from two days before ``since_ms`` on; those since then count.

    A clock may have been wrong for a while: what stands behind a record of the wanted time is wanted, whatever it says.
    """

    since_ms: int | None
    on_progress: OnProgress
    records: int = 0
    events: int = 0
    begin: Stamp | None = None
    end: Stamp | None = None
    warm: bool = False
    counts: bool = False

    def steps(self, past: Past) -> Iterator[Step]:
        since = self.since_ms
        wanted = dropwhile(lambda one: since is not None and one.stamp.wall_ms < since - WARM_MS, past.records())
        for step in Walk().steps(wanted):
            self.records += 1
            if self.records % TELL_EVERY == 0:
                self.on_progress(Progress(self.records, self.events, step.stamp.wall_ms))
            self.counts = self.counts or since is None or step.stamp.wall_ms >= since
            self.warm = self.warm or not self.counts
            if self.counts:
                self.begin = self.begin or step.stamp
                self.events += len(step.events)
                self.end = step.stamp
            yield step

    def result(self, ledger: Ledger) -> Replayed:
        """Return what was gathered."""
        return Replayed(
            tuple(ledger.alerts),
            tuple(ledger.shadow),
            ledger.counts,
            self.events,
            self.begin,
            self.end,
            self.warm,
            ledger.failures,
        )
