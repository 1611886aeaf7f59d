"""Random nights as plain dicts: rules, and a timeline of whole seconds with every fault step of a test file."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.fuzz.windows_matching import seconds
from tests.fuzz.windows_rules import STATES, WATCHES, Draw, Rule, RuleDice
from tests.fuzz.windows_starts import PLAIN, SUMMER, Start

SITE: dict[str, Any] = {
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
        {"id": "d5", "profile": "kentongan", "role": "siren", "post": "pos-1", "zone": "b"},
    ],
}
LATENESS: list[dict[str, str]] = [
    {"gas": "10s", "smoke": "4s", "report.y": "6s", "heartbeat": "3s"},
    {"gas": "12s", "motion": "9s", "heat": "5s", "smoke": "8s", "report.x": "10s", "report.y": "6s"},
    {"motion": "2s", "gas": "7s", "report.*": "8s", "heartbeat": "11s"},
]
PEOPLE = ["k1", "k2", "k3"]
DEVICES = ["d1", "d2", "d3", "d4"]
KINDS = ["motion", "gas", "heat", "smoke", "motion", "gas", "heat", "report.x", "report.y", "report.z", "heartbeat"]
LENGTH, END = 120, 150
PER_RULES = 4  # nights of one rule set: reading rules costs more than playing a night


@dataclass(frozen=True, slots=True)
class Night:
    """One set of rules and one timeline of whole seconds."""

    rules: list[Rule]
    given: dict[str, Any]
    steps: list[dict[str, Any]]
    end: int
    start: Start
    lateness: dict[str, str]

    @property
    def site(self) -> dict[str, Any]:
        """Return site.yaml as plain values."""
        return {**SITE, "timezone": self.start.timezone, "max_lateness": self.lateness}


def night(seed: int) -> Night:
    """Return the night of a seed."""
    rules_seed = seed // PER_RULES
    starts = SUMMER if rules_seed % 3 == 2 else PLAIN
    start = starts[rules_seed // 3 % len(starts)]
    lateness = LATENESS[rules_seed // 2 % len(LATENESS)]
    rules = RuleDice(f"rules {rules_seed}", start).rules()
    steps, given, end = Steps(f"steps {seed}", rules, lateness, RuleDice(f"reload {seed}", start)).draw()
    return Night(rules, given, steps, end, start, lateness)


def lengths(rules: list[Rule]) -> list[int]:
    """Return every duration that rules name, in seconds: at these distances the edges lie."""
    return [int(number) * {"s": 1, "m": 60}[unit] for number, unit in re.findall(r"'(\d+)([sm])'", str(rules))]


def kinds_in(rules: list[Rule]) -> list[str]:
    """Return the kinds of events that rules name, as often as they do; of a word with a star one that it stands for."""
    words = re.findall(r"'((?:motion|gas|heat|smoke|heartbeat|report\.[xyz*]))'", str(rules))
    return [word.replace("*", "z") for word in words] or KINDS


class Steps(Draw):
    """Draws one timeline for rules: mostly of the kinds that they wait for, and often from the same device."""

    def __init__(self, seed: str, rules: list[Rule], lateness: dict[str, str], reloads: RuleDice) -> None:
        super().__init__(seed)
        self._rules = rules
        self._late = {word: seconds(late) for word, late in lateness.items()}
        self._reloads = reloads
        self._turn_s = 60 * abs(reloads.start.shift)
        self._ids = 0
        self._kinds = kinds_in(rules)
        self._favourite = self.pick(DEVICES)

    def draw(self) -> tuple[list[dict[str, Any]], dict[str, Any], int]:
        """Return the steps in order, the states that are given, and the end."""
        steps = [self._event_step(self.number(0, LENGTH)) for _ in range(3)]
        steps += [self._step(self.number(0, LENGTH)) for _ in range(self.number(2, 21))]
        steps += self._echoes(steps)
        steps += self._stragglers(steps)
        steps += self._rare()
        if self.maybe(0.14):
            steps, end = self._in_the_dark(steps)
        elif self.maybe(0.15 if "suppressed_by" in str(self._rules) else 0.05):
            steps, end = self._stretched(sorted(steps, key=lambda step: int(step["at"])))
        else:
            end = END
        steps.sort(key=lambda step: int(step["at"]))
        return list(self._sensible(self._with_duplicates(steps))), self._given(), end

    def _given(self) -> dict[str, Any]:
        if not self.maybe(0.5):
            return {}
        given: dict[str, Any] = {"s": self.pick(["on", "off", {"pos-1": "on"}, {"pos-2": "on", "pos-3": "off"}])}
        return given if self.maybe(0.7) else {**given, "u": 1}

    # --- what makes a night hard

    def _echoes(self, steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return events that come once more, at the very end of a window of the rules or a second beside it."""
        known = lengths(self._rules) or [10]
        found = []
        for step in steps:
            if "event" in step and "id" not in step and self.maybe(0.25):
                at = step["at"] + self.pick(known) + self.pick([-1, 0, 0, 0, 1])
                if 0 <= at <= LENGTH:
                    found.append({key: value for key, value in step.items() if key != "happened"} | {"at": at})
        return found

    def _stragglers(self, steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return events of kinds that may be late which happened beside others, and come as late as they may, or later."""
        found = []
        for step in steps:
            late = self._allowed(step["event"]) if "event" in step else 0
            if late and self.maybe(0.2):
                happened = step["at"] + self.pick([-2, -1, 0, 0, 1, 2])
                at = happened + self.pick([late, late, late, late + 1, self.number(1, late)])
                found.append({**step, "at": max(at, 0), "happened": happened})
        return found

    def _allowed(self, kind: str) -> int:
        word = kind if kind in self._late else f"{kind.split('.', 1)[0]}.*"
        return self._late.get(word, 0)

    def _rare(self) -> list[dict[str, Any]]:
        """Return what happens once in a night, if at all."""
        steps: list[dict[str, Any]] = []
        if self.maybe(0.12):
            at = self.number(0, LENGTH)
            steps.append({"at": at, "reload": None if self.maybe(0.1) else self._reloads.changed(self._rules)})
            if self.maybe(0.5):  # and back again
                steps.append({"at": self.number(at, LENGTH), "reload": self._rules})
        if self.maybe(0.12):
            since = self.number(0, LENGTH)
            steps += [{"at": since, "trusted": False}, {"at": self.number(since, LENGTH + 20), "trusted": True}]
        if self.maybe(0.12):
            post = self.pick([None, None, "pos-1", "pos-2"])
            steps.append({"at": self.number(0, LENGTH), "broker": self.number(1, 60), "post": post})
        if "watch" in str(self._rules) or self.maybe(0.02):
            steps += [self._watch(self.number(0, LENGTH)) for _ in range(self.number(1, 3))]
        return steps

    def _in_the_dark(self, steps: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], int]:
        """Return a night in which the power fails and no clock tells for how long, until trust returns, if it does."""
        since, length = self.number(1, LENGTH), self.pick([1, self.number(2, 20), self.number(21, 90), 600, 640])
        back = since + length
        later = []
        for step in steps:
            if {"off", "trusted"} & set(step):
                continue  # a second cut could take any part of the time that is missing
            moved = step
            if step["at"] > since and self.maybe(0.9):
                moved = {**step, "at": step["at"] + length}
                if self.maybe(0.4):
                    moved.pop("happened", None)
            later.append(moved)
        later.append({"at": since, "off": length, "cut": True, "trusted": False})
        if self.maybe(0.2):
            later.append({"at": self.number(0, since), "trusted": False})
        if self.maybe(0.2):  # a restart beside it, which our own clock measures
            at = self.pick([self.number(0, since), back + self.number(0, 40)])
            later.append({"at": at, "off": self.number(1, 20), "cut": False})
        if self.maybe(0.85):
            at = back + self.pick([0, self.number(1, 10), self.number(1, 60)])
            with_cut = {"off": self.number(1, 20), "cut": True} if self.maybe(0.15) else {}
            later.append({"at": at, "trusted": True, **with_cut})
        more = self._echoes([step for step in later if step["at"] <= since])
        later += [{**step, "at": step["at"] + length} for step in more]
        return later, max(step["at"] for step in later) + 30

    def _watch(self, at: int) -> dict[str, Any]:
        watch: dict[str, Any] = {"kind": self.pick(WATCHES)}
        if self.maybe(0.6):
            watch["kelurahan"] = self.pick(PEOPLE)
        if self.maybe(0.7):
            watch["until"] = at + self.number(0, 60)
        return {"at": at, "watch": watch}

    def _with_duplicates(self, steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
        found = []
        for step in steps:
            found.append(step)
            if "event" in step and self.maybe(0.04):
                found.append({"at": step["at"], "duplicate": self.number(1, 3)})
        copies = []
        for step in found:
            if "event" in step and self.maybe(0.06):
                self._ids += 1
                step["id"] = f"copied-{self._ids}"
                copies.append({**step, "at": step["at"] + self.number(0, 20)})
        return sorted([*found, *copies], key=lambda step: int(step["at"]))

    def _stretched(self, steps: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], int]:
        """Return a night with a long pause in it, and echoes at the ends of the hours that the text names."""
        pause = self.pick([600, 3600]) - self.number(0, 60)
        at = self.number(0, LENGTH)
        later = [{**step, "at": step["at"] + pause} if step["at"] > at else step for step in steps]
        for step in later:
            step.pop("happened", None)
        delays = [3600, 3600, 3600, 3601] if "suppressed_by" in str(self._rules) else [600, 600, 601]
        early = [step for step in later if "event" in step and step["at"] <= LENGTH]
        if len(early) > 1 and self.maybe(0.5):  # nothing but what is early has happened an hour later
            later = [step for step in later if step["at"] <= LENGTH]
        more = [{**self.pick(early), "at": step["at"] + self.pick(delays)} for step in early if self.maybe(0.4)]
        last = max((step["at"] for step in [*later, *more]), default=LENGTH)
        return sorted([*later, *more], key=lambda step: int(step["at"])), last + 30

    def _sensible(self, steps: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Yield the steps without those about which the text says nothing."""
        off_until, trusted = -1, True
        dark: int | None = None  # since when an unmeasured cut waits to be corrected
        ends = {step["at"] + step["off"] for step in steps if "off" in step}
        for step in steps:
            if step["at"] <= off_until and {"trusted", "watch", "broker"} & set(step) and "off" not in step:
                continue  # done to a site that is off
            if step["at"] <= off_until and "off" in step and dark is not None:
                continue  # which of two cuts was how long, nobody can say
            if "broker" in step and step["at"] + step["broker"] in ends:
                continue  # the way opens at the instant of a return: what comes first?
            if "off" in step and step["at"] <= off_until:
                step.pop("trusted", None)
            trusted = step.get("trusted", trusted)
            if "off" in step:
                inside = step["at"] <= off_until
                step["cut"] = step["cut"] and (trusted or (dark is None and not inside))
                off_until = max(off_until, step["at"] + step["off"])
                dark = off_until if step["cut"] and not trusted else dark
            dark = None if trusted else dark
            if dark is not None and step.get("happened", dark) < dark:
                step.pop("happened")  # an untrusted clock cannot say how long ago that was
            yield step

    # --- one step

    def _step(self, at: int) -> dict[str, Any]:
        if self.maybe(0.04):
            step: dict[str, Any] = {"at": at, "off": self.number(1, 20), "cut": self.maybe(0.5)}
            return {**step, "trusted": False} if self.maybe(0.1) else step
        if self.maybe(0.04):
            turns = [self._turn_s, -self._turn_s] * 3 if self._turn_s else []
            return {"at": at, "clock": self.pick([-90, -60, -7, 7, 60, 90, 7200, -7200, 86_400, *turns])}
        if self.maybe(0.08):
            name = self.pick(["s", "s", "u"])
            value = self.pick(STATES[name])
            some = {self.pick(["pos-1", "pos-2"]): value}
            return {"at": at, "states": {name: value if self.maybe(0.5) else some}}
        return self._event_step(at)

    def _event_step(self, at: int) -> dict[str, Any]:
        step: dict[str, Any] = {"at": at, "event": self.pick(self._kinds if self.maybe(0.7) else KINDS)}
        if self.maybe(0.06):
            step["event"] = self.pick(["panic.press", "panic.press", "panic.hold", "panel.alarm"])
        if step["event"].startswith("report.") and self.maybe(0.06):
            step["severity"] = "critical"
        if self.maybe(0.85) or step["event"].startswith("pan"):
            step["device"] = self._device()
        elif step["event"].startswith("report."):
            step["kelurahan"] = self.pick(PEOPLE)
        else:
            step["post"] = self.pick(["pos-1", "pos-2"])
        if self.maybe(0.6):
            step["value"] = self.number(0, 3)
        if self.maybe(0.1):
            step["zone"] = self.pick(["a", "b"])
        late = self._allowed(step["event"])
        if self.maybe(0.35 if late else 0.15):
            step["happened"] = at - (late + self.pick([-1, 0, 0, 1]) if self.maybe(0.3) else self.number(-3, 12))
        return step

    def _device(self) -> str:
        if self.maybe(0.05):
            return "ghost"
        return str(self._favourite if self.maybe(0.4) else self.pick(DEVICES))
