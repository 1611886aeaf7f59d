"""A test file after parsing. Times are milliseconds of true time since the start of the test."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dispatcher.domain.events import Value
from dispatcher.domain.faults import Fault, Place, Text
from dispatcher.domain.tree import Node
from dispatcher.rules.engine.cross import same

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

    def differing(self, entry: "Entry") -> list[str]:
        """Return the named fields in which an entry of this sort and name is another one."""
        return [name for name, value in self.fields.items() if not _equal(value, entry.fields.get(name))]


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
    why: Text | None = None


def _equal(wanted: object, got: object) -> bool:
    if isinstance(got, tuple):
        words = wanted if isinstance(wanted, list) else [wanted]
        return sorted(map(str, words)) == sorted(got)
    return got is None if wanted is None else same(wanted, got)


def shown(value: object) -> str:
    """Return a value as a test file writes it."""
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(str, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return "-" if value is None else str(value)


def show_time(ms: int) -> str:
    """Return a time as a test file writes it."""
    for unit, length in (("h", 3_600_000), ("m", 60_000), ("s", 1_000)):
        if ms and ms % length == 0:
            return f"{ms // length}{unit}"
    return "0s" if ms == 0 else f"{ms}ms"
