"""A profile's readings made ready for one device: what its site line overrides, names, enrols and limits is applied.

The result is a tree of field names with ops at its leaves; reading a document is walking both trees together. Names
with a gap (``Switch{input#}``) are bound when such a name is first met.
"""

from collections.abc import Callable, Mapping
from typing import Any

from dispatcher.devices.grammar import parse_word
from dispatcher.devices.meaning import Meaning, meaning, number_of, pressed, word_of, words_of
from dispatcher.devices.model import Battery, Effect, Grammar, Input, Level, Readings, Words
from dispatcher.devices.ops import (
    Anything,
    BatteryOp,
    CodeOp,
    LevelOp,
    Op,
    Sheet,
    UnlessOp,
    WordOp,
    canonical_code,
)
from dispatcher.devices.patterns import Path, Template
from dispatcher.domain.events import Value
from dispatcher.domain.site import Device

Captures = Mapping[str, str]
Make = Callable[[Captures], Op | None]

_MAX_BOUND = 128  # names bound to one gap; further ones are bound anew each time
_BATTERY_LOW = "battery.low"


class Step:
    """One level of field names."""

    __slots__ = ("_bound", "_gaps", "children", "ops")

    def __init__(self) -> None:
        self.children: dict[str, Step] = {}
        self.ops: list[Op] = []
        self._gaps: list[tuple[Template, Path, Make, Captures]] = []
        self._bound: dict[str, Step | None] = {}

    def add(self, path: Path, make: Make, captures: Captures) -> None:
        """Put an op at the end of a path."""
        if not path:
            op = make(captures)
            if op is not None:
                self.ops.append(op)
            return
        first, rest = path[0], path[1:]
        if first.capture is not None:
            self._gaps.append((first, rest, make, captures))
        else:
            self.children.setdefault(first.text, Step()).add(rest, make, captures)

    def child(self, name: str) -> "Step | None":
        """Return the step for a field; a name that stands in full hides the gaps it would also fit."""
        found = self.children.get(name)
        if found is not None or not self._gaps:
            return found
        if name not in self._bound:
            bound = self._bind(name)
            if len(self._bound) >= _MAX_BOUND:
                return bound
            self._bound[name] = bound
        return self._bound[name]

    def _bind(self, name: str) -> "Step | None":
        step: Step | None = None
        for gap, rest, make, captures in self._gaps:
            inner = gap.match(name)
            if inner is not None and gap.capture is not None:
                step = step or Step()
                step.add(rest, make, {**captures, gap.capture: inner})
        return step

    def walk(self, document: Mapping[str, Any], sheet: Sheet) -> None:
        """Look at every field that somebody asked for."""
        for name, value in document.items():
            step = self.child(name)
            if step is None or value is None:
                continue
            for op in step.ops:
                op.see(value, document, sheet)
            if type(value) is dict and (step.children or step._gaps):
                step.walk(value, sheet)


def make_plan(readings: Readings, device: Device | None, gateway: Device | None) -> Step:
    """Return the plan of one document. ``device`` is whose it is, ``gateway`` who sent it (for enrolled codes)."""
    root = Step()
    overrides = dict(words_of(device, "profile_override"))
    for level in readings.levels:
        if level.effect.kind != "device.offline" or not _sleeps(device):
            root.add(level.path, _level(level, overrides), {})
    for words in readings.words:
        root.add(words.path, _word(words, device, overrides), {})
    for battery, limit in _batteries(readings.battery, device):
        root.add(battery.path, _battery(limit), {})
    for each in readings.inputs:
        _add_input(root, each, device)
    for code in readings.codes:
        root.add(code.path, _code(gateway, code.prefix), {})
    for unless in readings.unless:
        root.add(unless.path, _always(UnlessOp(unless.words)), {})
    _add_overrides(root, overrides)
    return root


def _always(op: Op | None) -> Make:
    return lambda _: op


def _sleeps(device: Device | None) -> bool:
    # A sleeping device goes offline after each report; its silence, not its word, is news.
    return device is not None and device.settings.get("sleepy") is True


# --- levels ----------------------------------------------------------------------------------------------------------


def level_op(effect: Effect, alarm: Any, normal: Any, clear: str | None = None, **more: Any) -> LevelOp:
    """Return a level whose kept state is told apart by kind, input and agent."""
    told_apart = effect.attrs.get("input") or effect.attrs.get("agent")
    slot = f"{effect.kind}/{told_apart}" if told_apart else effect.kind
    return LevelOp(slot, effect, alarm, normal, clear, **more)


def _level(level: Level, overrides: dict[str, str]) -> Make:
    name = ".".join(step.text for step in level.path)
    override = overrides.pop(name, None) or overrides.pop(level.path[-1].text, None)
    if override is not None:
        return _overridden(override, level.alarm, level.normal)
    made = level_op(level.effect, level.alarm, level.normal, level.clear, clear_first=level.clear_first, bit=level.bit)
    return _always(made)


def _overridden(override: str, alarm: frozenset[str], normal: frozenset[str]) -> Make:
    word, given, said = override.partition("=")
    if given:  # "true=open": this word has that meaning, any other is its opposite
        meant = meaning("door" if said in ("open", "opened") else said)
        made = _meant(meant, frozenset({word}), Anything()) if meant is not None else None
    else:
        meant = meaning(override)
        made = _meant(meant, alarm, normal) if meant is not None else None
    return _always(made)


