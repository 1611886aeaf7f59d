"""``where``: from a tree to a condition."""

from dispatcher.domain.events import EVENT_FIELDS, MAX_COUNTER, Value
from dispatcher.domain.faults import Place, Text
from dispatcher.domain.tree import Entry, Leaf, Mapping, Node, Sequence
from dispatcher.rules.language import Cross, Relation
from dispatcher.rules.model import AllOf, AnyOf, Compare, Condition, FieldRef, Not, Operand, Operator
from dispatcher.rules.patterns import is_safe
from dispatcher.rules.reader import NEAREST, Reader, describe, nearly

OPERATORS = frozenset(Operator)
MAX_TEXT = 1024
MAX_LIST = 500
_MANY = frozenset({Operator.IN, Operator.NOT_IN})
_ORDERED = frozenset({Operator.ABOVE, Operator.BELOW, Operator.AT_LEAST, Operator.AT_MOST, Operator.BETWEEN})
_TEXTUAL = frozenset({Operator.CONTAINS, Operator.STARTS_WITH, Operator.MATCHES})

UNKNOWN_OPERATOR = Text("pembanding {key} tidak dikenal", "unknown comparison {key}")
NOT_YET = Text("{key} hanya berlaku di antara beberapa kejadian", "{key} compares several events; here there is one")
BAD_PATTERN = Text(
    "pola ini salah atau bisa macet: terlalu banyak cara mencocokkan satu teks (misalnya (a+)+): {found}",
    "this pattern is wrong or can run away: too many ways to match one text (as in (a+)+): {found}",
)
SLIP = Text("isian {key} hampir sama dengan {nearest}", "field {key} is one slip away from {nearest}")
UNKNOWN_NAME = Text("{what} {key} tidak dikenal", "unknown {what} {key}")
LONELY_SINCE = Text("since hanya beserta rises_by atau falls_by", "since goes with rises_by or falls_by only")
NEEDS_SINCE = Text("{key} perlu since: nama kejadian sebelumnya", "{key} needs since: the name of an earlier event")
UNKNOWN_ALIAS = Text(
    "tidak ada klausa sebelumnya yang bernama {key} (as: {key})", "no earlier clause is named {key} (as: {key})"
)
EMPTY = Text("daftar kosong tidak pernah cocok", "an empty list never matches")


def parse_where(reader: Reader, node: Node | None) -> Condition:
    """Return the condition; faults go to the reader, and a faulty part is left out."""
    if node is None:
        return AllOf(())
    if not isinstance(node, Mapping):
        reader.expected(node, "mapping (field: value)")
        return AllOf(())
    return _one_or_all([part for entry in node.entries for part in _entry(reader, entry)])


def _one_or_all(parts: list[Condition]) -> Condition:
    return parts[0] if len(parts) == 1 else AllOf(tuple(parts))


def _entry(reader: Reader, entry: Entry) -> list[Condition]:
    match entry.key:
        case "any_of" | "all_of":
            parts = _conditions(reader, entry.value)
            return [AnyOf(parts) if entry.key == "any_of" else AllOf(parts)]
        case "not":
            return [Not(parse_where(reader, entry.value))]
        case _:
            field = check_field(reader, entry.place, entry.key)
            return _comparisons(reader, field, entry.value)


def _conditions(reader: Reader, node: Node) -> tuple[Condition, ...]:
    if not isinstance(node, Sequence):
        reader.expected(node, "list of conditions")
        return (parse_where(reader, node),) if isinstance(node, Mapping) else ()
    if not node.items:
        reader.fault(node.place, "empty-list", EMPTY)
    return tuple(parse_where(reader, item) for item in node.items)


def check_field(reader: Reader, place: Place, name: str) -> str:
    """Note a fault for a name that is one slip away from a field that every event has; return the field meant."""
    nearest = next((known for known in sorted(EVENT_FIELDS) if is_slip(name, known)), None)
    if nearest is None:
        return name
    reader.fault(place, "field-slip", SLIP, NEAREST, key=name, nearest=nearest)
    return nearest


