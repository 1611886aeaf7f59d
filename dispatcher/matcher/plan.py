"""What to do with events of one kind: which shards to ask, with which facts, and who checks."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from dispatcher.domain.events import Event
from dispatcher.matcher import child as guest
from dispatcher.matcher.engine import EngineClause, Program
from dispatcher.matcher.facts import MAX_FACTS, FactWriter
from dispatcher.matcher.supervisor import Question
from dispatcher.matcher.twin import Predicate, satisfied

Predicates = tuple[tuple[str, Predicate], ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """``engine`` maps the child's numbers to clause ids; ``twin_only`` are those it is not asked about."""

    predicates: Mapping[str, Predicate]
    engine: Mapping[int, str]
    twin_only: Predicates
    shard_count: int
    shards: bytes
    writer: FactWriter

    def by_twin(self, event: Event) -> frozenset[str]:
        """Return what the twin says, which is right by definition."""
        return satisfied(self.predicates.items(), event)

    def question(self, event: Event, fact_id: int) -> Question:
        """Return the event as the child is to be asked. Without ``fact_id`` it would take two equal events for one."""
        facts = self.writer.write(event)
        body = f'{{"id":{fact_id},"one":1{facts}}}'.encode("ascii")
        entry = guest.EVENT.pack(self.shard_count, len(body)) + self.shards + body
        return Question(event.id, self.shards + facts.encode("ascii"), entry)


def make_plan(
    names: tuple[str, ...], predicates: Mapping[str, Predicate], program: Program, distrusted: frozenset[str]
) -> Plan:
    """Make the plan for the clauses ``names`` of a program."""
    asked = [program.clauses[name] for name in names if name in program.clauses and name not in distrusted]
    writer = _writer(asked)
    if writer.size > MAX_FACTS:  # more facts than the engine is known to hold: the whole kind is the twin's
        asked, writer = [], _writer([])
    shards = sorted({program.shard_of[clause.id] for clause in asked})
    engine = {clause.number: clause.id for clause in asked}
    known = set(engine.values())
    return Plan(
        predicates={name: predicates[name] for name in names},
        engine=engine,
        twin_only=tuple((name, predicates[name]) for name in names if name not in known),
        shard_count=len(shards),
        shards=struct.pack(f"<{len(shards)}H", *shards),
        writer=writer,
    )


def _writer(clauses: list[EngineClause]) -> FactWriter:
    return FactWriter(
        (field for clause in clauses for field in clause.fields), (one for clause in clauses for one in clause.computed)
    )
