"""Files of one sort, or the last good copy of them: a fault costs the newest version and nothing more."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from dispatcher.domain.faults import Fault, Place, Text
from dispatcher.domain.tree import Node
from dispatcher.settings.sources import Sources, keep_good, read_good

INTERNAL = Text(
    "program gagal membaca berkas ini, mohon dilaporkan: {error}",
    "the program failed to read this file, please report it: {error}",
)

T = TypeVar("T")
Parse = Callable[[list[Node], str], tuple[T | None, tuple[Fault, ...]]]
"""From the trees and their version to a value, or None with every fault."""


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """What there is of one sort. ``fell_back``: it is not what stands in the files, whose ``faults`` say why."""

    value: T | None
    version: str
    faults: tuple[Fault, ...] = ()
    fell_back: bool = False


def load_part(
    good: Path,
    sort: str,
    sources: Sources,
    parse: Parse[T],
    parse_kept: Parse[T] | None = None,
    *,
    keeping: bool = True,
) -> Part[T]:
    """Return the files' value; where they have a fault, that of the copy in the folder ``good``, else None.

    ``parse_kept`` reads such a copy, where it is to be read more leniently than new files are. Only with ``keeping``
    are good files kept as a copy.
    """
    value, faults = load_new(good, sort, sources, parse) if keeping else guarded(sources, parse)
    if value is not None:
        return Part(value, sources.version)
    kept = read_good(good, sort)
    value = guarded(kept, parse_kept or parse)[0] if kept is not None else None
    version = kept.version if kept is not None and value is not None else "empty"
    return Part(value, version, faults, fell_back=True)


def load_new(good: Path, sort: str, sources: Sources, parse: Parse[T]) -> tuple[T | None, tuple[Fault, ...]]:
    """Return the files' value and keep a copy of them as good ones; or None with every fault in them."""
    value, faults = guarded(sources, parse)
    if value is not None:
        with suppress(OSError):  # a disk that takes no copy today costs nothing but the fallback of tomorrow
            keep_good(good, sort, sources)
    return value, faults


def guarded(sources: Sources, parse: Parse[T]) -> tuple[T | None, tuple[Fault, ...]]:
    """Read files; a fault of ours in reading them is one of the files, and must not end the program that needs them."""
    try:
        return parsed(sources, parse)
    except Exception as error:
        place = Place(sources.files[0].name if sources.files else "")
        return None, (Fault(place, "internal", INTERNAL, {"error": f"{type(error).__name__}: {error}"[:200]}),)


def parsed(sources: Sources, parse: Parse[T]) -> tuple[T | None, tuple[Fault, ...]]:
    """Return the value of some files, or None with every fault in them."""
    nodes, faults = sources.trees()
    if faults:
        return None, faults
    value, faults = parse(nodes, sources.version)
    return (None, faults) if faults else (value, ())
