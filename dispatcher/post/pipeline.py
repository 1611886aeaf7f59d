"""The one way through, as a list. One thread runs it; everything else puts into the inbox or takes what comes out.

Nothing is confirmed, acknowledged or sent before the records behind it are on disk: decisions are made in memory
first, and if the disk fails the process ends (74) and what was decided was never said.
"""

import time
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from functools import partial

from dispatcher.domain.events import RawMessage
from dispatcher.domain.incident import Stage
from dispatcher.domain.stamp import Stamp
from dispatcher.incidents import revisions
from dispatcher.incidents.model import Confirm, Effect, Reason
from dispatcher.incidents.overview import Overview
from dispatcher.journal import Entry, Kind, NoSpace
from dispatcher.matcher.port import Report as MatcherReport
from dispatcher.mqtt import Delivery, Token
from dispatcher.post import records
from dispatcher.post.downstream import Downstream
from dispatcher.post.gauges import Gauges
from dispatcher.post.inbox import (
    Announcement,
    Batch,
    Connected,
    Inbox,
    Listening,
    Notice,
    Reloaded,
    Sent,
    Trouble,
    Verdicts,
)
from dispatcher.post.intake import Intake, Taken
from dispatcher.post.journaling import Keeper
from dispatcher.post.judging import Judging
from dispatcher.post.memory import Memory
from dispatcher.post.outputs import Outputs
from dispatcher.post.ports import Clock, Judge, Saver
from dispatcher.post.report import Report
from dispatcher.post.shelf import Shelf
from dispatcher.post.trouble import alarm_of, failed, trouble_body
from dispatcher.post.turn import Turn
from dispatcher.post.upstream import Upstream
from dispatcher.wire.status import Status

HOLD_MS = 1_000  # sensors may share an fsync for so long; a panic flushes at once (design, "Lanes")
HOLD_COUNT = 32  # half a broker's in-flight window: acknowledging late must not stall it
TURN_S = 0.25
WATCHED_S = 0.005  # while somebody is shown something bit by bit: most of the time is for what may come
COMMANDS_MS = 30_000  # a command so old may be given again after a death: a siren that should sound, sounds
SHED_EVERY_MS = 1_000  # how often what was shed is written down; on a full card it is written when there is room


@dataclass(frozen=True, slots=True)
class Parts:
    """What a pipeline is made of."""

    clock: Clock
    journal: Saver
    keeper: Keeper
    memory: Memory
    inbox: Inbox
    intake: Intake
    rules: Judge
    outputs: Outputs
    upstream: Upstream
    report: Report
    gauges: Gauges
    acknowledge: Callable[[list[Token]], None]
    status: Callable[[], Status]
    instance: str
    saves: bool = True
    trouble: str = ""  # what a lamp says of this post's files
    probe: str = ""  # the topic on which the post talks to itself
    probed: Callable[[], None] = lambda: None  # called when such a message is on the disk
    reloaded: Callable[[Reloaded, tuple[str, ...]], None] = lambda _reloaded, _fresh: None  # on the disk, or refused
    serve: Callable[[Stamp], bool] = lambda _now: False  # shows an onlooker something; whether there is more to show


