"""Clauses and events to try a matcher on: seeded, hostile, and close enough to each other that many match."""

import random
from collections.abc import Mapping
from typing import Any, cast

from dispatcher.domain.events import EVENT_FIELDS, Event, Value
from dispatcher.domain.stamp import Stamp
from dispatcher.rules.model import AllOf, AnyOf, Clause, Compare, Condition, FieldRef, Not, Operand, Operator

KINDS = ("motion", "door.open", "report.tawuran", "report.fire", "reading.temperature")
KIND_WORDS = (*KINDS, "report.*", "reading.*", "door.*", "nothing.like.it")
FIELDS = (
    "value",
    "zone",
    "device",
    "post",
    "trust",
    "flag",
    "text",
    "battery",
    "a.b",
    "sid",
    "$s",
    "costarring",
    "liquid",
)
REGEXES = ("zone-.*", "[a-z]+", "(?i)ZONE-1", ".*", "\\d+", "", "(?s).+", "[^~]*", "-?5")

NUMBERS: tuple[Value, ...] = (
    0, 1, -1, 3, 3.0, 5, 37.5, 37.3, 37.30000000000001, -0.0, 0.1, -2.5, 1e-4, 9.9e-5, 1e-7, -1e-300, 5e-324,
    2**31, 2**53 - 1, 2**53, 2**53 + 1, -(2**53), float(2**53), 2**63, 2**64, -(10**400), 1e16, 1e300,
    float("inf"), float("-inf"), float("nan"), 999999.999999, 1_700_000_000_123,
)  # fmt: skip
STRINGS: tuple[Value, ...] = (
    "", "5", "-5", "3.0", "1", "true", "null", "nan", "zone-1", "zone-2", "Zone-1", "zone-1 ", "zone", "a",
    "\x00", "a\x00b",
    '"', '\\"', "ends with \\", "{\"id\":1}", "}", "]", ",\"b\":1", "~", "~~", "~22~", "é", "e\u0301", "\ud800",
    "x\udfff",
    "😀", "\u2028", "\n", "\t", "x" * 999, "x" * 1000, "x" * 1001, "x" * 1024, "x" * 1025,
    "y" * 65_536, "y" * 65_535 + "z",
)  # fmt: skip
BOOLEANS: tuple[Value, ...] = (True, False)
NO_VALUES: tuple[object, ...] = (None, [], ["zone-1"], {"a": 1}, b"zone-1")

ORDER = (Operator.ABOVE, Operator.BELOW, Operator.AT_LEAST, Operator.AT_MOST)


class Pairs:
    """One seed gives one endless, repeatable supply."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._pool: list[Value] = []
        self.fresh_pool()

    def fresh_pool(self) -> None:
        """Choose the few values that the next clauses and events share."""
        pick = self._random
        self._pool = [self._near(), *pick.sample(NUMBERS, 3), *pick.sample(STRINGS, 4), *BOOLEANS]

    def _near(self) -> Value:
        pick = self._random
        return pick.choice((pick.randint(-10, 10), round(pick.uniform(-50, 50), 3), pick.uniform(-1e9, 1e9)))

    def value(self) -> Value:
        """Return mostly one of the pool, sometimes any."""
        pick = self._random
        if pick.random() < 0.9:
            return pick.choice(self._pool)
        return pick.choice(pick.choice((NUMBERS, STRINGS, BOOLEANS)))

    def event(self, number: int) -> Event:
        """Return an event, of which some fields are missing, null or no value at all."""
        pick = self._random
        given: dict[str, Any] = {}
        for name in FIELDS:
            if pick.random() < 0.8:
                given[name] = self.value() if pick.random() < 0.95 else pick.choice(NO_VALUES)
        own = {name: given.pop(name, None) for name in EVENT_FIELDS - {"id", "kind"}}
        return Event(id=f"e{number}", kind=pick.choice(KINDS), arrived=Stamp(0, 0, False), attrs=given, **own)

    def clauses(self, count: int) -> Mapping[str, Clause]:
        """Return so many clauses."""
        return {f"rule-{number}": self.clause() for number in range(count)}

    def clause(self) -> Clause:
        """Return a clause of one to three kinds."""
        pick = self._random
        kinds = tuple(pick.sample(KIND_WORDS, pick.choice((1, 1, 2, 3))))
        return Clause(kinds, self.condition(pick.choice((0, 1, 1, 2, 3))))

    def condition(self, depth: int) -> Condition:
        """Return a condition nested at most so deep."""
        pick = self._random
        if depth == 0:
            return self.compare()
        parts = tuple(self.condition(depth - 1) for _ in range(pick.choice((0, 1, 2, 2, 3))))
        return pick.choice((AllOf(parts), AnyOf(parts), AnyOf(parts), Not(self.condition(depth - 1))))

    def compare(self) -> Compare:
        """Return a comparison that a parser could have made."""
        pick = self._random
        word = pick.choice(list(Operator))
        return Compare(pick.choice(FIELDS), word, self._operands(word))

    def _operands(self, word: Operator) -> tuple[Operand, ...]:
        pick = self._random
        if word is Operator.EXISTS:
            return (pick.choice(BOOLEANS),)
        if word is Operator.MATCHES:
            return (pick.choice(REGEXES),)
        if word is Operator.BETWEEN:
            return self._between()
        if word in (Operator.IN, Operator.NOT_IN):
            return tuple(self._operand() for _ in range(pick.choice((0, 1, 2, 4, 9))))
        return (self._operand(),)

    def _between(self) -> tuple[Operand, ...]:
        """Return two bounds, in their order half of the time."""
        low, high = self._operand(), self._operand()
        if isinstance(low, int | float) and isinstance(high, int | float) and self._random.random() < 0.5:
            return (min(low, high), max(low, high))
        return (low, high)

    def _operand(self) -> Operand:
        if self._random.random() < 0.12:
            return FieldRef(self._random.choice(FIELDS))
        return cast(Operand, self.value())
