"""A whole rule file: rules, what they do, and what must not hold back a call for help."""

from collections.abc import Mapping

from dispatcher.domain.events import FLOOR_KINDS, PRESS_PREFIX
from dispatcher.domain.faults import Text
from dispatcher.domain.incident import Severity
from dispatcher.domain.schema import (
    Schema,
    document,
    either,
    given,
    has,
    mapping,
    never,
    one_of,
    one_or_many,
    pattern,
    ref,
    scalar,
    short,
    word,
)  # fmt: skip
from dispatcher.rules import glossary
from dispatcher.rules.checks import FLOOR_ESCALATE, FLOOR_SEVERITY, FLOOR_SUPPRESS, FLOOR_THROTTLE
from dispatcher.rules.language import RunsAt
from dispatcher.rules.names import CLOSED
from dispatcher.rules.parse import CHANNELS
from dispatcher.rules.parse_rule import BAD_ID, FILE_KEYS, ID, RULE_KEYS
from dispatcher.rules.parse_then import (
    ACTION,
    BAD_ACTION,
    BAD_INCIDENT,
    BAD_PLACEHOLDER,
    CERTAINTIES,
    CONDITION_KEYS,
    INCIDENT,
    NONE_ALONE,
    THEN_KEYS,
    THROTTLE_KEYS,
)  # fmt: skip
from dispatcher.rules.schema import values, when, where
from dispatcher.rules.schema.values import days, duration, explained, field_names, span
from dispatcher.rules.schema.where import Names

RULES_TITLE = "Kentongan: rules/*.yaml"
_PLACEHOLDER = r"(?![\s\S]*\{(?![A-Za-z_][A-Za-z0-9_]*\})[^{}]*\})[\s\S]*"


def rule_file(names: Names = CLOSED, channels: frozenset[str] | None = None) -> Schema:
    """Return the schema of a rule file.

    With ``names`` of a site the editor knows its devices, posts and zones; ``channels`` are all words that ``escalate``
    may use. Without them any word is taken there, because a site may name channels of its own.
    """
    return document(RULES_TITLE, file(), definitions(names, channels))


def file() -> Schema:
    """Return the top of a rule file; ``rules:`` with nothing below it has all its rules commented out."""
    rules: Schema = {"type": ["array", "null"], "items": ref("rule"), "defaultSnippets": SNIPPETS}
    return mapping(explained(FILE_KEYS, glossary.FILE, {"version": {"const": 1}, "rules": rules}), ["version", "rules"])


def definitions(names: Names = CLOSED, channels: frozenset[str] | None = None) -> dict[str, Schema]:
    """Return every definition of a rule file, for schemas that hold rules, too."""
    return {
        **values.definitions(),
        **where.definitions(names),
        **when.definitions(names),
        "then": _then(channels),
        "rule": _rule(),
    }


# --- a rule ----------------------------------------------------------------------------------------------------------


def _rule() -> Schema:
    parts: dict[str, Schema] = {
        "id": pattern(ID.pattern, BAD_ID),
        "name": {
            "anyOf": [word(), mapping(explained(("id", "en"), glossary.NAME, dict.fromkeys(("id", "en"), word())))]
        },
        "when": ref("when"),
        "then": ref("then"),
        "only_if": one_or_many(_condition()),
        "throttle": _throttle(),
        "clear_when": ref("when"),
        "suppressed_by": one_or_many(word()),
        "runs_at": one_of({str(place): glossary.PLACES[place] for place in RunsAt}),
        "enabled": {"type": "boolean"},
        "mode": one_of(glossary.MODES),
        "notes": {},
    }
    required = ["id", "when", "then"]
    return mapping(explained(RULE_KEYS, glossary.RULE, parts), required, allOf=[_floor()])


def _throttle() -> Schema:
    parts = {"once_within": duration(), "group_by": field_names()}
    return mapping(explained(THROTTLE_KEYS, glossary.THROTTLE, parts), ["once_within"])


def _condition() -> Schema:
    parts = {"state": word(), "is": scalar(), "between": span(), "days": days(), "watch": word()}
    one = either(("state", "between", "days", "watch"))
    state = given("state", {"required": ["is"]}, {"properties": {"is": False}})
    return mapping(explained(CONDITION_KEYS, glossary.ONLY_IF, parts), allOf=[one, state])


# --- then ------------------------------------------------------------------------------------------------------------


