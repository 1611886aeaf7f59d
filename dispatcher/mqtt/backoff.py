"""How long to wait before the next attempt. Pure: chance and time are arguments."""

from dataclasses import dataclass

STABLE_S = 10.0
"""A connection that lasted this long was a good one: the next trouble starts again at the shortest wait.

Without it, two programs with one client id would throw each other out twice a second for ever.
"""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Doubling from ``minimum_s`` to ``maximum_s`` seconds."""

    minimum_s: float = 0.5
    maximum_s: float = 30.0

    def wait_s(self, failures: int, chance: float) -> float:
        """Return seconds to wait after ``failures`` (from 1) in a row.

        ``chance`` in [0, 1) takes up to half away, so that a district of posts does not return in step.
        """
        doublings = min(max(failures, 1) - 1, 32)
        full = min(self.maximum_s, self.minimum_s * float(2**doublings))
        return full * (1.0 - chance / 2.0)
