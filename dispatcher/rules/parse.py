"""Rule files to rules. All faults of all files come out of one run; a set with a fault is no rule set."""

import re
from collections.abc import Sequence as Files

from dispatcher.domain.faults import Fault, Place, Text
from dispatcher.domain.incident import Severity
from dispatcher.domain.tree import Leaf, Mapping, Node, Sequence
from dispatcher.rules.duration import parse_duration
from dispatcher.rules.kinds import check_kind
from dispatcher.rules.model import Clause, Rule, Then, Throttle
from dispatcher.rules.reader import Reader
from dispatcher.rules.where import parse_where

ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
INCIDENT = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
ACTION = re.compile(r"[a-z_]{1,32}\.[a-z_]{1,32}")
CHANNELS = frozenset({"precinct", "coordinator", "fire", "technician", "none"})
CERTAINTIES = ("observed", "likely", "possible")
MAX_RULES = 5_000

_FILE_KEYS = frozenset({"version", "rules"})
_RULE_KEYS = frozenset(
    {"id", "name", "when", "then", "only_if", "throttle", "clear_when", "suppressed_by", "runs_at", "enabled", "mode",
     "notes"}
)  # fmt: skip
_LATER_KEYS = frozenset({"only_if", "clear_when", "suppressed_by"})
_FORMS = frozenset({"event", "count", "all", "any", "sequence", "absent", "state", "schedule"})
_WHEN_KEYS = _FORMS | {"where", "within", "for", "between", "after", "group_by", "neighbours", "expect_from", "reuse"}
_THEN_KEYS = frozenset({"escalate", "incident", "severity", "message", "actions", "set", "avs", "certainty"})

BAD_VERSION = Text("versi berkas harus 1", "the file's version must be 1")
BAD_ID = Text("id hanya huruf kecil, angka dan tanda -", "an id has only lower-case letters, digits and -")
TWICE = Text("id {key} sudah dipakai di {first}", "id {key} is already used at {first}")
NOT_BUILT = Text(
    "{key} belum dapat dijalankan versi ini; aturan ditolak supaya tidak diam-diam mati",
    "this version cannot run {key} yet; the rule is refused rather than silently dead",
)
BAD_DURATION = Text(
    "lama waktu ditulis angka dan satuan: 30s, 10m, 2h", "a duration is digits and a unit: 30s, 10m, 2h"
)
BAD_INCIDENT = Text(
    "jenis kejadian hanya huruf kecil, angka, _ . -", "an incident kind has lower-case letters, digits, _ . -"
)
BAD_ACTION = Text("aksi ditulis alat.perintah, misalnya siren.on", "an action is device.command, for example siren.on")
FLOOR_ESCALATE = Text(
    "tombol panik selalu diteruskan; escalate: none ditolak", "a panic is always relayed; escalate: none is refused"
)
FLOOR_SEVERITY = Text("tombol panik selalu critical", "a panic is always critical")
FLOOR_THROTTLE = Text(
    "throttle pada tombol panik harus group_by: [device], supaya tombol lain tidak ikut diredam",
    "a throttle on a panic must be grouped by device, or one button would silence another",
)
TOO_MANY = Text("lebih dari {limit} aturan", "more than {limit} rules")


def parse_rules(files: Files[Node], channels: frozenset[str] = CHANNELS) -> tuple[tuple[Rule, ...], tuple[Fault, ...]]:
    """Return the rules of all files in order, and every fault found.

    ``channels`` are the words that ``escalate`` may use. Rules with ``enabled: false`` are checked and left out.
    """
    reader = Reader()
    rules: list[Rule] = []
    for node in files:
        rules += _file(reader, node, channels)
    _check_unique(reader, rules)
    if len(rules) > MAX_RULES:
        reader.fault(rules[-1].place, "too-many-rules", TOO_MANY, limit=MAX_RULES)
    return tuple(rule for rule in rules if rule.enabled), tuple(reader.faults)


def _file(reader: Reader, node: Node, channels: frozenset[str]) -> list[Rule]:
    body = reader.mapping(node, _FILE_KEYS, ("version", "rules"))
    if body is None:
        return []
    version = body.get("version")
    if version is not None and not (isinstance(version, Leaf) and version.value == 1):
        reader.fault(version.place, "file-version", BAD_VERSION)
    listed = body.get("rules")
    if isinstance(listed, Leaf) and listed.value is None:
        return []  # `rules:` with nothing below it is a file whose rules were all commented out
    if listed is not None and not isinstance(listed, Sequence):
        reader.expected(listed, "list of rules")
    items = listed.items if isinstance(listed, Sequence) else ()
    return [rule for rule in (_rule(reader, item, channels) for item in items) if rule is not None]


def _check_unique(reader: Reader, rules: list[Rule]) -> None:
    seen: dict[str, Place] = {}
    for rule in rules:
        if rule.id in seen:
            reader.fault(rule.place, "duplicate-id", TWICE, key=rule.id, first=seen[rule.id])
        seen.setdefault(rule.id, rule.place)


def _rule(reader: Reader, node: Node, channels: frozenset[str]) -> Rule | None:
    before = len(reader.faults)
    body = reader.mapping(node, _RULE_KEYS, ("id", "when", "then"))
    if body is None:
        return None
    for key in _LATER_KEYS & set(body.keys()):
        reader.fault(body.place_of(key), "not-built", NOT_BUILT, key=key)
    id_ = _id(reader, body)
    clause = _when(reader, body.get("when"))
    then = _then(reader, body.get("then"), channels)
    throttle = _throttle(reader, body.get("throttle"))
    _runs_at(reader, body)
    if id_ is None or clause is None or then is None or len(reader.faults) > before:
        return None
    rule = Rule(
        id=id_,
        name=_name(reader, body) or id_,
        clause=clause,
        then=then,
        throttle=throttle,
        enabled=reader.boolean(body.get("enabled"), True),
        shadow=reader.choice(body.get("mode"), ("live", "shadow")) == "shadow",
        place=body.place_of("id"),
    )
    _check_floor(reader, rule, body)
    return rule if len(reader.faults) == before else None