def _meant(meant: Meaning, alarm: Any, normal: Any, attrs: Mapping[str, Value] | None = None, **more: Any) -> LevelOp:
    if meant.inverted:
        alarm, normal = normal, alarm
    return level_op(Effect(meant.kind, attrs or {}), alarm, normal, meant.clear, **more)


def _add_overrides(root: Step, overrides: Mapping[str, str]) -> None:
    """Add what the site says of fields that the profile does not know."""
    on, off = frozenset({"true", "ON", "on", "1"}), frozenset({"false", "OFF", "off", "0"})
    for name, override in overrides.items():
        field, given, word = name.partition("=")
        meant = meaning(override)
        if given and meant is not None:
            op: Op | None = _meant(meant, frozenset({word}), Anything())
        else:
            op = _overridden(override, on, off)({})
        if op is not None:
            root.add(tuple(_literal(step) for step in field.split(".")), _always(op), {})


# --- words -----------------------------------------------------------------------------------------------------------


def _word(words: Words, device: Device | None, overrides: dict[str, str]) -> Make:
    always = dict(words.always)
    for name in [each for each in overrides if each.startswith(f"{words.path[-1].text}=")]:
        kind = overrides.pop(name)
        meant = meaning(kind)
        if meant is not None:
            always[name.partition("=")[2]] = Effect(meant.kind)
    read = _reader(always, words.grammar, _button_kind(device), word_of(device, "trigger"))
    return lambda _: WordOp(read, words.button_field)


def _button_kind(device: Device | None) -> str | None:
    meant = meaning(device.role) if device is not None else None
    return meant.kind if meant is not None and meant.is_button else None


def _reader(
    always: Mapping[str, Effect], grammar: Grammar | None, kind: str | None, trigger: str | None = None
) -> Callable[[str], Effect | None]:
    def read(word: str) -> Effect | None:
        said = parse_word(grammar, word, trigger) if grammar is not None and kind is not None else None
        if word in always or said is None or kind is None:
            return always.get(word)
        effect = pressed(said.verb, kind)
        if effect is None or said.button is None:
            return effect
        return Effect(effect.kind, {"button": said.button, **effect.attrs})

    return read


# --- batteries, codes ------------------------------------------------------------------------------------------------


def _batteries(batteries: tuple[Battery, ...], device: Device | None) -> list[tuple[Battery, float]]:
    setting = device.settings.get("battery") if device is not None else None
    if not isinstance(setting, Mapping):
        return [(each, each.low_below) for each in batteries if each.low_below is not None]
    limit = number_of(setting, "low_below")
    fitting = [each for each in batteries if each.unit == setting.get("unit", "percent")] or list(batteries[:1])
    limits = [(each, limit if limit is not None else each.low_below) for each in fitting]
    return [(each, low) for each, low in limits if low is not None]


def _battery(limit: float) -> Make:
    level = level_op(Effect(_BATTERY_LOW), (), ())
    return lambda _: BatteryOp(level, limit)


def _code(gateway: Device | None, prefix: str) -> Make:
    enrolled = gateway.enrolled if gateway is not None else {}
    by_code = {canonical_code(code): meant for code, meant in enrolled.items()}
    return lambda _: CodeOp(by_code, prefix, gateway.id if gateway is not None else None)


# --- inputs ----------------------------------------------------------------------------------------------------------


def _add_input(root: Step, each: Input, device: Device | None) -> None:
    named = words_of(device, "inputs")
    for name, word in named.items():
        inner = _input_number(each.name, name)
        meant = meaning(word)
        if inner is not None and meant is not None:
            captures = {each.name.capture: inner} if each.name.capture else {}
            filled = tuple(_literal(step.fill(captures)) for step in each.path)
            root.add(filled, _input(each, meant), captures or {"input": name})
    if named or device is None or not each.by_role:
        return
    meant = meaning(device.role)
    if meant is not None:
        root.add(each.path, _input(each, meant), {})


def _literal(text: str) -> Template:
    return Template(text, text)


def _input_number(names: Template, name: str) -> str | None:
    inner = names.match(name)
    return name if inner is None and names.capture is not None and name.isdigit() else inner


def _input(each: Input, meant: Meaning) -> Make:
    def make(captures: Captures) -> Op:
        attrs: dict[str, Value] = dict(captures)
        number = next(iter(captures.values()), None)
        if meant.is_button and number is not None:
            attrs["button"] = number
        level = _meant(meant, each.alarm, each.normal, attrs, each=each.each and meant.is_button, bit=each.bit)
        if not meant.is_button or each.grammar is None:
            return level
        return ButtonOp(level, WordOp(_reader({}, each.grammar, meant.kind)), attrs)

    return make


class ButtonOp:
    """An input with a button: its level, and the words for what was done to it."""

    __slots__ = ("_attrs", "_level", "_words")

    def __init__(self, level: LevelOp, words: WordOp, attrs: Mapping[str, Value]) -> None:
        self._level = level
        self._attrs = attrs
        self._words = WordOp(lambda word: self._with_attrs(words.read(word)))

    def see(self, value: Any, beside: Mapping[str, Any], sheet: Sheet) -> None:
        """Look at the level, and where the word is none, at what was done."""
        before = len(sheet.levels)
        self._level.see(value, beside, sheet)
        if len(sheet.levels) == before:
            self._words.see(value, beside, sheet)

    def _with_attrs(self, effect: Effect | None) -> Effect | None:
        return None if effect is None else Effect(effect.kind, {**self._attrs, **effect.attrs})
