"""Fields that are so or not so: from the profile, and as the site line changes what they mean."""

from collections.abc import Container, Mapping

from dispatcher.devices.meaning import Meaning, meaning
from dispatcher.devices.model import Effect, Level
from dispatcher.devices.ops import Anything, LevelOp
from dispatcher.devices.patterns import Template
from dispatcher.devices.steps import Step, constant
from dispatcher.domain.events import Value

_ON, _OFF = frozenset({"true", "ON", "on", "1"}), frozenset({"false", "OFF", "off", "0"})
_OPEN = frozenset({"open", "opened"})

Words = Container[str]


def level_op(level: Level, override: str | None, attrs: Mapping[str, Value] | None = None) -> LevelOp | None:
    """Return the op of a level; an override that means nothing silences the field."""
    if override is not None:
        return _overridden(override, level.alarm, level.normal, attrs)
    slot = slot_of(level.effect)
    return LevelOp(
        slot, level.effect, level.alarm, level.normal, level.clear, clear_first=level.clear_first, bit=level.bit
    )


def level_of(
    meant: Meaning,
    alarm: Words,
    normal: Words,
    attrs: Mapping[str, Value] | None = None,
    each: bool = False,
    bit: int | None = None,
) -> LevelOp:
    """Return the op of something that the site gave a meaning."""
    if meant.inverted:
        alarm, normal = normal, alarm
    effect = Effect(meant.kind, attrs or {})
    return LevelOp(slot_of(effect), effect, alarm, normal, meant.clear, each=each, bit=bit)


def slot_of(effect: Effect) -> str:
    """Return where a level is kept: by kind, and told apart by input or agent."""
    told_apart = effect.attrs.get("input") or effect.attrs.get("agent")
    return f"{effect.kind}/{told_apart}" if told_apart else effect.kind


def add_overrides(root: Step, overrides: Mapping[str, str]) -> None:
    """Add what the site says of fields (``field``) and words (``field=word``) that the profile does not know."""
    for name, override in overrides.items():
        field, given, word = name.partition("=")
        meant = meaning(override)
        if given and meant is not None:
            op: LevelOp | None = level_of(meant, frozenset({word}), Anything())
        else:
            op = _overridden(override, _ON, _OFF)
        if op is not None:
            path = tuple(Template(step, step) for step in field.split("."))
            root.add(path, constant(op), {})


def _overridden(override: str, alarm: Words, normal: Words, attrs: Mapping[str, Value] | None = None) -> LevelOp | None:
    word, given, said = override.partition("=")
    if given:  # "true=open": this word has that meaning, any other is its opposite
        word_meant = meaning("door" if said in _OPEN else said)
        return level_of(word_meant, frozenset({word}), Anything(), attrs) if word_meant is not None else None
    meant = meaning(override)
    return level_of(meant, alarm, normal, attrs) if meant is not None else None
