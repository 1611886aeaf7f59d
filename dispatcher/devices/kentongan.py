"""Our own convention, for firmware of ours and virtual devices: ``kentongan/<device>/event``.

It is built in rather than written as a profile because it is the contract of promise 1: counters, kinds and types are
checked here to the letter, and what does not fit is refused with a reason instead of being guessed at.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from math import isfinite
from typing import Any

from dispatcher.devices.payload import dump, is_clean_name, read_strict
from dispatcher.devices.results import Normalised, Outcome, UnknownDevice
from dispatcher.domain.catalogue import is_device_kind
from dispatcher.domain.events import (
    MAX_COUNTER,
    PRESS_PREFIX,
    Attrs,
    RawMessage,
    Reading,
    Rejected,
    RejectReason,
    Value,
    is_press,
)

PROFILE = "kentongan"
FILTER = "kentongan/+/event"
_PREFIX, _SUFFIX = "kentongan/", "/event"

MAX_ATTRS = 200
MAX_ATTR_NAME = 64  # characters
MAX_ATTR_TEXT = 1024  # bytes of UTF-8
MAX_KIND = 64

# Never stored, whoever sends it: a PIN opens a house, and plates and numbers of persons are personal data.
SECRET_ATTRS = frozenset({"pin", "password", "plate", "license_plate", "nopol", "nik", "phone"})
# A report tells place, time and trouble. What people write of each other stays where it was written.
SPOKEN_ATTRS = frozenset({"text", "message", "pesan", "name", "nama", "address", "alamat"})
REPORT_PREFIX = "report."
KEYED_HASH = re.compile(
    r"(?=.*[a-f])[0-9a-f]{16,64}", re.IGNORECASE
)  # with a letter: a number of a phone or a card has none
HIDDEN = "***"
PRESS = "panic.press"
OUR_KEYS = frozenset({"kind", "boot", "seq", "attrs", "happened"})


def event_topic(device: str) -> str:
    """Return the topic on which this device reports."""
    return f"{_PREFIX}{device}{_SUFFIX}"


def device_of(topic: str) -> str | None:
    """Return the device that reports on this topic; None when the topic is not of our convention."""
    if not topic.startswith(_PREFIX) or not topic.endswith(_SUFFIX):
        return None
    device = topic[len(_PREFIX) : -len(_SUFFIX)]
    return device if "/" not in device and is_clean_name(device) else None


def read(raw: RawMessage, device: str, known: bool) -> Outcome:
    """Understand one message of our convention. ``known`` says whether the site lists the device."""
    if raw.retain:  # a broker's memory is no press
        return Rejected(RejectReason.RETAINED, device=device)
    body = read_strict(raw)
    if isinstance(body, Rejected):
        return Rejected(body.reason, body.detail, device)
    try:
        reading = _reading(body, device)
    except _Unfit as unfit:
        return Rejected(unfit.reason, unfit.detail, device, *_readable_counters(body))
    if not known:
        return UnknownDevice(device, reading.kind, reading.boot, reading.seq)
    heard = () if reading.kind == "device.offline" else (device,)
    return Normalised((reading,), (), _redacted(raw.payload, body, reading.attrs), heard)


class _Unfit(Exception):
    def __init__(self, reason: RejectReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def _reading(body: Mapping[str, Any], device: str) -> Reading:
    kind = _kind(body.get("kind"))
    boot, seq = _counter(body, "boot"), _counter(body, "seq")
    if (boot is None) != (seq is None):
        raise _Unfit(RejectReason.MISSING_FIELD, "seq" if seq is None else "boot")
    # What a button says beside its press may be wrong; that somebody pressed it is not.
    attrs = _readable_attrs(body.get("attrs")) if is_press(kind) else _attrs(body.get("attrs"))
    if kind.startswith(REPORT_PREFIX):
        attrs = {name: _spoken(name, each) for name, each in attrs.items()}
    return Reading(kind, device, attrs, boot, seq, happened_ms(body.get("happened")))


def _spoken(name: str, value: Value) -> Value:
    """Return what may be kept of a report's attribute: who reports is a keyed hash or nobody."""
    if name.casefold() in SPOKEN_ATTRS:
        return HIDDEN
    if name != "reporter":
        return value
    return value.lower() if isinstance(value, str) and KEYED_HASH.fullmatch(value) else HIDDEN


