"""Numbers from lists of numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """Milliseconds: median, 99th percentile, maximum; and how many there were."""

    p50: float
    p99: float
    max: float
    n: int


def spread(values: Iterable[float]) -> Spread:
    """Return the spread of some milliseconds; infinite where there is none, so that no bar is met by silence."""
    ordered = sorted(values)
    if not ordered:
        return Spread(float("inf"), float("inf"), float("inf"), 0)
    return Spread(quantile(ordered, 0.50), quantile(ordered, 0.99), ordered[-1], len(ordered))


def quantile(ordered: Sequence[float], share: float) -> float:
    """Return the value below which ``share`` of them lie: the nearest rank."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def latencies(sent: Mapping[tuple[str, int, int], int], seen: Mapping[tuple[str, int, int], int]) -> list[float]:
    """Return the milliseconds from each press to its alert; what has no alert is left out and counted as lost."""
    return [(seen[key] - at) / 1e6 for key, at in sent.items() if key in seen]
