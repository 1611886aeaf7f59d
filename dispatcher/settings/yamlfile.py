"""YAML into located trees. The only place that knows a YAML library.

A file from a technician is hostile input like any other: it is bounded before it is read, nothing in it is executed,
and words mean what YAML 1.2 says (`on`, `off`, `yes` and `no` are strings: an `on` that turns into `true` in a rule
about a siren is a fault nobody finds at 02:00).
"""

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from dispatcher.domain.faults import Fault, FaultsFound, Place, Text
from dispatcher.domain.tree import Entry, Leaf, Mapping, Node, Scalar, Sequence
from dispatcher.settings.yamlwords import in_indonesian, what_to_do

MAX_BYTES = 1_000_000
MAX_DEPTH = 32
MAX_SHOWN = 40
MAX_NOTED = 1_000  # faults of one file; beyond that it is no file that anybody mends line by line
MAX_NODES = 200_000  # counted after aliases are expanded, which is what an alias bomb inflates

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INT = re.compile(r"[-+]?[0-9]{1,400}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: dict[str, Scalar] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_SPECIAL_FLOAT = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")

CANNOT_READ = Text("berkas tidak dapat dibaca: {error}", "the file cannot be read: {error}")
TOO_LARGE = Text("berkas lebih dari 1 MB", "the file is larger than 1 MB")
NOT_UTF8 = Text("bukan UTF-8 pada bita ke-{offset}", "not UTF-8 at byte {offset}")
HAS_NUL = Text("ada bita NUL: berkas rusak", "holds a NUL byte: the file is damaged")
SYNTAX = Text("YAML salah: {masalah}: {found}", "not valid YAML: {problem}: {found}")
SYNTAX_HINT = Text("periksa indentasi, titik dua dan tanda kutip di baris ini", "check indentation, colons and quotes")
SYNTAX_BEGAN = Text(
    "periksa indentasi, titik dua, kurung dan tanda kutip sejak baris {began}",
    "check indentation, colons, brackets and quotes from line {began} on",
)
DUPLICATE = Text("kunci {key} ditulis dua kali", "key {key} is written twice")
NOT_A_KEY = Text("kunci harus berupa kata", "a key must be a word")
TAGGED = Text("tag {tag} tidak diterima", "tag {tag} is not accepted")
TOO_DEEP = Text("terlalu dalam (lebih dari 32 tingkat)", "nested too deeply (more than 32 levels)")
TOO_MANY = Text("terlalu banyak isi", "too much content")
MANY_DOCUMENTS = Text("lebih dari satu dokumen dalam satu berkas", "more than one document in a file")
EMPTY = Text("berkas kosong", "the file is empty")
UNKNOWN_ALIAS = Text("alias {name} tidak dikenal", "unknown alias {name}")


def read_file(path: Path) -> Node:
    """Read one YAML file into a located tree. Raises FaultsFound."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise _refuse(Place(str(path)), "file-unreadable", CANNOT_READ, error=error.strerror or error) from None
    return read_bytes(data, str(path))


def read_bytes(data: bytes, file: str) -> Node:
    """Read YAML bytes into a located tree; ``file`` names them in faults. Raises FaultsFound."""
    return read_text(_decoded(data, file), file)


def read_leniently(data: bytes, file: str) -> tuple[Node | None, tuple[Fault, ...]]:
    """Return as much of a tree as can be read in one go, and every fault on the way."""
    faults = decode_faults(data, file)
    try:
        return (None, faults) if faults else build(data.decode("utf-8-sig"), file)
    except FaultsFound as found:
        return None, found.faults


def _decoded(data: bytes, file: str) -> str:
    faults = decode_faults(data, file)
    if faults:
        raise FaultsFound(faults)
    return data.decode("utf-8-sig")


def decode_faults(data: bytes, file: str) -> tuple[Fault, ...]:
    """Return what is wrong in a file's bytes; of each sort the first."""
    if len(data) > MAX_BYTES:
        return (Fault(Place(file, 1, 1), "file-too-large", TOO_LARGE),)
    faults = []
    if b"\0" in data:
        faults.append(Fault(_after(data[: data.index(b"\0")], file), "file-nul", HAS_NUL))
    try:
        data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        values = {"offset": error.start}
        faults.append(Fault(_after(data[: error.start], file), "file-encoding", NOT_UTF8, values))
    return tuple(faults)


def _after(before: bytes, file: str) -> Place:
    """Return the place that comes after so many bytes of a file."""
    line = before.rsplit(b"\n", 1)[-1]
    return Place(file, before.count(b"\n") + 1, len(line.decode("utf-8", "replace")) + 1)


def read_text(text: str, file: str) -> Node:
    """Read YAML text into a located tree. Raises FaultsFound."""
    node, faults = build(text, file)
    if faults:
        raise FaultsFound(faults)
    return node


def build(text: str, file: str) -> tuple[Node, tuple[Fault, ...]]:
    """Return the tree, and the faults that it can be read beside. Raises FaultsFound, of which the last ended it."""
    builder = _Builder(file, yaml.parse(text, Loader=_LOADER))
    try:
        return builder.document(), tuple(builder.faults)
    except FaultsFound as found:
        raise FaultsFound((*builder.faults, *found.faults)) from None
    except yaml.YAMLError as error:
        raise FaultsFound((*builder.faults, _syntax(error, text, file))) from None


