"""Random rules and timelines, as plain dicts: small windows, whole seconds, so that edges are met often."""

import random
from dataclasses import dataclass
from typing import Any

SITE: dict[str, Any] = {
    "timezone": "Asia/Jakarta",
    "precinct": {"id": "p"},
    "kelurahan": [
        {"id": "k1", "neighbours": ["k2"]},
        {"id": "k2", "neighbours": ["k1", "k3"]},
        {"id": "k3", "neighbours": ["k2"]},
    ],
    "posts": [{"id": f"pos-{n}", "kelurahan": f"k{n}"} for n in (1, 2, 3)],
    "devices": [
        {"id": "d1", "profile": "kentongan", "role": "motion", "post": "pos-1", "zone": "a"},
        {"id": "d2", "profile": "kentongan", "role": "smoke", "post": "pos-1", "zone": "b"},
        {"id": "d3", "profile": "kentongan", "role": "motion", "post": "pos-2", "zone": "a"},
        {"id": "d4", "profile": "kentongan", "role": "smoke", "post": "pos-3", "zone": "a"},
    ],
    "max_lateness": {"gas": "10s", "smoke": "4s", "report.y": "6s"},
}
START = "2026-11-24T21:59:00+07:00"
START_WALL = 21 * 3600 + 59 * 60
DEVICES = [device["id"] for device in SITE["devices"]]
AT_POST = ["motion", "gas", "heat", "smoke"]
AT_PRECINCT = ["report.x", "report.y", "report.z"]


@dataclass(frozen=True, slots=True)
class Night:
    """One set of rules and one timeline of whole seconds."""

    rules: list[dict[str, Any]]
    given: dict[str, Any]
    steps: list[dict[str, Any]]
    end: int


