"""``then``, ``throttle`` and ``only_if``."""

import re
from collections.abc import Callable

from dispatcher.domain.events import Value
from dispatcher.domain.faults import Text
from dispatcher.domain.incident import Severity
from dispatcher.domain.meant import meant
from dispatcher.domain.site import ROLES
from dispatcher.domain.tree import Leaf, Mapping, Node, Sequence
from dispatcher.rules.language import DayIs, OnlyIf, StateIs, TimeIs, WatchIs
from dispatcher.rules.model import Then, Throttle
from dispatcher.rules.parse_time import days_of, duration_of, span_of
from dispatcher.rules.parse_when import group_fields
from dispatcher.rules.reader import Reader, describe
from dispatcher.rules.where import check_field

INCIDENT = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
ACTION = re.compile(r"[a-z_]{1,32}\.[a-z_]{1,32}")
CERTAINTIES = ("observed", "likely", "possible")
THEN_KEYS = frozenset({"escalate", "incident", "severity", "message", "actions", "set", "avs", "certainty"})
THROTTLE_KEYS = frozenset({"once_within", "group_by"})
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

BAD_INCIDENT = Text(
    "jenis kejadian hanya huruf kecil, angka, _ . -, bukan {found}",
    "an incident kind has lower-case letters, digits, _ . -, not {found}",
)
BAD_ACTION = Text(
    "aksi ditulis alat.perintah, misalnya siren.on, bukan {found}",
    "an action is device.command, for example siren.on, not {found}",
)
UNKNOWN_ROLE = Text("tidak ada alat berperan {key}", "no device has the role {key}")
MISSING_THEN = Text("then perlu {key}", "then needs {key}")
NONE_ALONE = Text("escalate: none berdiri sendiri", "escalate: none stands alone")
BAD_PLACEHOLDER = Text(
    "di dalam {} hanya nama isian kejadian, tanpa logika, bukan {found}",
    "between { and } stands the name of a field, and no logic, not {found}",
)
ONE_CONDITION = Text(
    "setiap syarat only_if satu dari: state beserta is, between, days, watch",
    "each condition of only_if is one of: state with is, between, days, watch",
)


def parse_then(reader: Reader, node: Node | None, channels: frozenset[str] | None) -> Then | None:
    """Return what a firing does. ``channels`` are the words of ``escalate``; None where nobody knows them."""
    body = None if node is None else reader.mapping(node, THEN_KEYS, ("escalate",))
    if body is None:
        return None
    for entry in body.entries:
        reader.stands(entry.key, entry.value.place)
    escalate = _escalate(reader, body.get("escalate"), channels)
    for key in () if escalate == ("none",) else ("incident", "severity"):
        if body.get(key) is None:
            reader.fault(body.place, "missing-key", MISSING_THEN, key=key)
    severity = reader.choice(body.get("severity"), tuple(Severity))
    if severity is None:
        reader.doubt("severity")
    return Then(
        escalate=escalate,
        incident=_incident(reader, body),
        severity=Severity(severity) if severity else Severity.INFO,
        message=_message(reader, body),
        actions=_actions(reader, body),
        avs=_avs(reader, body.get("avs")),
        certainty=reader.choice(body.get("certainty"), CERTAINTIES),
        sets=_sets(reader, body.get("set")),
    )


def _escalate(reader: Reader, node: Node | None, channels: frozenset[str] | None) -> tuple[str, ...]:
    if node is None:
        return ()
    items = node.items if isinstance(node, Sequence) else (node,)
    if not items:
        reader.expected(node, ", ".join(sorted(channels or ())))
    words = (reader.choice(item, channels | {"none"}) if channels else reader.word(item) for item in items)
    found = tuple(dict.fromkeys(word for word in words if word is not None))
    if "none" in found and len(found) > 1:
        reader.fault(node.place, "escalate-none", NONE_ALONE)
    return found


def _incident(reader: Reader, body: Mapping) -> str | None:
    node = body.get("incident")
    word = reader.word(node)
    if word is not None and node is not None and not INCIDENT.fullmatch(word):
        reader.fault(body.place_of("incident"), "bad-incident", BAD_INCIDENT, found=describe(node))
        return None
    return word


