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

_WORDS = {
    "200": "Done",
    "401": "No or wrong token",
    "404": "No such incident",
    "409": "Somebody else has it, or it is closed: error, message, and the incident as it stands",
    "422": "A field is missing or wrong",
    "503": "Not stored: the disk or the service failed",
}

Line = tuple[str, str, str, Verb | None]


def document(lines: Iterable[Line], *, secured: bool) -> dict[str, Any]:
    """Return the document for the operations as (method, path, summary, verb)."""
    paths: dict[str, dict[str, Any]] = {}
    for method, path, summary, verb in lines:
        paths.setdefault(f"/api/v1{path}", {})[method.lower()] = _operation(path, summary, verb)
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
    parameters = [_parameter("id", "path")] if "{id}" in path else []
    if path == "/incidents":
        parameters = [_parameter("state", "query", enum=["open", "closed", "all"]), _parameter("limit", "query")]
    if path == "/events":
        parameters = [_parameter("observer", "query", enum=["0", "1"])]
    if parameters:
        body["parameters"] = parameters
    if verb is not None:
        schema = {"type": "object", "properties": _ACTION, "required": _REQUIRED.get(verb, ["by"])}
        body["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return body


def _parameter(name: str, where: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": where, "required": where == "path", "schema": {"type": "string", **schema}}


def _responses(path: str, verb: Verb | None) -> dict[str, Any]:
    codes = ["200", "401"]
    if "{id}" in path:
        codes.append("404")
    if verb is not None:
        codes += ["409", "422", "503"]
    found: dict[str, Any] = {code: {"description": _WORDS[code]} for code in codes}
    kind = "text/event-stream" if path == "/events" else "application/json"
    found["200"]["content"] = {kind: {}}
    return found
