"""Clauses: ``{event: K, where: {...}}``, alone, in a list, and with the names and numbers that lists may add."""

from dispatcher.domain.faults import Place, Text
from dispatcher.domain.tree import Entry, Leaf, Mapping, Node, Sequence
from dispatcher.rules.engine.state import MAX_COUNTED
from dispatcher.rules.kinds import check_kind
from dispatcher.rules.language import CountForm, Step, Unless
from dispatcher.rules.model import Clause
from dispatcher.rules.reader import Reader, nearly
from dispatcher.rules.where import check_field, parse_where

MAX_PLACES = 100  # events that one step, and all steps of a list, may ask for together: the search goes so deep
MAX_CLAUSES = 100
MAX_KINDS = 100

CLAUSE_KEYS = frozenset({"event", "where"})
STEP_KEYS = CLAUSE_KEYS | {"as", "at_least"}
COUNT_KEYS = CLAUSE_KEYS | {"at_least", "distinct"}

BEYOND_WINDOW = Text(
    "at_least: {number} tidak akan tercapai; satu jendela menghitung paling banyak {most}",
    "at_least: {number} can never be reached; one window counts up to {most}",
)
BAD_NAME = Text("nama (as) satu kata tanpa titik, bukan {key}", "a name (as) is one word without a dot, not {key}")
NAME_TWICE = Text("nama {key} sudah dipakai klausa sebelumnya", "an earlier clause is already named {key}")
NO_CLAUSE = Text("daftar ini perlu paling sedikit satu klausa", "this list needs at least one clause")
UNLESS_PLACE = Text(
    "unless berdiri di antara dua klausa sebuah sequence, atau di akhir sebuah all",
    "unless stands between two clauses of a sequence, or at the end of an all",
)
TOO_MANY = Text("lebih dari {limit} klausa", "more than {limit} clauses")


def clause_of(reader: Reader, body: Mapping) -> Clause:
    """Return the clause of a mapping whose keys were checked already, without what is faulty in it."""
    event = body.get("event")
    kinds = _kinds(reader, event) if event is not None else ()
    return Clause(kinds, parse_where(reader, body.get("where")))


def _kinds(reader: Reader, event: Node) -> tuple[str, ...]:
    before = len(reader.faults)
    words = reader.words(event)
    kinds = []
    for place, word in _placed(event):
        kind = check_kind(reader, place, word)
        if kind is not None:
            reader.stands(f"kind {kind}", place)
            kinds.append(kind)
    if len(words) > MAX_KINDS or (not words and len(reader.faults) == before):
        reader.expected(event, f"1..{MAX_KINDS} kinds")
    return tuple(kinds[:MAX_KINDS])


def _placed(node: Node) -> list[tuple[Place, str]]:
    items = node.items if isinstance(node, Sequence) else (node,)
    return [(item.place, item.value) for item in items if isinstance(item, Leaf) and isinstance(item.value, str)]


def plain_clause(reader: Reader, node: Node | None) -> Clause | None:
    """Return a clause that may carry nothing besides."""
    body = None if node is None else reader.mapping(node, CLAUSE_KEYS, ("event",))
    return None if body is None else clause_of(reader, body)


def step_of(reader: Reader, body: Mapping) -> Step:
    """Return a clause with its name and number; the name is known to the clauses that follow."""
    clause = clause_of(reader, body)
    number = whole_number(reader, body.get("at_least"), 1, MAX_PLACES)
    name = alias_of(reader, body.get("as"))
    return Step(clause, name, 1 if number is None else number)


def alias_of(reader: Reader, node: Node | None) -> str | None:
    """Return the name a clause gives its event, and let later clauses use it."""
    name = reader.word(node)
    if name is None or node is None:
        return None
    known = reader.aliases or frozenset()
    if "." in name or " " in name:
        reader.fault(node.place, "bad-name", BAD_NAME, key=name)
        reader.aliases = known | {name.partition(".")[0]}  # what compares with it names it so
        return None
    if name in known:
        reader.fault(node.place, "duplicate-name", NAME_TWICE, key=name)
    reader.aliases = known | {name}
    return name


