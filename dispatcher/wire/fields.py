"""Reading JSON objects from the other side: bounded, typed, and never trusting."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from dispatcher.domain.events import MAX_COUNTER, RejectReason

VERSION = 1
MAX_BYTES = 64 * 1024
MAX_TEXT = 512
_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class Malformed(Exception):
    """Why bytes from the other side were refused; ``detail`` names the field. Decoders return it."""

    def __init__(self, reason: RejectReason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


def load(payload: bytes) -> object:
    """Return the JSON value in ``payload``. Raises Malformed."""
    if len(payload) > MAX_BYTES:
        raise Malformed(RejectReason.TOO_LARGE, f"{len(payload)} bytes")
    try:
        return json.loads(payload.decode("utf-8"), parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise Malformed(RejectReason.BAD_UTF8, str(error.start)) from None
    except (ValueError, RecursionError):
        raise Malformed(RejectReason.BAD_JSON, "") from None


def load_object(payload: bytes) -> dict[str, Any]:
    """Return the JSON object in ``payload`` whose ``v`` is ours. Raises Malformed."""
    value = load(payload)
    if not isinstance(value, dict):
        raise Malformed(RejectReason.WRONG_TYPE, "not an object")
    if not is_int(value.get("v")) or value["v"] != VERSION:
        raise Malformed(RejectReason.UNKNOWN_VERSION, repr(value.get("v"))[:40])
    return value


def _no_constant(name: str) -> float:
    raise ValueError(name)


def is_int(value: object) -> bool:
    """Return whether this is a JSON integer (``true`` is none)."""
    return isinstance(value, int) and not isinstance(value, bool)


def text(body: dict[str, Any], key: str, limit: int = MAX_TEXT) -> str:
    """Return a required, non-empty string of at most ``limit`` characters. Raises Malformed."""
    value = optional_text(body, key, limit)
    if not value:
        raise Malformed(RejectReason.MISSING_FIELD, key)
    return value


def identity(body: dict[str, Any], key: str) -> str:
    """Return an id: 1 to 64 letters, digits, ``_ . -``, since it stands in addresses of pages too. Raises Malformed."""
    value = text(body, key, 64)
    if not _ID.fullmatch(value) or value.strip(".") == "":
        raise Malformed(RejectReason.WRONG_TYPE, key)
    return value


def optional_text(body: dict[str, Any], key: str, limit: int = MAX_TEXT) -> str | None:
    """Return a string or None. Raises Malformed for any other type or an overlong one."""
    value = body.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > limit or not _encodable(value):
        raise Malformed(RejectReason.WRONG_TYPE, key)
    return value


def _encodable(value: str) -> bool:
    # JSON can carry a lone surrogate, which no database and no terminal takes. Most texts are ASCII, and quickly known.
    return value.isascii() or not any(0xD800 <= ord(char) <= 0xDFFF for char in value)


def integer(body: dict[str, Any], key: str, low: int = 0, high: int = MAX_COUNTER) -> int:
    """Return a required integer in [low, high]. Raises Malformed."""
    value = optional_integer(body, key, low, high)
    if value is None:
        raise Malformed(RejectReason.MISSING_FIELD, key)
    return value


def optional_integer(body: dict[str, Any], key: str, low: int = 0, high: int = MAX_COUNTER) -> int | None:
    """Return an integer in [low, high] or None. Raises Malformed."""
    value = body.get(key)
    if value is None:
        return None
    if not is_int(value) or not low <= value <= high:
        raise Malformed(RejectReason.WRONG_TYPE, key)
    return int(value)


def optional_number(body: dict[str, Any], key: str, low: float, high: float) -> float | None:
    """Return a number in [low, high] or None. Raises Malformed."""
    value = body.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise Malformed(RejectReason.WRONG_TYPE, key)
    return float(value)


def choice(body: dict[str, Any], key: str, allowed: frozenset[str]) -> str:
    """Return a required word of a closed list. Raises Malformed."""
    value = text(body, key)
    if value not in allowed:
        raise Malformed(RejectReason.WRONG_TYPE, key)
    return value


def clip(value: str, limit: int) -> str:
    """Return text that the other side will take: bounded, and without lone surrogates."""
    whole = value if _encodable(value) else value.encode("utf-8", "replace").decode("utf-8")
    return whole if len(whole) <= limit else whole[: limit - 1] + "…"


def clip_required(value: str, limit: int) -> str:
    """Return clipped text that says something: a dash where there is nothing but blanks."""
    return clip(value, limit) if value.strip() else "-"


def clip_words(values: Sequence[str], limit: int, most: int) -> list[str]:
    """Return the first ``most`` of the words, each clipped, without those that say nothing."""
    return [clip(value, limit) for value in values if value.strip()][:most]


def clip_optional(value: str | None, limit: int) -> str | None:
    """Return clipped text, or None."""
    return None if value is None else clip(value, limit)


def dump(body: dict[str, Any] | list[Any]) -> bytes:
    """Return compact UTF-8 JSON with the keys in the given order, so that equal content is equal bytes."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8")


def iso(wall_ms: int) -> str:
    """Return Unix milliseconds as ISO 8601 in UTC, e.g. ``2026-11-24T02:40:00.000Z``."""
    moment = datetime.fromtimestamp(wall_ms / 1000, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{wall_ms % 1000:03d}Z"
