"""The oracle's reading of clauses: what one event satisfies, and which choice of events fills a window's clauses."""

from dataclasses import dataclass
from itertools import combinations
from typing import Any

CROSS = {"same_as", "not_same_as", "since"}


def seconds(text: str) -> int:
    return int(text[:-1]) * {"s": 1, "m": 60, "h": 3600, "d": 86_400}[text[-1]]


def clock(text: str) -> int:
    return int(text[:2]) * 3600 + int(text[3:]) * 60


@dataclass(eq=False)
class Ev:
    kind: str
    t: int  # when it happened
    arrived: int
    n: int
    fields: dict[str, Any]
    spent: bool = False
    judged: bool = False

    def get(self, name: str) -> Any:
        return self.kind if name == "kind" else self.fields.get(name)

    @property
    def key(self) -> tuple[int, int]:
        return self.t, self.n


class Matching:
    # --- one event, one clause

    def kinds(self, clause: dict[str, Any]) -> list[str]:
        return clause["event"] if isinstance(clause["event"], list) else [clause["event"]]

    def is_kind(self, kind: str, words: list[str]) -> bool:
        return any(kind.startswith(word[:-1]) if word.endswith(".*") else kind == word for word in words)

    def wants(self, clause: dict[str, Any], event: Ev, named: dict[str, Ev] | None = None) -> bool:
        return self.is_kind(event.kind, self.kinds(clause)) and self._where(clause.get("where", {}), event, named or {})

    def _where(self, where: dict[str, Any], event: Ev, named: dict[str, Ev]) -> bool:
        return all(self._required(key, wanted, event, named) for key, wanted in where.items())

    def _required(self, key: str, wanted: Any, event: Ev, named: dict[str, Ev]) -> bool:
        if key == "not":
            return not self._where(wanted, event, named)
        if key == "any_of":
            return any(self._where(one, event, named) for one in wanted)
        return self._compare(event, key, wanted, named)

    def _compare(self, event: Ev, name: str, wanted: Any, named: dict[str, Ev]) -> bool:
        value = event.get(name)
        if isinstance(wanted, dict) and "exists" in wanted:
            return (value is not None) is wanted["exists"]
        if value is None:
            return False
        if isinstance(wanted, list):
            return value in wanted
        if not isinstance(wanted, dict):
            return bool(value == wanted)
        if CROSS & set(wanted):
            return self._compare_two(value, name, wanted, named)
        word, operand = next(iter(wanted.items()))
        if word == "is_not":
            return bool(value != operand)
        if word == "between":
            return bool(operand[0] <= value <= operand[1])
        return bool(value >= operand) if word == "at_least" else bool(value > operand)

    def _compare_two(self, value: Any, name: str, wanted: dict[str, Any], named: dict[str, Ev]) -> bool:
        if "since" not in wanted:
            alias, other = next(iter(wanted.values())).split(".")
            right = named[alias].get(other) if alias in named else None
            return right is not None and (value == right) is ("same_as" in wanted)
        earlier = named[wanted["since"]].get(name) if wanted["since"] in named else None
        if earlier is None:
            return False
        if "rises_by" in wanted:
            return bool(value - earlier >= wanted["rises_by"])
        return bool(earlier - value >= wanted["falls_by"])

    # --- which events belong into a window

    def parts(self, form: dict[str, Any]) -> list[dict[str, Any]]:
        if "count" in form:
            return [form["count"]]
        parts: list[dict[str, Any]] = form.get("sequence") or form["all"]
        return parts

    def concerns(self, form: dict[str, Any], event: Ev) -> bool:
        """Whether an event's kind and own fields fit any clause, whatever other events it would be compared with."""
        for part in self.parts(form):
            clause = part.get("unless", part)
            alone = {key: wanted for key, wanted in clause.get("where", {}).items() if not self._is_cross(wanted)}
            if self.wants({"event": clause["event"], "where": alone}, event):
                return True
        return False

    def _is_cross(self, wanted: Any) -> bool:
        if isinstance(wanted, list):
            return any(self._is_cross(one) for one in wanted)
        return isinstance(wanted, dict) and (bool(CROSS & set(wanted)) or any(map(self._is_cross, wanted.values())))

    # --- a window, and the event that is to complete it

    def match(self, form: dict[str, Any], window: list[Ev], at: Ev) -> int | None:
        """The number in the window if ``at``, its last event, completes it."""
        assert window[-1] is at
        if "count" in form:
            distinct = form["count"].get("distinct")
            number = len({one.get(distinct) for one in window} if distinct else window)
            return number if number >= form["count"]["at_least"] else None
        found = self._sequence(form["sequence"], window) if "sequence" in form else self._all(form["all"], window)
        wanted = {"all": [part for part in self.parts(form) if "unless" not in part]}
        return sum(self.concerns(wanted, one) for one in window) if found else None

    def _sequence(self, parts: list[dict[str, Any]], window: list[Ev]) -> bool:
        """Try every choice of events in order."""
        steps = self._with_unless(parts)

        def fill(index: int, before: int, named: dict[str, Ev]) -> bool:
            if index == len(steps):
                return before == len(window) - 1
            step, voiding = steps[index]
            rest = range(before + 1, len(window))
            for chosen in combinations(rest, step.get("at_least", 1)):
                if not all(self.wants(step, window[one], named) for one in chosen):
                    continue
                between = window[before + 1 : chosen[0]] if before >= 0 else []
                if any(self.wants(clause, one, named) for clause in voiding for one in between):
                    continue
                more = {**named, step["as"]: window[chosen[-1]]} if "as" in step else named
                if fill(index + 1, chosen[-1], more):
                    return True
            return False

        return fill(0, -1, {})

    def _with_unless(self, parts: list[dict[str, Any]]) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
        """Each clause, with those that void the way from the one before it."""
        steps: list[tuple[dict[str, Any], list[dict[str, Any]]]] = []
        unless: list[dict[str, Any]] = []
        for part in parts:
            if "unless" in part:
                unless.append(part["unless"])
            else:
                steps.append((part, unless))
                unless = []
        return steps

    def _all(self, parts: list[dict[str, Any]], window: list[Ev]) -> bool:
        steps = [part for part in parts if "unless" not in part]
        unless = [part["unless"] for part in parts if "unless" in part]

        def fill(index: int, used: tuple[int, ...], named: dict[str, Ev]) -> bool:
            if index == len(steps):
                between = window[min(used) + 1 : len(window) - 1]
                return len(window) - 1 in used and not any(self.wants(c, one, named) for c in unless for one in between)
            step = steps[index]
            free = [one for one in range(len(window)) if one not in used]
            for chosen in combinations(free, step.get("at_least", 1)):
                if all(self.wants(step, window[one], named) for one in chosen):
                    more = {**named, step["as"]: window[chosen[-1]]} if "as" in step else named
                    if fill(index + 1, (*used, *chosen), more):
                        return True
            return False

        return fill(0, (), {})