def whole_number(reader: Reader, node: Node | None, low: int, high: int) -> int | None:
    """Return a whole number of a range; None (with a fault) for anything else."""
    if node is None:
        return None
    value = node.value if isinstance(node, Leaf) else None
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        reader.expected(node, f"{low}..{high}")
        return None
    return value


def count_of(reader: Reader, node: Node | None) -> CountForm | None:
    """Return a count."""
    body = None if node is None else reader.mapping(node, COUNT_KEYS, ("event", "at_least"))
    if body is None:
        return None
    clause = clause_of(reader, body)
    number = _number_in_window(reader, body.get("at_least"))
    distinct = reader.word(body.get("distinct"))
    if distinct is not None:
        check_field(reader, body.place_of("distinct"), distinct)
    return CountForm(clause, 1 if number is None else number, distinct)


def _number_in_window(reader: Reader, node: Node | None) -> int | None:
    value = node.value if isinstance(node, Leaf) else None
    if node is not None and type(value) is int and value > MAX_COUNTED:
        reader.fault(node.place, "beyond-window", BEYOND_WINDOW, number=value, most=MAX_COUNTED)
        return None
    return whole_number(reader, node, 1, MAX_COUNTED)


def clause_list(reader: Reader, node: Node) -> tuple[Clause, ...]:
    """Return the clauses of an ``any``."""
    found = (plain_clause(reader, item) for item in _items(reader, node))
    return tuple(clause for clause in found if clause is not None)


def step_list(reader: Reader, node: Node, *, ordered: bool) -> tuple[Step | Unless, ...]:
    """Return the parts of a ``sequence`` (``ordered``) or an ``all``, in file order."""
    outer, reader.aliases = reader.aliases, reader.aliases or frozenset()
    items = _items(reader, node)
    parts = [_part(reader, item) for item in items]
    if ordered or all(part is not None for part in parts):
        _check_unless(reader, items, [isinstance(part, Unless) for part in parts], ordered=ordered)
    if sum(part.at_least for part in parts if isinstance(part, Step)) > MAX_PLACES:
        reader.expected(node, f"at_least 1..{MAX_PLACES}")
    if outer is None:
        reader.aliases = None
    return tuple(part for part in parts if part is not None)


def _items(reader: Reader, node: Node) -> tuple[Node, ...]:
    if not isinstance(node, Sequence):
        reader.expected(node, "list of clauses")
        return (node,) if isinstance(node, Mapping) else ()
    if not node.items:
        reader.fault(node.place, "empty-list", NO_CLAUSE)
    if len(node.items) > MAX_CLAUSES:
        reader.fault(node.items[MAX_CLAUSES].place, "too-many-clauses", TOO_MANY, limit=MAX_CLAUSES)
    return node.items[:MAX_CLAUSES]


def _part(reader: Reader, node: Node) -> Step | Unless | None:
    if isinstance(node, Mapping) and any(nearly(entry.key, ("unless",)) for entry in node.entries):
        body = reader.mapping(node, frozenset({"unless"}))
        clause = plain_clause(reader, body.get("unless")) if body else None
        return Unless(clause or Clause(()))
    body = reader.mapping(node, STEP_KEYS, ("event",))
    return None if body is None else step_of(reader, body)


def _check_unless(reader: Reader, items: tuple[Node, ...], unless: list[bool], *, ordered: bool) -> None:
    steps = [index for index, is_unless in enumerate(unless) if not is_unless]
    first, last = (steps[0], steps[-1]) if steps else (len(items), -1)
    for index, item in enumerate(items):
        fits = first < index < last if ordered else index > last
        if unless[index] and not (fits and steps):
            reader.fault(item.place, "unless-place", UNLESS_PLACE)


def only_entry(reader: Reader, node: Node, expected: str) -> Entry | None:
    """Return the entry of a mapping that must have exactly one."""
    if not isinstance(node, Mapping) or len(node.entries) != 1:
        reader.expected(node, expected)
    return node.entries[0] if isinstance(node, Mapping) and node.entries else None
