"""Where a past is read from: the folder of a post, a copy of it, or an export. Nothing is locked and nothing written.

A post that runs meanwhile may take a segment away while it is read, or be in the middle of a record: what is gone is
gone, and what is not whole yet is not there yet.
"""

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dispatcher.domain.stamp import Stamp
from dispatcher.journal import Checkpoint, Gap, Kind, ReadOnlyJournal, Record, read_folder
from dispatcher.journal.export import kind_name

_NUMBERS = {kind_name(kind): int(kind) for kind in Kind}
_BY_NUMBER: dict[int, int] = {int(kind): kind for kind in Kind}


class NoPast(Exception):
    """There is no journal where one was looked for; says where."""


@dataclass(frozen=True, slots=True)
class Past:
    """One journal, as it is now. ``read`` begins anew each time and yields what can be read, oldest first.

    ``data_dir`` is where rules and sites are kept by their hash, None where there is no such folder.
    """

    name: str
    read: Callable[[], Iterator[Record | Gap]]
    data_dir: Path | None = None
    checkpoint: Callable[[], Checkpoint | None] = lambda: None

    def records(self) -> Iterator[Record]:
        """Yield the records without the gaps. Raises FormatTooNew, OSError, NoPast."""
        return (item for item in self.read() if isinstance(item, Record))


def open_folder(folder: Path) -> Past:
    """Return the past in a data_dir, or in the journal's own folder. Raises NoPast, FormatTooNew, OSError."""
    inner = folder / "journal"
    journal = inner if inner.is_dir() else folder
    if not journal.is_dir() or not any(journal.glob("*.seg")):
        raise NoPast(str(folder))
    return Past(
        str(folder),
        lambda: read_folder(journal),
        journal.parent,
        lambda: ReadOnlyJournal(journal).read_checkpoint(),
    )


def open_export(file: Path) -> Past:
    """Return the past in a file that ``journal export`` wrote. Raises NoPast."""
    if not file.is_file():
        raise NoPast(str(file))
    return Past(str(file), lambda: _lines(file))


def _lines(file: Path) -> Iterator[Record | Gap]:
    with file.open(encoding="utf-8", errors="replace") as lines:  # what is no text at all is no line of ours either
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield _item(file, number, line)


def _item(file: Path, number: int, line: str) -> Record | Gap:
    try:
        body = json.loads(line)
        gap = body.get("gap")
        return Gap(gap["first"], gap["last"], gap["durable"]) if gap is not None else _record(body)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise NoPast(f"{file}:{number}") from None


def _record(body: dict[str, Any]) -> Record:
    kind = _NUMBERS[body["kind"]] if isinstance(body["kind"], str) else int(body["kind"])
    stamp = Stamp(int(body["run_ms"]), int(body["wall_ms"]), trusted=bool(body["trusted"]))
    known = _BY_NUMBER.get(kind, kind)
    return Record(int(body["sequence"]), known, stamp, str(body["boot"]), int(body["mono_ns"]), _bytes(body))


def _bytes(body: dict[str, Any]) -> bytes:
    if "json" in body:
        return json.dumps(body["json"], separators=(",", ":")).encode("ascii")
    if "text" in body:
        return str(body["text"]).encode("utf-8")
    return base64.b64decode(body["base64"])
