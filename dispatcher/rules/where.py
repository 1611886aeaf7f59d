"""``where``: from a tree to a condition."""

from dispatcher.domain.events import EVENT_FIELDS, MAX_COUNTER, Value
from dispatcher.domain.faults import Text
from dispatcher.domain.tree import Entry, Leaf, Mapping, Node, Sequence
from dispatcher.rules.model import AllOf, AnyOf, Compare, Condition, FieldRef, Not, Operand, Operator
from dispatcher.rules.patterns import is_safe
from dispatcher.rules.reader import Reader

OPERATORS = frozenset(Operator)
MAX_TEXT = 1024
MAX_LIST = 500
_MANY = frozenset({Operator.IN, Operator.NOT_IN})
_ORDERED = frozenset({Operator.ABOVE, Operator.BELOW, Operator.AT_LEAST, Operator.AT_MOST, Operator.BETWEEN})
_TEXTUAL = frozenset({Operator.CONTAINS, Operator.STARTS_WITH, Operator.MATCHES})

UNKNOWN_OPERATOR = Text("pembanding {key} tidak dikenal", "unknown comparison {key}")
NOT_YET = Text("{key} hanya berlaku di antara beberapa kejadian", "{key} compares several events; here there is one")
BAD_PATTERN = Text(
    "pola ini salah atau bisa macet: tanpa pengulangan di dalam pengulangan, paling banyak 200 huruf",
    "this pattern is wrong or can run away: no repeat inside a repeat, at most 200 characters",
)
SLIP = Text("isian {key} hampir sama dengan {nearest}", "field {key} is one slip away from {nearest}")
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
            _check_field(reader, entry)
            return _comparisons(reader, entry.key, entry.value)


def _conditions(reader: Reader, node: Node) -> tuple[Condition, ...]:
    if not isinstance(node, Sequence):
        reader.expected(node, "list of conditions")
        return ()
    if not node.items:
        reader.fault(node.place, "empty-list", EMPTY)
    return tuple(parse_where(reader, item) for item in node.items)


def _check_field(reader: Reader, entry: Entry) -> None:
    nearest = next((name for name in sorted(EVENT_FIELDS) if _is_slip(entry.key, name)), None)
    if nearest is not None:
        reader.fault(entry.place, "field-slip", SLIP, key=entry.key, nearest=nearest)


def _is_slip(word: str, name: str) -> bool:
    """Return whether one typing slip (a letter more, less, other, or two swapped) lies between the two."""
    if word == name or abs(len(word) - len(name)) > 1 or len(name) < 4:
        return False
    if len(word) == len(name):
        differing = [index for index in range(len(name)) if word[index] != name[index]]
        swapped = len(differing) == 2 and sorted(word) == sorted(name) and differing[1] - differing[0] == 1
        return len(differing) == 1 or swapped
    short, long = sorted((word, name), key=len)
    return any(long[:index] + long[index + 1 :] == short for index in range(len(long)))


def _comparisons(reader: Reader, field: str, node: Node) -> list[Condition]:
    if isinstance(node, Sequence):
        operands = _operands(reader, node)
        return [Compare(field, Operator.IN, operands)]
    if isinstance(node, Leaf):
        value = _value(reader, node)
        return [] if value is None else [Compare(field, Operator.IS, (value,))]
    if node.get("field") is not None and len(node.entries) == 1:
        operand = _operand(reader, node)
        return [] if operand is None else [Compare(field, Operator.IS, (operand,))]
    return [part for entry in node.entries for part in _comparison(reader, field, entry)]


def _comparison(reader: Reader, field: str, entry: Entry) -> list[Condition]:
    if entry.key in ("same_as", "not_same_as", "rises_by", "falls_by", "since"):
        reader.fault(entry.place, "where-one-event", NOT_YET, key=entry.key)
        return []
    if entry.key not in OPERATORS:
        reader.unknown(entry.place, "unknown-operator", UNKNOWN_OPERATOR, entry.key, OPERATORS)
        return []
    operator = Operator(entry.key)
    before = len(reader.faults)
    operands = _operands_of(reader, operator, entry.value)
    return [] if len(reader.faults) > before else [Compare(field, operator, operands)]


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
        return ()
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
        reader.fault(node.place, "bad-pattern", BAD_PATTERN)
        return False
    return True


def _operand(reader: Reader, node: Node) -> Operand | None:
    if isinstance(node, Mapping):
        checked = reader.mapping(node, frozenset({"field"}), ("field",))
        name = reader.word(checked.get("field")) if checked else None
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
