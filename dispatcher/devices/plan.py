"""A profile's readings made ready for one device: what its site line overrides, names, enrols and limits is applied."""

from collections.abc import Mapping

from dispatcher.devices.inputs import add_inputs
from dispatcher.devices.levels import add_overrides, level_op, slot_of
from dispatcher.devices.meaning import number_of, words_of
from dispatcher.devices.model import Battery, Effect, Level, Readings
from dispatcher.devices.ops import BatteryOp, CodeOp, LevelOp, Op, UnlessOp, canonical_code
from dispatcher.devices.patterns import Path
from dispatcher.devices.steps import Step, constant
from dispatcher.devices.words import word_op
from dispatcher.domain.site import Device

BATTERY_LOW = Effect("battery.low")
_UNITS = {"%": "percent", "v": "V", "volt": "V", "volts": "V", "mv": "mV", "millivolt": "mV", "0-255": "byte"}


def make_plan(readings: Readings, device: Device | None, gateway: Device | None) -> Step:
    """Return the plan of one document. ``device`` is whose it is, ``gateway`` who sent it (for enrolled codes)."""
    root = Step()
    inputs = dict(words_of(device, "inputs"))
    overrides = dict(words_of(device, "profile_override"))
    for level in readings.levels:
        if _applies(level, device):
            _put(root, level.path, _level(level, overrides, inputs))
    for words in readings.words:
        _put(root, words.path, word_op(words, device, overrides))
    for battery, limit in _batteries(readings.battery, device):
        _put(root, battery.path, BatteryOp(LevelOp(slot_of(BATTERY_LOW), BATTERY_LOW, (), ()), limit))
    for code in readings.codes:
        _put(root, code.path, _code_op(gateway, code.prefix))
    for unless in readings.unless:
        _put(root, unless.path, UnlessOp(unless.words))
    add_inputs(root, readings.inputs, device, inputs)
    add_overrides(root, overrides)
    return root


def _put(root: Step, path: Path, op: Op | None) -> None:
    root.add(path, constant(op), {})


def _applies(level: Level, device: Device | None) -> bool:
    if level.models and (device is None or device.model not in level.models):
        return False
    # A sleeping device goes offline after each report; its silence, not its word, is news.
    return level.effect.kind != "device.offline" or device is None or device.settings.get("sleepy") is not True


def _level(level: Level, overrides: dict[str, str], inputs: dict[str, str]) -> LevelOp | None:
    name, field = ".".join(step.text for step in level.path), level.path[-1].text
    override = overrides.pop(name, None) or overrides.pop(field, None)
    if override is None and name in inputs:
        return level_op(level, inputs.pop(name), {"input": name})
    return level_op(level, override)


def _batteries(batteries: tuple[Battery, ...], device: Device | None) -> list[tuple[Battery, float]]:
    setting = device.settings.get("battery") if device is not None else None
    if not isinstance(setting, Mapping):
        return [(each, each.low_below) for each in batteries if each.low_below is not None]
    limit = number_of(setting, "low_below")
    said = str(setting.get("unit", "percent"))
    unit = _UNITS.get(said.lower(), said)
    fitting = [each for each in batteries if each.unit == unit] or list(batteries[:1])
    limits = [(each, limit if limit is not None else each.low_below) for each in fitting]
    return [(each, low) for each, low in limits if low is not None]


def _code_op(gateway: Device | None, prefix: str) -> CodeOp:
    enrolled = gateway.enrolled if gateway is not None else {}
    by_code = {canonical_code(code): meant for code, meant in enrolled.items()}
    return CodeOp(by_code, prefix, gateway.id if gateway is not None else None)
