"""Which kinds of events the rules look at: the others need not be kept, sent or asked about."""

from collections.abc import Callable

from dispatcher.rules.engine.engine import Engine

MAX_KINDS = 1_000  # answers remembered: who can coin words must not fill our memory


def wanted(engine: Engine) -> Callable[[str], bool]:
    """Return what tells whether any enabled rule looks at events of a kind."""
    clauses = tuple(engine.questions().values())
    known: dict[str, bool] = {}

    def wants(kind: str) -> bool:
        if kind not in known:
            if len(known) >= MAX_KINDS:
                known.clear()
            known[kind] = any(clause.wants(kind) for clause in clauses)
        return known[kind]

    return wants
