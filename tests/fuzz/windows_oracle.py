"""The rule language by brute force, written from its text alone: second by second, from the whole history, in plain dicts.

It shares no code with the engine and cares for no memory. Times are whole seconds since the start; the wall time of
second 0 is ``start`` seconds after the midnight of its day, and ``turn`` says when summer time begins or ends near it.
A rule is what its YAML says, as a dict. A second at which no step stands and that is no named duration after anything that ever happened is
passed over: nothing can be due there.
"""
# ruff: noqa: C901 - each function is one paragraph of the text, read aloud

from typing import Any

from tests.fuzz.windows_known import Memory, Part, Rule, Turn
from tests.fuzz.windows_matching import Ev, seconds
from tests.fuzz.windows_times import Times

Step = dict[str, Any]
MEANING = ("when", "only_if", "throttle", "clear_when", "suppressed_by", "runs_at")  # what a reload looks at
UNKNOWN_AGAIN = 600


class Oracle(Times):
    def __init__(
        self, site: dict[str, Any], rules: list[Rule], start: int, weekday: int, turn: Turn | None = None
    ) -> None:
        super().__init__(site, start, weekday, turn)
        self._load(rules)

    # --- rules, and their reload

    def _load(self, rules: list[Rule]) -> None:
        old = {rule["id"]: rule for rule in self.rules}
        memory = self.memory
        gone = self.ever - set(old)
        self.ever |= {rule["id"] for rule in rules}
        self.memory = {}
        self.rules = self._ordered(rules)
        for rule in rules:
            before = old.get(rule["id"])
            if before is not None and all(before.get(key) == rule.get(key) for key in MEANING):
                self.memory[rule["id"]] = memory[rule["id"]]
                self.met.add("reload keeps")
                self.met |= {"reload keeps what had begun"} if self._has_begun(memory[rule["id"]]) else set()
                if not before.get("enabled", True) and rule.get("enabled", True):
                    self._wake_rule(rule)
            else:
                self.memory[rule["id"]] = self._fresh(rule)
                self.met |= {"reload afresh"} if before is not None else set()
                self.met |= {"a rule put back"} if rule["id"] in gone else set()
                begun = before is not None and self._has_begun(memory[rule["id"]])
                self.met |= {"reload drops what had begun"} if begun else set()
        words = [
            seconds(word) + late
            for rule in self.rules
            for when in (rule["when"], rule.get("clear_when", {}))
            for word in (when.get("for", "0s"), when.get("within", "0s"))
            for late in (0, *self.site["max_lateness"].values())
        ]
        self.lengths = sorted(set(words))
        self._foresee()

    def _has_begun(self, memory: Memory) -> bool:
        """Whether a rule is in the middle of something: a window, a wait, or a state that has not stayed long enough."""
        return any(
            part.waits or part.becoming or any(not one.spent for events in part.events.values() for one in events)
            for part in memory.parts
        )

    def _ordered(self, rules: list[Rule]) -> list[Rule]:
        done: list[Rule] = []
        while len(done) < len(rules):
            names = {rule["id"] for rule in done}
            done.append(next(r for r in rules if r["id"] not in names and set(r.get("suppressed_by", [])) <= names))
        named = {name for rule in rules for name in rule.get("suppressed_by", [])}
        return [r for r in done if r["id"] in named] + [r for r in rules if r["id"] not in named]

    def _fresh(self, rule: Rule) -> Memory:
        wall = self.wall() if self.trusted else None
        parts = [Part(rule["when"], False, self.now, wall)]
        if "clear_when" in rule:
            parts.append(Part(rule["clear_when"], True, self.now, wall))
        for part in parts:
            part.heard = {name: [self.now] for name in self._roster(part.when)}
            for name, value in part.when.get("state", {}).items():
                self._already(part, name, value)
        return Memory(parts)

    def _already(self, part: Part, name: str, value: Any) -> None:
        """A state that became so earlier has not yet stayed so long enough: a rule that comes now sees it to its end."""
        length = seconds(part.when.get("for", "0s"))
        together: dict[Any, list[str]] = {}
        for post in self.posts:
            if self.states.get(name, {}).get(post) == value:
                since, setting = self.since[name][post]
                if self.run(since) + length > self.run(self.now):
                    together.setdefault((since, post if setting is None else setting), []).append(post)
        part.becoming = [(since, posts, isinstance(by, int)) for (since, by), posts in together.items()]

    def _wake_rule(self, rule: Rule) -> None:
        """It loses nothing, but has heard nothing: what ran out while it was off is measured anew, or is given up."""
        self.met.add("switched on")
        for part in self.memory[rule["id"]].parts:
            part.began, part.began_wall = self.now, self.wall() if self.trusted else None
            length = seconds(part.when.get("for", "0s"))
            lateness = self._lateness_of(part.when["absent"]) if "absent" in part.when else 0
            within = seconds(part.when.get("within", "0s"))
            now = self.run(self.now)
            part.waits = [wait for wait in part.waits if self.run(wait["t"]) + within + lateness > now]
            for name, heard in part.heard.items():
                alive = sorted({*heard, *part.renewed.get(name, [])} - part.over.get(name, set()))
                base = alive[0] if alive else self.now
                for word in alive:
                    base = word if self.run(word) <= self.run(base) + length else base
                if alive and self.run(base) + length + lateness <= now:
                    part.renewed.pop(name, None)
                    part.heard[name], part.over[name] = [self.now], set()
            part.becoming = [one for one in part.becoming if self.run(one[0]) + length > now]

    # --- the night

    def play(self, given: dict[str, Any], steps: list[Step], end: int) -> list[tuple[Any, ...]]:
        self._states(given)
        off_until = went_off = -1
        cut = False
        trusted: bool | None = None
        waiting: list[Step] = []
        by_second: dict[int, list[Step]] = {}
        for step in steps:
            by_second.setdefault(step["at"], []).append(step)
        for now in range(end + 1):
            self.now = now
            here = by_second.get(now, [])
            if off_until >= 0 and now < off_until:
                off_until = self._while_off(here, off_until, waiting)
                continue
            if not here and off_until != now and not self._may_be_due():
                continue
            if off_until == now:
                off_until = -1
                self._return(went_off, cut, trusted)
                self._note(now)
                self._due(self.run(went_off))  # what had come due by then, as is known now, comes first
                self._deadlines(strictly_before=True)
                for step in waiting:
                    self._do(step)
                waiting = []
            told = len(self.told)
            self._reconnect()
            for index, step in enumerate(here):
                if "off" in step:
                    self._deadlines()
                    self.met.add("power cut" if step["cut"] else "restart")
                    cut, trusted = step["cut"], step.get("trusted")
                    off_until, went_off = now + step["off"], now
                    off_until = self._while_off(here[index + 1 :], off_until, waiting)
                    break
                self._do(step)
            if off_until < 0:
                self._deadlines()
            if here or len(self.told) > told:
                self._note(now)
        return self.told

    def _may_be_due(self) -> bool:
        if self.now in self.cuts.values():
            return True
        return self.wall() % 60 in self.minutes or self.run(self.now) in self.dues

    def _return(self, since: int, cut: bool, trusted: bool | None) -> None:
        """We are back, with a clock that is trusted, or is not, or as before; who has lost power has no other clock."""
        self.downs.append((since, self.now))
        if trusted is not None:
            self.trusted = trusted
        if self.trusted:
            self._measure(None)
            self._believe()
        elif cut:
            self.met.add("an unmeasured cut")
            assert self.unmeasured is None, "which of two cuts was how long, nobody can say"
            self._measure((since, self.now))

    def _while_off(self, steps: list[Step], until: int, waiting: list[Step]) -> int:
        """Clocks go on, a second cut makes it longer, and everything else waits for our return."""
        for step in steps:
            if "off" in step:
                until = max(until, self.now + step["off"])
            elif "clock" in step:
                self.met.add("clock step while off")
                self.step_s += step["clock"]
            else:
                waiting.append(step)
        return until

    def _do(self, step: Step) -> None:
        if {"event", "states", "reload"} & set(step):
            self._deadlines(strictly_before=True)  # a wait that an event of this instant began late is overdue by now
        if "clock" in step:
            self.step_s += step["clock"]
            self._deadlines(strictly_before=True)  # what the jump passed over is judged before what comes then
        elif "states" in step:
            self._states(step["states"])
        elif "trusted" in step:
            self.trusted = step["trusted"]
            if self.trusted:
                self._measure(None)
            self._believe()
            self._deadlines(strictly_before=True)
        elif "reload" in step:
            if step["reload"] is not None:
                self._load(step["reload"])
        elif "broker" in step:
            self.cuts[step["post"]] = max(self.now + step["broker"], self.cuts.get(step["post"], 0))
        elif "watch" in step:
            watch = step["watch"]
            self.watches[watch["kind"], watch.get("kelurahan")] = watch.get("until")
        elif "event" in step:
            self._arrive(step)

    def _believe(self) -> None:
        """What happened before the clock was trusted gets its wall time now."""
        if not self.trusted:
            self.met.add("clock untrusted")
            return
        for memory in self.memory.values():
            for part in memory.parts:
                if part.began_wall is None:
                    part.began_wall = part.passed = self.wall() - (self.now - part.began)
                for name, t in part.unsure:
                    part.walls_heard.setdefault(name, set()).add(self.wall() - (self.now - t))
                part.unsure = []

    # --- events, and the way to the precinct

    def _reconnect(self) -> None:
        self.cuts = {place: until for place, until in self.cuts.items() if until > self.now}
        arriving = [one for one in self.held if not self._is_cut(one[0].get("post"))]
        self.held = [one for one in self.held if self._is_cut(one[0].get("post"))]
        for event, timed in arriving:
            self.met.add("held at a cut post")
            came = Ev(event.kind, event.t if timed else self.now, self.now, 0, event.fields)
            self._see(came, at_post=False)
            self._wake()

    def _arrive(self, step: Step) -> None:
        fields = {key: value for key, value in step.items() if key not in ("at", "event", "happened", "id")}
        device = self.devices.get(fields.get("device", ""), {})
        post = fields.get("post", device.get("post"))
        place = {
            "post": post,
            "zone": device.get("zone"),
            "role": device.get("role"),
            "kelurahan": self.post_kelurahan.get(post),
        }
        fields = {**{key: value for key, value in place.items() if value is not None}, **fields}
        if "id" in step:
            if step["id"] in self.ids:
                self.met.add("duplicate refused")
                return
            self.ids.add(step["id"])
        happened = step.get("happened", self.now)
        event = Ev(step["event"], min(happened, self.now), self.now, 0, fields)
        if self._is_call(event) and "device" in fields and fields["device"] not in self.devices:
            self._unknown_device(event)
            return
        cut = event.get("post") is not None and self._is_cut(event.get("post"))
        if cut and self._precinct_sees(event):
            self.held.append((event, "happened" in step))
        self._see(event, at_precinct=not cut)
        self._wake()

    def _is_call(self, event: Ev) -> bool:
        """Whether it is of the floor's kinds."""
        critical = event.kind.startswith("report.") and event.get("severity") == "critical"
        return event.kind.startswith("panic.") or event.kind == "panel.alarm" or critical

    def _unknown_device(self, event: Ev) -> None:
        name = event.fields["device"]
        if name in self.unknown and self.run(self.now) - self.run(self.unknown[name]) <= UNKNOWN_AGAIN:
            self.met.add("unknown device again")
            return
        self.unknown[name] = self.now
        self._tell("alert", "device.unknown", event, None, severity="high")

    def _wake(self) -> None:
        """Each alert is an event for the precinct's rules, and so are the alerts that those raise."""
        while self.alerts:
            event, from_post = self.alerts.pop(0)
            if from_post and self._is_cut(event.get("post")):
                self.held.append((event, False))
            else:
                self._see(event, at_post=False)

    def _see(self, event: Ev, *, at_post: bool = True, at_precinct: bool = True) -> None:
        self.n += 1
        event.n = self.n
        event.arrived = self.now
        self._note(event.t)
        late = self.now - event.t > self.lateness(event.kind)
        if event.t < self.now:
            self.met.add("too late" if late else "late in time")
            if not late and event.kind not in self.site["max_lateness"]:
                self.met.add("late in time by a prefix")
        before = len(self.told)
        for rule in self.rules:
            seen = at_precinct and self._precinct_sees(event) if self._precinct(rule) else at_post
            if seen and rule.get("enabled", True) and (self._precinct(rule) or event.get("post") is not None):
                for part in self.memory[rule["id"]].parts:
                    self._feed(rule, part, event, late)
        self._settle()
        if at_post and self._is_call(event) and event.get("device") in self.devices:
            self._floor(event, before)

    def _floor(self, event: Ev, before: int) -> None:
        for sort, name, about in [(one[1], one[2], one[-1]) for one in self.told[before:]]:
            if sort == "alert" and about is event and "precinct" in self.rule(name)["then"]["escalate"]:
                self.met.add("a rule stands for the floor")
                return
        self.met.add("floor")
        self._tell("alert", "floor", event, None, severity="critical")
        incident = {"panic": "panic", "panel": "panel"}.get(event.kind.split(".")[0], event.kind.split(".")[1])
        self._alert(incident, "critical", event, True)

    def _precinct_sees(self, event: Ev) -> bool:
        return event.kind.startswith(("report.", "alert.", "device.")) or event.kind == "heartbeat"
