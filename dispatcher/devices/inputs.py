"""Inputs whose meaning the site gives: a reed or a button on ``Switch1``, by name or by the device's role."""

from collections.abc import Mapping
from typing import Any

from dispatcher.devices.levels import level_of
from dispatcher.devices.meaning import Meaning, meaning
from dispatcher.devices.model import Input
from dispatcher.devices.ops import LevelOp, Op, Sheet, WordOp
from dispatcher.devices.patterns import Path, Template
from dispatcher.devices.steps import Captures, Make, Step
from dispatcher.devices.words import reader
from dispatcher.domain.events import Value
from dispatcher.domain.site import Device


def add_inputs(root: Step, inputs: tuple[Input, ...], device: Device | None, named: Mapping[str, str]) -> None:
    """Add what the site says of inputs; an input that it does not name follows the role only where it names none."""
    open_ended = [each for each in inputs if _takes_any(each)]
    closed = [each for each in inputs if not _takes_any(each)]
    for name, word in named.items():
        # A name that an entry knows is that entry's; the open-ended ones are for names of the site's own.
        taken = [each for each in closed if _number(each.name, name) is not None]
        for each in taken or open_ended:
            _add_named(root, each, name, meaning(word))
    by_role = meaning(device.role) if device is not None and not named else None
    if by_role is not None:
        for each in closed:
            if each.by_role:
                root.add(each.path, _input(each, by_role), {})


def _takes_any(each: Input) -> bool:
    return each.name.capture is not None and not each.name.prefix and not each.name.suffix


def _number(names: Template, name: str) -> str | None:
    """Return what stands in the gap of an input's name; a bare number is the input of that number."""
    inner = names.match(name)
    return name if inner is None and names.digits and name.isdigit() else inner


def _add_named(root: Step, each: Input, name: str, meant: Meaning | None) -> None:
    if meant is None:
        return
    captures = {each.name.capture: _number(each.name, name) or name} if each.name.capture else {}
    root.add(_filled(each.path, captures), _input(each, meant), captures or {"input": name})


def _filled(path: Path, captures: Captures) -> Path:
    names = [part for step in path for part in step.fill(captures).split(".")]
    return tuple(Template(name, name) for name in names)


def _input(each: Input, meant: Meaning) -> Make:
    def make(captures: Captures) -> Op:
        attrs: dict[str, Value] = dict(captures)
        number = next(iter(captures.values()), None)
        if meant.is_button and number is not None:
            attrs["button"] = number
        level = level_of(meant, each.alarm, each.normal, attrs, each=each.each and meant.is_button, bit=each.bit)
        if not meant.is_button or each.grammar is None:
            return level
        return ButtonOp(level, WordOp(reader({}, each.grammar, meant.kind, extra=attrs)))

    return make


class ButtonOp:
    """An input with a button: its level, or the word for what was done to it."""

    __slots__ = ("_level", "_words")

    def __init__(self, level: LevelOp, words: WordOp) -> None:
        self._level = level
        self._words = words

    def see(self, value: Any, beside: Mapping[str, Any], sheet: Sheet) -> None:
        """Look at the level, and where it says nothing, at what was done."""
        before = len(sheet.levels)
        self._level.see(value, beside, sheet)
        if len(sheet.levels) == before:
            self._words.see(value, beside, sheet)
