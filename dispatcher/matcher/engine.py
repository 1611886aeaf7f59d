"""From clauses to rule sets for the child.

Rules share rule sets (shards): a rule set of its own would cost each clause some 140 KiB and half a microsecond. The
limits keep a shard far from where the engine fails; a clause that does not fit goes to the twin alone, visibly.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dispatcher.matcher.facts import Computed, Field, Names
from dispatcher.matcher.normal import ClauseCompiler, Term
from dispatcher.rules.model import Clause

MAX_LEAVES = 63  # comparisons in one clause; the engine fails at 64 pending nodes
MAX_CONNECTIVES = 14  # ands and ors in one clause; `create_ruleset` fails at 17
SHARD_RULES = 32
SHARD_LEAVES = 240  # 257 equal conditions crash it, 513 values of one field hang it
SHARD_FIRING = 48  # firings that one event can cause in one shard; it fails at 65
MAX_ENGINE_CLAUSES = 2_000  # some 30 KiB each


class Unsuitable(Exception):
    """This clause is for the twin alone; says why."""


@dataclass(frozen=True, slots=True)
class EngineClause:
    """One clause as a rule, with the facts it looks at."""

    id: str
    number: int
    kinds: tuple[str, ...]
    term: Term
    fields: tuple[Field, ...]
    computed: tuple[Computed, ...]


@dataclass(frozen=True, slots=True)
class Program:
    """What the child loads, and who is where. ``twin_only`` says for each clause that is not in it, why."""

    definitions: tuple[Mapping[str, object], ...]
    clauses: Mapping[str, EngineClause]
    shard_of: Mapping[str, int]
    twin_only: Mapping[str, str]


def compile_program(clauses: Mapping[str, Clause], without: frozenset[str] = frozenset()) -> Program:
    """Compile the clauses, which the twin has accepted, and pack them into shards, those of like kinds together.

    Those in ``without`` go to the twin: the engine has failed on them before.
    """
    names = Names()
    compiled: list[EngineClause] = []
    twin_only: dict[str, str] = {}
    for name, clause in clauses.items():
        try:
            if name in without:
                raise Unsuitable("the engine could not load its shard")
            compiled.append(_compile_clause(name, len(compiled), clause, names))
        except Unsuitable as unsuitable:
            twin_only[name] = str(unsuitable)
    shards = list(_pack(sorted(compiled, key=lambda clause: clause.kinds)))
    return Program(
        tuple(_definition(shard) for shard in shards),
        {clause.id: clause for clause in compiled},
        {clause.id: number for number, shard in enumerate(shards) for clause in shard},
        twin_only,
    )


def _compile_clause(name: str, number: int, clause: Clause, names: Names) -> EngineClause:
    if number >= MAX_ENGINE_CLAUSES:
        raise Unsuitable(f"> {MAX_ENGINE_CLAUSES} clauses")
    compiler = ClauseCompiler(names)
    term = compiler.compile(clause.where)
    for size, limit, what in (
        (term.leaves, MAX_LEAVES, "comparisons"),
        (term.connectives, MAX_CONNECTIVES, "connectives"),
        (term.firing, SHARD_FIRING, "firings"),
    ):
        if size > limit:
            raise Unsuitable(f"{size} {what} > {limit}")
    return EngineClause(
        name, number, clause.kinds, term, tuple(compiler.fields.values()), tuple(compiler.computed.values())
    )


def _pack(clauses: Iterable[EngineClause]) -> Iterable[list[EngineClause]]:
    shard: list[EngineClause] = []
    for clause in clauses:
        if shard and not _fits(shard, clause):
            yield shard
            shard = []
        shard.append(clause)
    if shard:
        yield shard


def _fits(shard: list[EngineClause], clause: EngineClause) -> bool:
    return (
        len(shard) < SHARD_RULES
        and sum(other.term.leaves for other in shard) + clause.term.leaves <= SHARD_LEAVES
        and sum(other.term.firing for other in shard) + clause.term.firing <= SHARD_FIRING
    )


def _definition(shard: list[EngineClause]) -> Mapping[str, object]:
    return {f"c{clause.number}": {"all": [{"m": clause.term.expression}]} for clause in shard}
