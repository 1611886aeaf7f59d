"""Gauges of the post, set on the pipeline's own thread: the state is never read while it changes."""

from collections.abc import Callable

from dispatcher.domain.stamp import Stamp
from dispatcher.matcher.port import MatcherState, State
from dispatcher.post.journaling import Keeper
from dispatcher.post.memory import Memory
from dispatcher.post.ports import Saver
from dispatcher.telemetry.metrics import PostMetrics

EVERY_MS = 500


class Gauges:
    """Sets what a scrape will read."""

    def __init__(
        self,
        metrics: PostMetrics,
        memory: Memory,
        journal: Saver,
        keeper: Keeper,
        matcher: Callable[[], MatcherState],
    ) -> None:
        self._metrics = metrics
        self._memory = memory
        self._journal = journal
        self._keeper = keeper
        self._matcher = matcher
        self._set_ms: int | None = None

    def set(self, now: Stamp, incidents_open: int, words: int) -> None:
        """Set all gauges, at most twice a second."""
        if self._set_ms is not None and now.run_ms - self._set_ms < EVERY_MS:
            return
        self._set_ms = now.run_ms
        self._set_outbox(now)
        metrics = self._metrics
        metrics.incidents_open.set(incidents_open)
        metrics.words.set(words)
        metrics.journal_bytes.set(self._journal.bytes_on_disk)
        metrics.clock_trusted.set(now.trusted)
        metrics.disk_state.set(int(self._keeper.disk))
        self._set_matcher()
        self._set_rules()

    def _set_outbox(self, now: Stamp) -> None:
        waiting = self._memory.state.unfinished()
        made = [revision.made.run_ms for incident in waiting for revision in incident.outbox]
        pending = sum(incident.pending for incident in waiting)
        self._metrics.outbox_depth.set(len(made) + pending)
        self._metrics.outbox_oldest.set(max(0, now.run_ms - min(made)) / 1000 if made else 0)

    def _set_rules(self) -> None:
        overflow, late, gave_up = self._memory.rulebook.losses()
        for rule, count in overflow.items():
            self._metrics.rule_overflow.labels(rule).set(count)
        self._metrics.events_late.set(late)
        self._metrics.rule_gave_up.set(gave_up)

    def _set_matcher(self) -> None:
        state = self._matcher()
        for known in State:
            self._metrics.matcher_state.labels(str(known)).set(known is state.state)
        self._metrics.differences.set(state.differences)