def _readable_counters(body: Mapping[str, Any]) -> tuple[int | None, int | None]:
    try:
        boot, seq = _counter(body, "boot"), _counter(body, "seq")
    except _Unfit:
        return None, None
    return (boot, seq) if boot is not None and seq is not None else (None, None)


def _readable_attrs(value: object) -> dict[str, Value]:
    if not isinstance(value, dict):
        return {}
    readable = {name: each for name, each in value.items() if _is_attr_name(name) and is_plain_value(each)}
    return _attrs(dict(list(readable.items())[:MAX_ATTRS]))


def _kind(value: object) -> str:
    if value is None:
        raise _Unfit(RejectReason.MISSING_FIELD, "kind")
    if not isinstance(value, str) or len(value) > MAX_KIND:
        raise _Unfit(RejectReason.WRONG_TYPE, "kind")
    if value.startswith(PRESS_PREFIX) and not is_device_kind(value):
        return PRESS  # a newer button's word for its press is a press
    if not is_device_kind(value):
        raise _Unfit(RejectReason.UNKNOWN_KIND, ascii(value))
    return value


def _counter(body: Mapping[str, Any], key: str) -> int | None:
    value = body.get(key)
    if value is None:
        return None
    if type(value) is not int or not 0 <= value <= MAX_COUNTER:  # bool is an int to isinstance
        raise _Unfit(RejectReason.WRONG_TYPE, key)
    return value


def happened_ms(value: object) -> int | None:
    """Return the Unix time in milliseconds that an ISO 8601 text with an offset names, or None.

    What a device claims about time is only recorded, so a claim nobody can read is dropped and the press is kept.
    """
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        moment = datetime.fromisoformat(value)
        return int(moment.timestamp() * 1000) if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _attrs(value: object) -> dict[str, Value]:
    if value is None:
        return {}
    if not isinstance(value, dict) or len(value) > MAX_ATTRS:
        raise _Unfit(RejectReason.WRONG_TYPE, "attrs")
    for name, each in value.items():
        if not _is_attr_name(name) or not (each is None or is_plain_value(each)):
            raise _Unfit(RejectReason.WRONG_TYPE, f"attrs.{ascii(name)[:MAX_ATTR_NAME]}")
    return {
        name: HIDDEN if name.casefold() in SECRET_ATTRS else each for name, each in value.items() if each is not None
    }


def _is_attr_name(name: str) -> bool:
    return 0 < len(name) <= MAX_ATTR_NAME and name[0] not in "_$" and name.isprintable()


def is_plain_value(value: object) -> bool:
    """Return whether a value may be an attribute: a bounded scalar that every later stage can hold exactly."""
    if isinstance(value, str):
        return len(value) <= MAX_ATTR_TEXT and _encoded_length(value) <= MAX_ATTR_TEXT
    if isinstance(value, bool):
        return True
    if isinstance(value, int):
        return -MAX_COUNTER <= value <= MAX_COUNTER
    return isinstance(value, float) and isfinite(value)


def _encoded_length(text: str) -> int:
    try:
        return len(text.encode("utf-8"))
    except UnicodeEncodeError:  # a lone surrogate: no file and no terminal takes it
        return MAX_ATTR_TEXT + 1


def _redacted(payload: bytes, body: dict[str, Any], attrs: Attrs) -> bytes:
    """Return the payload as it may be stored: our own keys alone, and the attributes as the event has them."""
    if body.keys() <= OUR_KEYS and (body.get("attrs") or {}) == attrs:
        return payload
    kept = {key: value for key, value in body.items() if key in OUR_KEYS - {"attrs"} and is_plain_value(value)}
    return dump({**kept, "attrs": dict(attrs)})
