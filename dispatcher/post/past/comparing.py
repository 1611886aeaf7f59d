"""Two accounts of one past, side by side: what the one alerts and the other does not."""

from collections.abc import Iterable
from dataclasses import dataclass

from dispatcher.post.past.said import Alert, Replayed

PAIR_MS = 2_000  # a post looks four times a second for what is due, and a clock may have been put right meanwhile


@dataclass(frozen=True, slots=True)
class Difference:
    """What one replay alerts and another does not; ``changed``: the same alert with other words, the other's first."""

    more: tuple[Alert, ...] = ()
    less: tuple[Alert, ...] = ()
    changed: tuple[tuple[Alert, Alert], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.more or self.less or self.changed)


def compare(new: Replayed, old: Replayed) -> Difference:
    """Return what ``new`` alerts more and less than ``old``, and what it says with other words, oldest first."""
    left = list(old.alerts)
    by_id = {(one.rule, one.firing.event): one for one in reversed(left)}
    more, pairs, taken = [], [], set[int]()
    for alert in new.alerts:
        other = by_id.get((alert.rule, alert.firing.event))
        if other is None or id(other) in taken:
            other = _near(alert, left, taken)
        if other is None:
            more.append(alert)
            continue
        taken.add(id(other))
        pairs.append((other, alert))
    less = tuple(one for one in left if id(one) not in taken)
    return Difference(tuple(more), less, tuple((a, b) for a, b in pairs if _words(a) != _words(b)))


def _near(alert: Alert, others: Iterable[Alert], taken: set[int]) -> Alert | None:
    """Return the other's verdict of the same rule for the same group at about the same time."""
    found = (one for one in others if id(one) not in taken and _is_alike(one, alert))
    return min(found, key=lambda one: abs(one.at.wall_ms - alert.at.wall_ms), default=None)


def _is_alike(one: Alert, other: Alert) -> bool:
    timed = other.event is not None and other.event.kind.startswith("timer.")
    same = one.rule == other.rule and one.firing.group == other.firing.group
    return timed and same and abs(one.at.wall_ms - other.at.wall_ms) <= PAIR_MS


def _words(alert: Alert) -> tuple[object, ...]:
    firing = alert.firing
    return firing.severity, firing.incident, firing.escalate, firing.title, firing.actions, firing.certainty