class Pipeline:
    """Runs turns until it is told to stop or something breaks that must end the process."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._held: list[Turn] = []  # appended, not yet durable: nothing of it has been said
        self._held_since_ms = 0
        self._shelf: Shelf[RawMessage] = Shelf(lambda raw: raw.topic)
        self._overview = Overview()
        self._judging = Judging(parts.memory, parts.report, self._untold_later)
        self._downstream = Downstream(parts.memory, parts.intake, parts.upstream.words.taken)
        self._untold: list[Callable[[], None]] = []  # log lines: they wait until the alert is on its way
        self._last_run_ms = 0
        self._shed = 0  # since the last record of it
        self._shed_ms = -SHED_EVERY_MS
        self._trouble = parts.trouble
        self._stopping = self._leaving = self._is_watched = False
        self.last_turn = time.monotonic()

    def _untold_later(self, tell: Callable[[], None]) -> None:
        self._untold.append(tell)

    def run(self) -> None:
        """Work until ``stop``. Raises JournalProblem when the disk fails."""
        self.begin()
        while not self.is_over:
            self.turn(self._parts.inbox.take(self.patience_s, with_rest=self.takes_rest))
        self.end()

    def begin(self) -> None:
        """Take up what the last run left."""
        for sequence, events in sorted(self._parts.memory.unjudged.items()):
            self._parts.rules.submit(sequence, events)
        self._parts.upstream.words.put(self._parts.memory.words.values())
        self._parts.outputs.carry_out(self._parts.memory.commands_since(self._stamp().run_ms - COMMANDS_MS))

    def end(self) -> None:
        """Save and answer what is held, after the last turn."""
        self._save_held()

    @property
    def is_over(self) -> bool:
        """Return whether the last turn was the last."""
        return self._stopping or (self._leaving and not self._parts.memory.state.holds_passing)

    @property
    def was_stopped(self) -> bool:
        """Return whether somebody stopped it, rather than that it left."""
        return self._stopping

    @property
    def lamp(self) -> tuple[str, str]:
        """Return what the lamps show: the least advanced open panic or ``idle``, and the trouble of the post."""
        stage = self._overview.lamp
        return "idle" if stage is None else str(stage), self._parts.keeper.trouble or self._trouble

    @property
    def takes_rest(self) -> bool:
        """Return whether the next turn may take sensors in."""
        return not self._parts.rules.is_behind

    def stop(self) -> None:
        """Make ``run`` return after the turn in hand."""
        self._stopping = True
        self._parts.inbox.wake()

    def leave(self) -> None:
        """Make ``run`` return once everything is delivered that is in memory alone."""
        self._leaving = True

    def announce(self, kind: str, key: str, text: str) -> None:
        """Tell the precinct of something at this post itself. To be called before ``run``."""
        turn = Turn(self._stamp(), self._parts.journal.last_sequence + 1)
        self._gather(turn, self._parts.intake.announce(kind, key, text, turn.now))
        self._make_revisions(turn)
        self._append(turn)
        self._save_held()

    def turn(self, batch: Batch) -> None:
        """Do one turn: the way through, in order."""
        turn = Turn(self._stamp(), self._parts.journal.last_sequence + 1)
        for delivery in batch.panic:
            self._take_message(turn, delivery)
        for notice in batch.notices:  # before the receipts: what was delivered had been sent first
            self._take_notice(turn, notice)
        for delivery in batch.receipts:
            self._take_receipt(turn, delivery)
        for delivery in batch.rest:
            self._take_sensor(turn, delivery)
        self._unshelve(turn)
        self._correct_clock(turn)
        self._judging.deadlines(turn)
        self._tell_failure(turn)
        self._make_revisions(turn)
        self._tell_overdue(turn)  # after it: what no revision carries is not known to wait, however long we stood still
        self._note_shed(turn)
        self._append(turn)
        saved = self._save_if_due(turn)
        self._relay()  # first: help is further away than the button's lamp
        self._answer(saved)
        for sequence, events in turn.submissions:  # not before: a press waits for no rule, nor for its thread to start
            self._parts.rules.submit(sequence, events)
        self._report()
        self._look_after(turn)

    def _stamp(self) -> Stamp:
        """Return now, never before the record before: order of append is order of time."""
        stamp = self._parts.clock.stamp()
        self._last_run_ms = max(self._last_run_ms, stamp.run_ms)
        return Stamp(self._last_run_ms, stamp.wall_ms, stamp.trusted)

    @property
    def patience_s(self) -> float:
        """Return how long the next turn may wait for work."""
        if self._is_watched:
            return WATCHED_S
        if not self._held:
            return TURN_S
        waited = self._parts.clock.stamp().run_ms - self._held_since_ms
        return max(0.0, min(TURN_S, (HOLD_MS - waited) / 1000))

    # --- what came in

    def _take_sensor(self, turn: Turn, delivery: Delivery) -> None:
        if self._parts.keeper.sheds_sensors and not self._parts.intake.is_call(delivery.raw):
            if self._shelf.put(delivery.raw):
                self._count_shed(1)
            turn.tokens.append(delivery.token)
            return
        self._take_message(turn, delivery)

    def _unshelve(self, turn: Turn) -> None:
        if self._shelf and not self._parts.keeper.sheds_sensors:
            for raw in self._shelf.take(HOLD_COUNT):
                self._take_raw(turn, raw)

    def _take_message(self, turn: Turn, delivery: Delivery) -> None:
        turn.tokens.append(delivery.token)
        if delivery.raw.topic == self._parts.probe:
            turn.add(Entry(Kind.ALIVE, turn.now, b"{}"))
            turn.urgent = turn.probed = True
            return
        self._take_raw(turn, delivery.raw)

    def _take_raw(self, turn: Turn, raw: RawMessage) -> None:
        taken = self._parts.intake.take(raw, turn.next_sequence, turn.now)
        if taken.fresh:
            turn.submissions.append((turn.next_sequence, taken.fresh))
        self._gather(turn, taken)
        self._untold.append(partial(self._parts.report.message, raw, taken))

    def _take_receipt(self, turn: Turn, delivery: Delivery) -> None:
        taken = self._downstream.take(delivery.raw, turn.now)
        if any(decision.reason is Reason.STORE_CHANGED for decision in taken.decisions):
            self._parts.upstream.store_changed()
        turn.tokens.append(delivery.token)
        self._gather(turn, taken)
        self._untold.append(partial(self._parts.report.receipt, delivery.raw, taken))

    def _gather(self, turn: Turn, taken: Taken) -> None:
        turn.presses += taken.presses
        turn.effects += taken.answers
        turn.words += taken.words
        turn.urgent = turn.urgent or taken.urgent
        for decision in taken.decisions:
            turn.note(decision, urgent=taken.urgent)
        if taken.entry is not None:
            turn.add(taken.entry)

    def _take_notice(self, turn: Turn, notice: Notice) -> None:
        match notice:
            case Verdicts():
                self._judging.verdicts(turn, notice)
            case Reloaded():
                self._take_reload(turn, notice)
            case Trouble(report):
                self._take_trouble(turn, report)
            case Announcement(kind, key, text, trouble):
                self._trouble = trouble
                self._gather(turn, self._parts.intake.announce(kind, key, text, turn.now))
            case Sent():
                self._take_sent(turn, notice)
            case Connected():
                self._parts.upstream.connected()
            case Listening():
                self._parts.intake.listening(turn.now)

    def _take_sent(self, turn: Turn, sent: Sent) -> None:
        decision = self._parts.memory.sent(sent.incident, sent.rev)
        if decision.changes:
            turn.add(Entry(Kind.SENT, turn.now, records.sent_body(sent.incident, sent.rev)))
            turn.note(decision, urgent=False)

    def _take_reload(self, turn: Turn, reloaded: Reloaded) -> None:
        if self._judging.reload(turn, reloaded):
            self._trouble = "config_fault" if self._parts.report.lasting_faults else ""
        else:
            self._parts.reloaded(reloaded, ())

    def _tell_failure(self, turn: Turn) -> None:
        failure = self._parts.memory.rulebook.take_failure()
        if failure:
            self._parts.report.rule_failed(failure)
            self._gather(turn, self._parts.intake.announce(*failed(failure), turn.now))

    def _take_trouble(self, turn: Turn, report: MatcherReport) -> None:
        turn.add(Entry(Kind.MATCHER, turn.now, trouble_body(report)))
        alarm = alarm_of(report)
        if alarm is not None:
            self._gather(turn, self._parts.intake.announce(*alarm, turn.now))

    # --- what time brings

    def _count_shed(self, count: int) -> None:
        self._shed += count
        self._parts.report.shed(count)

    def _note_shed(self, turn: Turn) -> None:
        waits = self._parts.keeper.sheds_sensors or turn.now.run_ms - self._shed_ms < SHED_EVERY_MS
        if self._shed and not waits:
            turn.add(Entry(Kind.SHED, turn.now, records.dump({"n": self._shed})))
            self._shed, self._shed_ms = 0, turn.now.run_ms

    def _correct_clock(self, turn: Turn) -> None:
        memory = self._parts.memory
        if memory.before is None or not turn.now.trusted:
            return
        missing_ms = memory.missing_ms(turn.now)
        memory.clock_corrected(missing_ms)
        turn.add(Entry(Kind.CLOCK, turn.now, records.dump({"missing_ms": missing_ms})))
        self._parts.report.clock(missing_ms)

    def _tell_overdue(self, turn: Turn) -> None:
        decision = self._parts.memory.time(turn.now)
        if decision.reason is not Reason.NOTHING_DUE:
            turn.add(Entry(Kind.TIMER, turn.now, b"{}"))
            turn.note(decision, urgent=True)
            self._parts.report.overdue(decision)

    def _make_revisions(self, turn: Turn) -> None:
        for incident in revisions.due(self._parts.memory.state, turn.now):
            revision = revisions.make(incident, turn.now, self._parts.instance)
            self._parts.memory.revision(revision)
            turn.add(Entry(Kind.REVISION, turn.now, records.revision_body(revision)))
            turn.urgent = True

    # --- disk

    def _append(self, turn: Turn) -> None:
        if turn.entries:
            try:
                self._parts.journal.append(turn.entries, urgent=turn.urgent)
            except NoSpace:
                # Sensors are shed from the next turn on; what this one has decided goes to the reserve.
                self._parts.keeper.full()
                self._parts.journal.append(turn.entries, urgent=True)
        if not self._held:
            self._held_since_ms = turn.now.run_ms
        if turn.entries or turn.tokens or turn.effects:
            self._held.append(turn)

    def _save_if_due(self, turn: Turn) -> list[Turn]:
        held = sum(len(one.tokens) for one in self._held)
        if turn.urgent or held >= HOLD_COUNT or turn.now.run_ms - self._held_since_ms >= HOLD_MS:
            return self._save()
        return []

    def _save(self) -> list[Turn]:
        """Make all that is held durable, and return it to be answered."""
        if any(turn.entries for turn in self._held):
            began = self._parts.clock.stamp()
            with self._parts.report.fsync():
                self._parts.journal.sync()
            self._parts.keeper.saved(began.run_ms, self._parts.clock.stamp().run_ms)
        held, self._held = self._held, []
        return held

    def _save_held(self) -> None:
        self._answer(self._save())

    def _answer(self, saved: Iterable[Turn]) -> None:
        for turn in saved:
            self._answer_one(turn)

    def _answer_one(self, turn: Turn) -> None:
        """Say what is now true: it is saved."""
        self._parts.report.saved(turn, self._parts.clock.stamp())
        self._parts.outputs.carry_out(turn.effects if self._parts.saves else self._sure(turn.effects))
        self._parts.upstream.words.put(turn.words)  # not before: an event that was not saved may be another's number
        self._parts.acknowledge(turn.tokens)
        if turn.probed:
            self._parts.probed()
        for edition, fresh in turn.reloaded:
            self._parts.reloaded(Reloaded(edition), fresh)

    def _sure(self, effects: Iterable[Effect]) -> list[Effect]:
        return not_saved(effects, self._parts.memory.state.sealed)

    # --- the way out

    def _relay(self) -> None:
        memory, now = self._parts.memory, self._parts.clock.stamp()
        upstream, overview = self._parts.upstream, self._overview
        for id_, incident in memory.state.take_touched():
            overview.see(id_, incident)
            upstream.see(id_, incident)
        self._parts.report.sent(upstream.send_alerts(now.run_ms, memory.standstill_ms))
        upstream.pass_on(now.run_ms, memory.context.site)
        upstream.keep_in_touch(memory.state, self._parts.status, now.run_ms, any_open=overview.open > 0)

    def _report(self) -> None:
        untold, self._untold = self._untold, []
        for tell in untold:
            tell()

    def _look_after(self, turn: Turn) -> None:
        stage = self._overview.lamp
        if stage is Stage.SAVED and not self._parts.saves:
            stage = Stage.UNDELIVERED  # neither saved here nor there: use the radio
        if self._parts.outputs.show(stage, turn.now.run_ms, self._parts.keeper.trouble or self._trouble):
            self._parts.report.lamp(stage)
        before = self._parts.keeper.disk
        self._parts.keeper.look_after(turn.now)
        if self._parts.keeper.disk is not before:
            self._parts.report.disk(self._parts.keeper.disk)
        self._count_shed(self._parts.inbox.take_shed())
        words = self._parts.upstream.words
        self._parts.report.words_dropped(words.take_dropped())
        self._parts.gauges.set(turn.now, self._overview.open, len(words))
        self._is_watched = self._parts.serve(turn.now)
        self.last_turn = time.monotonic()


def not_saved(effects: Iterable[Effect], kept: Container[str]) -> list[Effect]:
    """Return the effects without a word of having saved anything.

    A button stops repeating at the first word it hears, and what it says is in memory alone: so it hears none before
    the precinct has it. A press in an incident of ``kept`` is on the card, and its button may hear bad news.
    """
    return [effect for effect in effects if not (isinstance(effect, Confirm) and _is_too_soon(effect, kept))]


def _is_too_soon(confirm: Confirm, kept: Container[str]) -> bool:
    if confirm.stage in (Stage.SENT, Stage.UNDELIVERED):
        return confirm.incident not in kept
    return confirm.stage is Stage.SAVED
