"""How late an event may be that clauses want (`max_lateness` of the site)."""

from collections.abc import Iterable

from dispatcher.domain.site import Site
from dispatcher.rules.model import Clause


def lateness_of(clauses: Iterable[Clause], site: Site) -> int:
    """Return how late an event may be that one of the clauses could want, in milliseconds."""
    allowed = site.max_lateness_ms.items()
    return max((late for clause in clauses for kind, late in allowed if _overlaps(clause, kind)), default=0)


def _overlaps(clause: Clause, kind: str) -> bool:
    if clause.wants(kind):
        return True
    return kind.endswith(".*") and any(word.startswith(kind[:-1]) for word in clause.kinds)
