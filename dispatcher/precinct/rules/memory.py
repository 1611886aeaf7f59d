"""The engine's state in parts, one for each rule: only what changed is written again."""

import json
from collections.abc import Iterable, Mapping

from dispatcher.domain.stamp import Stamp
from dispatcher.rules.engine.state import EngineState, from_plain, to_plain

HEAD = ""  # the part that holds everything but the rules, and the stamp


def split(state: EngineState, at: Stamp) -> dict[str, bytes]:
    """Return the state as of ``at`` in parts: the head, and one by the id of each rule."""
    plain = to_plain(state)
    rules = plain.pop("rules", {})
    head = {"at": [at.run_ms, at.wall_ms], "rules": list(rules), "state": plain}
    return {HEAD: _dump(head), **{name: _dump(one) for name, one in rules.items()}}


def _dump(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")


def stamp_of(parts: Mapping[str, bytes]) -> Stamp | None:
    """Return the instant that the parts are of, None where there are none that can be read."""
    try:
        run, wall = json.loads(parts[HEAD])["at"]
        return Stamp(int(run), int(wall), trusted=True)
    except (KeyError, ValueError, TypeError):
        return None


def join(parts: Mapping[str, bytes]) -> EngineState:
    """Return the state of the parts. Raises ValueError where they are none."""
    try:
        head = json.loads(parts[HEAD])
        rules = {name: json.loads(parts[name]) for name in head["rules"]}
        return from_plain({**head["state"], "rules": rules})
    except (KeyError, TypeError) as error:
        raise ValueError(repr(error)) from error


class Changed:
    """Remembers what was handed over last, to tell what changed since."""

    def __init__(self, parts: Mapping[str, bytes]) -> None:
        self._known = dict(parts)

    def take(self, parts: Mapping[str, bytes]) -> tuple[dict[str, bytes], tuple[str, ...]]:
        """Return the parts that differ from those taken before, and the names of those that are no more."""
        changed = {name: body for name, body in parts.items() if self._known.get(name) != body}
        gone = _without(self._known, parts)
        self._known = dict(parts)
        return changed, gone


def _without(names: Iterable[str], others: Mapping[str, bytes]) -> tuple[str, ...]:
    return tuple(name for name in names if name not in others)
