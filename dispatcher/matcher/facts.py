"""From an event to facts that the engine reads as we mean them.

Every value that goes to the engine is tame: a whole or decimal number that its parser reads exactly, or a string of
letters, digits and a few signs. Whatever else an event holds is replaced by something that compares the same way with
every operand that a clause may have there, so no event is too wild for the engine:

- a number beyond what it reads exactly stands beyond every operand, and one next to zero stands next to zero;
- a character that JSON would escape is written as its code between tildes, in operands as in facts;
- a string longer than any operand becomes ``~~``, which no operand is.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from dispatcher.domain.events import EVENT_FIELDS, Event
from dispatcher.matcher.twin import Predicate, holds
from dispatcher.matcher.values import Sort

MAX_NUMBER = 2**53  # exact in a double and in a C long; operands stay below
MIN_NUMBER = 1e-4  # smaller ones are written with an exponent, which the engine refuses
MAX_STRING = 1_000  # characters
MAX_FACTS = 180  # in one event; the engine is known good to 200

_WILD = re.compile(r"[^A-Za-z0-9 _.:/@+-]")
_TOO_LONG = "~~"
_BEYOND = "9007199254740992"
_NEXT_TO_ZERO = "0.00005"


def is_plain_number(value: object) -> bool:
    """Return whether the engine reads this operand exactly (nan, infinities and exponents it does not)."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return value == 0 or MIN_NUMBER <= abs(value) < MAX_NUMBER


def tame(text: str) -> str | None:
    """Return the text in characters that the engine leaves alone, one to one; None if it is too long to compare."""
    if len(text) > MAX_STRING:
        return None
    return _WILD.sub(lambda wild: f"~{ord(wild.group()):x}~", text)


def number_text(value: int | float) -> str:
    """Return the number as the engine may read it. Not for nan."""
    if value == 0 or MIN_NUMBER <= abs(value) < MAX_NUMBER:
        return repr(float(value) if isinstance(value, float) else int(value))  # a subclass may print itself otherwise
    edge = _NEXT_TO_ZERO if abs(value) < MIN_NUMBER else _BEYOND
    return edge if value > 0 else "-" + edge


def fnv32(name: str) -> int:
    """Return the hash by which the engine knows a field (FNV-1a, 32 bits)."""
    value = 0x811C9DC5
    for byte in name.encode("ascii"):
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value


class Names:
    """Gives each fact a short name, never two with one hash: the engine would take one for the other."""

    RESERVED = ("id", "sid", "one", "$s")

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], str] = {}
        self._hashes = {fnv32(name) for name in self.RESERVED}
        self._next = 0

    def of(self, letter: str, what: str) -> str:
        """Return the name of fact ``letter`` (t, n, s, b: of a field; c: of a comparison) of ``what``."""
        known = self._known.get((letter, what))
        if known is None:
            known = self._known[letter, what] = self._fresh(letter)
        return known

    def _fresh(self, letter: str) -> str:
        while True:
            name = f"{letter}{self._next}"
            self._next += 1
            if fnv32(name) not in self._hashes:
                self._hashes.add(fnv32(name))
                return name


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the event, and under which names the clauses look at its sort, number, string and boolean."""

    name: str
    slots: tuple[tuple[str, str], ...] = ()

    def also(self, letter: str, fact: str) -> "Field":
        """Return the field with one more name."""
        slot = (letter, fact)
        return self if slot in self.slots else replace(self, slots=(*self.slots, slot))


@dataclass(frozen=True, slots=True)
class Computed:
    """A comparison that the twin makes, as a fact of 0 or 1."""

    name: str
    predicate: Predicate


class FieldWriter:
    """Writes one field's facts as a piece of JSON; each name with its comma, quotes and colon is made once."""

    __slots__ = ("_boolean", "_number", "_string", "_tags", "name", "of_event")

    def __init__(self, field: Field) -> None:
        slots = {letter: f',"{fact}":' for letter, fact in field.slots}
        tag = slots.get("t")
        self.name = field.name
        self.of_event = field.name in EVENT_FIELDS
        self._tags = [f"{tag}{int(sort)}" if tag else "" for sort in Sort]
        self._number = slots.get("n")
        self._string = slots.get("s")
        self._boolean = slots.get("b")

    def write(self, value: object) -> str:
        """Return ``,"n3":37.5,"t3":1``, with those of them that some clause looks at."""
        if isinstance(value, str):
            return self._tags[Sort.STRING] if self._string is None else self._write_string(self._string, value)
        if isinstance(value, bool):
            text = "" if self._boolean is None else self._boolean + ("1" if value else "0")
            return text + self._tags[Sort.BOOLEAN]
        if isinstance(value, int | float):
            return self._write_number(value)
        return self._tags[Sort.MISSING if value is None else Sort.OTHER]

    def _write_string(self, slot: str, value: str) -> str:
        text = value if len(value) <= MAX_STRING and not _WILD.search(value) else tame(value) or _TOO_LONG
        return f'{slot}"{text}"{self._tags[Sort.STRING]}'

    def _write_number(self, value: float) -> str:
        if value != value:  # noqa: PLR0124 - nan: a number that compares with nothing
            return self._tags[Sort.OTHER]
        if self._number is None:
            return self._tags[Sort.NUMBER]
        return f"{self._number}{number_text(value)}{self._tags[Sort.NUMBER]}"


class FactWriter:
    """Writes the facts of events of one kind: what the clauses that want it look at, and nothing else."""

    def __init__(self, fields: Iterable[Field], computed: Iterable[Computed]) -> None:
        merged: dict[str, Field] = {}
        for field in fields:
            merged[field.name] = replace(
                field, slots=tuple(dict.fromkeys((*merged.get(field.name, field).slots, *field.slots)))
            )
        self._computed = list({one.name: one for one in computed}.values())
        self._fields = [FieldWriter(field) for field in merged.values()]
        self.size = 2 + sum(len(field.slots) for field in merged.values()) + len(self._computed)

    def write(self, event: Event) -> str:
        """Return the facts as the inside of a JSON object, to stand after its id."""
        attrs = event.attrs
        pieces = [
            field.write(getattr(event, field.name) if field.of_event else attrs.get(field.name))
            for field in self._fields
        ]
        for one in self._computed:
            pieces.append(f',"{one.name}":{1 if holds(one.predicate, event) else 0}')
        return "".join(pieces)
