"""Rule files to full rules: what stands in one rule. What rules mean for each other is checked in ``checks``."""

import re

from dispatcher.domain.faults import Place, Text
from dispatcher.domain.tree import Leaf, Mapping, Node, Sequence
from dispatcher.rules.language import FullRule, RunsAt, When
from dispatcher.rules.parse_then import parse_only_if, parse_then, parse_throttle
from dispatcher.rules.parse_when import parse_when
from dispatcher.rules.reader import Reader
from dispatcher.rules.uses import kinds_of

ID = re.compile(r"[a-z0-9-]{1,128}")
MAX_RULES = 20_000
FILE_KEYS = frozenset({"version", "rules"})
RULE_KEYS = frozenset(
    {"id", "name", "when", "then", "only_if", "throttle", "clear_when", "suppressed_by", "runs_at", "enabled", "mode",
     "notes"}
)  # fmt: skip

BAD_VERSION = Text("versi berkas harus 1", "the file's version must be 1")
BAD_ID = Text("id hanya huruf kecil, angka dan tanda -", "an id has only lower-case letters, digits and -")
TWICE = Text("id {key} sudah dipakai di {first}", "id {key} is already used at {first}")
TOO_MANY = Text("lebih dari {limit} aturan", "more than {limit} rules")


def parse_file(reader: Reader, node: Node, channels: frozenset[str]) -> list[FullRule]:
    """Return the rules of one file that are free of faults."""
    body = reader.mapping(node, FILE_KEYS, ("version", "rules"))
    if body is None:
        return []
    version = body.get("version")
    if version is not None and not (isinstance(version, Leaf) and version.value == 1 and version.value is not True):
        reader.fault(version.place, "file-version", BAD_VERSION)
    listed = body.get("rules")
    if isinstance(listed, Leaf) and listed.value is None:
        return []  # `rules:` with nothing below it is a file whose rules were all commented out
    if listed is not None and not isinstance(listed, Sequence):
        reader.expected(listed, "list of rules")
    items = listed.items if isinstance(listed, Sequence) else ()
    return [rule for rule in (parse_rule(reader, item, channels) for item in items) if rule is not None]


def parse_rule(reader: Reader, node: Node, channels: frozenset[str]) -> FullRule | None:
    """Return one rule; None with a fault behind it."""
    before = len(reader.faults)
    body = reader.mapping(node, RULE_KEYS, ("id", "when", "then"))
    if body is None:
        return None
    id_ = _id(reader, body)
    when = parse_when(reader, body.get("when"))
    then = parse_then(reader, body.get("then"), channels)
    only_if = parse_only_if(reader, body.get("only_if"))
    throttle = parse_throttle(reader, body.get("throttle"))
    clear_when = parse_when(reader, body.get("clear_when"))
    runs_at = reader.choice(body.get("runs_at"), tuple(RunsAt))
    enabled = reader.boolean(body.get("enabled"), True)
    shadow = reader.choice(body.get("mode"), ("live", "shadow")) == "shadow"
    name, name_en = _names(reader, body)
    suppressed_by = reader.words(body.get("suppressed_by"))
    if id_ is None or when is None or then is None or len(reader.faults) > before:
        return None
    return FullRule(
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


def _id(reader: Reader, body: Mapping) -> str | None:
    word = reader.word(body.get("id"))
    if word is not None and not ID.fullmatch(word):
        reader.fault(body.place_of("id"), "bad-id", BAD_ID)
        return None
    if word is not None:
        reader.ids.append((word, body.place_of("id")))
    return word


def _names(reader: Reader, body: Mapping) -> tuple[str | None, str | None]:
    node = body.get("name")
    if isinstance(node, Mapping):
        reader.mapping(node, frozenset({"id", "en"}))
        return reader.word(node.get("id")), reader.word(node.get("en"))
    return reader.word(node), None


def _default_place(when: When, clear_when: When | None) -> RunsAt:
    """Return the precinct for a rule that looks beyond one post (rules-language, "Where a rule runs")."""
    both = [when] if clear_when is None else [when, clear_when]
    kinds = [kind for one in both for kind in kinds_of(one)]
    beyond = any(one.neighbours for one in both) or any(kind.startswith("alert.") for kind in kinds)
    return RunsAt.PRECINCT if beyond else RunsAt.POST


def check_unique(reader: Reader, rules: list[FullRule]) -> None:
    """Note ids that are used twice, and a set that is too large."""
    seen: dict[str, Place] = {}
    for id_, place in reader.ids:
        if id_ in seen:
            reader.fault(place, "duplicate-id", TWICE, key=id_, first=seen[id_])
        seen.setdefault(id_, place)
    if len(rules) > MAX_RULES:
        reader.fault(rules[-1].place, "too-many-rules", TOO_MANY, limit=MAX_RULES)
