"""Reading the YAML tree of a profile: typed, closed, and collecting every fault with its place."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import TypeVar

from dispatcher.devices.kentongan import is_plain_value
from dispatcher.domain.events import Value
from dispatcher.domain.faults import Fault, Place, Text
from dispatcher.domain.tree import Leaf, Mapping, Node
from dispatcher.domain.tree import Sequence as Items

Made = TypeVar("Made")
NEARLY = 0.75

_NEAREST = Text("maksudnya {nearest}?", "did you mean {nearest}?")
_WRONG = Text("{what} di sini harus {wanted}", "{what} must be {wanted} here")
_UNKNOWN = Text("{what} tidak dikenal: {name}", "unknown {what}: {name}")
_MISSING = Text("{what} harus ada", "{what} is required")
_BAD_PATTERN = Text("pola tidak sah: {name}", "not a valid pattern: {name}")


class Faults:
    """The faults found so far."""

    def __init__(self) -> None:
        self.found: list[Fault] = []

    def wrong(self, place: Place, what: str, wanted: str) -> None:
        """A value of the wrong type."""
        self.found.append(Fault(place, "profile.wrong-type", _WRONG, {"what": what, "wanted": wanted}))

    def missing(self, place: Place, what: str) -> None:
        """A required key is not there."""
        self.found.append(Fault(place, "profile.missing-key", _MISSING, {"what": what}))

    def pattern(self, place: Place, name: str) -> None:
        """A topic or a name that cannot be read."""
        self.found.append(Fault(place, "profile.bad-pattern", _BAD_PATTERN, {"name": name}))

    def unknown(self, place: Place, what: str, name: str, known: Iterable[str]) -> None:
        """A word that is not in its closed list, with the nearest one that is."""
        nearest = get_close_matches(name, list(known), n=1, cutoff=0.6)
        values = {"what": what, "name": name, "nearest": nearest[0] if nearest else ""}
        self.found.append(Fault(place, f"profile.unknown-{what}", _UNKNOWN, values, _NEAREST if nearest else None))


class Block:
    """One mapping of the file whose keys are a closed list."""

    def __init__(self, node: Node, keys: Sequence[str], faults: Faults, what: str = "profile") -> None:
        self.place = node.place
        self.faults = faults
        self._node = node if isinstance(node, Mapping) else None
        if self._node is None:
            faults.wrong(node.place, what, "mapping")
            return
        read = {entry.key: entry for entry in self._node.entries}
        for entry in self._node.entries:
            if entry.key not in keys:
                faults.unknown(entry.place, "key", entry.key, keys)
                meant = get_close_matches(entry.key, list(keys), n=1, cutoff=NEARLY)
                if meant:  # what stands below it is judged all the same
                    read.setdefault(meant[0], replace(entry, key=meant[0]))
        self._node = Mapping(node.place, tuple(read.values()))

    def get(self, key: str) -> Node | None:
        """Return the node of a key; a null is a missing one."""
        node = self._node.get(key) if self._node is not None else None
        return None if isinstance(node, Leaf) and node.value is None else node

    def need(self, key: str) -> Node | None:
        """Return the node of a key that must be there."""
        node = self.get(key)
        if node is None and self._node is not None:
            self.faults.missing(self.place, key)
        return node

    def text(self, key: str, default: str = "") -> str:
        """Return a text."""
        return self._leaf(key, str, "text", default)

    def flag(self, key: str, default: bool = False) -> bool:
        """Return a yes or no."""
        return self._leaf(key, bool, "true/false", default)

    def integer(self, key: str) -> int | None:
        """Return a small natural number, or None."""
        node = self.get(key)
        if node is None:
            return None
        if isinstance(node, Leaf) and type(node.value) is int and 0 <= node.value < 64:
            return node.value
        self.faults.wrong(node.place, key, "0..63")
        return None

    def number(self, key: str) -> float | None:
        """Return a number, or None."""
        node = self.get(key)
        if node is None:
            return None
        if isinstance(node, Leaf) and type(node.value) in (int, float):
            return float(str(node.value))
        self.faults.wrong(node.place, key, "number")
        return None

    def choice(self, key: str, allowed: Iterable[str], default: str) -> str:
        """Return a word of a closed list."""
        word = self.text(key, default)
        allowed = list(allowed)
        if word not in allowed:
            self.faults.unknown(self._place(key), key, word, allowed)
            return default
        return word

    def words(self, key: str, default: Sequence[str] = ()) -> tuple[str, ...]:
        """Return a word or a list of words; true, false and numbers are written as JSON writes them."""
        node = self.get(key)
        return tuple(default) if node is None else tuple(self._each_word(key, node))

    def items(self, key: str) -> Iterator[Node]:
        """Yield the entries of a list."""
        node = self.get(key)
        if node is None:
            return
        if isinstance(node, Items):
            yield from node.items
        else:
            self.faults.wrong(node.place, key, "list")

    def entries(self, key: str) -> Iterator[tuple[str, Place, Node]]:
        """Yield the entries of an open mapping: key, place, value."""
        node = self.get(key)
        if node is None:
            return
        if isinstance(node, Mapping):
            yield from ((entry.key, entry.place, entry.value) for entry in node.entries)
        else:
            self.faults.wrong(node.place, key, "mapping")

    def values(self, key: str) -> dict[str, Value]:
        """Return an open mapping of plain values."""
        return {name: value for name, _, node in self.entries(key) if (value := self._value(name, node)) is not None}

    def patterns(self, key: str, read: Callable[[str], Made]) -> tuple[Made, ...]:
        """Return patterns read from a text or a list of texts; ``read`` raises ValueError for one that is none."""
        return tuple(made for text in self.words(key) if (made := self._pattern(key, text, read)) is not None)

    def _pattern(self, key: str, text: str, read: Callable[[str], Made]) -> Made | None:
        try:
            return read(text)
        except ValueError:
            self.faults.pattern(self._place(key), text)
            return None

    def _place(self, key: str) -> Place:
        return self._node.place_of(key) if self._node is not None else self.place

    def _leaf(self, key: str, sort: type[Made], wanted: str, default: Made) -> Made:
        node = self.get(key)
        if node is None:
            return default
        if isinstance(node, Leaf) and isinstance(node.value, sort):
            return node.value
        self.faults.wrong(node.place, key, wanted)
        return default

    def _each_word(self, key: str, node: Node) -> Iterator[str]:
        for item in node.items if isinstance(node, Items) else (node,):
            found = word(item.value) if isinstance(item, Leaf) else None
            if found is None:
                self.faults.wrong(item.place, key, "word")
            else:
                yield found

    def _value(self, key: str, node: Node) -> Value | None:
        if isinstance(node, Leaf) and node.value is not None and is_plain_value(node.value):
            return node.value
        self.faults.wrong(node.place, key, "text/number")
        return None


def word(value: object) -> str | None:
    """Return a scalar as profiles write it: JSON's true, false and numbers as text; None for anything else."""
    if type(value) is str:
        return value
    if value is True:
        return "true"
    if value is False:
        return "false"
    if type(value) is int:
        return str(value) if -(2**63) <= value < 2**63 else None
    if type(value) is float:
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else str(value)
    return None
