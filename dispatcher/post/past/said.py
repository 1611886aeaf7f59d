"""What rules said over a past, whether it was written down then or comes of a replay."""

from collections import Counter
from dataclasses import dataclass, field

from dispatcher.domain.events import Event
from dispatcher.domain.firing import Firing, Remark, Said
from dispatcher.domain.stamp import Stamp


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing that a rule says: who, when, by which event (its subject), and all else in ``firing``."""

    at: Stamp
    firing: Firing
    event: Event | None

    @property
    def rule(self) -> str:
        """Return the rule's id."""
        return self.firing.rule


@dataclass(frozen=True, slots=True)
class Replayed:
    """What rules said over a past. ``alerts`` are those that somebody hears of, ``shadow`` those of shadow rules.

    ``counts`` has for each rule how often it said which word: ``fired``, ``acted``, ``repeated``, ``cleared``,
    ``shadow`` (``shadow_repeated``, ``shadow_cleared``), or the reason of a remark (``held``, ``suppressed``,
    ``unknown``). ``begin`` and ``end`` are the first and last record that counted, None where there was none; ``warm``
    says whether records from before ``begin`` prepared the rules. ``failures`` counts steps that a fault of the program
    gave up.
    """

    alerts: tuple[Alert, ...] = ()
    shadow: tuple[Alert, ...] = ()
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    events: int = 0
    begin: Stamp | None = None
    end: Stamp | None = None
    warm: bool = False
    failures: int = 0


@dataclass(slots=True)
class Ledger:
    """What was said, as far as it counts: what only prepares the rules does not."""

    counts_now: bool = True
    alerts: list[Alert] = field(default_factory=list)
    shadow: list[Alert] = field(default_factory=list)
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    failures: int = 0

    def firing(self, at: Stamp, firing: Firing, event: Event | None) -> None:
        if not self.counts_now:
            return
        self._count(firing.rule, word_of(firing))
        if firing.said is Said.FIRED and is_told(firing):
            (self.shadow if firing.shadow else self.alerts).append(Alert(at, firing, event))

    def remark(self, remark: Remark) -> None:
        if self.counts_now:
            self._count(remark.rule, remark.reason)

    def _count(self, rule: str, word: str) -> None:
        self.counts.setdefault(rule, Counter())[word] += 1


def word_of(firing: Firing) -> str:
    """Return the word under which a firing is counted."""
    if firing.shadow:  # what it would have alerted, apart from what would have joined that
        return "shadow" if firing.said is Said.FIRED else f"shadow_{firing.said}"
    return "acted" if firing.said is Said.FIRED and not is_told(firing) else str(firing.said)


def is_told(firing: Firing) -> bool:
    """Return whether a firing raises an alert (that of a shadow rule would)."""
    return "none" not in firing.escalate and firing.incident is not None
