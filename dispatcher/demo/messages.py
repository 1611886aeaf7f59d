"""What virtual devices say and hear: our own convention as bytes. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dispatcher.wire import fields

MAX_WORD = 64  # characters of anything that is shown to a guard


@dataclass(frozen=True, slots=True)
class Message:
    """One MQTT message that a device wants to have published, never retained."""

    topic: str
    payload: bytes
    qos: int = 1


@dataclass(frozen=True, slots=True)
class Confirm:
    """The post's word on one press. ``stage`` is one of the promise's stages, as sent."""

    boot: int
    seq: int
    stage: str
    incident: str | None = None
    by: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """What the post asks of a siren or a lamp."""

    name: str
    args: Mapping[str, object] = field(default_factory=dict)


def event(device: str, kind: str, boot: int, seq: int) -> Message:
    """Return ``kentongan/<device>/event`` as firmware of ours publishes it."""
    body = {"kind": kind, "boot": boot, "seq": seq, "attrs": {}}
    return Message(f"kentongan/{device}/event", json.dumps(body, separators=(",", ":")).encode())


def confirm(payload: bytes) -> Confirm | None:
    """Read a confirm; None for anything that is not one, which a button does not answer."""
    body = _object(payload)
    if body is None:
        return None
    try:
        return Confirm(
            boot=fields.integer(body, "boot"),
            seq=fields.integer(body, "seq"),
            stage=fields.text(body, "stage", MAX_WORD),
            incident=fields.optional_text(body, "incident", MAX_WORD),
            by=fields.optional_text(body, "by", MAX_WORD),
            reason=fields.optional_text(body, "reason"),
        )
    except fields.Malformed:
        return None


def command(payload: bytes) -> Command | None:
    """Read a command; None for anything that is not one."""
    body = _object(payload)
    if body is None:
        return None
    args = body.get("args", {})
    try:
        name = fields.text(body, "command", MAX_WORD)
    except fields.Malformed:
        return None
    return Command(name, args if isinstance(args, dict) else {})


def seconds(args: Mapping[str, object], key: str, default: float, limit: float) -> float:
    """Return a number of seconds in (0, limit], or ``default`` where the sender gave none that makes sense."""
    value = args.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= limit:
        return default
    return float(value)


def word(args: Mapping[str, object], key: str) -> str | None:
    """Return a short string, or None."""
    value = args.get(key)
    return value if isinstance(value, str) and 0 < len(value) <= MAX_WORD else None


def _object(payload: bytes) -> dict[str, Any] | None:
    try:
        value = fields.load(payload)
    except fields.Malformed:
        return None
    return value if isinstance(value, dict) else None
