"""What of a rule decides whether its state survives a reload: the meaning as parsed, not the bytes."""

from dataclasses import fields, is_dataclass

from dispatcher.domain.ids import digest
from dispatcher.rules.language import FullRule
from dispatcher.rules.model import AllOf, AnyOf


def fingerprint(rule: FullRule) -> str:
    """Return a digest of what the text lists: when, only_if, throttle, clear_when, suppressed_by and runs_at."""
    parts = (rule.when, rule.only_if, rule.throttle, rule.clear_when, rule.suppressed_by, rule.runs_at.value)
    return digest(*(canonical(part) for part in parts))


def canonical(value: object) -> str:
    """Return one text for equal meanings: the keys of a ``where`` may stand in any order."""
    if isinstance(value, AllOf | AnyOf):
        return f"{type(value).__name__}{sorted(canonical(part) for part in value.parts)}"
    if isinstance(value, tuple):
        return f"({','.join(canonical(part) for part in value)})"
    if is_dataclass(value) and not isinstance(value, type):
        inner = (f"{one.name}={canonical(getattr(value, one.name))}" for one in fields(value) if one.repr)
        return f"{type(value).__name__}({','.join(inner)})"
    return repr(value)
