"""durable_rules behind the port: the engine answers, the twin checks, and answers whatever the engine did not.

An event is asked only about clauses that want its kind, and the child gets only the fields that those look at. Each
match is checked by the twin, and every ``SAMPLE``-th answer in full, for what the engine has missed. Where they differ
the twin is right, the difference is reported, and that clause is the twin's alone until the next load.
"""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from dispatcher.domain.events import Event
from dispatcher.matcher import canary
from dispatcher.matcher import child as guest
from dispatcher.matcher.answer import Answer, read_answer
from dispatcher.matcher.engine import Program, compile_program
from dispatcher.matcher.index import KindIndex
from dispatcher.matcher.plan import Plan, make_plan
from dispatcher.matcher.port import (
    MAX_BATCH,
    MatcherState,
    OnReport,
    Refusal,
    Report,
    ReportReason,
    Source,
    State,
    Verdict,
)
from dispatcher.matcher.process import GUEST
from dispatcher.matcher.supervisor import Phase, Question, Supervisor
from dispatcher.matcher.twin import Predicate, compile_clauses, holds, satisfied
from dispatcher.rules.model import Clause

BATCH_S, EVENT_S = 0.050, 0.002  # deadline of a batch and for each of its events: docs/adr/0004
SAMPLE = 16
NOTHING = Program((), {}, {}, {})
HOPELESS = 3  # failures in a row after which we say "twin" and no longer "restarting", and go on trying


