"""What the program knows, read off the program: the lists that the handbook is held to."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import typer
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from dispatcher.cli.app import app
from dispatcher.settings.sitefile import SiteFile
from dispatcher.settings.station import PostSettings, PrecinctSettings
from dispatcher.telemetry.metrics import PostMetrics
from tests.docs.pages import ROOT

PACKAGE = ROOT / "dispatcher"
REPORTERS = {"fault", "Fault", "unknown", "_refuse", "FaultsFound"}
CODE = re.compile(r"[a-z]+([.-][a-z]+)*")


# --- the command line ------------------------------------------------------------------------------------------------


def commands() -> dict[str, list[str]]:
    """Return every command, and its options."""
    return dict(_commands(typer.main.get_command(app), "kentongan"))


def _commands(command: Any, name: str) -> Iterator[tuple[str, list[str]]]:
    options = [word for each in command.params for word in (*each.opts, *each.secondary_opts) if word.startswith("--")]
    below = getattr(command, "commands", {})
    if not below:
        yield name, [word for word in options if word != "--help"]
    for word, each in below.items():
        yield from _commands(each, f"{name} {word}")


def exit_codes() -> set[int]:
    """Return every exit code that the program names, and the three of a journal's check."""
    found = {0, 1, 2}
    for path in PACKAGE.rglob("*.py"):
        for line in re.findall(r"^[A-Z_, ]+ = ([0-9, ]+)\b", path.read_text(encoding="utf-8"), re.MULTILINE):
            numbers = {int(each) for each in line.split(",") if each.strip()}
            found |= numbers & {64, 74, 75, 78, 130}
    return found


# --- settings --------------------------------------------------------------------------------------------------------

FILES: dict[str, type[BaseModel]] = {"post": PostSettings, "precinct": PrecinctSettings, "site": SiteFile}


@dataclass(frozen=True)
class Key:
    """One key of a file. ``default`` is PydanticUndefined where the key is required."""

    field: FieldInfo
    default: Any


def settings(file: str) -> dict[str, Key]:
    """Return every key of a file that is no heading of others, as a dotted name."""
    return dict(_settings(FILES[file], "", PydanticUndefined))


def _settings(model: type[BaseModel], above: str, whole: Any) -> Iterator[tuple[str, Key]]:
    """Yield the keys of a model; ``whole`` is its default where it may be left out altogether."""
    for key, field in model.model_fields.items():
        own = field.get_default(call_default_factory=True, validated_data={})
        default = getattr(whole, key) if isinstance(whole, BaseModel) else own
        inner = _model_in(field.annotation)
        if inner is None or not inner.model_fields:
            yield above + key, Key(field, default)
        else:
            yield from _settings(inner, f"{above}{key}.", default)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for each in get_args(annotation) if (found := _model_in(each)) is not None), None)


# --- words -----------------------------------------------------------------------------------------------------------


def metrics() -> set[str]:
    """Return the name of every metric of post and precinct, as a scrape shows it."""
    post = {metric.name + ("_total" if metric.type == "counter" else "") for metric in PostMetrics().registry.collect()}
    source = (PACKAGE / "precinct" / "metrics.py").read_text(encoding="utf-8")
    counters = set(re.findall(r': \("(kentongan_\w+)"', source))
    named = set(re.findall(r'"(kentongan_\w+)"', source)) - counters
    return post | named | {f"{name}_total" for name in counters}


def log_events() -> set[str]:
    """Return the name of every log line of the daemons."""
    found: set[str] = set()
    for folder in ("post", "precinct", "telemetry"):
        for path in (PACKAGE / folder).rglob("*.py"):
            source = path.read_text(encoding="utf-8")
            found |= set(
                re.findall(r'(?:\.|\b)(?:info|warning|error|exception|critical|level)\(\s*"([a-z_]+)"', source)
            )
            found |= set(re.findall(r'event = record.getMessage\(\) if ours else "([a-z_]+)"', source))
    return found


def fault_codes() -> set[str]:
    """Return every code that a check of files can report."""
    found: set[str] = set()
    for folder in ("rules", "settings", "cli", "matcher", "devices"):
        for path in (PACKAGE / folder).glob("*.py"):
            found |= _codes_in(path, profile=folder == "devices")
    return found


def note_codes() -> set[str]:
    """Return every code of a note on rules that are legal and most likely a mistake."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in sorted((PACKAGE / "rules").glob("lint*.py"))]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    calls = [node for node in nodes if isinstance(node, ast.Call) and _called(node) == "_note"]
    return {f"lint-{ast.literal_eval(node)}" for call in calls for node in call.args[1:2]}


def _codes_in(path: Path, *, profile: bool) -> set[str]:
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    if profile:
        return {code for call in calls for code in _profile_codes(call)}
    return {
        node.value
        for call in calls
        if _called(call) in REPORTERS
        for node in call.args[1:2]
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value)
    }


def _profile_codes(call: ast.Call) -> Iterator[str]:
    """Yield ``profile.x`` where it is written out, and ``profile.unknown-WORD`` for every closed list."""
    literal = [node.value for node in call.args if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    match _called(call):
        case "Fault":
            yield from (word for word in literal if word.startswith("profile."))
        case "unknown" | "choice" | "_named":
            yield from (f"profile.unknown-{word}" for word in literal[:1])


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
