"""The places of a ``sequence`` or an ``all``: each takes one event."""

from dataclasses import dataclass

from dispatcher.rules.engine.cross import Compiled
from dispatcher.rules.engine.state import Item


@dataclass(frozen=True, slots=True)
class Place:
    """One event of a match. ``name`` is given to it, ``unless`` voids the gap before it, ``opens`` starts a clause."""

    clause: Compiled
    name: str | None = None
    unless: tuple[Compiled, ...] = ()
    opens: bool = True

    def concerns(self, item: Item) -> bool:
        """Return whether an event can stand here, or void the gap before it."""
        return self.clause.id in item.lits or any(clause.id in item.lits for clause in self.unless)
