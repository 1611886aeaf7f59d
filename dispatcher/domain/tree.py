"""A YAML document as plain values that remember where they stood.

The reader (settings) builds it; parsers of rules, profiles and configuration walk it. They never see a YAML library.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from dispatcher.domain.faults import Place

Scalar = str | int | float | bool | None
Plain = Scalar | list["Plain"] | dict[str, "Plain"]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar."""

    place: Place
    value: Scalar


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    place: Place
    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A key of a mapping with its own place, and its value."""

    key: str
    place: Place
    value: "Node"


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping; keys are strings and unique (the reader refuses anything else)."""

    place: Place
    entries: tuple[Entry, ...]

    def get(self, key: str) -> "Node | None":
        """Return the value of ``key``, or None."""
        return next((entry.value for entry in self.entries if entry.key == key), None)

    def keys(self) -> Iterator[str]:
        """Yield the keys in file order."""
        return (entry.key for entry in self.entries)

    def place_of(self, key: str) -> Place:
        """Return where ``key`` stands, or the mapping's own place."""
        return next((entry.place for entry in self.entries if entry.key == key), self.place)


Node = Leaf | Sequence | Mapping


def plain(node: Node) -> Plain:
    """Return the node as ordinary lists, dicts and scalars."""
    match node:
        case Leaf(value=value):
            return value
        case Sequence(items=items):
            return [plain(item) for item in items]
        case Mapping(entries=entries):
            return {entry.key: plain(entry.value) for entry in entries}


def place_at(node: Node, path: tuple[str | int, ...]) -> Place:
    """Return the place of the value at ``path``, or of the nearest ancestor that exists."""
    place = node.place
    for step in path:
        child: Node | None = None
        if isinstance(node, Mapping) and isinstance(step, str):
            place, child = node.place_of(step), node.get(step)
        elif isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
            child = node.items[step]
            place = child.place
        if child is None:
            return place
        node = child
    return place
