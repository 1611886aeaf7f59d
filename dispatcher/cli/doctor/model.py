"""A finding, and what a code stands for. Codes are a closed list that the handbook explains."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from dispatcher.cli.asking import NoAnswer
from dispatcher.domain.faults import Fault, Text
from dispatcher.post.card import Card
from dispatcher.post.ending import Ending
from dispatcher.post.standing import Standing
from dispatcher.settings.station import PostSettings


class Weight(IntEnum):
    """How much it matters. The first is told first."""

    URGENT = 0
    """A call for help may not be kept, or may not arrive, or nobody would see it."""
    WRONG = 1
    """Calls for help work; something else does not."""
    NOTE = 2
    """Nothing is broken; somebody should look."""


@dataclass(frozen=True, slots=True)
class Case:
    """What a code stands for: what is wrong, what it means for the guard, and what to do next, step by step."""

    weight: Weight
    what: Text
    means: Text
    do: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. ``since_s`` is for how long it has been so, ``last_s`` how long ago it was seen last.

    Either is None where nobody knows. ``about`` names the devices, rules or topics that it is about.
    """

    code: str
    values: Mapping[str, object] = field(default_factory=dict)
    since_s: float | None = None
    about: tuple[str, ...] = ()
    last_s: float | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """All that doctor has looked at.

    ``standing`` is what the running post says, or what its folder says where it does not answer (``silence``); None
    where neither could be had, and then ``unreadable`` says why. ``process`` is the one that has its journal open.
    The rest is read here and now: the files as they stand (``rules_version``, ``site_version``, ``changed_s`` since the
    newest of the rule files was changed), the card, whether the kernel's clock is set by a time service, and what
    machine it is.
    """

    settings: PostSettings
    standing: Standing | None
    silence: NoAnswer | None = None
    ending: Ending | None = None
    process: int | None = None
    unreadable: str = ""
    rules_version: str = "empty"
    site_version: str = ""
    changed_s: float | None = None
    faults: tuple[Fault, ...] = ()
    card: Card = field(default_factory=Card)
    synchronised: bool | None = None
    machine: str = ""

    @property
    def running(self) -> Standing | None:
        """Return what the running post says, None if it does not answer."""
        return self.standing if self.standing is not None and self.standing.running else None


def case(weight: Weight, what: tuple[str, str], means: tuple[str, str], *do: tuple[str, str]) -> Case:
    """Return a case; each sentence in Indonesian and English."""
    return Case(weight, Text(*what), Text(*means), tuple(Text(*step) for step in do))


def listed(names: Iterable[str], most: int = 8) -> str:
    """Return names as a sentence takes them, the first few and how many more there are."""
    found = list(names)
    more = f" (+{len(found) - most})" if len(found) > most else ""
    return ", ".join(found[:most]) + more


Cases = Mapping[str, Case]
Values = dict[str, Any]
