"""Which clauses want events of a kind, so that a thousand rules cost an event only those of its own kind."""

from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from dispatcher.rules.model import Clause

MAX_KNOWN_KINDS = 1_024  # `report.<word>` is open: whoever can name kinds must not fill our memory

Plan = TypeVar("Plan")


class KindIndex(Generic[Plan]):
    """Remembers for each kind what to do with it. ``plan`` makes that from the ids of the clauses that want it."""

    def __init__(self, clauses: Mapping[str, Clause], plan: Callable[[tuple[str, ...]], Plan]) -> None:
        self._exact: dict[str, list[str]] = {}
        self._prefixes: dict[str, list[str]] = {}
        self._order = {name: place for place, name in enumerate(clauses)}
        self._plan = plan
        self._known: dict[str, Plan] = {}
        for name, clause in clauses.items():
            self._add(name, clause)

    def _add(self, name: str, clause: Clause) -> None:
        for word in clause.kinds:
            table = self._prefixes if word.endswith(".*") else self._exact
            table.setdefault(word.removesuffix("*") if table is self._prefixes else word, []).append(name)

    def of(self, kind: str) -> Plan:
        """Return the plan for events of this kind."""
        known = self._known.get(kind)
        return self._learn(kind) if known is None else known

    def _learn(self, kind: str) -> Plan:
        if len(self._known) >= MAX_KNOWN_KINDS:
            self._known.clear()
        plan = self._plan(self.wanting(kind))
        self._known[kind] = plan
        return plan

    def wanting(self, kind: str) -> tuple[str, ...]:
        """Return the ids of the clauses that want this kind, in the order of the rule set, each once."""
        names = set(self._exact.get(kind, ()))
        for prefix, wanting in self._prefixes.items():
            if kind.startswith(prefix):
                names.update(wanting)
        return tuple(sorted(names, key=self._order.__getitem__))