def is_slip(word: str, name: str) -> bool:
    """Return whether one typing slip (a letter more, less, other, or two swapped) lies between the two."""
    if word == name or abs(len(word) - len(name)) > 1 or len(name) < 4:
        return False
    if len(word) == len(name):
        differing = [index for index in range(len(name)) if word[index] != name[index]]
        swapped = len(differing) == 2 and sorted(word) == sorted(name) and differing[1] - differing[0] == 1
        return len(differing) == 1 or swapped
    short, long = sorted((word, name), key=len)
    return any(long[:index] + long[index + 1 :] == short for index in range(len(long)))


def check_name(reader: Reader, what: str, node: Node) -> None:
    """Note a fault for a value that the site (or a closed list) does not know as ``what``."""
    known = reader.names.get(what)
    value = node.value if isinstance(node, Leaf) else None
    if known is not None and isinstance(value, str) and value not in known:
        reader.unknown(node.place, "unknown-name", UNKNOWN_NAME, value, known, what=what)


_NAMING = ("is", "is_not", "in", "not_in")


def _check_names(reader: Reader, field: str, node: Node) -> None:
    named = node.entries if isinstance(node, Mapping) else ()
    for each in [entry.value for entry in named if entry.key in _NAMING] or [node]:
        for leaf in each.items if isinstance(each, Sequence) else (each,):
            check_name(reader, field, leaf)


def _comparisons(reader: Reader, field: str, node: Node) -> list[Condition]:
    if field in reader.names:
        _check_names(reader, field, node)
    if isinstance(node, Sequence):
        operands = _operands(reader, node)
        return [Compare(field, Operator.IN, operands)]
    if isinstance(node, Leaf):
        value = _value(reader, node)
        return [] if value is None else [Compare(field, Operator.IS, (value,))]
    if node.get("field") is not None and len(node.entries) == 1:
        operand = _operand(reader, node)
        return [] if operand is None else [Compare(field, Operator.IS, (operand,))]
    return [part for entry in node.entries for part in _comparison(reader, field, entry, node)]


def _comparison(reader: Reader, field: str, entry: Entry, node: Mapping) -> list[Condition]:
    if entry.key in _CROSSING:
        return _cross(reader, field, entry, node)
    word: str | None = entry.key
    if entry.key not in OPERATORS:
        reader.unknown(entry.place, "unknown-operator", UNKNOWN_OPERATOR, entry.key, OPERATORS)
        word = nearly(entry.key, OPERATORS)
    if word is None:
        return []
    operator = Operator(word)
    before = len(reader.faults)
    operands = _operands_of(reader, operator, entry.value)
    return [] if len(reader.faults) > before else [Compare(field, operator, operands)]


# --- comparisons with an earlier event ------------------------------------------------------------------------------

_CROSSING = frozenset({*Relation, "since"})
_DIFFERENCES = frozenset({Relation.RISES_BY, Relation.FALLS_BY})


def _cross(reader: Reader, field: str, entry: Entry, node: Mapping) -> list[Condition]:
    if reader.aliases is None:
        reader.fault(entry.place, "where-one-event", NOT_YET, key=entry.key)
        return []
    if entry.key == "since":
        if not _DIFFERENCES & set(node.keys()):
            reader.fault(entry.place, "lonely-since", LONELY_SINCE)
        return []
    relation = Relation(entry.key)
    if relation in _DIFFERENCES:
        return _difference(reader, field, relation, entry, node)
    word = reader.word(entry.value)
    alias, dot, other = (word or "").partition(".")
    if word is None:
        return []
    known = _is_alias(reader, entry.value.place, alias)
    if not dot or not other:
        reader.expected(entry.value, f"{alias}.{field}")
        return []
    other = check_field(reader, entry.value.place, other)
    return [] if not known else [Cross(field, Operator.IS, (), relation, alias, other)]


