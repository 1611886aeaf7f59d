"""post.yaml, precinct.yaml and site.yaml as JSON Schema for editors: made from the models that read them.

A schema is never stricter than its model. So a number in quotes is taken where pydantic takes it, and a section of
site.yaml with nothing below it has had all its lines commented out.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from dispatcher.domain.schema import Schema, described, document, pattern
from dispatcher.domain.site import ROLES
from dispatcher.rules.schema.values import kind, no_slip
from dispatcher.settings.glossary import DEVICE_SETTINGS, WORDS
from dispatcher.settings.sitefile import DeviceLine, SiteFile
from dispatcher.settings.station import PostSettings, PrecinctSettings
from dispatcher.settings.units import BAD_NUMBER

_SAID = ("title", "default", "format", "description")
_QUOTED = pattern(r"\s*[-+]?[0-9][0-9_]*(\.[0-9]*)?([eE][-+]?[0-9]+)?\s*", BAD_NUMBER)


def post_file() -> Schema:
    """Return the schema of post.yaml."""
    return _of("Kentongan: post.yaml", PostSettings)


def precinct_file() -> Schema:
    """Return the schema of precinct.yaml."""
    return _of("Kentongan: precinct.yaml", PrecinctSettings)


def site_file() -> Schema:
    """Return the schema of site.yaml."""
    whole = _of("Kentongan: site.yaml", SiteFile, empty_lists=True)
    lines = whole["definitions"]["DeviceLine"]
    lines["properties"]["role"] |= {"enum": sorted(ROLES)}
    lines["properties"] |= {key: described({}, text) for key, text in DEVICE_SETTINGS.items()}
    lines["propertyNames"] = no_slip(DeviceLine.model_fields)
    whole["properties"]["timezone"] |= {"examples": ["Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"]}
    whole["properties"]["max_lateness"] |= {"type": ["object", "null"], "propertyNames": kind()}
    return whole


def _of(title: str, model: type[BaseModel], *, empty_lists: bool = False) -> Schema:
    made = model.model_json_schema()
    inner = {name: _explained(name, _plain(body, empty_lists)) for name, body in made.pop("$defs", {}).items()}
    return document(title, _explained(model.__name__, _plain(made, empty_lists)), inner)


def _explained(model: str, body: Schema) -> Schema:
    """Return the schema of a model with a sentence for every key. Raises KeyError for a key without one."""
    parts: Mapping[str, Schema] = body.get("properties", {})
    return {**body, "properties": {key: described(part, WORDS[f"{model}.{key}"]) for key, part in parts.items()}}


def _plain(node: Any, empty_lists: bool) -> Any:
    """Return pydantic's schema as draft-07, without what it says to programmers, and as lenient as its model."""
    if isinstance(node, list):
        return [_plain(item, empty_lists) for item in node]
    if not isinstance(node, dict):
        return node.replace("#/$defs/", "#/definitions/") if isinstance(node, str) else node
    kept = {key: _plain(value, empty_lists) for key, value in node.items() if not _is_said(key, value)}
    match kept.get("type"):
        case "integer" | "number" as sort:
            return {**_QUOTED, **kept, "type": [sort, "string"]}
        case "array" if empty_lists:
            return {**kept, "type": ["array", "null"]}
    return kept


def _is_said(key: str, value: object) -> bool:
    return key == "default" or (key in _SAID and isinstance(value, str))
