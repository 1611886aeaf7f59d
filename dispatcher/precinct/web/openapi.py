"""The OpenAPI 3.1 document, made from the table of operations so that it cannot fall behind it."""

from collections.abc import Iterable
from typing import Any

from dispatcher import __version__
from dispatcher.precinct.model import DISPOSITIONS
from dispatcher.precinct.standing import Verb

_REQUIRED = {Verb.CLOSE: ["by", "disposition"], Verb.NOTE: ["by", "text"]}

_ACTION = {
    "by": {"type": "string", "maxLength": 32, "description": "Badge or role id, never a name"},
    "rev": {"type": "integer", "minimum": 1, "description": "The revision that was on the screen; default: the latest"},
    "unit": {"type": "string", "maxLength": 32},
    "disposition": {"enum": list(DISPOSITIONS)},
    "text": {"type": "string", "maxLength": 500},
}

_BY = _ACTION["by"]
_PLACE = {"type": "string", "maxLength": 64, "description": "A kelurahan of site.yaml; without it: all of them"}
_WATCHES = {
    "/watches": {
        "kind": {"type": "string", "maxLength": 64, "description": "What to look out for, e.g. tawuran"},
        "kelurahan": _PLACE,
        "until": {"type": "string", "format": "date-time", "description": "Without it: until it is closed"},
        "by": _BY,
    },
    "/watches/{kind}/close": {"kelurahan": _PLACE, "by": _BY},
}

_WORDS = {
    "200": "Done",
    "401": "No or wrong token",
    "404": "No such incident or watch",
    "409": "Somebody else has it, or it is closed: error, message, and the incident as it stands",
    "422": "A field is missing or wrong",
    "503": "Not stored: the disk or the service failed",
}

Line = tuple[str, str, str, Verb | None]


def document(lines: Iterable[Line], *, secured: bool) -> dict[str, Any]:
    """Return the document for the operations as (method, path, summary, verb)."""
    paths: dict[str, dict[str, Any]] = {}
    for method, path, summary, verb in lines:
        operation = _operation(path, summary, verb)
        paths.setdefault(f"/api/v1{path}", {})[method.lower()] = operation
        if method == "POST" and path in _WATCHES:
            required = ["kind", "by"] if path == "/watches" else ["by"]
            operation["requestBody"] = _asking(_WATCHES[path], required)
            operation["responses"] |= {code: {"description": _WORDS[code]} for code in ("422", "503")}
    found: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "Kentongan precinct", "version": __version__},
        "paths": paths,
    }
    if secured:
        found["components"] = {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}}
        found["security"] = [{"token": []}]
    return found


def _operation(path: str, summary: str, verb: Verb | None) -> dict[str, Any]:
    body: dict[str, Any] = {"summary": summary, "responses": _responses(path, verb)}
    parameters = [_parameter(name, "path") for name in ("id", "kind") if f"{{{name}}}" in path]
    if path == "/incidents":
        parameters = [_parameter("state", "query", enum=["open", "closed", "all"]), _parameter("limit", "query")]
    if path == "/events":
        parameters = [_parameter("observer", "query", enum=["0", "1"])]
    if parameters:
        body["parameters"] = parameters
    if verb is not None:
        body["requestBody"] = _asking(_ACTION, _REQUIRED.get(verb, ["by"]))
    return body


def _asking(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "required": required}
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _parameter(name: str, where: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": where, "required": where == "path", "schema": {"type": "string", **schema}}


def _responses(path: str, verb: Verb | None) -> dict[str, Any]:
    codes = ["200", "401"]
    if "{" in path:
        codes.append("404")
    if verb is not None:
        codes += ["409", "422", "503"]
    found: dict[str, Any] = {code: {"description": _WORDS[code]} for code in codes}
    kind = "text/event-stream" if path == "/events" else "application/json"
    found["200"]["content"] = {kind: {}}
    return found
