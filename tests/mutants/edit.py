"""Changing the source of a function in this process, and nowhere else."""

import inspect
import sys
from dataclasses import dataclass
from importlib import import_module
from types import FunctionType, ModuleType
from typing import Any


class Stale(Exception):
    """The text that a mutant wants to change is not in the code any more, or more than once."""


@dataclass(frozen=True, slots=True)
class Edit:
    """In ``where`` ("module:function" or "module:Class.method") the text ``old`` becomes ``new``."""

    where: str
    old: str
    new: str


def apply(edit: Edit) -> None:
    """Make the edit in this process. Raises Stale."""
    module, owner, name = _find(edit)
    original = inspect.getattr_static(owner, name)
    made: dict[str, Any] = {}
    exec(compile(mutated(edit), f"<mutant of {edit.where}>", "exec"), module.__dict__, made)
    setattr(owner, name, made[name])
    if owner is module:
        _replace_everywhere(original, made[name])


def mutated(edit: Edit) -> str:
    """Return the changed source of the function. Raises Stale."""
    _, owner, name = _find(edit)
    source = inspect.getsource(_plain(inspect.getattr_static(owner, name)))
    if source.count(edit.old) != 1:
        raise Stale(f"{edit.where}: {edit.old!r} occurs {source.count(edit.old)} times")
    return ("if True:\n" if source[0] == " " else "") + source.replace(edit.old, edit.new)


def _find(edit: Edit) -> tuple[ModuleType, Any, str]:
    module_name, _, path = edit.where.partition(":")
    module = import_module(module_name)
    *owners, name = path.split(".")
    owner: Any = module
    for each in owners:
        owner = getattr(owner, each)
    return module, owner, name


def _plain(found: Any) -> Any:
    if isinstance(found, property):
        return found.fget
    return getattr(found, "__func__", found)


def _replace_everywhere(original: FunctionType, mutant: FunctionType) -> None:
    """Let every module that imported the function by name have the mutant."""
    for module in list(sys.modules.values()):
        if getattr(module, "__name__", "").startswith(("dispatcher", "tests")):
            for name, value in list(vars(module).items()):
                if value is original:
                    setattr(module, name, mutant)