def _syntax(error: yaml.YAMLError, text: str, file: str) -> Fault:
    if isinstance(error, yaml.MarkedYAMLError):
        return _marked(error, text, file)
    # A character that YAML does not allow, at an offset of the C parser's bytes.
    place = _after(text.encode()[: getattr(error, "position", 0)], file)
    return _stuck(place, place.line, str(error).splitlines()[0], text)


def _marked(error: yaml.MarkedYAMLError, text: str, file: str) -> Fault:
    """Return the fault where the parser stuck; of a quotation that nobody closed, where it begins."""
    begins, stuck = error.context_mark, error.problem_mark or error.context_mark
    mark = begins if begins is not None and "quoted" in str(error.context) else stuck
    place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)
    began = begins.line + 1 if begins else place.line
    return _stuck(place, began, str(error.problem or error.context), text)


def _stuck(place: Place, began: int, problem: str, text: str) -> Fault:
    """Return the fault where the parser stuck, in what had begun in line ``began``."""
    first = max(1, min(began, place.line) - 1)  # an odd sign shows in the line that follows it
    hint, at = what_to_do(problem, text.split("\n")[first - 1 : place.line], first)
    values = {"problem": problem, "masalah": in_indonesian(problem), "began": began, "at": at}
    values["found"] = _line(text, place)
    return Fault(place, "yaml-syntax", SYNTAX, values, hint or (SYNTAX_HINT if began >= place.line else SYNTAX_BEGAN))


def _line(text: str, place: Place) -> str:
    """Return the line that a fault stands in, short enough for a narrow terminal."""
    lines = text.split("\n")
    line = lines[place.line - 1].strip() if 0 < place.line <= len(lines) else ""
    return line if len(line) <= MAX_SHOWN else line[: MAX_SHOWN - 1] + "…"


def _refuse(place: Place, code: str, text: Text, hint: Text | None = None, **values: object) -> FaultsFound:
    return FaultsFound((Fault(place, code, text, values, hint),))


class _Builder:
    """Turns the parser's events into a tree; stops where no tree can be made or where it would grow beyond bounds.

    ``faults`` are what no careful person would write and what the rest of the file can be read beside.
    """

    def __init__(self, file: str, events: Iterator[yaml.Event]) -> None:
        self._file = file
        self._events = events
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._nodes = 0
        self.faults: list[Fault] = []

    def document(self) -> Node:
        event = self._next()
        while isinstance(event, yaml.StreamStartEvent | yaml.DocumentStartEvent):
            event = self._next()
        if isinstance(event, yaml.StreamEndEvent):
            raise _refuse(Place(self._file, 1, 1), "file-empty", EMPTY)
        node = self._node(event, 0)
        self._next()  # the document's end
        extra = self._next()
        if not isinstance(extra, yaml.StreamEndEvent):
            self._note(self._place(extra), "yaml-documents", MANY_DOCUMENTS)
        return node

    def _note(self, place: Place, code: str, text: Text, **values: object) -> None:
        if len(self.faults) < MAX_NOTED:
            self.faults.append(Fault(place, code, text, values))

    def _next(self) -> yaml.Event:
        return next(self._events)

    def _place(self, event: yaml.Event) -> Place:
        mark = event.start_mark
        return Place(self._file, mark.line + 1, mark.column + 1) if mark else Place(self._file)

    def _node(self, event: yaml.Event, depth: int) -> Node:
        place = self._place(event)
        if depth > MAX_DEPTH:
            raise _refuse(place, "yaml-depth", TOO_DEEP)
        before = self._nodes
        self._count(1, place)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, place)
        tag = getattr(event, "tag", None)
        if tag is not None:
            self._note(place, "yaml-tag", TAGGED, tag=str(tag)[:60])
        node = self._plain_node(event, place, depth)
        anchor = getattr(event, "anchor", None)
        if anchor is not None:
            self._anchors[anchor] = (node, self._nodes - before)
        return node

    def _plain_node(self, event: yaml.Event, place: Place, depth: int) -> Node:
        if isinstance(event, yaml.ScalarEvent):
            quoted = event.style not in (None, "")  # the C parser says "" where the Python one says None
            return Leaf(place, event.value if quoted else _scalar(event.value))
        if isinstance(event, yaml.SequenceStartEvent):
            return Sequence(place, tuple(self._items(depth)))
        return Mapping(place, self._entries(depth))

    def _count(self, amount: int, place: Place) -> None:
        self._nodes += amount
        if self._nodes > MAX_NODES:
            raise _refuse(place, "yaml-size", TOO_MANY)

    def _alias(self, event: yaml.AliasEvent, place: Place) -> Node:
        if event.anchor not in self._anchors:
            raise _refuse(place, "yaml-alias", UNKNOWN_ALIAS, name=event.anchor)
        node, size = self._anchors[event.anchor]
        self._count(size, place)
        return node

    def _items(self, depth: int) -> Iterator[Node]:
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            yield self._node(event, depth + 1)

    def _entries(self, depth: int) -> tuple[Entry, ...]:
        entries: dict[str, Entry] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            place = self._place(event)
            if not isinstance(event, yaml.ScalarEvent) or event.tag is not None:
                raise _refuse(place, "yaml-key", NOT_A_KEY)
            entry = Entry(event.value, place, self._node(self._next(), depth + 1))
            if event.value in entries:
                self._note(place, "yaml-duplicate-key", DUPLICATE, key=event.value)
            entries.setdefault(event.value, entry)
        return tuple(entries.values())


def _scalar(text: str) -> Scalar:
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) or _SPECIAL_FLOAT.fullmatch(text):
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return text
