"""``*.test.yaml`` as JSON Schema for editors: made from the parser's own lists of keys.

Rules that are written in a test are described as in a rule file, a site as in site.yaml, but for what a test completes.
"""

from dispatcher.cli.timeline import glossary, testfile
from dispatcher.cli.timeline.model import SORTS
from dispatcher.domain.schema import (
    SCALAR,
    Schema,
    document,
    either,
    given,
    mapping,
    one_of,
    one_or_many,
    pattern,
    ref,
    short,
    word,
)  # fmt: skip
from dispatcher.rules.duration import DURATION
from dispatcher.rules.schema import definitions, file
from dispatcher.rules.schema.values import explained, kind_words
from dispatcher.settings.schema import site_file

_OFF = ("power_cut", "restart")
_LASTING = ("advance", "broker_down")
_VALUE: Schema = {"type": [*SCALAR, "null"]}
_STATED: Schema = {"type": list(SCALAR)}


def tests_file() -> Schema:
    """Return the schema of a file of tests."""
    site = site_file()
    parts: dict[str, Schema] = {
        "version": {},
        "site": {"type": ["string", "object"], "if": {"type": "object"}, "then": ref("site")},
        "rules": _one_by_one(_rules()),
        "tests": _list("case"),
    }
    body = mapping(explained(testfile.FILE_KEYS, glossary.FILE, parts), ["tests"])
    own = {"site": _site(site), "file": file(), "case": _case(), "act": _act(), "expected": _expected()}
    return document("Kentongan: *.test.yaml", body, {**definitions(), **site["definitions"], **own})


def _one_by_one(schema: Schema) -> Schema:
    """Return one such value or a list; unlike an ``anyOf`` it lets an editor say what is wrong inside."""
    return {"if": {"type": "array"}, "then": {"items": schema}, "else": schema}


def _list(name: str) -> Schema:
    return {"type": ["array", "null"], "items": ref(name)}


def _site(whole: Schema) -> Schema:
    """Return a site inside a test: the precinct's name matters to no timeline, and may be missing."""
    kept = {key: whole[key] for key in ("type", "additionalProperties", "properties")}
    return {**kept, "required": [key for key in whole["required"] if key != "precinct"]}


def _rules() -> Schema:
    """Return the name of a file, a rule, or a whole file of rules."""
    whole: Schema = {"if": {"required": ["rules"]}, "then": ref("file"), "else": ref("rule")}
    return {"type": ["string", "object"], "pattern": "\\S", "if": {"type": "object"}, "then": whole}


def _case() -> Schema:
    first: Schema = {
        "properties": {"steps": {"items": [{"anyOf": [{"required": [key]} for key in ("at", "advance")]}]}}
    }
    parts: dict[str, Schema] = {
        "name": {},
        "start": pattern(r"[0-9]{4}[\s\S]+", testfile.BAD_START),
        "given": mapping(explained(testfile.GIVEN_KEYS, glossary.GIVEN, {"state": _states()})),
        "steps": _list("act"),
        "expect": _list("expected"),
        "strict": {"type": "boolean"},
        "notes": {},
    }
    return mapping(explained(testfile.CASE_KEYS, glossary.CASE, parts), allOf=[first])


def _states() -> Schema:
    return {"type": "object", "additionalProperties": {"type": [*SCALAR, "object"], "additionalProperties": _STATED}}


def _length() -> Schema:
    """Return ``70s``; at the start itself a bare 0 will do."""
    zero: Schema = {"if": {"type": "number"}, "then": {"const": 0, "errorMessage": short(testfile.BAD_TIME)}}
    return pattern(DURATION.pattern, testfile.BAD_TIME) | {"type": ["string", "number"]} | zero


def _moment() -> Schema:
    """Return an offset from the start, forwards or back, or a date and time."""
    return pattern(rf"[+-]?{DURATION.pattern}|[0-9]{{4}}[\s\S]+", testfile.BAD_TIME)


# --- steps -----------------------------------------------------------------------------------------------------------


def _act() -> Schema:
    """Return one step: an event with whatever it carries, or one thing that goes wrong."""
    parts = explained([*glossary.STEP], glossary.STEP, {key: {} for key in glossary.STEP})
    some = [{"required": [action]} for action in ("event", *testfile.FAULT_STEPS)]
    alone: Schema = {"allOf": [*map(_alone, testfile.FAULT_STEPS)]}
    return {"type": "object", "properties": parts, "anyOf": some, **given("event", _event(), alone)}


def _event() -> Schema:
    kind: Schema = {"anyOf": [one_of(kind_words()), word()]}
    own: dict[str, Schema] = {"at": _length(), "event": kind, "happened": _moment()}
    return {"properties": own, "additionalProperties": _VALUE}


def _alone(action: str) -> Schema:
    """Return what stands beside one action; the power may come back to a clock that is not trusted."""
    parts: dict[str, Schema] = {"at": _length(), "post": word() if action in _LASTING else {}, action: _acts()[action]}
    if action in _OFF:
        parts["clock_untrusted"] = _acts()["clock_untrusted"]
    body = mapping(explained(parts, glossary.STEP, parts))
    if action == "clock_untrusted":
        off: Schema = {"anyOf": [{"required": [one]} for one in _OFF]}
        return {"if": {"required": [action], "not": off}, "then": body}
    return given(action, body)


def _acts() -> dict[str, Schema]:
    watched = {"kind": word(), "kelurahan": one_or_many(word()), "until": _moment()}
    return {
        **dict.fromkeys((*_OFF, *_LASTING), _length()),
        "clock_step": pattern(rf"[+-]?{DURATION.pattern}", testfile.BAD_TIME),
        "clock_untrusted": {"type": "boolean"},
        "duplicate": {"type": "integer", "minimum": 0, "maximum": testfile.MAX_DUPLICATES},
        "reload": {},
        "set_state": _states(),
        "watch": mapping(explained(testfile.WATCH_KEYS, glossary.WATCH, watched), ["kind"]),
    }


# --- expect ----------------------------------------------------------------------------------------------------------


def _expected() -> Schema:
    parts: dict[str, Schema] = {"at": _length(), **dict.fromkeys(SORTS, word())}
    described = explained(["at", *SORTS], glossary.EXPECT, parts)
    return {"type": "object", "properties": described, "required": ["at"], **either(SORTS)}
