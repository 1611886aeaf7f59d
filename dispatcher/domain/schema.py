"""Pieces of JSON Schema (draft-07, which editors' YAML servers understand best), said once for every sort of file.

``description`` and ``markdownEnumDescriptions`` are what an editor shows on hovering, both languages, Indonesian first;
``patternErrorMessage`` is its sentence under a value that does not fit. Other readers pass over words they do not know.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from dispatcher.domain.faults import Text

Schema = dict[str, Any]

DRAFT = "http://json-schema.org/draft-07/schema#"
SCALAR = ("string", "number", "boolean")


def both(text: Text) -> str:
    """Return a sentence in both languages, one paragraph each; once where they are the same."""
    return text.id if text.id == text.en else f"{text.id}\n\n{text.en}"


def short(text: Text) -> str:
    """Return a sentence in both languages on one line, without what was found: an editor shows that itself."""
    said = [_FOUND.sub("", one) for one in (text.id, text.en)]
    return " / ".join(dict.fromkeys(said))


_FOUND = re.compile(r"(, (bukan|not)|:) \{(found|key)\}$")


def described(schema: Schema, text: Text) -> Schema:
    """Return a schema with what its key means."""
    return {**schema, "description": both(text)}


def word() -> Schema:
    """Return a text with something in it."""
    return {"type": "string", "pattern": "\\S"}


def pattern(regex: str, text: Text) -> Schema:
    """Return a text of which the whole must match; ``text`` is said where it does not."""
    return {"type": "string", "pattern": f"^(?:{regex})$", "patternErrorMessage": short(text)}


def scalar() -> Schema:
    """Return a word, a number or true/false."""
    return {"type": list(SCALAR)}


def one_of(words: Mapping[str, Text], otherwise: Text | None = None) -> Schema:
    """Return a closed list of words, each explained; ``otherwise`` is said where the value is none of them."""
    listed: Schema = {"enum": list(words), "markdownEnumDescriptions": [short(text) for text in words.values()]}
    return listed if otherwise is None else listed | {"errorMessage": short(otherwise)}


def one_or_many(schema: Schema, *, least: int = 0) -> Schema:
    """Return one such value or a list of them."""
    many: Schema = {"type": "array", "items": schema}
    return {"anyOf": [schema, many | {"minItems": least} if least else many]}


def mapping(properties: Mapping[str, Schema], required: Iterable[str] = (), **more: Any) -> Schema:
    """Return a mapping whose keys are a closed list."""
    needed = list(required)
    whole: Schema = {"type": "object", "additionalProperties": False, "properties": dict(properties), **more}
    return whole | {"required": needed} if needed else whole


def either(keys: Iterable[str]) -> Schema:
    """Return a condition: exactly one of these keys is there."""
    names = list(keys)
    some: Schema = {"anyOf": [{"required": [key]} for key in names]}
    others = {key: [other for other in names if other != key] for key in names}
    return {"allOf": [some, *(given(key, {"properties": dict.fromkeys(others[key], False)}) for key in names)]}


def never(condition: Schema, instead: Any, text: Text) -> Schema:
    """Return a condition that refuses what meets another; ``text`` is said, and ``instead`` offered."""
    return {"if": condition, "then": {"const": instead, "errorMessage": short(text)}}


def has(value: str) -> Schema:
    """Return a condition: a word that is this, or a list with it."""
    return {"anyOf": [{"const": value}, {"type": "array", "contains": {"const": value}}]}


def given(key: str, then: Schema, otherwise: Schema | None = None) -> Schema:
    """Return a condition that holds for a mapping with this key, and another for one without it."""
    condition: Schema = {"if": {"required": [key]}, "then": then}
    return condition if otherwise is None else condition | {"else": otherwise}


def document(title: str, body: Schema, definitions: Mapping[str, Schema]) -> Schema:
    """Return a whole schema."""
    return {"$schema": DRAFT, "title": title, **body, "definitions": dict(definitions)}


def ref(name: str) -> Schema:
    """Return a reference to a definition. Draft-07 passes over whatever stands beside it."""
    return {"$ref": f"#/definitions/{name}"}
