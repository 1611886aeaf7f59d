"""Whether a regular expression leaves ``re`` no choice: the next character always decides what comes next.

That is Glushkov's automaton being deterministic (A. Brueggemann-Klein, "Regular expressions into finite automata",
1993). A doubtful one counts as undetermined. Characters are judged by samples: all of Latin, what the pattern itself
names, and a few of other alphabets.
"""

import re._constants as _sre  # type: ignore[import-not-found]  # the parser of re itself, which typeshed leaves out
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any

MAX_POSITIONS = 200
_LATIN = 0x180
_ELSEWHERE = ("\u03c9", "\u044f", "\u0663", "\u4e2d", "\U0001f600", "\u2028")
REPEATS = frozenset({_sre.MAX_REPEAT, _sre.MIN_REPEAT, _sre.POSSESSIVE_REPEAT})
_CLASSES: dict[Any, Callable[[str], bool]] = {
    _sre.CATEGORY_DIGIT: str.isdecimal,
    _sre.CATEGORY_NOT_DIGIT: lambda char: not char.isdecimal(),
    _sre.CATEGORY_SPACE: str.isspace,
    _sre.CATEGORY_NOT_SPACE: lambda char: not char.isspace(),
    _sre.CATEGORY_WORD: lambda char: char.isalnum() or char == "_",
    _sre.CATEGORY_NOT_WORD: lambda char: not (char.isalnum() or char == "_"),
}

Node = tuple[Any, Any]
Chars = frozenset[str]


def ends_of(nodes: Sequence[Node], ignore_case: bool) -> float | None:
    """Return at how many places of one text ``nodes``, which follow each other, can end: inf where they have no bound.

    None where the next character does not always decide what comes next.
    """
    try:
        automaton = _Automaton(_samples(nodes), ignore_case)
        whole = automaton.sequence(nodes)
    except _Doubt:
        return None
    if not all(automaton.is_apart(places) for places in (whole.first, *automaton.follow)):
        return None
    return inf if automaton.is_endless() else whole.empty + len(whole.last)


class _Doubt(Exception):
    """Something that is not judged here; raised and caught within this file."""


@dataclass(slots=True)
class _Part:
    """A part of the expression: may it be empty, and which positions begin and end it."""

    empty: bool = True
    first: list[int] = field(default_factory=list)
    last: list[int] = field(default_factory=list)


