"""Small pieces of YAML, written as a technician would."""

import json
import re

# Words, durations, dates: what needs no quotes, in braces or out of them.
_PLAIN = re.compile(r"[A-Za-z](?:[A-Za-z0-9_. -]*[A-Za-z0-9_])?|[0-9]{1,12}(?:ms|s|m|h|d)|[0-9]{4}-[0-9-]+T[0-9:.]+")
_WORDS = frozenset({"true", "false", "null"})


def scalar(value: object) -> str:
    """Return a value on one line; text in quotes where it would be read as something else."""
    if isinstance(value, str):
        plain = _PLAIN.fullmatch(value) and value.lower() not in _WORDS
        return value if plain else json.dumps(value, ensure_ascii=False)
    return json.dumps(value)


def flow(value: object) -> str:
    """Return a mapping, a list or a value in braces."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    return scalar(value)


def duration(milliseconds: int) -> str:
    """Return ``10m``, ``90s``, ``1500ms``: the largest unit that fits."""
    for unit, length in (("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if milliseconds and milliseconds % length == 0:
            return f"{milliseconds // length}{unit}"
    return f"{milliseconds}ms" if milliseconds else "0s"
