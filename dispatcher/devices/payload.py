"""Bytes to JSON values, once strictly (our own convention) and once as vendors write it. Never an exception outward."""

import json
from typing import Any, NoReturn

from dispatcher.domain.events import MAX_PAYLOAD, RawMessage, Rejected, RejectReason

MAX_NAME = 128  # characters of a device name


def read_strict(raw: RawMessage) -> dict[str, Any] | Rejected:
    """Return the JSON object of a message of our own convention; refuses duplicate keys and NaN."""
    return _object(_read(raw, _STRICT))


def read_vendor(raw: RawMessage) -> Any:
    """Return the JSON value of a vendor's message. The last of duplicate keys counts, and NaN is a missing value."""
    return _read(raw, _VENDOR)


def read_text(raw: RawMessage) -> str | Rejected:
    """Return the payload as text."""
    if len(raw.payload) > MAX_PAYLOAD:
        return Rejected(RejectReason.TOO_LARGE, f"{len(raw.payload)} bytes")
    try:
        return raw.payload.decode("utf-8")
    except UnicodeDecodeError as error:
        return Rejected(RejectReason.BAD_UTF8, f"byte {error.start}")


def is_object(payload: bytes) -> bool:
    """Return whether a payload looks like a JSON object."""
    return payload[:1] == b"{" or payload.lstrip()[:1] == b"{"


def is_clean_name(name: str) -> bool:
    """Return whether a device may be called this: printable, encodable, no wildcard, not too long."""
    if name.isascii() and name.isidentifier():  # nearly all of them, and quick
        return len(name) <= MAX_NAME
    return 0 < len(name) <= MAX_NAME and name.isprintable() and not any(char in "+#" for char in name)


def dump(body: object) -> bytes:
    """Return a value as compact JSON; empty when it is nested too deeply to be written again."""
    try:
        return json.dumps(body, separators=(",", ":")).encode("ascii")
    except RecursionError:
        return b""


def _read(raw: RawMessage, decoder: json.JSONDecoder) -> Any:
    text = read_text(raw)
    if isinstance(text, Rejected):
        return text
    try:
        return decoder.decode(text)
    except (ValueError, RecursionError):
        return Rejected(RejectReason.BAD_JSON)


def _object(value: Any) -> dict[str, Any] | Rejected:
    if isinstance(value, dict | Rejected):
        return value
    return Rejected(RejectReason.WRONG_TYPE, "not an object")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("duplicate key")
    return result


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _missing_constant(name: str) -> None:  # noqa: ARG001 (the decoder's signature)
    return None


_STRICT = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse_constant)
_VENDOR = json.JSONDecoder(parse_constant=_missing_constant)
