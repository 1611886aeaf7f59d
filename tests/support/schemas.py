"""Files beside their schemas: what `check` says of a text, what its schema says, and small damages to a good text."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError

from dispatcher.cli.schema import SCHEMAS
from dispatcher.cli.timeline.load import load
from dispatcher.devices import parse_profiles
from dispatcher.domain.faults import Fault, FaultsFound
from dispatcher.domain.tree import Mapping, Node, plain
from dispatcher.rules.parse import parse_ruleset
from dispatcher.settings.sitefile import parse_site
from dispatcher.settings.station import PostSettings, PrecinctSettings
from dispatcher.settings.validate import validate
from dispatcher.settings.yamlfile import read_text

Path_ = tuple[str | int, ...]
TOP = {"profile": "devices", "tests": "test", "rules": "rules", "timezone": "site", "post": "post"}
DAMAGES: tuple[Any, ...] = (None, True, 7, 1.5, "zzz", [], {}, [7], ["zzz"], {"zzz": 1}, [{"zzz": 1}])


@cache
def validator(sort: str) -> Draft7Validator:
    """Return the validator of one sort of files."""
    return Draft7Validator(SCHEMAS[sort]())


def underlined(sort: str, value: Any) -> list[str]:
    """Return what a schema has against a value: where, and what."""
    return [_told(error) for error in validator(sort).iter_errors(value)]


def _told(error: ValidationError) -> str:
    return f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}"


def sort_of(node: Node) -> str:
    """Return which schema is for a file."""
    keys = set(node.keys()) if isinstance(node, Mapping) else set()
    if "broker" in keys:
        return "post" if "post" in keys else "precinct"
    return next(sort for key, sort in TOP.items() if key in keys)


def told(sort: str, value: Any, folder: Path) -> list[Fault]:
    """Return what `check` has against a value. ``folder`` is where a file of tests is put: what it names is there."""
    text = json.dumps(value)
    try:
        return _told_by[sort](read_text(text, "file"), text, folder)
    except FaultsFound as found:
        return [*found.faults]


def _test(_node: Node, text: str, folder: Path) -> list[Fault]:
    path = folder / "damaged.test.yaml"
    path.write_text(text, encoding="utf-8")
    return [*load(path).all_faults]


def _parsed(parse: Callable[[Node], object]) -> Callable[[Node, str, Path], list[Fault]]:
    def faults(node: Node, _text: str, _folder: Path) -> list[Fault]:
        parse(node)  # raises FaultsFound
        return []

    return faults


_told_by: dict[str, Callable[[Node, str, Path], list[Fault]]] = {
    "rules": lambda node, _text, _folder: [*parse_ruleset([node])[1]],
    "test": _test,
    "site": _parsed(parse_site),
    "post": _parsed(lambda node: validate(node, PostSettings)),
    "precinct": _parsed(lambda node: validate(node, PrecinctSettings)),
    "devices": lambda node, _text, _folder: [*parse_profiles([node])[1]],
}


# --- damages ---------------------------------------------------------------------------------------------------------


def values_of(text: str) -> Any:
    """Return a file's content as we read it: times of day and dates are text."""
    return plain(read_text(text, "file"))


def damages(value: Any) -> Iterator[tuple[Path_, Any]]:
    """Yield every place of a value with what may wrongly stand there: a key more, a key less, another sort of thing."""
    for path in paths(value):
        there = at(value, path)
        if isinstance(there, dict):
            yield path, {**there, "zzz": 1}
            yield from ((path, {one: each for one, each in there.items() if one != key}) for key in there)
        yield from ((path, other) for other in DAMAGES if type(other) is not type(there))


def paths(value: Any, here: Path_ = ()) -> Iterator[Path_]:
    """Yield the way to every value inside a value, itself first."""
    yield here
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield from paths(each, (*here, key))


def at(value: Any, path: Path_) -> Any:
    """Return what stands at a path."""
    for step in path:
        value = value[step]
    return value


def damaged(value: Any, path: Path_, new: Any) -> Any:
    """Return a value with something else at a path."""
    if not path:
        return new
    whole = copy.deepcopy(value)
    at(whole, path[:-1])[path[-1]] = new
    return whole
