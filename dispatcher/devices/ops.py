"""What is done with one field of a document. Each op looks at a value and puts what it saw on the sheet."""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Protocol

from dispatcher.devices.model import Effect
from dispatcher.devices.reading import word
from dispatcher.domain.events import Value

MAX_WORD = 128  # characters; a longer text is no word
_CACHED_WORDS = 64


@dataclass(slots=True)
class Sheet:
    """What was seen in one document."""

    levels: list["Seen"] = field(default_factory=list)
    pulses: list["Pulse"] = field(default_factory=list)
    tested: bool = False


@dataclass(frozen=True, slots=True)
class Pulse:
    """A happening: it fires each time. ``device`` and ``trust`` are given where they are not the message's own."""

    effect: Effect
    device: str | None = None
    trust: str | None = None


class Op(Protocol):
    """Something that reads one field."""

    def see(self, value: Any, beside: Mapping[str, Any], sheet: Sheet) -> None:
        """Look at a value; ``beside`` is the mapping that it stands in."""


@dataclass(frozen=True, slots=True)
class LevelOp:
    """A field that is either alarmed or normal, or says neither."""

    slot: str
    effect: Effect
    alarm: Container[str]
    normal: Container[str]
    clear: str | None = None
    clear_first: bool = False
    each: bool = False
    bit: int | None = None

    def see(self, value: Any, beside: Mapping[str, Any], sheet: Sheet) -> None:  # noqa: ARG002
        """Note whether the level is alarmed."""
        said = _bit(value, self.bit) if self.bit is not None else word(value)
        if said is None:
            return
        if said in self.alarm:
            sheet.levels.append(Seen(self, True))
        elif said in self.normal:
            sheet.levels.append(Seen(self, False))


@dataclass(frozen=True, slots=True)
class Seen:
    """A level as seen now. ``effect`` replaces the op's where the message adds a number."""

    op: LevelOp
    alarmed: bool
    effect: Effect | None = None


class Anything:
    """Holds every word: whatever is not alarmed is normal."""

    def __contains__(self, _word: object) -> bool:
        return True


def _bit(value: Any, bit: int) -> str | None:
    if type(value) is not int or not 0 <= value < 2**63:
        return None
    return "1" if value >> bit & 1 else "0"


@dataclass(frozen=True, slots=True)
class WordOp:
    """A field whose words are happenings. ``read`` turns a word into an effect; answers are remembered, bounded."""

    read: Callable[[str], Effect | None]
    button_field: str | None = None
    known: dict[str, Effect | None] = field(default_factory=dict)

    def see(self, value: Any, beside: Mapping[str, Any], sheet: Sheet) -> None:
        """Note what the word says."""
        said = word(value)
        if not said or len(said) > MAX_WORD:
            return
        effect = self.known[said] if said in self.known else self._learn(said)
        if effect is not None:
            sheet.pulses.append(Pulse(self._numbered(effect, beside)))

    def _learn(self, said: str) -> Effect | None:
        effect = self.read(said)
        if len(self.known) < _CACHED_WORDS:
            self.known[said] = effect
        return effect

    def _numbered(self, effect: Effect, beside: Mapping[str, Any]) -> Effect:
        button = word(beside.get(self.button_field)) if self.button_field is not None else None
        if not button or len(button) > MAX_WORD or not button.isprintable():
            return effect
        return Effect(effect.kind, {"button": button, **effect.attrs})


@dataclass(frozen=True, slots=True)
class BatteryOp:
    """A number that says how full a battery is."""

    level: LevelOp
    low_below: float

    def see(self, value: Any, beside: Mapping[str, Any], sheet: Sheet) -> None:  # noqa: ARG002
        """Note whether the battery is low, with the number as the device reports it."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 2**53:
            return
        if isfinite(value):
            effect = Effect(self.level.effect.kind, {"battery": value})
            sheet.levels.append(Seen(self.level, value < self.low_below, effect))


@dataclass(frozen=True, slots=True)
class CodeOp:
    """A radio code that means what it was enrolled for."""

    enrolled: Mapping[str, Mapping[str, str]]
    prefix: str
    via: str | None

    def see(self, value: Any, beside: Mapping[str, Any], sheet: Sheet) -> None:  # noqa: ARG002
        """Note the code's kind and device, if somebody enrolled it."""
        said = word(value)
        found = self.enrolled.get(canonical_code(self.prefix + said)) if said else None
        if found is None and type(value) is int and 0 <= value < 2**64:  # some receivers are set to write decimals
            found = self.enrolled.get(f"{value:X}")
        kind = found.get("kind") if found is not None else None
        if found is None or kind is None:
            return
        attrs: dict[str, Value] = {"via": self.via} if self.via is not None else {}
        # A fixed code can be recorded in the street and sent again by anybody.
        sheet.pulses.append(Pulse(Effect(kind, attrs), found.get("device"), "replayable"))


@dataclass(frozen=True, slots=True)
class UnlessOp:
    """A field that says this is only a test."""

    words: frozenset[str]

    def see(self, value: Any, beside: Mapping[str, Any], sheet: Sheet) -> None:  # noqa: ARG002
        """Note a test."""
        if word(value) in self.words:
            sheet.tested = True


def canonical_code(code: str) -> str:
    """Return a radio code as it is compared: without 0x, letters large."""
    return code[:MAX_WORD].upper().removeprefix("0X")
