"""What judging some inputs led to, ready to be kept; and how much of the engine's memory goes with it."""

from collections import Counter
from dataclasses import dataclass, field

from dispatcher.domain.events import Event
from dispatcher.domain.firing import Firing
from dispatcher.domain.stamp import Stamp
from dispatcher.wire.command import Command


@dataclass(frozen=True, slots=True)
class Raised:
    """A rule that fired, or (``firing.said``) a repeat that joins its incident. ``evidence`` are the events of it."""

    firing: Firing
    subject: Event
    evidence: tuple[Event, ...]

    @property
    def key(self) -> tuple[str, str]:
        """What a firing and its repeats have in common."""
        return self.firing.rule, self.firing.group


@dataclass(frozen=True, slots=True)
class Ended:
    """The condition of a rule has ended for one group."""

    rule: str
    group: str
    at: Stamp


@dataclass(frozen=True, slots=True)
class Order:
    """A command for a device at a post."""

    post: str
    command: Command


Deed = Raised | Ended | Order


@dataclass(slots=True)
class Effects:
    """Everything in the order in which it was judged; ``counts`` by counter and label."""

    deeds: list[Deed] = field(default_factory=list)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Judged:
    """What is to be kept in one commit: the effects of all inputs up to ``upto``, and the memory as of then.

    ``parts`` are those parts of the memory that changed, by name, as JSON; ``gone`` names parts that are no more.
    """

    upto: int
    at: Stamp
    effects: Effects
    parts: dict[str, bytes]
    gone: tuple[str, ...] = ()
