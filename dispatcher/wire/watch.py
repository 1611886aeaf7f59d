"""``watch``: the watches of the precinct that concern a post, retained, so that a post that was away knows them too.

One message names all that are open: a topic retains one message only, and an empty list ends them.
"""

from dataclasses import dataclass
from typing import Any

from dispatcher.domain.events import RejectReason
from dispatcher.wire import fields
from dispatcher.wire.fields import Malformed

NAME = 64
MAX_WATCHES = 100


@dataclass(frozen=True, slots=True)
class OpenWatch:
    """The precinct looks out for ``kind`` in one kelurahan or (None) everywhere.

    ``until_ms`` is Unix time in milliseconds and included, None for a watch without an end.
    """

    kind: str
    kelurahan: str | None = None
    until_ms: int | None = None


def encode(watches: tuple[OpenWatch, ...]) -> bytes:
    """Return the open watches as they go over the wire."""
    return fields.dump({"v": fields.VERSION, "watches": [_body(watch) for watch in watches[:MAX_WATCHES]]})


def _body(watch: OpenWatch) -> dict[str, Any]:
    return {"kind": watch.kind, "kelurahan": watch.kelurahan, "until_ms": watch.until_ms}


def decode(payload: bytes) -> tuple[OpenWatch, ...] | Malformed:
    """Read the open watches; an empty payload, which is how a broker forgets a retained message, names none."""
    try:
        return () if not payload else _decode(fields.load_object(payload).get("watches"))
    except Malformed as malformed:
        return malformed


def _decode(value: object) -> tuple[OpenWatch, ...]:
    if not isinstance(value, list) or len(value) > MAX_WATCHES:
        raise Malformed(RejectReason.WRONG_TYPE, "watches")
    return tuple(_entry(one) for one in value)


def _entry(value: object) -> OpenWatch:
    if not isinstance(value, dict):
        raise Malformed(RejectReason.WRONG_TYPE, "watches")
    return OpenWatch(
        kind=fields.text(value, "kind", NAME),
        kelurahan=fields.optional_text(value, "kelurahan", NAME) or None,
        until_ms=fields.optional_integer(value, "until_ms"),
    )
