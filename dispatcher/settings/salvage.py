"""A file with a fault in its YAML, read as far as it can be: the faulty entry is passed over, the others are judged.

YAML itself ends at the first fault of syntax. But these files are lists of entries (rules, posts, devices, tests), and
what an entry begins with is plain to see. So the entry at fault is blanked out and the rest is read again, until it can
be read; places stay what they were. What was passed over is kept as text, for the names in it: nobody must be told that
a rule does not exist because it cannot be read.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import pairwise

from dispatcher.domain.faults import Fault, FaultsFound
from dispatcher.domain.tree import Node
from dispatcher.settings.yamlfile import MAX_BYTES, build, decode_faults

MAX_READ = 1_500_000  # characters that are read again at most: a file of a megabyte is refused as quickly as before
MAX_ROUNDS = 20  # faults of syntax that are told of one file
_ENDS = frozenset({"yaml-depth", "yaml-size"})  # what nobody reads again

_INSIDE = ("", " ", "\t", "#", "\r")  # what a line begins with that begins no entry at the margin
_COMMENT = re.compile(r"(^|\s)#.*")
_DAMAGED_ID = re.compile(r"\bid:[^,}\n]*\ufffd")
_DASH = re.compile(r"^( *)- ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Salvaged:
    """What could be read (None where nothing could), every fault, and the text that was passed over.

    ``complete`` says that every name is in it or in ``lost``: a file that is too large is not read to its end.
    """

    node: Node | None
    faults: tuple[Fault, ...] = ()
    lost: str = ""
    complete: bool = True

    @property
    def name(self) -> str:
        """Return the file's name, empty where nothing is known of it."""
        places = [self.node.place] if self.node is not None else [fault.place for fault in self.faults]
        return places[0].file if places else ""

    @property
    def is_only_empty(self) -> bool:
        """Return whether nothing but comments stands there: no fault in a folder of many."""
        return bool(self.faults) and all(fault.code == "file-empty" for fault in self.faults)


def salvage(data: bytes, file: str) -> Salvaged:
    """Read a file, whatever is wrong in it. ``file`` names it in faults."""
    faults = decode_faults(data, file)
    if len(data) > MAX_BYTES:
        return Salvaged(None, faults, complete=False)
    text = data.decode("utf-8-sig", "replace").replace("\0", "\ufffd")
    if data.count(b"\0") > MAX_ROUNDS:  # another encoding, or no text at all
        return Salvaged(None, faults, text)
    rest = _Rest(text, file, damaged=bool(faults))
    while not rest.is_read and rest.pass_over():
        pass
    lost = rest.lost if rest.is_read else text
    return Salvaged(rest.node, (*faults, *rest.faults), lost, complete=not _DAMAGED_ID.search(lost))


class _Rest:
    """A text of which more and more is passed over."""

    def __init__(self, text: str, file: str, *, damaged: bool = False) -> None:
        self._file = file
        self._lines = text.split("\n")
        self._budget = MAX_READ
        self._told: list[Fault] = []
        self._lost: list[str] = []
        self.node: Node | None = None
        self._notes: tuple[Fault, ...] = ()
        self._fatal: Fault | None = None
        self._cause = 0
        if damaged:
            self._drop(self._damaged())
        self._read()

    @property
    def is_read(self) -> bool:
        """Return whether what is left can be read; an empty file cannot, and has nothing to be passed over."""
        return self._fatal is None

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Return every fault so far, in the order of the file."""
        emptied = self._told and self._fatal is not None and self._fatal.code == "file-empty"
        found = [*self._told, *self._notes, *([self._fatal] if self._fatal is not None and not emptied else [])]
        return tuple(sorted(found, key=lambda fault: (fault.place.line, fault.place.column)))

    @property
    def lost(self) -> str:
        """Return what was passed over."""
        return "\n".join(self._lost)

    def _read(self) -> None:
        self.node, self._notes, self._fatal, self._cause = _read(self._lines, self._file)
        self._budget -= sum(map(len, self._lines))

    def pass_over(self) -> bool:
        """Pass over the entry whose absence lets the reader get farthest; returns whether that is any farther."""
        fatal = self._fatal
        if fatal is None or fatal.code in _ENDS or len(self._told) >= MAX_ROUNDS:
            return False
        best: range | None = None
        farthest: float = fatal.place.line
        for entry in self._suspects(fatal.place.line):
            self._budget -= sum(map(len, self._lines))
            if self._budget < 0:
                break
            reached = self._reaches(entry)
            if reached > farthest:
                best, farthest = entry, reached
        if best is None:
            return False
        self._told += [fatal, *(note for note in self._notes if note.place.line - 1 in best)]
        self._drop(best)
        self._read()
        return self._fatal is None or self._fatal.code != "file-empty"

    def _damaged(self) -> frozenset[int]:
        """Return the lines of every entry that a damaged byte stands in, outside of comments."""
        lines = self._lines
        hurt = {index for index, line in enumerate(lines) if "\ufffd" in line and "\ufffd" in _COMMENT.sub("", line)}
        return frozenset(index for entry in _entries(lines) if any(one in hurt for one in entry) for index in entry)

    def _drop(self, lines: Collection[int]) -> None:
        self._lost += [self._lines[index] for index in sorted(lines)]
        self._lines = _without(self._lines, lines)

    def _reaches(self, entry: range) -> float:
        _, _, fatal, _ = _read(_without(self._lines, entry), self._file)
        return float("inf") if fatal is None else fatal.place.line

    def _suspects(self, line: int) -> Iterator[range]:
        """Yield the entries that may be at fault: where the reader stuck, where that part began, and the one before."""
        entries = list(_entries(self._lines))
        at = next((index for index, entry in enumerate(entries) if line - 1 in entry), len(entries) - 1)
        began = next((index for index, entry in enumerate(entries) if self._cause - 1 in entry), at)
        for index in dict.fromkeys((began, at, at - 1)):
            if 0 <= index < len(entries):
                yield entries[index]


def _read(lines: list[str], file: str) -> tuple[Node | None, tuple[Fault, ...], Fault | None, int]:
    """Return the tree, the faults that it can be read beside, and the one that ended it, with where its part began."""
    try:
        node, notes = build("\n".join(lines), file)
    except FaultsFound as found:
        *before, fatal = found.faults
        return None, tuple(before), fatal, int(str(fatal.values.get("began", 0)))
    return node, notes, None, 0


def _entries(lines: list[str]) -> Iterator[range]:
    """Yield the lines of each entry: they begin at a dash of the outermost lists, or at the margin."""
    dashes = [len(found[1]) for found in _DASH.finditer("\n".join(lines))]
    dash = " " * min(dashes, default=0) + "- "
    starts = [index for index, line in enumerate(lines) if line.startswith(dash) or line[:1] not in _INSIDE]
    for start, end in pairwise((*starts, len(lines))):
        yield range(start, end)


def _without(lines: list[str], passed: Collection[int]) -> list[str]:
    return ["" if index in passed else line for index, line in enumerate(lines)]
