"""From a located tree to a typed model, with pydantic; every error keeps its file, line and column."""

import difflib
from collections.abc import Mapping as Mapping_
from dataclasses import replace
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from dispatcher.domain.faults import Fault, FaultsFound, Place, Text
from dispatcher.domain.tree import Mapping, Node, Sequence, place_at, plain

Model = TypeVar("Model", bound=BaseModel)


class Strict(BaseModel):
    """A frozen model that refuses keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


MISSING = Text("{key} wajib ada", "{key} is required")
UNKNOWN = Text("kunci {key} tidak dikenal di sini", "unknown key {key} here")
NEAREST = Text("maksud Anda {nearest}?", "did you mean {nearest}?")
WRONG = Text("{key} salah: {problem}", "{key} is wrong: {problem}")
_PROBLEMS = {
    "string_type": "harus teks / must be text",
    "int_type": "harus bilangan bulat / must be a whole number",
    "int_parsing": "harus bilangan bulat / must be a whole number",
    "float_type": "harus angka / must be a number",
    "float_parsing": "harus angka / must be a number",
    "bool_type": "harus true atau false / must be true or false",
    "list_type": "harus daftar / must be a list",
    "tuple_type": "harus daftar / must be a list",
    "dict_type": "harus kunci: nilai / must be key: value",
    "model_type": "harus kunci: nilai / must be key: value",
}


def validate(node: Node, model: type[Model]) -> Model:
    """Return the tree as a model. Raises FaultsFound with every error in it.

    A key that is nearly a known one is told and read as that one: what stands below it is judged all the same.
    """
    try:
        return model.model_validate(plain(node))
    except ValidationError as error:
        schema = model.model_json_schema()
        listed = error.errors(include_url=False)
        faults = tuple(_fault(node, details, schema) for details in listed)
    slips = {fault.place: str(fault.values["nearest"]) for fault in faults if "nearest" in fault.values}
    if not slips:
        raise FaultsFound(faults)
    told = tuple(fault for fault in faults if fault.place in slips and fault.code == "unknown-key")
    raise FaultsFound((*told, *_faults_of(_mended(node, slips), model)))


def _faults_of(node: Node, model: type[BaseModel]) -> tuple[Fault, ...]:
    try:
        validate(node, model)
    except FaultsFound as found:
        return found.faults
    return ()


def _mended(node: Node, slips: Mapping_[Place, str]) -> Node:
    """Return a tree whose slips in keys are mended; one whose right key is there as well is left out."""
    match node:
        case Mapping(place=place, entries=entries):
            read = {entry.key: entry for entry in entries if entry.place not in slips}
            for entry in entries:
                meant = slips.get(entry.place)
                if meant is not None:
                    read.setdefault(meant, replace(entry, key=meant))
            return Mapping(place, tuple(replace(one, value=_mended(one.value, slips)) for one in read.values()))
        case Sequence(place=place, items=items):
            return Sequence(place, tuple(_mended(item, slips) for item in items))
        case _:
            return node


def _known_keys(schema: dict[str, Any], path: tuple[int | str, ...]) -> frozenset[str]:
    """Return the keys that may stand at ``path``; where the schema does not lead there, those of anywhere."""
    definitions = schema.get("$defs", {})
    here: dict[str, Any] = schema
    for step in path:
        here = here.get("items", {}) if isinstance(step, int) else here.get("properties", {}).get(step, {})
        here = definitions.get(here.get("$ref", "").rpartition("/")[2], here)
    found = here.get("properties") or {key: None for one in definitions.values() for key in one.get("properties", {})}
    return frozenset(found)


def _fault(node: Node, details: ErrorDetails, schema: dict[str, Any]) -> Fault:
    path = details["loc"]
    key = ".".join(str(step) for step in path) or "?"
    place = place_at(node, path)
    match details["type"]:
        case "missing":
            return Fault(place, "missing-key", MISSING, {"key": key})
        case "extra_forbidden":
            return _unknown_key(place, str(path[-1]), _known_keys(schema, path[:-1]))
        case _:
            return Fault(place, "wrong-value", WRONG, {"key": key, "problem": _problem(details)})


def _problem(details: ErrorDetails) -> str:
    known = _PROBLEMS.get(details["type"])
    if known is not None:
        return known
    cause = details.get("ctx", {}).get("error")
    return str(cause) if cause is not None else details["msg"]


def _unknown_key(place: Place, key: str, known: frozenset[str]) -> Fault:
    nearest = difflib.get_close_matches(key, sorted(known), 1, 0.7)
    if not nearest:
        return Fault(place, "unknown-key", UNKNOWN, {"key": key})
    return Fault(place, "unknown-key", UNKNOWN, {"key": key, "nearest": nearest[0]}, NEAREST)