def _message(reader: Reader, body: Mapping) -> str:
    node = body.get("message")
    blank = isinstance(node, Leaf) and node.value == ""  # the rule's name then says it
    text = "" if blank else reader.word(node) or ""
    for found in _PLACEHOLDER.finditer(text):
        if _FIELD.fullmatch(found[1]):
            check_field(reader, body.place_of("message"), found[1])
        else:
            reader.fault(body.place_of("message"), "bad-placeholder", BAD_PLACEHOLDER, found=found[0])
    return text


def _actions(reader: Reader, body: Mapping) -> tuple[str, ...]:
    node = body.get("actions")
    items = () if node is None else node.items if isinstance(node, Sequence) else (node,)
    actions = [(item, word) for item in items for word in (reader.word(item),) if word is not None]
    for item, action in actions:
        role = action.split(".", 1)[0]
        if not ACTION.fullmatch(action):
            reader.fault(item.place, "bad-action", BAD_ACTION, found=describe(item))
        elif role not in ROLES and meant(role, ROLES) is not None:
            reader.unknown(item.place, "unknown-name", UNKNOWN_ROLE, role, ROLES)
    return tuple(action for _, action in actions)


def _avs(reader: Reader, node: Node | None) -> int | None:
    if node is None:
        return None
    if isinstance(node, Leaf) and node.value in (0, 1, 2, 3, 4) and not isinstance(node.value, bool | float):
        return int(str(node.value))
    reader.expected(node, "0..4")
    return None


def _sets(reader: Reader, node: Node | None) -> tuple[tuple[str, Value], ...]:
    if node is None:
        return ()
    if not isinstance(node, Mapping) or not node.entries:
        reader.expected(node, "{state: value}")
        return ()
    pairs = [(entry.key, _scalar(reader, entry.value)) for entry in node.entries]
    return tuple((name, value) for name, value in pairs if value is not None)


def _scalar(reader: Reader, node: Node) -> Value | None:
    value = node.value if isinstance(node, Leaf) else None
    if value is None:
        reader.expected(node, "value")
    return value


def parse_throttle(reader: Reader, node: Node | None) -> Throttle | None:
    """Return a throttle."""
    body = None if node is None else reader.mapping(node, THROTTLE_KEYS, ("once_within",))
    if body is None:
        return None
    duration = duration_of(reader, body.get("once_within"))
    return Throttle(duration or 0, group_fields(reader, body.get("group_by")))


# --- only_if ---------------------------------------------------------------------------------------------------------


def parse_only_if(reader: Reader, node: Node | None) -> tuple[OnlyIf, ...]:
    """Return the conditions, all of which must hold."""
    if node is None:
        return ()
    items = node.items if isinstance(node, Sequence) else (node,)
    found = (_condition(reader, item) for item in items)
    return tuple(condition for condition in found if condition is not None)


CONDITION_KEYS = frozenset({"state", "is", "between", "days", "watch"})


def _condition(reader: Reader, node: Node) -> OnlyIf | None:
    body = reader.mapping(node, CONDITION_KEYS)
    if body is None:
        return None
    keys = {entry.key for entry in body.entries if entry.key in CONDITION_KEYS}
    names = [entry.key for entry in body.entries if entry.key in _CONDITIONS]
    if len(names) != 1 or ("is" in keys) != (names == ["state"]):
        reader.fault(node.place, "only-if", ONE_CONDITION)
    found = [_CONDITIONS[name](reader, body) for name in names]
    return found[0] if found else None


def _state_is(reader: Reader, body: Mapping) -> OnlyIf | None:
    is_ = body.get("is")
    name, value = reader.word(body.get("state")), None if is_ is None else _scalar(reader, is_)
    return None if name is None or value is None else StateIs(name, value)


def _time_is(reader: Reader, body: Mapping) -> OnlyIf | None:
    span = span_of(reader, body.get("between") or body)
    return None if span is None else TimeIs(span)


def _day_is(reader: Reader, body: Mapping) -> OnlyIf | None:
    days = days_of(reader, body.get("days") or body)
    return DayIs(days) if days else None


def _watch_is(reader: Reader, body: Mapping) -> OnlyIf | None:
    kind = reader.word(body.get("watch"))
    return None if kind is None else WatchIs(kind)


_CONDITIONS: dict[str, Callable[[Reader, Mapping], OnlyIf | None]] = {
    "state": _state_is,
    "between": _time_is,
    "days": _day_is,
    "watch": _watch_is,
}