class Dice:
    """Draws nights; the same seed draws the same one."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._precinct = False
        self._alerts: list[str] = []

    def _maybe(self, chance: float) -> bool:
        return self._random.random() < chance

    def _pick(self, options: list[Any]) -> Any:
        return self._random.choice(options)

    def _seconds(self, low: int, high: int) -> str:
        return f"{self._random.randint(low, high)}s"

    def night(self) -> Night:
        """Return one night."""
        rules: list[dict[str, Any]] = []
        for number in range(self._random.randint(1, 4)):
            # A rule hears the alerts of those before it only: circles are refused.
            self._alerts = ["alert.panic", *(f"alert.i{rule['id']}" for rule in rules if "incident" in rule["then"])]
            rules.append(self._rule(f"r{number}", [rule["id"] for rule in rules if rule["then"]["escalate"] != "none"]))
        self._random.shuffle(rules)
        if self._maybe(0.2):
            rules.append(self._press())
        steps = sorted((self._step(at) for at in self._times()), key=lambda step: step["at"])
        given = (
            {"s": self._pick(["on", "off", {"pos-1": "on"}, {"pos-2": "on", "pos-3": "off"}])}
            if self._maybe(0.5)
            else {}
        )
        return Night(rules, given, steps, 150)

    def _times(self) -> list[int]:
        return [self._random.randint(0, 120) for _ in range(self._random.randint(3, 24))]

    # --- rules

    def _press(self) -> dict[str, Any]:
        then = {"escalate": self._pick(["precinct", "technician"]), "incident": "panic", "severity": "critical"}
        rule = {"id": "press", "when": {"event": "panic.press"}, "then": then}
        if self._maybe(0.5):
            rule["throttle"] = {"once_within": self._seconds(5, 30), "group_by": ["device"]}
        return rule

    def _rule(self, name: str, others: list[str]) -> dict[str, Any]:
        self._precinct = self._maybe(0.2)
        when = self._when()
        rule: dict[str, Any] = {"id": name, "when": when}
        if self._precinct:
            rule["runs_at"] = "precinct"
        rule["then"] = (
            {"escalate": "none"}
            if self._maybe(0.1)
            else {"escalate": "precinct", "incident": f"i{name}", "severity": "low"}
        )
        if self._maybe(0.25):
            rule["then"]["set"] = {"s": self._pick(["on", "off"])}
        if rule["then"] == {"escalate": "none"}:
            rule["then"]["set"] = {"s": "on"}
        if self._maybe(0.3):
            rule["throttle"] = self._throttle()
        if self._maybe(0.25) and not {"state", "schedule"} & set(when):
            rule["clear_when"] = self._clause()
        if self._maybe(0.3) and others:
            rule["suppressed_by"] = [self._pick(others)]
        if self._maybe(0.25):
            rule["only_if"] = [
                self._pick(
                    [{"state": "s", "is": "on"}, {"between": ["21:00", "22:00"]}, {"between": ["22:00", "21:30"]}]
                )
            ]
        return rule

    def _throttle(self) -> dict[str, Any]:
        throttle: dict[str, Any] = {"once_within": self._seconds(1, 30)}
        if self._maybe(0.4):
            throttle["group_by"] = [self._pick(["zone", "device", "post", "value"])]
        return throttle

    def _when(self) -> dict[str, Any]:
        forms = [self._event, self._count, self._count, self._sequence, self._sequence, self._all, self._any,
                 self._absent_for, self._absent_after, self._absent_after]  # fmt: skip
        if not self._precinct:
            forms += [self._absent_between, self._state, self._schedule]
        return dict(self._pick(forms)())

    def _kind(self) -> Any:
        kinds = AT_PRECINCT if self._precinct else AT_POST
        if self._precinct and self._maybe(0.4):
            return self._pick(self._alerts)
        return self._pick(kinds[:3]) if self._maybe(0.85) else self._random.sample(kinds, 2)

    def _clause(self) -> dict[str, Any]:
        clause: dict[str, Any] = {"event": self._kind()}
        if self._maybe(0.25):
            clause["where"] = {"value": self._pick([1, 2, {"at_least": 2}])}
        return clause

    def _cross(self, name: str) -> dict[str, Any]:
        return dict(
            self._pick(
                [
                    {"zone": {"same_as": f"{name}.zone"}},
                    {"device": {"not_same_as": f"{name}.device"}},
                    {"value": {"rises_by": self._random.randint(1, 2), "since": name}},
                    {"value": {"falls_by": self._random.randint(1, 2), "since": name}},
                ]
            )
        )

    def _groups(self, when: dict[str, Any], *, windowed: bool = True) -> dict[str, Any]:
        if self._maybe(0.35):
            when["group_by"] = self._pick([["zone"], ["device"], ["post", "zone"]])
        if windowed and self._maybe(0.2):
            when["reuse"] = True
        if windowed and self._precinct and self._maybe(0.5):
            when["neighbours"] = "kelurahan"
        return when

    def _event(self) -> dict[str, Any]:
        return self._groups(self._clause(), windowed=False)

    def _any(self) -> dict[str, Any]:
        return self._groups({"any": [self._clause(), self._clause()]}, windowed=False)

    def _counting(self) -> dict[str, Any]:
        count = {**self._clause(), "at_least": self._random.randint(2, 4)}
        if self._maybe(0.3):
            count["distinct"] = self._pick(["device", "zone", "value"])
        return count

    def _count(self) -> dict[str, Any]:
        return self._groups({"count": self._counting(), "within": self._seconds(5, 40)})

    def _steps_of(self, most: int) -> list[dict[str, Any]]:
        steps: list[dict[str, Any]] = []
        for number in range(self._random.randint(2, most)):
            step = self._clause()
            if number and self._maybe(0.4) and "as" in steps[0]:
                step["where"] = {**step.get("where", {}), **self._cross("first")}
            if number == 0 and self._maybe(0.6):
                step["as"] = "first"
            if self._maybe(0.2):
                step["at_least"] = 2
            steps.append(step)
        return steps

    def _unless(self, named: bool) -> dict[str, Any]:
        clause = self._clause()
        if named and self._maybe(0.3):
            clause["where"] = self._cross("first")
        return {"unless": clause}

    def _sequence(self) -> dict[str, Any]:
        parts = self._steps_of(3)
        if self._maybe(0.4):
            parts.insert(1, self._unless("as" in parts[0]))
        return self._groups({"sequence": parts, "within": self._seconds(5, 40)})

    def _all(self) -> dict[str, Any]:
        parts = self._steps_of(3)
        if self._maybe(0.4):
            parts.append(self._unless("as" in parts[0]))
        return self._groups({"all": parts, "within": self._seconds(5, 40)})

    def _absent_for(self) -> dict[str, Any]:
        roster = self._pick(["posts", "devices", {"role": "smoke"}, ["pos-1", "d3"]])
        return {"absent": self._clause(), "for": self._seconds(10, 60), "expect_from": roster}

    def _absent_between(self) -> dict[str, Any]:
        between = self._pick([["21:58", "22:00"], ["22:00", "22:01"], ["21:59", "22:00"]])
        return {"absent": self._clause(), "between": between, "expect_from": self._pick(["posts", ["pos-1", "d4"]])}

    def _absent_after(self) -> dict[str, Any]:
        absent = self._clause()
        after: dict[str, Any] = self._clause()
        if self._maybe(0.5):
            after["as"] = "first"
            if self._maybe(0.5):
                absent["where"] = self._cross("first")
        elif self._maybe(0.4):
            kinds = ["heat", "motion"] if not self._precinct else ["report.x", "report.z"]
            after = {"count": {"event": self._pick(kinds), "at_least": 2}, "within": self._seconds(5, 20)}
        when: dict[str, Any] = {"absent": absent, "after": after, "within": self._seconds(5, 30)}
        if self._maybe(0.3):
            when["group_by"] = ["device"]
        if self._maybe(0.2):
            when["reuse"] = True
        return when

    def _state(self) -> dict[str, Any]:
        when: dict[str, Any] = {"state": {"s": "on"}}
        if self._maybe(0.7):
            when["for"] = self._seconds(1, 40)
        return when

    def _schedule(self) -> dict[str, Any]:
        return {"schedule": {"at": self._pick(["21:59", "22:00", "22:01"])}}

    # --- steps

    def _step(self, at: int) -> dict[str, Any]:
        if self._maybe(0.05):
            return {"at": at, "off": self._random.randint(1, 20)}
        if self._maybe(0.04):
            return {"at": at, "clock": self._pick([-90, -60, 60, 90])}
        if self._maybe(0.08):
            value = self._pick(["on", "off"])
            return {"at": at, "states": {"s": value if self._maybe(0.5) else {self._pick(["pos-1", "pos-2"]): value}}}
        return self._event_step(at)

    def _event_step(self, at: int) -> dict[str, Any]:
        step: dict[str, Any] = {"at": at, "event": self._pick([*AT_POST, *AT_POST, *AT_PRECINCT, "panic.press"])}
        if self._maybe(0.85) or step["event"] == "panic.press":
            step["device"] = self._pick(DEVICES)
        elif step["event"].startswith("report."):
            step["kelurahan"] = self._pick(["k1", "k2", "k3"])
        else:
            step["post"] = self._pick(["pos-1", "pos-2"])
        if self._maybe(0.6):
            step["value"] = self._random.randint(0, 3)
        if self._maybe(0.1):
            step["zone"] = self._pick(["a", "b"])
        if self._maybe(0.15):
            step["happened"] = at - self._random.randint(-3, 12)
        return step
