"""A device profile as JSON Schema for editors: made from the parser's own lists of keys.

As in a profile, a null is a missing key, and true, false and numbers may stand for the words that JSON writes so.
"""

from collections.abc import Iterable, Mapping

from dispatcher.devices import glossary, parse
from dispatcher.devices.model import Retained, Shape
from dispatcher.devices.parse_commands import COMMAND_KEYS, SEND_KEYS
from dispatcher.domain.catalogue import KINDS
from dispatcher.domain.schema import SCALAR, Schema, described, document, mapping, ref

_WORDS: Schema = {"type": [*SCALAR, "array", "null"], "items": {"type": list(SCALAR)}}
_TEXT: Schema = {"type": ["string", "null"]}
_FLAG: Schema = {"type": ["boolean", "null"]}
_NUMBER: Schema = {"type": ["number", "null"]}
_BIT: Schema = {"type": ["integer", "null"], "minimum": 0, "maximum": 63}
_OPEN: Schema = {"type": ["object", "null"], "additionalProperties": {"type": list(SCALAR)}}
_ANYTHING: Schema = {}
_KIND: Schema = {
    "anyOf": [
        {"enum": [name for name, kind in KINDS.items() if kind.from_device]},
        {"type": "string", "pattern": "^report\\."},
    ]
}


def profile_file() -> Schema:
    """Return the schema of a device profile."""
    parts: dict[str, Schema] = {
        "profile": {"type": "string"},
        "name": _ANYTHING,
        "notes": _ANYTHING,
        "trust": _choice(parse.TRUSTS),
        **dict.fromkeys(("subscribe", "press_topics", "redact"), _WORDS),
        "grammars": _named(_block(parse.GRAMMAR_KEYS, glossary.GRAMMAR, dict.fromkeys(parse.GRAMMAR_KEYS, _WORDS))),
        "readings": _named(ref("readings")),
        "messages": _list(_message()),
        "commands": _list(_command()),
    }
    body = _block(parse.PROFILE_KEYS, glossary.PROFILE, parts, ["profile"])
    return document("Kentongan: devices/*.yaml", body, {"kind": _KIND, "readings": _readings()})


def _block(keys: Iterable[str], words: glossary.Words, parts: Mapping[str, Schema], need: Iterable[str] = ()) -> Schema:
    """Return a mapping of the parser's keys, each explained. Raises KeyError for one that is not."""
    return mapping({key: described(parts[key], words[key]) for key in keys}, need)


def _list(item: Schema) -> Schema:
    return {"type": ["array", "null"], "items": item}


def _named(item: Schema) -> Schema:
    return {"type": ["object", "null"], "additionalProperties": item}


def _choice(words: Iterable[str]) -> Schema:
    return {"enum": [*words, None]}


def _readings() -> Schema:
    patterns = dict.fromkeys(("field", "alarm", "normal", "models", "is", "name"), _WORDS)
    field = {"type": [*SCALAR, "array"], "items": {"type": list(SCALAR)}}
    common: dict[str, Schema] = {**patterns, "field": field, "bit": _BIT, "grammar": _TEXT}
    level: dict[str, Schema] = {
        **common,
        "kind": ref("kind"),
        "attrs": _OPEN,
        "clear": {"anyOf": [ref("kind"), {"type": "null"}]},
        "clear_first": _FLAG,
    }
    said = {
        "anyOf": [
            ref("kind"),
            _block(glossary.EFFECT, glossary.EFFECT, {"kind": ref("kind"), "attrs": _OPEN}, ["kind"]),
        ]
    }
    words = {**common, "kinds": _named(said), "button_field": _TEXT}
    battery = {**common, "unit": _choice(parse.UNITS), "low_below": _NUMBER}
    inputs = {**common, "by_role": _FLAG, "each": _FLAG}
    parts: dict[str, Schema] = {
        "levels": _list(_block(parse.LEVEL_KEYS, glossary.LEVEL, level, ["field", "kind"])),
        "words": _list(_block(parse.WORDS_KEYS, glossary.WORDS, words, ["field"])),
        "battery": _list(_block(parse.BATTERY_KEYS, glossary.BATTERY, battery, ["field"])),
        "inputs": _list(_block(parse.INPUT_KEYS, glossary.INPUT, inputs, ["field"])),
        "codes": _list(_block(parse.CODE_KEYS, glossary.CODE, {**common, "prefix": _TEXT}, ["field"])),
        "unless": _list(_block(parse.UNLESS_KEYS, glossary.UNLESS, common, ["field"])),
        "alive": _FLAG,
    }
    return _block(parse.READINGS_KEYS, glossary.READINGS, parts)


def _message() -> Schema:
    part = {"at": _WORDS, "device_field": _TEXT, "use": {"type": "string"}}
    parts: dict[str, Schema] = {
        "topics": {"type": [*SCALAR, "array"], "items": {"type": list(SCALAR)}},
        "payload": _choice(map(str, Shape)),
        "wrap": _WORDS,
        "device": _TEXT,
        "retained": _choice(map(str, Retained)),
        "use": _TEXT,
        "parts": _list(_block(parse.PART_KEYS, glossary.PART, part, ["use"])),
        "ignore": _FLAG,
    }
    said: Schema = {"properties": {"use": {"type": "string"}}, "required": ["use"]}
    several: Schema = {"properties": {"parts": {"type": "array", "minItems": 1}}, "required": ["parts"]}
    passed: Schema = {"properties": {"ignore": {"const": True}}, "required": ["ignore"]}
    return _block(parse.MESSAGE_KEYS, glossary.MESSAGE, parts, ["topics"]) | {"anyOf": [said, several, passed]}


def _command() -> Schema:
    send: dict[str, Schema] = {"topic": {"type": "string"}, "text": _TEXT, "json": _ANYTHING}
    parts: dict[str, Schema] = {
        **dict.fromkeys(("for", "models", "needs"), _WORDS),
        "unknown_model": _FLAG,
        "where": _named(_WORDS),
        "defaults": _OPEN,
        "limits": _OPEN,
        "maps": _named({"type": "object", "additionalProperties": {"type": ["object", "null"]}}),
        "send": {"type": "array", "items": _block(SEND_KEYS, glossary.SEND, send, ["topic"])},
    }
    return _block(COMMAND_KEYS, glossary.COMMAND, parts, ["for", "send"])
