"""From a command (``siren.on``) to the messages that make a device of some convention do it. Pure and total."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil, isfinite

from dispatcher.devices import kentongan
from dispatcher.devices.model import Command, Profiles, Send
from dispatcher.devices.patterns import template
from dispatcher.domain.events import Value
from dispatcher.domain.site import Device
from dispatcher.domain.tree import Plain

QOS = 1
MAX_DURATION_S = 24 * 3600


@dataclass(frozen=True, slots=True)
class OutMessage:
    """One message to publish at the post's broker."""

    topic: str
    payload: bytes
    qos: int = QOS
    retain: bool = False


@dataclass(frozen=True, slots=True)
class Unsupported:
    """Why a command cannot be said to a device: ``no_profile``, ``no_command``, ``bad_argument`` or ``bad_topic``."""

    reason: str
    detail: str = ""


Args = Mapping[str, object]


def to_messages(device: Device, command: str, args: Args, profiles: Profiles) -> tuple[OutMessage, ...] | Unsupported:
    """Return the messages of one command with its arguments (``duration_s`` in seconds, ``stage``, ``mode``, ...)."""
    bad = next((name for name, value in args.items() if not kentongan.is_plain_value(value)), None)
    if bad is not None:
        return Unsupported("bad_argument", bad)
    if device.profile == kentongan.PROFILE:
        return _ours(device, command, args)
    profile = profiles.by_name.get(device.profile)
    if profile is None:
        return Unsupported("no_profile", device.profile)
    values = _values(device, args)
    for way in profile.commands:
        if command in way.names and _fits(way, device, values):
            return _say(way, values)
    return Unsupported("no_command", command)


def _ours(device: Device, command: str, args: Args) -> tuple[OutMessage, ...] | Unsupported:
    if "/" in device.id or "+" in device.id or "#" in device.id:
        return Unsupported("bad_topic", device.id)
    rest = {name: value for name, value in args.items() if name != "id"}
    body = {"id": args["id"], "command": command, "args": rest} if "id" in args else {"command": command, "args": rest}
    return (OutMessage(f"kentongan/{device.id}/command", _dump(body)),)


# --- what a place in a template may hold -----------------------------------------------------------------------------


def _values(device: Device, args: Args) -> dict[str, Value]:
    """Everything that ``{places}`` may name: the site's settings, the arguments, and the device; the last one wins."""
    values: dict[str, Value] = {}
    for source in (device.settings, args):
        values.update({name: each for name, each in source.items() if isinstance(each, str | int | float | bool)})
    values["device"] = device.id
    return values


def _durations(values: Mapping[str, Value], limits: Mapping[str, float]) -> dict[str, Value]:
    seconds = values.get("duration_s")
    if isinstance(seconds, str | bool) or seconds is None or not isfinite(seconds):
        return {}
    seconds = max(1, min(ceil(seconds), int(limits.get("duration_s", MAX_DURATION_S))))
    # A Tasmota pulse counts tenths of a second up to 111, and from there seconds plus 100.
    pulse = seconds * 10 if seconds <= 11 else seconds + 100
    return {
        "duration_s": seconds,
        "duration_ms": seconds * 1000,
        "duration_min": min(ceil(seconds / 60), int(limits.get("duration_min", MAX_DURATION_S))),
        "duration_pulse": min(pulse, 64_900),
    }


def _fits(way: Command, device: Device, values: Mapping[str, Value]) -> bool:
    if way.models and device.model not in way.models and not (way.unknown_model and device.model is None):
        return False
    if any(name not in values for name in way.needs):
        return False
    return all(str(values.get(name, "")) in allowed for name, allowed in way.where.items())


# --- filling templates -----------------------------------------------------------------------------------------------


def _say(way: Command, values: Mapping[str, Value]) -> tuple[OutMessage, ...] | Unsupported:
    given: dict[str, Plain] = {**way.defaults, **values}
    given.update(_durations({**way.defaults, **values}, way.limits))
    for name, by_arg in way.maps.items():
        for arg, mapped in by_arg.items():
            word = str(given.get(arg, ""))
            if word not in mapped:
                return Unsupported("bad_argument", arg)
            given[name] = mapped[word]
    messages = tuple(_message(send, given) for send in way.send)
    wrong = next((each.topic for each in messages if any(char in each.topic for char in "+#\0")), None)
    return messages if wrong is None else Unsupported("bad_topic", wrong)


def _message(send: Send, given: Mapping[str, Plain]) -> OutMessage:
    if send.text is not None:
        payload = _text(send.text, given).encode("utf-8", "replace")
    else:
        payload = _dump(_fill(send.json, given))
    return OutMessage(_text(send.topic, given), payload)


def _dump(body: object) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode("ascii")


def _text(text: str, given: Mapping[str, Plain]) -> str:
    """Fill every place of a text; what nobody gave is empty."""
    return "".join(_pieces(text, given))


def _pieces(text: str, given: Mapping[str, Plain]) -> Iterator[str]:
    while text:
        before, opened, rest = text.partition("{")
        yield before
        if not opened:
            return
        name, _, text = rest.partition("}")
        value = given.get(name)
        yield "" if value is None else str(value)


def _fill(body: Plain, given: Mapping[str, Plain]) -> Plain:
    """Fill a JSON template. A value that is one place keeps its type; a key whose place nobody gave is left out."""
    if isinstance(body, dict):
        filled = {_text(key, given): _fill(value, given) for key, value in body.items()}
        return {key: value for key, value in filled.items() if value is not None}
    if isinstance(body, list):
        return [_fill(each, given) for each in body]
    if not isinstance(body, str) or "{" not in body:
        return body
    return given.get(body[1:-1]) if _is_place(body) else _text(body, given)


def _is_place(text: str) -> bool:
    try:
        gap = template(text)
    except ValueError:
        return False
    return not gap.prefix and not gap.suffix
