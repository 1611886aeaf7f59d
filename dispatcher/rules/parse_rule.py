"""Rule files to full rules: what stands in one rule. What rules mean for each other is checked in ``checks``."""

import re
from collections.abc import Mapping as Mapping_
from dataclasses import dataclass, field
from typing import TypeVar

from dispatcher.domain.faults import Place, Text
from dispatcher.domain.incident import Severity
from dispatcher.domain.tree import Leaf, Mapping, Node, Sequence
from dispatcher.rules.language import FullRule, RunsAt, When
from dispatcher.rules.model import Then
from dispatcher.rules.parse_then import parse_only_if, parse_then, parse_throttle
from dispatcher.rules.parse_when import UNREADABLE, parse_when
from dispatcher.rules.reader import Reader, describe
from dispatcher.rules.uses import kinds_of

T = TypeVar("T")

ID = re.compile(r"[a-z0-9-]{1,128}")
MAX_RULES = 20_000
NAMELESS = "?"  # how the id of a rule begins that has none
FILE_KEYS = frozenset({"version", "rules"})
RULE_KEYS = frozenset(
    {"id", "name", "when", "then", "only_if", "throttle", "clear_when", "suppressed_by", "runs_at", "enabled", "mode",
     "notes"}
)  # fmt: skip

BAD_VERSION = Text("versi berkas harus 1, bukan {found}", "the file's version must be 1, not {found}")
BAD_ID = Text(
    "id hanya huruf kecil, angka dan tanda -, bukan {found}",
    "an id has only lower-case letters, digits and -, not {found}",
)
TWICE = Text("id {key} sudah dipakai di {first}", "id {key} is already used at {first}")
TOO_MANY = Text("lebih dari {limit} aturan", "more than {limit} rules")


@dataclass(frozen=True, slots=True)
class Draft:
    """A rule as far as it can be read: what a fault left out has its default, and is in ``doubts`` where that matters.

    ``doubts``: ``severity``, ``runs_at``, and with the key that it stands in ``when group_by``, ``clear_when group_by``
    and ``throttle group_by``. ``places`` are those of words that are judged beside other rules, under such names too.
    ``faulty`` are the rule's keys with a fault below them or in them.
    """

    rule: FullRule
    whole: bool
    faulty: frozenset[str] = frozenset()
    doubts: frozenset[str] = frozenset()
    places: Mapping_[str, Place] = field(default_factory=dict)

    def place_of(self, what: str) -> Place:
        """Return where something stands, else where its key of the rule does."""
        return self.places.get(what) or self.rule.place_of(what.split(" ", 1)[0])


def parse_file(reader: Reader, node: Node, channels: frozenset[str] | None) -> list[Draft]:
    """Return the rules of one file, those with faults as far as they can be read."""
    body = reader.mapping(node, FILE_KEYS, ("version", "rules"))
    if body is None:
        return []
    version = body.get("version")
    if version is not None and not (isinstance(version, Leaf) and version.value == 1 and version.value is not True):
        reader.fault(version.place, "file-version", BAD_VERSION, found=describe(version))
    listed = body.get("rules")
    if isinstance(listed, Leaf) and listed.value is None:
        return []  # `rules:` with nothing below it is a file whose rules were all commented out
    if listed is not None and not isinstance(listed, Sequence):
        reader.expected(listed, "list of rules")
    alone = (listed,) if isinstance(listed, Mapping) and listed.get("when") is not None else ()
    items = listed.items if isinstance(listed, Sequence) else alone
    return [rule for rule in (parse_rule(reader, item, channels) for item in items) if rule is not None]


NO_WHEN = When(UNREADABLE)
NO_THEN = Then((), None, Severity.INFO, "")