class DurableMatcher:
    """``now`` is the caller's monotonic clock in seconds: it paces restarts and the canary."""

    def __init__(self, on_report: OnReport, now: Callable[[], float] = time.monotonic, *, script: Path = GUEST) -> None:
        self._on_report = on_report
        self._now = now
        self._supervisor = Supervisor(on_report, now, script)
        self._clauses: Mapping[str, Clause] = {}
        self._predicates: Mapping[str, Predicate] = {}
        self._program = NOTHING
        self._distrusted: frozenset[str] = frozenset()
        self._index: KindIndex[Plan] = KindIndex({}, self._plan)
        self._fact_id = 0
        self._canary_due = now() + canary.EVERY_S
        self._differences = self._by_engine = self._by_twin = 0

    def load(self, clauses: Mapping[str, Clause]) -> tuple[Refusal, ...]:
        """Replace all clauses at once, or with a refusal none. The twin answers until the new child is ready."""
        everything = {**clauses, **canary.CLAUSES} if clauses else {}
        predicates, refusals = compile_clauses(everything)
        if refusals:
            return refusals
        self._clauses, self._predicates = everything, predicates
        self._program = NOTHING
        self._start(compile_program(everything))
        return ()

    def wait_ready(self, seconds: float) -> bool:
        """Wait until the child has loaded the clauses: for a start that prefers the engine, and for tests."""
        deadline = time.monotonic() + seconds
        while self._supervisor.phase is not Phase.READY and time.monotonic() < deadline:
            if self._supervisor.phase is Phase.NONE:
                return False
            if self._supervisor.pid is None:
                time.sleep(0.005)
            self._supervisor.look(0.05)
        return self._supervisor.phase is Phase.READY

    def match(self, events: Sequence[Event]) -> list[Verdict]:
        """Return one verdict for each event, in order."""
        self.tick()
        verdicts: list[Verdict] = []
        for start in range(0, len(events), MAX_BATCH):
            verdicts += self._match_batch(events[start : start + MAX_BATCH])
        return verdicts

    def tick(self) -> None:
        """Look after the child, and send the canary when it is due."""
        self._supervisor.look()
        if self._supervisor.bad_shard is not None:
            self._give_up_shard(self._supervisor.bad_shard)
        if self._now() >= self._canary_due:
            self._canary_due = self._now() + canary.EVERY_S
            self._send_canary()

    def state(self) -> MatcherState:
        """Return who answers, and the counters."""
        supervisor = self._supervisor
        return MatcherState(
            state=_state(supervisor),
            differences=self._differences,
            restarts=supervisor.restarts,
            quarantined=supervisor.quarantined,
            late=supervisor.late,
            twin_only=len(self._program.twin_only) + len(self._distrusted),
            by_engine=self._by_engine,
            by_twin=self._by_twin,
            child=supervisor.pid,
        )

    def close(self) -> None:
        """End the child."""
        self._supervisor.stop()

    def _start(self, program: Program) -> None:
        for name in sorted(program.twin_only.keys() - self._program.twin_only.keys()):
            self._on_report(Report(ReportReason.TWIN_ONLY, program.twin_only[name], clause=name))
        self._program = program
        self._trust_all_but(frozenset())
        lines = "\n".join(json.dumps(one) for one in program.definitions)
        self._supervisor.start(guest.LOAD + lines.encode("ascii") if self._clauses else b"")

    def _give_up_shard(self, shard: int) -> None:
        """Go on without the clauses that the engine cannot load, rather than without the engine."""
        lost = {name for name, number in self._program.shard_of.items() if number == shard}
        self._start(compile_program(self._clauses, frozenset(lost.union(self._program.twin_only))))

    def _plan(self, names: tuple[str, ...]) -> Plan:
        return make_plan(names, self._predicates, self._program, self._distrusted)

    def _trust_all_but(self, distrusted: frozenset[str]) -> None:
        self._distrusted = distrusted
        self._index = KindIndex(self._clauses, self._plan)

    def _match_batch(self, events: Sequence[Event]) -> list[Verdict]:
        plans = [self._index.of(event.kind) for event in events]
        questions = list(self._questions(events, plans))
        answers = iter(self._ask([question for question in questions if question is not None]))
        return [
            self._judge(event, plan, None if question is None else next(answers))
            for event, plan, question in zip(events, plans, questions, strict=True)
        ]

    def _questions(self, events: Sequence[Event], plans: Sequence[Plan]) -> Iterator[Question | None]:
        """Yield what to ask the child; None where it is not to be asked: no clause for it, or it is quarantined."""
        ready = self._supervisor.ready
        for event, plan in zip(events, plans, strict=True):
            if not ready or not plan.shard_count:
                yield None
                continue
            yield self._question(event, plan)

    def _question(self, event: Event, plan: Plan) -> Question | None:
        self._fact_id += 1
        try:
            question = plan.question(event, self._fact_id)
        except Exception:  # an event that is none (no profile makes one); the twin finds that nothing holds
            return None
        return None if self._supervisor.is_quarantined(question.content) else question

    def _ask(self, questions: Sequence[Question]) -> Sequence[Answer | None]:
        """Return for each question the numbers of the rules that fired, or None for all if there is no answer."""
        nothing = [None] * len(questions)
        if not questions:
            return nothing
        reply = self._supervisor.ask(questions, BATCH_S + EVENT_S * len(questions))
        if reply is None:
            return nothing
        answers = read_answer(reply, len(questions))
        if answers is None:
            self._supervisor.fail(ReportReason.CHILD_BABBLED, f"{len(reply)} bytes")
            return nothing
        return answers

    def _judge(self, event: Event, plan: Plan, fired: Answer | None) -> Verdict:
        if not plan.predicates:
            return Verdict(event.id, frozenset(), Source.TWIN)
        if fired is None:
            self._by_twin += 1
            return Verdict(event.id, plan.by_twin(event), Source.TWIN)
        self._by_engine += 1
        matched = frozenset([plan.engine[number] for number in fired if number in plan.engine])
        wrong = self._wrong(event, plan, matched)
        if wrong:
            return self._settle(event, plan, wrong)
        return Verdict(event.id, matched | satisfied(plan.twin_only, event), Source.ENGINE)

    def _wrong(self, event: Event, plan: Plan, matched: frozenset[str]) -> frozenset[str]:
        """Return the clauses on which the engine is wrong: among its matches always, among its misses by sample."""
        if self._by_engine % SAMPLE:
            return frozenset([name for name in matched if not holds(plan.predicates[name], event)])
        return (matched ^ plan.by_twin(event)).intersection(plan.engine.values())

    def _settle(self, event: Event, plan: Plan, wrong: frozenset[str]) -> Verdict:
        self._differences += len(wrong)
        for name in sorted(wrong - self._distrusted):
            self._on_report(Report(ReportReason.DIFFERENCE, clause=name, event=event.id))
        self._trust_all_but(self._distrusted | wrong)
        return Verdict(event.id, plan.by_twin(event), Source.TWIN)

    def _send_canary(self) -> None:
        if not self._supervisor.ready:
            return
        plan = self._index.of(canary.EVENT.kind)
        self._fact_id += 1
        (fired,) = self._ask([plan.question(canary.EVENT, self._fact_id)])
        if fired is not None and _canaries(plan, fired) != canary.EXPECTED:
            self._supervisor.fail(ReportReason.CANARY_FAILED, f"fired {sorted(fired)}")


def _canaries(plan: Plan, fired: Iterable[int]) -> set[str]:
    # A shard that holds rules without a `where` has them fire for every event, the canary too: they are none of ours.
    return {plan.engine[number] for number in fired if number in plan.engine}


def _state(supervisor: Supervisor) -> State:
    if supervisor.phase is Phase.READY:
        return State.ENGINE
    if supervisor.phase is Phase.NONE or supervisor.failures >= HOPELESS:
        return State.TWIN
    return State.RESTARTING
