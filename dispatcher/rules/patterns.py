"""Regular expressions that cannot run away: ``matches`` is refused if it can backtrack badly."""

import re
import re._constants as _sre  # type: ignore[import-not-found]  # the parser of re itself, which typeshed leaves out
import re._parser as _sre_parser  # type: ignore[import-not-found]
from collections.abc import Iterator
from typing import Any

MAX_PATTERN = 200
MAX_UNBOUNDED = 2  # two unbounded repeats cost n² steps on a value of at most 1 KB; three would cost n³
_UNBOUNDED = 64  # a repeat that may go beyond this counts as unbounded
_REFUSED = {_sre.GROUPREF, _sre.GROUPREF_EXISTS, _sre.ASSERT, _sre.ASSERT_NOT}
_REPEATS = {_sre.MAX_REPEAT, _sre.MIN_REPEAT}


def is_safe(pattern: str) -> bool:
    """Return whether the pattern compiles and is free of nested repeats, back references and look-arounds."""
    if len(pattern) > MAX_PATTERN:
        return False
    try:
        parsed = _sre_parser.parse(pattern)
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return False
    nodes = list(_walk(parsed, in_repeat=False))
    return all(fine for fine, _ in nodes) and sum(unbounded for _, unbounded in nodes) <= MAX_UNBOUNDED


def _walk(parsed: Any, in_repeat: bool) -> Iterator[tuple[bool, bool]]:
    """Yield (is allowed, is an unbounded repeat) for every node."""
    for operator, argument in parsed:
        repeats = operator in _REPEATS
        yield operator not in _REFUSED and not (repeats and in_repeat), repeats and int(argument[1]) > _UNBOUNDED
        # An alternation inside a repeat can match one text in many ways, as a nested repeat can.
        if operator is _sre.BRANCH and in_repeat:
            yield False, False
        for child in _children(operator, argument):
            yield from _walk(child, in_repeat or (repeats and int(argument[1]) > 1))


def _children(operator: Any, argument: Any) -> Iterator[Any]:
    if operator in _REPEATS:
        yield argument[2]
    elif operator is _sre.SUBPATTERN:
        yield argument[-1]
    elif operator is _sre.BRANCH:
        yield from argument[1]
    elif operator is getattr(_sre, "ATOMIC_GROUP", None):
        yield argument
