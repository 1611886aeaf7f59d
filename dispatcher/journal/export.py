"""The journal as lines for people and other programs."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from dispatcher.journal.findings import records
from dispatcher.journal.model import Gap, Kind, Record


def export(folder: Path) -> Iterator[dict[str, object]]:
    """Yield each record as a dict that JSON can hold, oldest first; missing numbers as ``{"gap": ...}``.

    The body stands under ``json`` if it is that, else under ``text`` if it is UTF-8, else under ``base64``. Read-only,
    safe beside a running post. Raises FormatTooNew, OSError.
    """
    for item in records(folder):
        yield _gap(item) if isinstance(item, Gap) else _record(item)


def _gap(gap: Gap) -> dict[str, object]:
    return {"gap": {"first": gap.first, "last": gap.last, "durable": gap.durable}}


def _record(record: Record) -> dict[str, object]:
    return {
        "sequence": record.sequence,
        "kind": kind_name(record.kind),
        "at": _iso(record.stamp.wall_ms),
        "trusted": record.stamp.trusted,
        "wall_ms": record.stamp.wall_ms,
        "run_ms": record.stamp.run_ms,
        "boot": record.boot,
        "mono_ns": record.mono_ns,
        **_body(record.body),
    }


def kind_name(kind: int) -> str | int:
    """Return the word for a kind, or its number if this program does not know it."""
    return kind.name.lower() if isinstance(kind, Kind) else kind


def _iso(wall_ms: int) -> str | None:
    try:
        return datetime.fromtimestamp(wall_ms / 1000, UTC).isoformat(timespec="milliseconds")
    except (OverflowError, ValueError, OSError):
        return None


def _body(body: bytes) -> dict[str, object]:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode("ascii")}
    try:
        return {"json": json.loads(text, parse_constant=_no_constant)}
    except (ValueError, RecursionError):
        return {"text": text}


def _no_constant(name: str) -> object:
    """Refuse NaN and Infinity, which other readers of JSON do not know."""
    raise ValueError(name)