def _difference(reader: Reader, field: str, relation: Relation, entry: Entry, node: Mapping) -> list[Condition]:
    since = node.get("since")
    if since is None:
        reader.fault(entry.place, "missing-key", NEEDS_SINCE, key=entry.key)
    alias = reader.word(since)
    amount = entry.value.value if isinstance(entry.value, Leaf) else None
    if isinstance(amount, bool) or not isinstance(amount, int | float) or not abs(amount) <= MAX_COUNTER:
        reader.expected(entry.value, "number")
        amount = 0
    if since is None or alias is None or not _is_alias(reader, since.place, alias):
        return []
    return [Cross(field, Operator.IS, (), relation, alias, field, amount)]


def _is_alias(reader: Reader, place: Place, alias: str) -> bool:
    known = reader.aliases or frozenset()
    if alias not in known:
        reader.unknown(place, "unknown-name", UNKNOWN_ALIAS, alias, known)
    return alias in known


def _operands_of(reader: Reader, operator: Operator, node: Node) -> tuple[Operand, ...]:
    if operator in _MANY:
        return _operands(reader, node)
    if operator is Operator.BETWEEN:
        return _pair(reader, node)
    if operator is Operator.EXISTS:
        return (reader.boolean(node, True),)
    operand = _operand(reader, node)
    if operand is None or not _fits(reader, operator, operand, node):
        return ()
    return (operand,)


def _operands(reader: Reader, node: Node) -> tuple[Operand, ...]:
    if not isinstance(node, Sequence) or len(node.items) > MAX_LIST:
        reader.expected(node, f"list of at most {MAX_LIST} values")
        return ()
    if not node.items:
        reader.fault(node.place, "empty-list", EMPTY)
    return tuple(operand for operand in (_operand(reader, item) for item in node.items) if operand is not None)


def _pair(reader: Reader, node: Node) -> tuple[Operand, ...]:
    if not isinstance(node, Sequence) or len(node.items) != 2:
        reader.expected(node, "[low, high]")
        return _operands(reader, node)[:0] if isinstance(node, Sequence) else ()
    operands = _operands(reader, node)
    fitting = [_fits(reader, Operator.BETWEEN, *pair) for pair in zip(operands, node.items, strict=False)]
    return operands if all(fitting) else ()


def _fits(reader: Reader, operator: Operator, operand: Operand, node: Node) -> bool:
    if isinstance(operand, FieldRef):
        return True
    if operator in _ORDERED and (isinstance(operand, bool | str)):
        reader.expected(node, "number")
        return False
    if operator in _TEXTUAL and not isinstance(operand, str):
        reader.expected(node, "text")
        return False
    if operator is Operator.MATCHES and not is_safe(str(operand)):
        reader.fault(node.place, "bad-pattern", BAD_PATTERN, found=describe(node))
        return False
    return True


def _operand(reader: Reader, node: Node) -> Operand | None:
    if isinstance(node, Mapping):
        checked = reader.mapping(node, frozenset({"field"}), ("field",))
        name = reader.word(checked.get("field")) if checked else None
        if name is not None:
            name = check_field(reader, node.place, name)
        return None if name is None else FieldRef(name)
    if isinstance(node, Leaf):
        return _value(reader, node)
    reader.expected(node, "value")
    return None


def _value(reader: Reader, node: Leaf) -> Value | None:
    value = node.value
    if value is None:
        reader.expected(node, "value (for a missing field write: {exists: false})")
        return None
    if isinstance(value, str) and len(value) > MAX_TEXT:
        reader.expected(node, f"text of at most {MAX_TEXT} characters")
        return None
    if not isinstance(value, str | bool) and not abs(value) <= MAX_COUNTER:
        reader.expected(node, "number within ±2^53")
        return None
    return value