def _id(reader: Reader, body: Mapping) -> str | None:
    word = reader.word(body.get("id"))
    if word is not None and not ID.fullmatch(word):
        reader.fault(body.place_of("id"), "bad-id", BAD_ID)
        return None
    return word


def _name(reader: Reader, body: Mapping) -> str | None:
    node = body.get("name")
    if isinstance(node, Mapping):
        reader.mapping(node, frozenset({"id", "en"}))
        return reader.word(node.get("id") or node.get("en"))
    return reader.word(node)


def _runs_at(reader: Reader, body: Mapping) -> None:
    where = reader.choice(body.get("runs_at"), ("post", "precinct"))
    if where == "precinct":
        reader.fault(body.place_of("runs_at"), "not-built", NOT_BUILT, key="runs_at: precinct")


def _when(reader: Reader, node: Node | None) -> Clause | None:
    body = None if node is None else reader.mapping(node, _WHEN_KEYS)
    if body is None:
        return None
    for key in set(body.keys()) & (_WHEN_KEYS - {"event", "where"}):
        reader.fault(body.place_of(key), "not-built", NOT_BUILT, key=key)
    event = body.get("event")
    if event is None:
        if not set(body.keys()) & _FORMS:
            reader.fault(body.place, "missing-key", MISSING_FORM, choices=", ".join(sorted(_FORMS)))
        return None
    kinds = reader.words(event)
    for place, kind in _placed(event):
        check_kind(reader, place, kind)
    return Clause(kinds, parse_where(reader, body.get("where"))) if kinds else None


MISSING_FORM = Text("when perlu salah satu dari: {choices}", "when needs one of: {choices}")


def _placed(node: Node) -> list[tuple[Place, str]]:
    items = node.items if isinstance(node, Sequence) else (node,)
    return [(item.place, item.value) for item in items if isinstance(item, Leaf) and isinstance(item.value, str)]


def _then(reader: Reader, node: Node | None, channels: frozenset[str]) -> Then | None:
    body = None if node is None else reader.mapping(node, _THEN_KEYS, ("escalate",))
    if body is None:
        return None
    if body.get("set") is not None:
        reader.fault(body.place_of("set"), "not-built", NOT_BUILT, key="set")
    escalate = _escalate(reader, body.get("escalate"), channels)
    for key in () if escalate == ("none",) else ("incident", "severity"):
        if body.get(key) is None:
            reader.fault(body.place, "missing-key", MISSING_THEN, key=key)
    severity = reader.choice(body.get("severity"), tuple(Severity))
    return Then(
        escalate=escalate,
        incident=_incident(reader, body),
        severity=Severity(severity) if severity else Severity.INFO,
        message=reader.word(body.get("message")) or "",
        actions=_actions(reader, body),
        avs=_avs(reader, body.get("avs")),
        certainty=reader.choice(body.get("certainty"), CERTAINTIES),
    )


MISSING_THEN = Text("then perlu {key}", "then needs {key}")


def _escalate(reader: Reader, node: Node | None, channels: frozenset[str]) -> tuple[str, ...]:
    items = node.items if isinstance(node, Sequence) else (node,) if node is not None else ()
    words = (reader.choice(item, channels | {"none"}) for item in items)
    return tuple(word for word in words if word is not None)


def _incident(reader: Reader, body: Mapping) -> str | None:
    word = reader.word(body.get("incident"))
    if word is not None and not INCIDENT.fullmatch(word):
        reader.fault(body.place_of("incident"), "bad-incident", BAD_INCIDENT)
        return None
    return word


def _actions(reader: Reader, body: Mapping) -> tuple[str, ...]:
    actions = reader.words(body.get("actions"))
    if not all(ACTION.fullmatch(action) for action in actions):
        reader.fault(body.place_of("actions"), "bad-action", BAD_ACTION)
    return actions


def _avs(reader: Reader, node: Node | None) -> int | None:
    if node is None:
        return None
    if isinstance(node, Leaf) and node.value in (0, 1, 2, 3, 4) and not isinstance(node.value, bool | float):
        return int(str(node.value))
    reader.expected(node, "0..4")
    return None


def _throttle(reader: Reader, node: Node | None) -> Throttle | None:
    body = None if node is None else reader.mapping(node, frozenset({"once_within", "group_by"}), ("once_within",))
    if body is None:
        return None
    text = reader.word(body.get("once_within"))
    duration = parse_duration(text) if text else None
    if duration is None:
        reader.fault(body.place_of("once_within"), "bad-duration", BAD_DURATION)
        return None
    return Throttle(duration, reader.words(body.get("group_by")))


def _check_floor(reader: Reader, rule: Rule, body: Mapping) -> None:
    """Refuse what would hold back a call for help (rules-language, "The floor")."""
    if not any(kind.startswith("panic.") or kind == "panel.alarm" for kind in rule.clause.kinds):
        return
    then = body.place_of("then")
    if "none" in rule.then.escalate:
        reader.fault(then, "floor-escalate", FLOOR_ESCALATE)
    elif rule.then.severity is not Severity.CRITICAL:
        reader.fault(then, "floor-severity", FLOOR_SEVERITY)
    if rule.throttle is not None and "device" not in rule.throttle.group_by:
        reader.fault(body.place_of("throttle"), "floor-throttle", FLOOR_THROTTLE)
