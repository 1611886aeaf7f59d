"""A test file after parsing. Times are milliseconds of true time since the start of the test."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dispatcher.domain.events import Value
from dispatcher.domain.faults import Fault, Place
from dispatcher.domain.tree import Node

SORTS = ("alert", "unknown", "clear", "throttled", "suppressed", "command")
ALWAYS = frozenset({"alert", "unknown"})


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what is done, with what, and (for an event) its other keys. ``end`` is when it has passed."""

    at: int
    action: str
    value: object
    place: Place
    more: Mapping[str, object] = field(default_factory=dict)
    end: int = 0
    untrusted: bool | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    """One line of ``expect``."""

    at: int
    sort: str
    name: str
    fields: Mapping[str, object]
    place: Place


@dataclass(frozen=True, slots=True)
class Case:
    """One test. ``start`` is Unix time in milliseconds; ``given`` maps a state to its value or to values by post.

    A case with faults cannot be played; the others of its file can.
    """

    name: str
    start: int
    steps: tuple[Step, ...]
    expect: tuple[Expected, ...]
    given: Mapping[str, object] = field(default_factory=dict)
    strict: bool = False
    place: Place = field(default_factory=lambda: Place("<test>"))
    faults: tuple[Fault, ...] = ()

    @property
    def end(self) -> int:
        """Return when the test is over: its last step has passed, and its last expected entry."""
        return max([0, *(step.end for step in self.steps), *(one.at for one in self.expect)])


@dataclass(frozen=True, slots=True)
class TestFile:
    """One file. ``rules`` are names of files or rules as nodes; ``faults`` are those outside its cases."""

    __test__ = False

    rules: tuple[Node, ...]
    cases: tuple[Case, ...]
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened in a test, with all its fields, and why."""

    at: int
    sort: str
    name: str
    fields: Mapping[str, Value | tuple[str, ...] | None]
    why: str = ""
