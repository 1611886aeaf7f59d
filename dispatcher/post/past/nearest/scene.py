"""What came around the time that is asked about, seen by one rule: with the engine's own clauses and groups."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from dispatcher.domain.events import Event
from dispatcher.domain.stamp import Stamp
from dispatcher.matcher.twin import Predicate, compile_clauses, holds
from dispatcher.post.past.sentences import Local, Sentence, event_line, say
from dispatcher.rules.engine.cross import Bound, Clauses, Compiled
from dispatcher.rules.engine.grouping import Grouping
from dispatcher.rules.engine.state import Item
from dispatcher.rules.language import Cross, FullRule
from dispatcher.rules.model import AllOf, AnyOf, Clause, Condition, Not
from dispatcher.rules.uses import clauses_of

MAX_LINES = 12


@dataclass(frozen=True, slots=True)
class Near:
    """How near it came: ``have`` of ``need``, at ``at`` (running time), None where nothing came at all.

    ``rest`` says what was missing. ``complete``: by these events it was complete, so something else is the reason.
    """

    have: int
    need: int
    at: Stamp | None
    sentence: Sentence
    lines: tuple[Sentence, ...] = ()
    complete: bool = False


@dataclass(frozen=True, slots=True)
class Scene:
    """``items`` are the events that the rule could see, in order; those of ``spent`` were used up by a firing before.

    ``begin`` and ``end`` are the time asked about, in running time; ``since`` and ``until`` what was looked at, in wall
    time. ``before`` is when each kind was last heard before that.
    """

    rule: FullRule
    grouping: Grouping
    items: tuple[Item, ...]
    begin: Stamp
    end: Stamp
    since: Stamp
    until: Stamp
    local: Local
    compiled: Mapping[Clause, Compiled]
    spent: Callable[[Item], bool] = lambda _item: False
    before: Mapping[str, Stamp] = field(default_factory=dict)
    predicates: dict[Condition, Predicate] = field(default_factory=dict)

    def admitted(self, clause: Clause, bound: Bound | None = None) -> list[Item]:
        """Return the events that satisfy a clause, spent ones left out."""
        test = self.compiled[clause]
        return [one for one in self.items if test.admits(one, bound or {}) and not self.spent(one)]

    def every(self, clause: Clause) -> list[Item]:
        """Return the events that satisfy a clause, spent ones too."""
        test = self.compiled[clause]
        return [one for one in self.items if test.admits(one, {})]

    def admits(self, clause: Clause, item: Item, bound: Bound) -> bool:
        """Return whether one event satisfies a clause beside the events named before."""
        return self.compiled[clause].admits(item, bound) and not self.spent(item)

    def groups(self, items: Iterable[Item]) -> dict[str, list[Item]]:
        """Return events by their window; those that lack a field of ``group_by`` are in none."""
        found: dict[str, list[Item]] = {}
        for item in items:
            key = self.grouping.key(item.event)
            if key is not None:
                found.setdefault(key, []).append(item)
        return found

    def distance(self, t: int) -> int:
        """Return how far an instant lies from the time asked about, in milliseconds."""
        return max(self.begin.run_ms - t, t - self.end.run_ms, 0)

    def line(self, item: Item, mark: str = "") -> Sentence:
        """Return an event as a line of evidence."""
        values = {"at": self.near(item.event.arrived), "event": event_line(item.event), "mark": mark}
        return say("event", "{mark}{at} {event}", "{mark}{at} {event}", **values)

    def near(self, stamp: Stamp) -> str:
        """Return a time, with its date if it is of another day than the one asked about."""
        return self.local.near(stamp, self.begin.wall_ms)

    def asked(self) -> dict[str, object]:
        """Return between which times was looked."""
        return {"since": self.near(self.since), "until": self.near(self.until)}

    # --- why an event of the right kind was not one of these

    def missed(self, clause: Clause) -> list[tuple[Item, list[Condition]]]:
        """Return events of the clause's kinds that do not satisfy it, with the conditions that fail; nearest first."""
        test = self.compiled[clause]
        found = [one for one in self.items if clause.wants(one.event.kind) and not test.admits(one, {})]
        found.sort(key=lambda one: (self.distance(one.t), -one.n))
        return [(one, self._failing(clause, one.event)) for one in found]

    def _failing(self, clause: Clause, event: Event) -> list[Condition]:
        parts = clause.where.parts if isinstance(clause.where, AllOf) else (clause.where,)
        return [part for part in parts if not _compares(part) and not self._holds(part, event)]

    def _holds(self, part: Condition, event: Event) -> bool:
        if part not in self.predicates:
            compiled, _ = compile_clauses({"part": Clause((event.kind,), part)})
            self.predicates[part] = compiled.get("part", lambda _event: False)
        return holds(self.predicates[part], event)


def _compares(part: Condition) -> bool:
    """Return whether a condition compares with another event: one alone cannot say whether it holds."""
    match part:
        case AllOf(parts=parts) | AnyOf(parts=parts):
            return any(_compares(one) for one in parts)
        case Not(part=inner):
            return _compares(inner)
        case _:
            return isinstance(part, Cross)


def compiled_of(rule: FullRule) -> tuple[dict[Clause, Compiled], dict[str, Clause]]:
    """Return the clauses of a rule's ``when`` as the engine tests them, and the questions that go with them."""
    asked = Clauses(f"{rule.id}#")
    return {clause: asked.compile(clause) for clause in clauses_of(rule.when)}, asked.questions


def nearest(found: Iterable[Near], scene: Scene) -> Near | None:
    """Return the one that came nearest: by how much it had, then by how near it lies to the time asked about.

    One that was complete at another time answers for that time only.
    """
    found = list(found)
    then = [one for one in found if not (one.complete and one.at is not None and scene.distance(one.at.run_ms))]
    return min(
        then or found,
        key=lambda one: (-one.have, scene.distance(one.at.run_ms) if one.at is not None else 0),
        default=None,
    )
