"""What a glance at all incidents tells: how near help is at its farthest, and how many are open.

Derived from the incidents, and told of each that changes, so that a glance costs nothing however many there are.
"""

from collections import Counter

from dispatcher.domain.incident import Stage
from dispatcher.incidents.model import Incident
from dispatcher.incidents.stages import lamp_stage, least_of


class Overview:
    """Stages of the open panics, and the open incidents."""

    def __init__(self) -> None:
        self._stages: dict[str, Stage] = {}
        self._count: Counter[Stage] = Counter()
        self._open: set[str] = set()

    def see(self, id_: str, incident: Incident | None) -> None:
        """Learn how an incident stands now; None: it is no more."""
        known = self._stages.pop(id_, None)
        if known is not None:
            self._count[known] -= 1
        stage = lamp_stage((incident,)) if incident is not None else None
        if stage is not None:
            self._stages[id_] = stage
            self._count[stage] += 1
        if incident is not None and incident.is_open:
            self._open.add(id_)
        else:
            self._open.discard(id_)

    @property
    def lamp(self) -> Stage | None:
        """Return what the post's lamp shows, None when nothing is open."""
        return least_of(stage for stage, number in self._count.items() if number)

    @property
    def open(self) -> int:
        """Return how many incidents are open."""
        return len(self._open)
