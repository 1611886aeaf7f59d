"""Metrics and log lines of the pipeline: one canonical line for each event, with the decision's own words."""

from collections.abc import Iterable
from contextlib import AbstractContextManager

from dispatcher.domain.events import Event, RawMessage, is_floor
from dispatcher.domain.firing import Firing, Remark, Said
from dispatcher.domain.incident import Stage
from dispatcher.domain.stamp import Stamp
from dispatcher.incidents.model import Decision, Reason
from dispatcher.matcher.port import Refusal
from dispatcher.post.intake import Taken
from dispatcher.post.journaling import Disk
from dispatcher.post.rulebook import Edition
from dispatcher.post.turn import Turn
from dispatcher.relay import Sending
from dispatcher.telemetry.log import Allowance, Logger
from dispatcher.telemetry.metrics import PostMetrics

LINES_PER_SECOND = 50  # of sensors and refusals; a press is always written


class Report:
    """Counts and tells. Never raises, never waits."""

    def __init__(self, metrics: PostMetrics, log: Logger, *, saves: bool = True, lasting_faults: int = 0) -> None:
        self._metrics = metrics
        self._saves = saves
        self.lasting_faults = lasting_faults  # of site and profiles: other rules do not mend them
        self._log = log
        self._allowance = Allowance(LINES_PER_SECOND)

    # --- what came

    def message(self, raw: RawMessage, taken: Taken) -> None:
        """Tell of a message from a device."""
        metrics = self._metrics
        if taken.presses:
            metrics.panic_received.inc(taken.presses)
        if taken.rejected is not None:
            metrics.rejected.labels(str(taken.rejected.reason)).inc()
            self._rejected(raw, taken)
        for event, decision in zip(taken.events, taken.decisions, strict=True):
            metrics.events.labels(str(decision.reason)).inc()
            self._event(raw, event, decision)

    def _rejected(self, raw: RawMessage, taken: Taken) -> None:
        rejected = taken.rejected
        if rejected is not None and self._may_write():
            self._log.warning(
                "rejected",
                reason=str(rejected.reason),
                detail=rejected.detail,
                device=rejected.device,
                lane=str(raw.lane),
                topic=raw.topic[:200],
                bytes=len(raw.payload),
            )

    def _event(self, raw: RawMessage, event: Event, decision: Decision) -> None:
        if not is_floor(event) and not self._may_write():
            return
        self._log.info(
            "event",
            kind=event.kind,
            device=event.device,
            id=event.id,
            boot=event.boot,
            seq=event.seq,
            post=event.post,
            zone=event.zone,
            lane=str(raw.lane),
            qos=raw.qos,
            dup=raw.dup,
            reason=str(decision.reason),
            incident=decision.incident,
        )

    def _may_write(self) -> bool:
        allowed = self._allowance.take()
        if not allowed:
            self._metrics.log_lines_shed.set(self._allowance.shed)
        return allowed

    def shed(self, count: int) -> None:
        """Count sensor messages that went for newer ones, while there was no room for both."""
        if count:
            self._metrics.dropped.labels("sensor").inc(count)

    def words_dropped(self, count: int) -> None:
        """Count events for the precinct's rules that went for newer ones."""
        if count:
            self._metrics.dropped.labels("word").inc(count)

    def receipt(self, raw: RawMessage, taken: Taken) -> None:
        """Tell of a message from the precinct."""
        if taken.rejected is not None:
            self._metrics.rejected.labels(str(taken.rejected.reason)).inc()
            self._rejected(raw, taken)
        for decision in taken.decisions:
            if decision.reason is Reason.UNKNOWN_INCIDENT:
                self._metrics.rejected.labels(str(decision.reason)).inc()
            self._log.info("receipt", reason=str(decision.reason), incident=decision.incident)

    def firing(self, firing: Firing, decision: Decision) -> None:
        """Tell of a rule that fired, repeated itself or cleared."""
        if firing.said is Said.FIRED and not firing.shadow:
            self._metrics.rule_fired.labels(firing.rule).inc()
        said = "shadow" if firing.shadow else str(firing.said)
        self._metrics.rule_said.labels(firing.rule, said).inc()
        if decision.reason in (Reason.THROTTLED, Reason.SHADOWED) and not self._may_write():
            return  # a sensor that keeps firing must not write a line each time
        self._log.info(
            "rule",
            rule=firing.rule,
            trigger=firing.event,
            reason=str(decision.reason),
            incident=decision.incident,
        )

    def remark(self, remark: Remark) -> None:
        """Tell of a rule that was complete and alerts nobody: held back, suppressed, or unknown after an absence."""
        self._metrics.rule_said.labels(remark.rule, remark.reason).inc()
        if self._may_write():
            self._log.info("rule", rule=remark.rule, trigger=remark.event, reason=remark.reason, by=remark.by)

    def reloaded(self, edition: Edition, fresh: Iterable[str]) -> None:
        """Tell that other rules run from here on; ``fresh`` are those that begin with empty windows."""
        self._metrics.only_rules({rule.id for rule in edition.engine.rules})
        self._metrics.rules_loaded.set(edition.loaded)
        self._metrics.reloads.inc()
        self._metrics.config_faults.set(self.lasting_faults)
        by, version = edition.by, edition.versions[0]
        self._log.info("reload", rules=version, count=edition.loaded, who=by.who, how=by.how, fresh=list(fresh)[:50])

    def refused(self, refusals: Iterable[Refusal]) -> None:
        """Tell of clauses that the matcher does not take."""
        for refusal in refusals:
            self._log.error("refused", clause=refusal.clause, reason=str(refusal.reason))

    def rule_failed(self, failure: str) -> None:
        """Tell of a fault of the program in judging one event; the others are judged."""
        self._metrics.rule_failures.inc()
        self._log.error("rule_failed", error=failure)

    def overdue(self, decision: Decision) -> None:
        """Tell of presses that are not delivered in time."""
        self._log.warning("undelivered", presses=len(decision.moved))

    # --- what was saved and sent

    def fsync(self) -> AbstractContextManager[None]:
        """Time one save."""
        return self._metrics.fsync.time()

    def saved(self, turn: Turn, now: Stamp) -> None:
        """Count what is on disk now, and how long presses took to their stages."""
        metrics = self._metrics
        if turn.presses and self._saves:
            metrics.panic_journaled.inc(turn.presses)
        for stage, came in turn.moved:
            metrics.stage.labels(str(stage)).observe(max(0, now.run_ms - came.run_ms) / 1000)
        stages = [stage for stage, _ in turn.moved]
        metrics.delivered.inc(stages.count(Stage.DELIVERED))
        metrics.acknowledged.inc(stages.count(Stage.ACKNOWLEDGED))

    def sent(self, sendings: Iterable[Sending]) -> None:
        """Tell of alerts handed to the precinct's broker."""
        for sending in sendings:
            self._metrics.sent.inc()
            self._log.info(
                "alert",
                incident=sending.revision.incident,
                rev=sending.revision.rev,
                attempt=sending.attempt,
                age_ms=sending.age_ms,
            )

    def clock(self, corrected_ms: int) -> None:
        """Tell that an absence was measured after all."""
        self._log.info("clock_corrected", by_ms=corrected_ms)

    def disk(self, state: Disk) -> None:
        """Tell what room the disk has now."""
        self._log.warning("disk", state=state.name.lower())

    def lamp(self, stage: Stage | None) -> None:
        """Tell what the lamp shows now."""
        self._log.info("lamp", stage=str(stage) if stage else "idle")
