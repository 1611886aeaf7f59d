"""Regular expressions that cannot run away: ``matches`` is refused if it can backtrack badly.

``re`` tries the ways in which a text can be matched, one after the other. What is counted here is how many ways there
can be for one text of at most 1 KB: a repeat has as many as it has lengths, a sequence the product of its parts. A part
in which the next character always decides what comes next (``determined``) has one way, whatever is nested in it, and
ends at as many places as the text is long.
"""

import re
import re._constants as _sre  # type: ignore[import-not-found]  # the parser of re itself, which typeshed leaves out
import re._parser as _sre_parser  # type: ignore[import-not-found]
from bisect import bisect
from collections.abc import Sequence
from math import inf, prod

from dispatcher.rules.determined import REPEATS, Node, children_of, ends_of

MAX_PATTERN = 1_000
MAX_SUBJECT = 1_024  # characters of a value; a longer one is never matched
MAX_WAYS = 2**22  # two repeats without an end cost n² steps; three would cost n³
_SINGLE = frozenset({_sre.LITERAL, _sre.NOT_LITERAL, _sre.IN, _sre.ANY})


def is_safe(pattern: str) -> bool:
    """Return whether the pattern compiles, and can be tried on any text in bounded time."""
    if len(pattern) > MAX_PATTERN:
        return False
    try:
        parsed = _sre_parser.parse(pattern)
        re.compile(pattern)
        return _ways(list(parsed), bool(parsed.state.flags & re.IGNORECASE)) <= MAX_WAYS
    except (re.error, OverflowError, RecursionError):
        return False


def _ways(nodes: Sequence[Node], ignore_case: bool) -> float:
    """Return how many ways there are to match these, one after the other."""
    ways: float = 1
    while nodes and ways <= MAX_WAYS:
        length = _determined_length(nodes, ignore_case)
        if length:
            ways *= min(MAX_SUBJECT, ends_of(nodes[:length], ignore_case) or 1)
        else:
            ways *= _ways_of(nodes[0], ignore_case)
        nodes = nodes[max(length, 1) :]
    return ways


def _determined_length(nodes: Sequence[Node], ignore_case: bool) -> int:
    """Return how many of the first nodes are determined together; what is, is so without its end as well."""
    return bisect(range(1, len(nodes) + 1), 0, key=lambda length: ends_of(nodes[:length], ignore_case) is None)


def _ways_of(node: Node, ignore_case: bool) -> float:
    if node[0] in REPEATS:
        return _repeated(node, ignore_case)
    if node[0] is _sre.BRANCH:
        return _branched(node, ignore_case)
    if node[0] is _sre.SUBPATTERN:
        ignore_case = ignore_case or bool(node[1][1] & re.IGNORECASE)
    return prod(_ways(list(child), ignore_case) for child in children_of(node))


def _repeated(node: Node, ignore_case: bool) -> float:
    low, high, inner = node[1]
    body = list(inner)
    lengths = min(int(high), MAX_SUBJECT) - min(int(low), MAX_SUBJECT) + 1
    if len(body) == 1 and body[0][0] in _SINGLE:
        return lengths
    if _refers_back(body):
        return inf
    ways = _ways(body, ignore_case)
    if ways == 1 or ends_of([node], ignore_case) is not None:
        return min(MAX_SUBJECT, lengths * ways)
    if int(high) >= MAX_SUBJECT:
        return inf
    return sum(ways**count if count * ways < MAX_SUBJECT else inf for count in range(int(low), int(high) + 1))


def _branched(node: Node, ignore_case: bool) -> float:
    branches = [list(branch) for branch in node[1][1]]
    if not ignore_case and all(all(one[0] is _sre.LITERAL for one in branch) for branch in branches):
        # Of plain words only those can match at one place that begin each other.
        return max(sum(word[: len(other)] == other for other in branches) for word in branches)
    each = [_ways(branch, ignore_case) for branch in branches]
    return max(each) if ends_of([node], ignore_case) is not None else sum(each)


def _refers_back(nodes: Sequence[Node]) -> bool:
    return any(
        operator in (_sre.GROUPREF, _sre.GROUPREF_EXISTS)
        or any(_refers_back(list(child)) for child in children_of((operator, argument)))
        for operator, argument in nodes
    )