def parse_rule(reader: Reader, node: Node, channels: frozenset[str] | None) -> Draft | None:
    """Return one rule as far as it can be read; None, with a fault behind it, for what is no mapping."""
    before = len(reader.faults)
    body = reader.mapping(node, RULE_KEYS, ("id", "when", "then"))
    if body is None:
        return None
    parts = _Parts(reader)
    id_ = parts.of("id", _id(reader, body))
    when = parts.of("when", parse_when(reader, body.get("when")))
    then = parts.of("then", parse_then(reader, body.get("then"), channels))
    parts.lacks("when", "group_by", when)
    parts.lacks("then", "severity", then)
    when, then = when or NO_WHEN, then or NO_THEN
    only_if = parts.of("only_if", parse_only_if(reader, body.get("only_if")))
    throttle = parts.of("throttle", parse_throttle(reader, body.get("throttle")))
    clear_when = parts.of("clear_when", parse_when(reader, body.get("clear_when")))
    runs_at = parts.of("runs_at", _runs_at(reader, body.get("runs_at")))
    enabled = parts.of("enabled", reader.boolean(body.get("enabled"), True))
    shadow = parts.of("mode", reader.choice(body.get("mode"), ("live", "shadow")) == "shadow")
    name, name_en = parts.of("name", _names(reader, body))
    suppressed_by = parts.of("suppressed_by", _suppressors(reader, body.get("suppressed_by")))
    rule = FullRule(
        id=id_,
        name=name or name_en or id_,
        name_en=name_en,
        when=when,
        then=then,
        only_if=only_if,
        throttle=throttle,
        clear_when=clear_when,
        suppressed_by=tuple(dict.fromkeys(suppressed_by)),
        runs_at=RunsAt(runs_at) if runs_at else _default_place(when, clear_when),
        enabled=enabled,
        shadow=shadow,
        place=body.place_of("id"),
        places={entry.key: entry.place for entry in body.entries},
    )
    whole = len(reader.faults) == before
    return Draft(rule, whole, frozenset(parts.faulty), frozenset(parts.doubts), parts.places)


class _Parts:
    """Gathers, for the keys of a rule, whether they have faults, what the reader doubts and where words stand."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._told = len(reader.faults)
        reader.settle()
        self.faulty: set[str] = set()
        self.doubts: set[str] = set()
        self.places: dict[str, Place] = {}

    def of(self, key: str, value: T) -> T:
        """Take what was noted while ``value`` was read."""
        doubts, places = self._reader.settle()
        self.doubts |= {f"{key} {doubt}".strip() for doubt in doubts}
        self.places |= {f"{key} {what}".strip(): place for what, place in places.items()}
        if len(self._reader.faults) > self._told:
            self.faulty.add(key)
        self._told = len(self._reader.faults)
        return value

    def lacks(self, key: str, doubt: str, value: object) -> None:
        """Note a required key that is not there, or that nothing can be read of."""
        if value is None:
            self.faulty.add(key)
            self.doubts.add(f"{key} {doubt}")


def _id(reader: Reader, body: Mapping) -> str:
    """Return the id, also one that is written wrongly: others may name it so; where there is none, one of no rule."""
    node = body.get("id")
    word = reader.word(node)
    if word is None or node is None:
        return f"{NAMELESS}{body.place}"
    if not ID.fullmatch(word):
        reader.fault(body.place_of("id"), "bad-id", BAD_ID, found=describe(node))
    reader.ids.append((word, body.place_of("id")))
    return word


def _runs_at(reader: Reader, node: Node | None) -> str | None:
    word = reader.choice(node, tuple(RunsAt))
    if node is not None and word is None:
        reader.doubt("")
    return word


def _suppressors(reader: Reader, node: Node | None) -> list[str]:
    items = () if node is None else node.items if isinstance(node, Sequence) else (node,)
    named = []
    for item in items:
        word = reader.word(item)
        if word is not None:
            reader.stands(word, item.place)
            named.append(word)
    return named


def _names(reader: Reader, body: Mapping) -> tuple[str | None, str | None]:
    node = body.get("name")
    if isinstance(node, Mapping):
        named = reader.mapping(node, frozenset({"id", "en"})) or node
        return reader.word(named.get("id")), reader.word(named.get("en"))
    return reader.word(node), None


def _default_place(when: When, clear_when: When | None) -> RunsAt:
    """Return the precinct for a rule that looks beyond one post (rules-language, "Where a rule runs")."""
    both = [when] if clear_when is None else [when, clear_when]
    kinds = [kind for one in both for kind in kinds_of(one)]
    beyond = any(one.neighbours for one in both) or any(kind.startswith("alert.") for kind in kinds)
    return RunsAt.PRECINCT if beyond else RunsAt.POST


def check_unique(reader: Reader, rules: list[Draft]) -> None:
    """Note ids that are used twice, and a set that is too large."""
    seen: dict[str, Place] = {}
    for id_, place in reader.ids:
        if id_ in seen:
            reader.fault(place, "duplicate-id", TWICE, key=id_, first=seen[id_])
        seen.setdefault(id_, place)
    if len(rules) > MAX_RULES:
        reader.fault(rules[MAX_RULES].rule.place, "too-many-rules", TOO_MANY, limit=MAX_RULES)
