"""``command``: what a rule of the precinct has a device at a post do, e.g. ``siren.on``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from dispatcher.domain.events import MAX_COUNTER, RejectReason, Value
from dispatcher.wire import fields
from dispatcher.wire.fields import Malformed

NAME, DEVICE = 64, 128
MAX_ARGS = 16


@dataclass(frozen=True, slots=True)
class Command:
    """``id`` is the same whenever it is sent again: a post obeys it once."""

    id: str
    command: str
    device: str
    args: Mapping[str, Value] = field(default_factory=dict)


def encode(command: Command) -> bytes:
    """Return the command as it goes over the wire."""
    return fields.dump(
        {
            "v": fields.VERSION,
            "id": command.id,
            "command": command.command,
            "device": command.device,
            "args": dict(command.args),
        }
    )


def decode(payload: bytes) -> Command | Malformed:
    """Read a command; a Malformed names the first field that is wrong. Unknown keys are ignored."""
    try:
        return _decode(fields.load_object(payload))
    except Malformed as malformed:
        return malformed


def _decode(body: dict[str, Any]) -> Command:
    return Command(
        id=fields.identity(body, "id"),
        command=fields.text(body, "command", NAME),
        device=fields.text(body, "device", DEVICE),
        args=_args(body.get("args")),
    )


def _args(value: object) -> dict[str, Value]:
    if value is None:
        return {}
    if not isinstance(value, dict) or len(value) > MAX_ARGS:
        raise Malformed(RejectReason.WRONG_TYPE, "args")
    return {fields.text({"args": key}, "args", NAME): _value(one) for key, one in value.items()}


def _value(value: object) -> Value:
    if isinstance(value, str):
        return fields.text({"args": value}, "args") if value else value
    if isinstance(value, bool) or (isinstance(value, int) and abs(value) <= MAX_COUNTER):
        return value
    if isinstance(value, float) and isfinite(value):
        return value
    raise Malformed(RejectReason.WRONG_TYPE, "args")
