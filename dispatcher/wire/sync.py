"""``sync``: what the post believes, ``[[id, rev, stage], ...]``, so that the precinct repeats what is newer."""

from dataclasses import dataclass
from typing import Any

from dispatcher.domain.events import RejectReason
from dispatcher.domain.incident import Stage
from dispatcher.wire import fields
from dispatcher.wire.fields import Malformed

MAX_ENTRIES = 500  # a post with more sends several messages
_STAGES = frozenset(Stage)


@dataclass(frozen=True, slots=True)
class Known:
    """One incident as the post knows it: the highest revision it made, and the least advanced stage of its presses."""

    id: str
    rev: int
    stage: Stage


def encode(known: tuple[Known, ...]) -> bytes:
    """Return ``[[id, rev, stage], ...]``."""
    return fields.dump([[entry.id, entry.rev, str(entry.stage)] for entry in known])


def decode(payload: bytes) -> tuple[Known, ...] | Malformed:
    """Read a sync message."""
    try:
        entries = fields.load(payload)
        if not isinstance(entries, list) or len(entries) > MAX_ENTRIES:
            raise Malformed(RejectReason.WRONG_TYPE, "incidents")
        return tuple(_decode_entry(entry) for entry in entries)
    except Malformed as malformed:
        return malformed


def _decode_entry(entry: object) -> Known:
    if not isinstance(entry, list) or len(entry) != 3:
        raise Malformed(RejectReason.WRONG_TYPE, "incidents")
    named: dict[str, Any] = dict(zip(("id", "rev", "stage"), entry, strict=True))
    return Known(
        id=fields.identity(named, "id"),
        rev=fields.integer(named, "rev"),
        stage=Stage(fields.choice(named, "stage", _STAGES)),
    )