class _Automaton:
    """Positions are single characters of the expression; ``follow`` says which may come after each."""

    def __init__(self, samples: Chars, ignore_case: bool) -> None:
        self._samples = samples
        self._ignore_case = ignore_case
        self._chars: list[Chars] = []
        self._known: dict[int, Chars] = {}
        self.follow: list[list[int]] = []

    def is_apart(self, places: list[int]) -> bool:
        """Return whether no character fits two of these positions."""
        seen: set[str] = set()
        for place in places:
            if seen & self._chars[place]:
                return False
            seen |= self._chars[place]
        return True

    def is_endless(self) -> bool:
        """Return whether a position can come again: later ones have higher numbers, but for the loops."""
        return any(after <= place for place, places in enumerate(self.follow) for after in places)

    def sequence(self, nodes: Iterable[Node]) -> _Part:
        """Add parts that follow each other."""
        whole = _Part()
        for node in nodes:
            whole = self._then(whole, self._part(node))
        return whole

    def _then(self, left: _Part, right: _Part) -> _Part:
        self._join(left.last, right.first)
        return _Part(
            left.empty and right.empty,
            [*left.first, *right.first] if left.empty else left.first,
            [*left.last, *right.last] if right.empty else right.last,
        )

    def _join(self, before: list[int], after: list[int]) -> None:
        for place in before:
            self.follow[place] += after

    def _part(self, node: Node) -> _Part:
        operator, argument = node
        if operator is _sre.SUBPATTERN:
            _, add, remove, inner = argument
            if add or remove:
                raise _Doubt
            return self.sequence(inner)
        if operator is _sre.BRANCH:
            return self._branch(argument[1])
        if operator in REPEATS:
            return self._repeat(*argument)
        return _Part() if operator is _sre.AT else self._position(node)

    def _branch(self, branches: Iterable[Any]) -> _Part:
        parts = [self.sequence(branch) for branch in branches]
        first = [place for part in parts for place in part.first]
        last = [place for part in parts for place in part.last]
        if sum(part.empty for part in parts) > 1:
            raise _Doubt
        return _Part(any(part.empty for part in parts), first, last)

    def _repeat(self, low: Any, high: Any, inner: Any) -> _Part:
        endless = high is _sre.MAXREPEAT
        times = max(int(low), 1) if endless else int(high)
        if times > MAX_POSITIONS:
            raise _Doubt
        whole = _Part()
        tails: list[int] = []
        for count in range(1, times + 1):
            part = self.sequence(inner)
            if part.empty and (int(low) == 0 or int(high) > 1):  # two ways to match nothing
                raise _Doubt
            if endless and count == times:
                self._join(part.last, part.first)
            if count > int(low):  # from here on it may end before
                tails += whole.last
            begins = whole.first if count > 1 else part.first
            self._join(whole.last, part.first)
            whole = _Part(False, begins, part.last)
        return _Part(int(low) == 0 or times == 0, whole.first, [*dict.fromkeys([*tails, *whole.last])])

    def _position(self, node: Node) -> _Part:
        if len(self._chars) >= MAX_POSITIONS:
            raise _Doubt
        self._chars.append(self._fitting(node))
        self.follow.append([])
        place = len(self._chars) - 1
        return _Part(False, [place], [place])

    def _fitting(self, node: Node) -> Chars:
        """Return the samples that fit, from memory where a repeat writes a node out many times."""
        known = self._known.get(id(node))
        if known is None:
            operator, argument = node
            plain = operator is _sre.LITERAL
            known = frozenset({chr(argument)} if plain else {char for char in self._samples if _fits(node, char)})
            if self._ignore_case:
                known |= {other for char in known for other in (char.lower(), char.upper())}
            self._known[id(node)] = known
        return known


def _fits(node: Node, char: str) -> bool:
    operator, argument = node
    if operator is _sre.LITERAL:
        return bool(ord(char) == argument)
    if operator is _sre.NOT_LITERAL:
        return bool(ord(char) != argument)
    if operator is _sre.ANY:
        return True
    if operator is _sre.RANGE:
        return bool(argument[0] <= ord(char) <= argument[1])
    if operator is _sre.CATEGORY and argument in _CLASSES:
        return _CLASSES[argument](char)
    if operator is _sre.IN:
        negated = argument[0][0] is _sre.NEGATE
        return bool(negated) is not any(_fits(part, char) for part in argument[negated:])
    raise _Doubt


def _samples(nodes: Iterable[Node]) -> Chars:
    named = {chr(code) for code in _codes(nodes)}
    cases = {other for char in named for other in (char.lower(), char.upper()) if len(other) == 1}
    return frozenset({*map(chr, range(_LATIN)), *_ELSEWHERE, *named, *cases})


def _codes(nodes: Any) -> Iterable[int]:
    """Yield the characters that an expression names. Raises _Doubt for ranges beyond Latin."""
    for node in nodes:
        operator, argument = node
        if operator in (_sre.LITERAL, _sre.NOT_LITERAL):
            yield argument
        elif operator is _sre.RANGE and argument[1] >= _LATIN:
            raise _Doubt
        elif operator is _sre.IN:
            yield from _codes(argument)
        for child in children_of(node):
            yield from _codes(child)


def children_of(node: Node) -> list[Any]:
    """Return the parts of a node that are patterns themselves."""
    operator, argument = node
    if operator in REPEATS:
        return [argument[2]]
    if operator is _sre.BRANCH:
        return list(argument[1])
    if operator is _sre.SUBPATTERN:
        return [argument[-1]]
    if operator in (_sre.ASSERT, _sre.ASSERT_NOT):
        return [argument[1]]
    if operator is _sre.GROUPREF_EXISTS:
        return [part for part in argument[1:] if part is not None]
    return [argument] if operator is _sre.ATOMIC_GROUP else []
