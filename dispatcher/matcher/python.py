"""The twin alone behind the port: ``matcher: python`` in the configuration."""

from collections.abc import Mapping, Sequence

from dispatcher.domain.events import Event
from dispatcher.matcher.index import KindIndex
from dispatcher.matcher.port import MatcherState, Refusal, Source, State, Verdict
from dispatcher.matcher.twin import Predicate, compile_clauses, satisfied
from dispatcher.rules.model import Clause

Plan = tuple[tuple[str, Predicate], ...]


class PythonMatcher:
    """Answers at once, in this process."""

    def __init__(self) -> None:
        self._answered = 0
        self._index: KindIndex[Plan] = KindIndex({}, lambda _names: ())

    def load(self, clauses: Mapping[str, Clause]) -> tuple[Refusal, ...]:
        """Replace all clauses at once, or with a refusal none."""
        predicates, refusals = compile_clauses(clauses)
        if not refusals:
            self._index = KindIndex(clauses, lambda names: tuple((name, predicates[name]) for name in names))
        return refusals

    def match(self, events: Sequence[Event]) -> list[Verdict]:
        """Return one verdict for each event, in order."""
        self._answered += len(events)
        return [Verdict(event.id, satisfied(self._index.of(event.kind), event), Source.TWIN) for event in events]

    def tick(self) -> None:
        """Nothing to look after."""

    def state(self) -> MatcherState:
        """Return the counters; there is nothing here that could fail."""
        return MatcherState(State.TWIN, by_twin=self._answered)

    def close(self) -> None:
        """Nothing to end."""
