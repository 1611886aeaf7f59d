"""Random rules as plain dicts: every form and every word beside it, small windows, few kinds, so that edges are met."""

import random
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from tests.fuzz.windows_matching import seconds
from tests.fuzz.windows_starts import Start

Rule = dict[str, Any]
When = dict[str, Any]

AT_POST = ["motion", "gas", "heat", "smoke", "heartbeat"]
AT_PRECINCT = ["report.x", "report.y", "report.z", "heartbeat"]
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WATCHES = ["tawuran", "ranmor"]
INCIDENTS = {"r0": "alpha", "r1": "bravo", "r2": "charlie", "r3": "delta"}  # no slips of one another
STATES: dict[str, list[Any]] = {"s": ["on", "off"], "u": [1, 2]}


class Draw:
    """What every source of chance here can do; the same seed draws the same."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)

    def maybe(self, chance: float) -> bool:
        return self._random.random() < chance

    def pick(self, options: list[Any]) -> Any:
        return self._random.choice(options)

    def some(self, options: list[Any], most: int) -> list[Any]:
        return self._random.sample(options, self._random.randint(1, most))

    def number(self, low: int, high: int) -> int:
        return self._random.randint(low, high)

    def shuffled(self, items: list[Any]) -> list[Any]:
        return self._random.sample(items, len(items))


class RuleDice(Draw):
    """Draws rule sets for nights that begin at ``start``."""

    def __init__(self, seed: str, start: Start) -> None:
        super().__init__(seed)
        self.start = start
        self._precinct = False
        self._alerts: list[str] = []

    def rules(self) -> list[Rule]:
        """Return one to four rules, and now and then one on a press."""
        rules: list[Rule] = []
        for number in range(self.number(1, 4)):
            rules.append(self._after(rules, f"r{number}"))
        if len(rules) < 4 and self.maybe(0.2):
            rules.append(self._under_a_watch(self.pick(rules), f"r{len(rules)}"))
        if self.maybe(0.25):
            rules.append(self._press())
        return self.shuffled(rules)

    def changed(self, rules: list[Rule]) -> list[Rule]:
        """Return what a technician could have made of them: the same, a word changed, something else, less or more."""
        by_id = sorted((rule for rule in rules if rule["id"] != "press"), key=lambda rule: str(rule["id"]))
        made: list[Rule] = []
        for rule in by_id:
            made.append(self._change(rule, made))
        if len(made) < 4 and self.maybe(0.3):
            made.append(self._after(made, f"r{len(made)}"))
        kept = [rule for rule in made if self._is_named(rule, made) or self.maybe(0.9)]
        return self.shuffled([*kept, *(deepcopy(rule) for rule in rules if rule["id"] == "press")])

    def _is_named(self, rule: Rule, rules: list[Rule]) -> bool:
        return len(rules) == 1 or any(rule["id"] in other.get("suppressed_by", []) for other in rules)

    def _change(self, rule: Rule, before: list[Rule]) -> Rule:
        way = self._random.random()
        if way < 0.15:
            return {**self._after(before, rule["id"]), "then": deepcopy(rule["then"])}
        new = deepcopy(rule)
        if way < 0.3:
            new["throttle"] = self._throttle()
        elif way < 0.6:
            change = self.pick(["enabled", "mode", "severity", "notes"])
            if change == "enabled":
                new["enabled"] = not rule.get("enabled", True)
            elif change == "mode":
                new["mode"] = "live" if rule.get("mode") == "shadow" else "shadow"
            elif change == "severity" and "severity" in new["then"]:
                new["then"]["severity"] = self.pick(["low", "high"])
            else:
                new["notes"] = "changed"
        return new

    def _after(self, rules: list[Rule], name: str) -> Rule:
        # A rule hears the alerts of those before it only, and is held back only by them: circles are refused.
        self._alerts = [
            "alert.panic",
            *(f"alert.{INCIDENTS[rule['id']]}" for rule in rules if "incident" in rule["then"]),
        ]
        return self._rule(name, [rule["id"] for rule in rules if rule["then"]["escalate"] != "none"])

    # --- a rule

    def _under_a_watch(self, rule: Rule, name: str) -> Rule:
        """Return the same rule as a precinct has it while a watch is open: earlier, or otherwise."""
        twin = deepcopy(rule)
        then = {"escalate": "precinct", "incident": INCIDENTS[name], "severity": "high"}
        twin |= {"id": name, "only_if": [{"watch": self.pick(WATCHES)}], "then": then, "notes": f"twin of {rule['id']}"}
        when = twin["when"]
        for word in ("for", "within"):
            if word in when and self.maybe(0.7):
                when[word] = self._seconds(5, max(5, seconds(when[word]) - 1))
        count = when.get("count", {})
        if count.get("at_least", 1) > 1:
            count["at_least"] -= 1
        if self.maybe(0.4):
            twin["throttle"] = self._throttle()
        return twin

    def _press(self) -> Rule:
        escalate = self.pick(["precinct", "precinct", "technician", ["technician", "precinct"]])
        then = {"escalate": escalate, "incident": "panic", "severity": "critical"}
        kinds = self.pick(["panic.press", "panic.*", ["panic.press", "panel.alarm"]])
        rule: Rule = {"id": "press", "when": {"event": kinds}, "then": then}
        if self.maybe(0.5):
            rule["throttle"] = {"once_within": self._seconds(5, 30), "group_by": ["device"]}
        if self.maybe(0.15):
            rule["only_if"] = [self._condition()]
        return self._dormant(rule)

    def _rule(self, name: str, others: list[str]) -> Rule:
        self._precinct = self.maybe(0.25)
        when = self._when()
        rule: Rule = {"id": name, "when": when}
        if self._precinct:
            rule["runs_at"] = "precinct"
        rule["then"] = self._then(name)
        together = 0.5 if self.maybe(0.15) else 0.0
        if self.maybe(0.3 + together):
            rule["throttle"] = self._throttle()
        if self.maybe(0.25 + together):
            rule["clear_when"] = self._clear(when)
        if self.maybe(0.3 + together) and others:
            rule["suppressed_by"] = self.some(others, min(2, len(others)))
        if self.maybe(0.25):
            rule["only_if"] = [self._condition() for _ in range(self.pick([1, 1, 2]))]
        return self._dormant(rule)

    def _dormant(self, rule: Rule) -> Rule:
        if self.maybe(0.08):
            rule["mode"] = "shadow"
        if self.maybe(0.05):
            rule["enabled"] = False
        return rule

    def _then(self, name: str) -> dict[str, Any]:
        escalate = self.pick(["precinct", "precinct", "precinct", "technician", ["precinct", "coordinator"]])
        then: dict[str, Any] = {
            "escalate": escalate,
            "incident": INCIDENTS[name],
            "severity": self.pick(["low", "high"]),
        }
        if self.maybe(0.1):
            then = {"escalate": "none"}
        if self.maybe(0.25) or then == {"escalate": "none"}:
            state = self.pick(list(STATES))
            then["set"] = {state: self.pick(STATES[state])}
        if self.maybe(0.15):
            then["actions"] = ["siren.on"]
        return then

    def _throttle(self) -> dict[str, Any]:
        throttle: dict[str, Any] = {"once_within": self._seconds(1, 30)}
        if self.maybe(0.4):
            throttle["group_by"] = self.some(["zone", "device", "post", "value", "kelurahan"], 2)
        return throttle

    def _condition(self) -> dict[str, Any]:
        state = self.pick(list(STATES))
        return dict(
            self.pick(
                [
                    {"state": state, "is": self.pick(STATES[state])},
                    {"state": "s", "is": "on"},
                    {"between": self._span()},
                    {"days": self.some(DAYS, 5)},
                    {"watch": self.pick(WATCHES)},
                ]
            )
        )

    def _seconds(self, low: int, high: int) -> str:
        length = self.number(low, high)
        return "1m" if length == 60 else f"{length}s"

    def _minute_of(self, after: int) -> str:
        turned = self.start.shift if self.maybe(0.4) else 0
        minute = (self.start.minute + after + turned) % 1440
        return f"{minute // 60:02}:{minute % 60:02}"

    def _span(self) -> list[str]:
        """Return two minutes near the night's beginning, or as far from it as its clock is turned, in either order."""
        first = self._minute_of(self.number(-2, 3))
        second = first
        while second == first:
            second = self._minute_of(self.number(-2, 3))
        return [first, second]

    # --- when

    def _when(self) -> When:
        forms: list[Callable[[], When]] = [
            self._event, self._count, self._count, self._sequence, self._sequence, self._all, self._all, self._any,
            self._absent_for, self._absent_after, self._absent_after, self._absent_between, self._state,
            self._schedule,
        ]  # fmt: skip
        return dict(self.pick(forms)())

    def _clear(self, when: When) -> When:
        forms: list[Callable[[], When]] = [self._clause] * 5 + [
            self._any, self._count, self._sequence, self._all, self._absent_after,
        ]  # fmt: skip
        if not self._precinct:
            forms += [self._state, self._absent_for]
        clear = dict(self.pick(forms)())
        return {key: value for key, value in clear.items() if key not in ("group_by", "neighbours")}

    def _kind(self) -> Any:
        kinds = AT_PRECINCT if self._precinct else AT_POST
        if self._precinct and self.maybe(0.4):
            return self.pick(self._alerts)
        if self.maybe(0.06):
            return "report.*"
        return self.pick(kinds[:3]) if self.maybe(0.8) else self._random.sample(kinds, 2)

    def _clause(self) -> dict[str, Any]:
        clause: dict[str, Any] = {"event": self._kind()}
        if self.maybe(0.25):
            clause["where"] = self._own()
        return clause

    def _own(self) -> dict[str, Any]:
        return dict(
            self.pick(
                [
                    {"value": 1}, {"value": 2}, {"value": [0, 2]}, {"value": {"at_least": 2}}, {"value": {"above": 1}},
                    {"value": {"between": [1, 2]}}, {"value": {"exists": False}}, {"zone": "a"},
                    {"zone": {"is_not": "a"}}, {"not": {"value": 1}}, {"any_of": [{"value": 1}, {"zone": "b"}]},
                ]
            )
        )  # fmt: skip

    def _cross(self, names: list[str]) -> dict[str, Any]:
        name = self.pick(names)
        cross = self.pick(
            [
                {"zone": {"same_as": f"{name}.zone"}},
                {"device": {"not_same_as": f"{name}.device"}},
                {"value": {"rises_by": self.number(1, 2), "since": name}},
                {"value": {"falls_by": self.number(1, 2), "since": name}},
            ]
        )
        if self.maybe(0.15):
            return {"not": cross}
        return {"any_of": [cross, self._own()]} if self.maybe(0.1) else dict(cross)

    def _groups(self, when: When, *, windowed: bool = True) -> When:
        if self.maybe(0.35):
            fields = [["zone"], ["device"], ["post", "zone"], ["value"]]
            when["group_by"] = self.pick([*fields, ["kelurahan"]] if self._precinct else fields)
        if windowed and self.maybe(0.2):
            when["reuse"] = True
        if windowed and self._precinct and "kelurahan" not in when.get("group_by", []) and self.maybe(0.5):
            when["neighbours"] = "kelurahan"
        return when

    def _event(self) -> When:
        return self._groups(self._clause(), windowed=False)

    def _any(self) -> When:
        return self._groups({"any": [self._clause(), self._clause()]}, windowed=False)

    def _counting(self) -> dict[str, Any]:
        count = {**self._clause(), "at_least": self.number(1, 4)}
        if self.maybe(0.35):
            count["distinct"] = self.pick(["device", "zone", "value", "kelurahan"])
        return count

    def _count(self) -> When:
        return self._groups({"count": self._counting(), "within": self._seconds(5, 40)})

    def _steps(self, most: int) -> list[dict[str, Any]]:
        steps: list[dict[str, Any]] = []
        names: list[str] = []
        for number in range(self.number(2, most)):
            step = self._clause()
            if names and self.maybe(0.5):
                step["where"] = {**step.get("where", {}), **self._cross(names)}
            if self.maybe(0.6 if number == 0 else 0.2):
                names.append("abc"[number])
                step["as"] = names[-1]
            if self.maybe(0.2):
                step["at_least"] = self.number(2, 3) if number == 0 else 2
            steps.append(step)
        return steps

    def _unless(self, steps: list[dict[str, Any]]) -> dict[str, Any]:
        clause = self._clause()
        names = [step["as"] for step in steps if "as" in step]
        if names and self.maybe(0.4):
            clause["where"] = self._cross(names)
        return {"unless": clause}

    def _ordered(self) -> list[dict[str, Any]]:
        steps = self._steps(3)
        parts = steps[:1]
        for number in range(1, len(steps)):
            if self.maybe(0.35):
                parts.append(self._unless(steps[:number]))
            parts.append(steps[number])
        return parts

    def _sequence(self) -> When:
        return self._groups({"sequence": self._ordered(), "within": self._seconds(5, 40)})

    def _all(self) -> When:
        steps = self._steps(3)
        voiding = [self._unless(steps) for _ in range(self.pick([0, 0, 1, 1, 2]))]
        return self._groups({"all": [*steps, *voiding], "within": self._seconds(5, 40)})

    # --- absences, states, hours

    def _roster(self) -> Any:
        return self.pick(["posts", "devices", {"role": "smoke"}, ["pos-1", "d3"]])

    def _absent_for(self) -> When:
        return {"absent": self._clause(), "for": self._seconds(10, 60), "expect_from": self._roster()}

    def _absent_between(self) -> When:
        start = self.number(-2, 2)
        between = [self._minute_of(start), self._minute_of(start + self.number(1, 2))]
        between = self._span() if self.maybe(0.1) else between
        return {"absent": self._clause(), "between": between, "expect_from": self._roster()}

    def _absent_after(self) -> When:
        absent = self._clause()
        after = self._trigger(absent)
        when: When = {"absent": absent, "after": after, "within": self._seconds(5, 30)}
        if self.maybe(0.3):
            when["group_by"] = [self.pick(["device", "zone"])]
        if self.maybe(0.2):
            when["reuse"] = True
        return when

    def _trigger(self, absent: dict[str, Any]) -> dict[str, Any]:
        """Return what begins a wait; ``absent`` may compare with the last event of it, which is the same in any reading."""
        after: dict[str, Any] = self._clause()
        last = after
        way = self._random.random()
        if way < 0.2:
            after = last = {"count": self._counting(), "within": self._seconds(5, 20)}
        elif way < 0.4:
            parts = self._ordered()
            after, last = {"sequence": parts, "within": self._seconds(5, 20)}, parts[-1]
        elif way < 0.5:
            after |= {"at_least": 2, "within": self._seconds(5, 20)}
        if self.maybe(0.5):
            last["as"] = "last"
            if self.maybe(0.5):
                absent["where"] = self._cross(["last"])
        return after

    def _state(self) -> When:
        name = self.pick(["s", "s", "u"])
        when: When = {"state": {name: self.pick(STATES[name])}}
        if self.maybe(0.7):
            when["for"] = self._seconds(1, 40)
        return when

    def _schedule(self) -> When:
        schedule: dict[str, Any] = {"at": self._minute_of(self.number(-1, 3))}
        if self.maybe(0.3):
            schedule["days"] = self.some(DAYS, 5)
        return {"schedule": schedule}