def _then(channels: frozenset[str] | None) -> Schema:
    parts: dict[str, Schema] = {
        "escalate": _escalate(channels),
        "incident": pattern(INCIDENT.pattern, BAD_INCIDENT),
        "severity": one_of({str(one): glossary.SEVERITIES[one] for one in Severity}),
        "message": pattern(_PLACEHOLDER, BAD_PLACEHOLDER),
        "actions": one_or_many(pattern(ACTION.pattern, BAD_ACTION)),
        "set": {"type": "object", "additionalProperties": scalar(), "minProperties": 1},
        "avs": {"enum": [0, 1, 2, 3, 4]},
        "certainty": one_of({one: glossary.CERTAINTIES[one] for one in CERTAINTIES}),
    }
    silent: Schema = {"anyOf": [{"const": "none"}, {"type": "array", "items": {"const": "none"}}]}
    loud: Schema = {"if": {"properties": {"escalate": silent}}, "else": {"required": ["incident", "severity"]}}
    return mapping(explained(THEN_KEYS, glossary.THEN, parts), ["escalate"], allOf=[loud])


def _escalate(channels: frozenset[str] | None) -> Schema:
    known = {name: glossary.CHANNELS[name] for name in glossary.CHANNELS if name in CHANNELS | {"none"}}
    own = dict.fromkeys(sorted((channels or frozenset()) - known.keys()), _OWN)
    listed = one_of({**known, **own})
    one = {"anyOf": [listed, word()]} if channels is None else listed
    none: Schema = {"type": "array", "contains": {"const": "none"}, "not": {"items": {"const": "none"}}}
    alone = never(none, "none", NONE_ALONE)
    return {**one_or_many(one, least=1), "allOf": [alone]}


_OWN = Text("saluran milik situs ini", "a channel of this site")


# --- the floor -------------------------------------------------------------------------------------------------------


def _floor() -> Schema:
    """Return what a rule on presses must be, as far as one rule shows it (rules-language, "The floor")."""
    relayed = never(has("none"), "precinct", FLOOR_ESCALATE)
    then: Schema = {"properties": {"severity": _must("critical", FLOOR_SEVERITY), "escalate": relayed}}
    grouped = never({"not": has("device")}, ["device"], FLOOR_THROTTLE)
    throttle: Schema = {"required": ["group_by"], "properties": {"group_by": grouped}}
    nobody = never({"not": {"type": "array", "maxItems": 0}}, [], FLOOR_SUPPRESS)
    held: Mapping[str, Schema] = {"then": then, "throttle": throttle, "suppressed_by": nobody}
    return {"if": {"required": ["when"], "properties": {"when": _pressing()}}, "then": {"properties": dict(held)}}


def _must(value: str, text: Text) -> Schema:
    return {"const": value, "errorMessage": short(text)}


def _pressing() -> Schema:
    names = "|".join(name.replace(".", r"\.") for name in sorted(FLOOR_KINDS))
    press: Schema = {"type": "string", "pattern": rf"^{PRESS_PREFIX.rstrip('.')}\.|^(?:{names})$"}
    kinds: Schema = {"anyOf": [press, {"type": "array", "contains": press}]}
    clause: Schema = {"type": "object", "required": ["event"], "properties": {"event": kinds}}
    among: Schema = {"type": "array", "contains": clause}
    lists = [{"required": [form], "properties": {form: among}} for form in ("any", "all")]
    return {"anyOf": [clause, {"required": ["count"], "properties": {"count": clause}}, *lists]}


# --- what an editor offers to write ----------------------------------------------------------------------------------


def _snippet(label: str, text: Text, body: Schema) -> Schema:
    return {"label": label, "description": short(text), "body": body}


_THEN: Schema = {"escalate": "precinct", "incident": "${3:kebakaran}", "severity": "${4:high}", "message": "${5:...}"}
SNIPPETS = [
    _snippet("aturan: event", glossary.FORMS["event"], {"id": "$1", "when": {"event": "${2:smoke}"}, "then": _THEN}),
    _snippet(
        "aturan: count",
        glossary.FORMS["count"],
        {
            "id": "$1",
            "when": {"count": {"event": "${2:motion}", "at_least": 3}, "within": "60s", "group_by": ["zone"]},
            "then": _THEN,
        },
    ),
    _snippet(
        "aturan: absent",
        glossary.FORMS["absent"],
        {
            "id": "$1",
            "when": {"absent": {"event": "${2:heartbeat}"}, "for": "10m", "expect_from": "devices"},
            "then": _THEN,
        },
    ),
]
