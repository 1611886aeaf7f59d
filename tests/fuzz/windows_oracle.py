"""The rule language by brute force, written from its text alone: second by second, from the whole history, in plain dicts.

It shares no code with the engine and cares for no memory. Times are whole seconds since the start; the wall time of
second 0 is ``start`` seconds after the midnight of its day, in a timezone without summer time. A rule is what its YAML
says, as a dict. A second at which no step stands and that is no named duration after anything that ever happened is
passed over: nothing can be due there.
"""
# ruff: noqa: C901, SIM102, PLR1716 - each function is one paragraph of the text, read aloud

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.fuzz.windows_matching import Ev, Matching, clock, seconds

Rule = dict[str, Any]
Step = dict[str, Any]
DAY = 86_400
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
MEANING = ("when", "only_if", "throttle", "clear_when", "suppressed_by", "runs_at")  # what a reload looks at
UNKNOWN_AGAIN = 600
SUPPRESSED = 3600


@dataclass
class Part:
    """What the oracle keeps for one ``when`` or ``clear_when``: everything that ever came, and what has been judged."""

    when: dict[str, Any]
    clear: bool
    began: int
    began_wall: int | None
    passed: int | None = None  # hours earlier than this had passed when it came, the clock not being trusted
    events: dict[Any, list[Ev]] = field(default_factory=dict)
    spent: dict[Any, list[tuple[int, int, Any]]] = field(default_factory=dict)
    heard: dict[str, list[int]] = field(default_factory=dict)
    renewed: dict[str, list[int]] = field(default_factory=dict)
    over: dict[str, set[int]] = field(default_factory=dict)
    waits: list[dict[str, Any]] = field(default_factory=list)
    becoming: list[tuple[int, list[str], bool]] = field(default_factory=list)
    dates: set[int] = field(default_factory=set)
    walls_heard: dict[str, set[int]] = field(default_factory=dict)
    unsure: list[tuple[str, int]] = field(default_factory=list)


@dataclass
class Memory:
    """What the oracle keeps for one rule. A shadow's throttles and conditions are kept apart."""

    parts: list[Part]
    throttles: dict[Any, int] = field(default_factory=dict)
    conditions: dict[Any, Any] = field(default_factory=dict)
    incidents: dict[Any, tuple[Any, int]] = field(default_factory=dict)


class Oracle(Matching):
    def __init__(self, site: dict[str, Any], rules: list[Rule], start: int, weekday: int) -> None:
        self.site = site
        self.start = start
        self.weekday = weekday
        self.posts = [post["id"] for post in site["posts"]]
        self.post_kelurahan = {post["id"]: post["kelurahan"] for post in site["posts"]}
        self.devices = {device["id"]: device for device in site["devices"]}
        self.told: list[tuple[Any, ...]] = []
        self.met: set[str] = set()  # what of the text this night was about
        self.now = self.step_s = self.n = 0
        self.trusted = True
        self.wall_seen = start - 1
        self.instants = {0}
        self.downs: list[tuple[int, int]] = []
        self.cuts: dict[Any, int] = {}
        self.held: list[tuple[Ev, bool]] = []
        self.ids: set[Any] = set()
        self.unknown: dict[str, int] = {}
        self.watches: dict[tuple[str, Any], Any] = {}
        self.alerts: list[tuple[Ev, bool]] = []
        self.states: dict[str, dict[str, Any]] = {}
        self.since: dict[str, dict[str, tuple[int, int | None]]] = {}  # and by which setting of all posts
        self.sets: list[tuple[str, Any, list[str] | None]] = []
        self.setting = 0
        self.memory: dict[str, Memory] = {}
        self.rules: list[Rule] = []
        self._load(rules)

    # --- rules, and their reload

    def _load(self, rules: list[Rule]) -> None:
        old = {rule["id"]: rule for rule in self.rules}
        memory = self.memory
        self.memory = {}
        self.rules = self._ordered(rules)
        for rule in rules:
            before = old.get(rule["id"])
            if before is not None and all(before.get(key) == rule.get(key) for key in MEANING):
                self.memory[rule["id"]] = memory[rule["id"]]
                self.met.add("reload keeps")
                if not before.get("enabled", True) and rule.get("enabled", True):
                    self._wake_rule(rule)
            else:
                self.memory[rule["id"]] = self._fresh(rule)
                self.met |= {"reload afresh"} if before is not None else set()
        words = [
            seconds(word) + late
            for rule in self.rules
            for when in (rule["when"], rule.get("clear_when", {}))
            for word in (when.get("for", "0s"), when.get("within", "0s"))
            for late in (0, *self.site["max_lateness"].values())
        ]
        self.lengths = sorted(set(words))

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
                if since + length > self.now:
                    together.setdefault((since, post if setting is None else setting), []).append(post)
        part.becoming = [(since, posts, isinstance(by, int)) for (since, by), posts in together.items()]

    def _wake_rule(self, rule: Rule) -> None:
        """It has heard nothing while it was off: its silences begin now."""
        self.met.add("switched on")
        for part in self.memory[rule["id"]].parts:
            part.began, part.began_wall = self.now, self.wall() if self.trusted else None
            part.waits = []
            part.renewed = {}
            length = seconds(part.when.get("for", "0s"))
            for name, heard in part.heard.items():
                over = part.over.get(name, set())
                if set(heard) - over:
                    part.heard[name] = [self.now]
                    part.over[name] = set()
            part.becoming = [one for one in part.becoming if one[0] + length > self.now]

    # --- the night

    def play(self, given: dict[str, Any], steps: list[Step], end: int) -> list[tuple[Any, ...]]:
        self._states(given)
        off_until = went_off = -1
        untrusted = False
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
            self.instants.add(now)
            if off_until == now:
                off_until = -1
                self.downs.append((went_off, now))
                self.trusted = self.trusted and not untrusted
                self._deadlines(strictly_before=True)
                for step in waiting:
                    self._do(step)
                waiting = []
            self._reconnect()
            for index, step in enumerate(here):
                if "off" in step:
                    self._deadlines()
                    self.met.add("power cut" if step["cut"] else "restart")
                    untrusted = step.get("trusted") is False
                    off_until, went_off = now + step["off"], now
                    off_until = self._while_off(here[index + 1 :], off_until, waiting)
                    break
                self._do(step)
            if off_until < 0:
                self._deadlines()
        return self.told

    def _may_be_due(self) -> bool:
        if self.now in self.cuts.values():
            return True
        if any((self.wall() - late) % 60 == 0 for late in (0, *self.site["max_lateness"].values())):
            return True
        return any(self.now - length in self.instants for length in self.lengths)

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
        if "clock" in step:
            self.step_s += step["clock"]
            self._deadlines(strictly_before=True)  # what the jump passed over is judged before what comes then
        elif "states" in step:
            self._states(step["states"])
        elif "trusted" in step:
            self.trusted = step["trusted"]
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

    def wall(self) -> int:
        return self.start + self.now + self.step_s

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

    # --- the way to the precinct

    def _is_cut(self, post: Any) -> bool:
        return any(place in (None, post) and until >= self.now for place, until in self.cuts.items())

    def _reconnect(self) -> None:
        self.cuts = {place: until for place, until in self.cuts.items() if until > self.now}
        arriving = [one for one in self.held if not self._is_cut(one[0].get("post"))]
        self.held = [one for one in self.held if self._is_cut(one[0].get("post"))]
        for event, timed in arriving:
            self.met.add("held at a cut post")
            came = Ev(event.kind, event.t if timed else self.now, self.now, 0, event.fields)
            self._see(came, at_post=False)
            self._wake()

    # --- events

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
        if name in self.unknown and self.now - self.unknown[name] <= UNKNOWN_AGAIN:
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

    def _alert(self, incident: str, severity: str, about: Ev, from_post: bool) -> None:
        place = {"post": about.get("post"), "kelurahan": about.get("kelurahan"), "severity": severity}
        fields = {name: value for name, value in place.items() if value is not None}
        self.alerts.append((Ev(f"alert.{incident}", self.now, self.now, 0, fields), from_post))

    def _see(self, event: Ev, *, at_post: bool = True, at_precinct: bool = True) -> None:
        self.n += 1
        event.n = self.n
        event.arrived = self.now
        self.instants.add(event.t)
        late = self.now - event.t > self.lateness(event.kind)
        if event.t < self.now:
            self.met.add("too late" if late else "late in time")
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

    def rule(self, id_: str) -> Rule:
        return next(rule for rule in self.rules if rule["id"] == id_)

    def lateness(self, kind: str) -> int:
        return int(self.site["max_lateness"].get(kind, 0))

    def _precinct(self, rule: Rule) -> bool:
        return rule.get("runs_at") == "precinct" or "neighbours" in rule["when"]

    def _precinct_sees(self, event: Ev) -> bool:
        return event.kind.startswith(("report.", "alert.", "device.")) or event.kind == "heartbeat"

    # --- forms that events complete

    def _group(self, rule: Rule, event: Ev) -> Any:
        """The group of an event, or None: it lacks a field, and counts in none."""
        names = rule["when"].get("group_by", [])
        names = names if self._precinct(rule) else ["post", *names]
        values = tuple(event.get(name) for name in names)
        if None in values or ("neighbours" in rule["when"] and event.get("kelurahan") is None):
            self.met.add("lacks a group field")
            return None
        return values

    def _windows_of(self, rule: Rule, part: Part, event: Ev) -> list[Any]:
        """The windows that an event falls into: for a clear_when of a roster, those of the entries it is word from."""
        if part.clear and "expect_from" in rule["when"]:
            return [(name,) for name in self._entries(rule["when"], event)]
        group = self._group(rule, event)
        return [] if group is None else [group]

    def _reach(self, rule: Rule, event: Ev, clear: bool) -> Any:
        if "neighbours" not in rule["when"]:
            return None
        own = event.get("kelurahan")
        line = next(one for one in self.site["kelurahan"] if one["id"] == own)
        return {own} if clear else {own, *line["neighbours"]}

    def _condition_group(self, rule: Rule, event: Ev) -> Any:
        group = self._group(rule, event)
        return group if group is None or "neighbours" not in rule["when"] else (event.get("kelurahan"), group)

    def _feed(self, rule: Rule, part: Part, event: Ev, late: bool) -> None:
        when = part.when
        if "event" in when or "any" in when:
            clauses = [when] if "event" in when else when["any"]
            if any(self.wants(clause, event) for clause in clauses):
                self._complete(rule, part, event, 1)
        elif late:
            return
        elif "after" in when:
            self._feed_waits(rule, part, event)
        elif "absent" in when:
            self._hear(rule, part, event)
        elif "state" not in when and "schedule" not in when:
            self._feed_window(rule, part, event)

    def _feed_window(self, rule: Rule, part: Part, event: Ev) -> None:
        for group in self._windows_of(rule, part, event):
            slot = ("window", group)
            for at, window, count, reach in self._completed(rule, part, part.when, slot, event):
                origin = event if at.n == event.n else at
                if self._complete(rule, part, origin, count) and not part.when.get("reuse"):
                    self._spend(part, slot, at, window, seconds(part.when["within"]), reach)

    def _spend(self, part: Part, slot: Any, at: Ev, window: list[Ev], within: int, reach: Any) -> None:
        for one in window:
            one.spent = True
        part.spent.setdefault(slot, []).append((at.t - within, at.t, reach))

    def _is_spent(self, part: Part, slot: Any, event: Ev) -> bool:
        """One that falls into a spent window is spent with it."""
        for start, end, reach in part.spent.get(slot, []):
            if event.arrived > event.t and start <= event.t <= end:
                if reach is None or event.get("kelurahan") in reach:
                    self.met.add("late into a spent window")
                    return True
        return False

    def _completed(
        self, rule: Rule, part: Part, form: dict[str, Any], slot: Any, event: Ev
    ) -> Iterator[tuple[Ev, list[Ev], int, Any]]:
        """Put an event where it belongs, and yield each event from there on that completes its window."""
        distinct = form.get("count", {}).get("distinct")
        if not self.concerns(form, event) or (distinct and event.get(distinct) is None):
            return
        if self._is_spent(part, slot, event):
            return
        copy = Ev(event.kind, event.t, event.arrived, event.n, event.fields)
        events = part.events.setdefault(slot, [])
        events.append(copy)
        events.sort(key=lambda one: one.key)
        within = seconds(form["within"])
        for at in [one for one in events if one.key >= copy.key]:
            if at.spent or at.judged:
                continue
            reach = self._reach(rule, at, part.clear)
            window = [
                one
                for one in events
                if not one.spent
                and at.t - within <= one.t
                and one.key <= at.key
                and (reach is None or one.get("kelurahan") in reach)
            ]
            count = self.match(form, window, at)
            if count is not None:
                at.judged = True
                if at is not copy:
                    self.met.add("window judged again")
                yield at, window, count, reach

    # --- absences

    def _roster(self, when: dict[str, Any]) -> list[str]:
        roster = when.get("expect_from")
        if roster is None:
            return []
        if roster == "posts":
            return list(self.posts)
        if roster == "devices":
            return list(self.devices)
        if isinstance(roster, dict):
            return [name for name, device in self.devices.items() if device["role"] == roster["role"]]
        return list(roster)

    def _entries(self, when: dict[str, Any], event: Ev) -> list[str]:
        """The entries of a roster that an event is word from."""
        names = self._roster(when)
        said = [event.get("device") if name in self.devices else event.get("post") for name in names]
        return [name for name, one in zip(names, said, strict=True) if name == one]

    def _hear(self, rule: Rule, part: Part, event: Ev) -> None:
        if not self.wants(part.when["absent"], event):
            return
        for name in self._entries(part.when, event):
            device = self.devices.get(name)
            if device is not None and not self._precinct(rule) and device["post"] != event.get("post"):
                continue  # a post sees that post alone
            part.heard[name].append(event.t)
            if self.trusted:
                part.walls_heard.setdefault(name, set()).add(self.wall() - (self.now - event.t))
            else:
                part.unsure.append((name, event.t))

    def _feed_waits(self, rule: Rule, part: Part, event: Ev) -> None:
        for group in self._windows_of(rule, part, event):
            part.events.setdefault(("absent", group), []).append(event)
            after, slot = part.when["after"], ("wait", group)
            if "event" in after and "at_least" not in after:
                if self.wants(after, event) and not self._is_spent(part, slot, event):
                    self._wait(part, group, event, after.get("as"), 1)
                continue
            form = after
            if "event" in after:
                form = {"sequence": [{key: value for key, value in after.items() if key != "within"}]}
                form["within"] = after["within"]
            last = form["sequence"][-1] if "sequence" in form else form
            for at, window, count, reach in self._completed(rule, part, form, slot, event):
                self._spend(part, slot, at, window, seconds(form["within"]), reach)
                self._wait(part, group, event if at.n == event.n else at, last.get("as"), count)

    def _wait(self, part: Part, group: Any, event: Ev, name: str | None, count: int) -> None:
        named = {name: event} if name else {}
        part.waits.append({"group": group, "t": event.t, "n": event.n, "event": event, "named": named, "count": count})

    def _lateness_of(self, clause: dict[str, Any]) -> int:
        kinds = self.kinds(clause)
        allowed = self.site["max_lateness"].items()
        return max((late for kind, late in allowed if self.is_kind(kind, kinds)), default=0)

    def _down_within(self, begin: int, end: int) -> int | None:
        """The end of the last downtime that overlaps (begin, end], or None."""
        ends = [d1 for d0, d1 in self.downs if d0 < end and begin < d1 and d1 <= self.now]
        return max(ends) if ends else None

    def _silences(self, rule: Rule, part: Part, limit: int) -> None:
        length, lateness = seconds(part.when["for"]), self._lateness_of(part.when["absent"])
        for name in self._roster(part.when):
            while True:
                bases = sorted({*part.heard[name], *part.renewed.get(name, [])} - part.over.get(name, set()))
                base = next((b for b in bases if b + length + lateness <= limit), None)
                if base is None:
                    break
                part.over.setdefault(name, set()).add(base)
                if any(base < h <= base + length for h in (*part.heard[name], *part.renewed.get(name, []))):
                    continue
                back = self._down_within(base, base + length)
                if back is not None:
                    part.renewed.setdefault(name, []).append(back)
                self._verdict(rule, part, name, back is not None, False)

    def _verdict(self, rule: Rule, part: Part, name: str, unknown: bool, late: bool) -> None:
        device = self.devices.get(name)
        post = device["post"] if device else name
        fields = {"post": post, "kelurahan": self.post_kelurahan.get(post)}
        if device:
            fields |= {"device": name, "zone": device["zone"], "role": device["role"]}
        event = Ev("timer", self.now, self.now, 0, fields)
        if not part.clear:
            self._judge(rule, event, [((name,), post)], None, unknown=unknown, late=late, entry=name)
        elif not unknown:
            own = (name,) if "expect_from" in rule["when"] else self._group(rule, event)
            self._clear(rule, event, [own])

    def _waits(self, rule: Rule, part: Part, limit: int) -> None:
        when = part.when
        within, lateness = seconds(when["within"]), self._lateness_of(when["absent"])
        while True:
            due = [wait for wait in part.waits if wait["t"] + within + lateness <= limit]
            if not due:
                return
            # Of one instant, groups in the order in which they came up.
            wait = min(due, key=lambda one: (one["t"], one["n"]))
            part.waits.remove(wait)
            end = wait["t"] + within
            came = part.events.get(("absent", wait["group"]), [])
            if any(
                (wait["t"], wait["n"]) < one.key and one.t <= end and self.wants(when["absent"], one, wait["named"])
                for one in came
            ):
                continue
            back = self._down_within(wait["t"], end)
            if back is not None:
                part.waits.append({**wait, "t": back})
            if self._wait_is_over(rule, part, wait, back is not None) and back is None and not when.get("reuse"):
                part.waits = [w for w in part.waits if w["group"] != wait["group"] or w["t"] > end]
                slot = ("wait", wait["group"])
                for one in part.events.get(slot, []):
                    one.spent = one.spent or wait["t"] <= one.t <= end
                part.spent.setdefault(slot, []).append((wait["t"], end, None))

    def _wait_is_over(self, rule: Rule, part: Part, wait: dict[str, Any], unknown: bool) -> bool:
        if part.clear:
            if not unknown:
                self._clear(rule, wait["event"], self._cleared_by(rule, wait["event"], wait["group"]))
            return True
        groups = [(wait["group"], wait["event"].get("post"))]
        return self._judge(rule, wait["event"], groups, wait["count"], unknown=unknown)

    def _cleared_by(self, rule: Rule, event: Ev, group: Any) -> list[Any]:
        if "expect_from" in rule["when"]:
            return [(name,) for name in self._entries(rule["when"], event)]
        return [group if "neighbours" not in rule["when"] else (event.get("kelurahan"), group)]

    # --- hours

    def _daily(self, rule: Rule, part: Part, after: int, until: int) -> None:
        when = part.when
        lateness = 0 if "schedule" in when else self._lateness_of(when["absent"])
        minute = clock(when["schedule"]["at"] if "schedule" in when else when["between"][1])
        passed, part.passed = part.passed, None
        for day in range(-3, 6):
            deadline = day * DAY + minute
            if passed is not None and deadline < passed:
                continue
            if not after < deadline + lateness <= until or day in part.dates:
                continue
            late = self.wall() > deadline + lateness
            if late:
                self.met.add("judged late")
            if "schedule" in when:
                days = when["schedule"].get("days", DAYS)
                if DAYS[(self.weekday + day) % 7] in days:
                    part.dates.add(day)
                    self._scheduled(rule, late)
                continue
            if part.began_wall is None or deadline <= part.began_wall:
                continue
            part.dates.add(day)
            begin = clock(when["between"][0])
            start = day * DAY + begin if begin < minute else (day - 1) * DAY + begin
            shift = self.wall() - self.now
            off = any(d0 < deadline - shift and start - shift < d1 for d0, d1 in self.downs)
            for name in self._roster(when):
                if not any(start <= wall <= deadline for wall in part.walls_heard.get(name, set())):
                    self._verdict(rule, part, name, off, late)

    def _scheduled(self, rule: Rule, late: bool) -> None:
        event = Ev("timer", self.now, self.now, 0, {})
        groups = [((), None)] if self._precinct(rule) else [((post,), post) for post in self.posts]
        self._judge(rule, event, groups, None, late=late, everywhere=True)

    # --- states

    def _states(self, states: dict[str, Any]) -> None:
        for name, value in states.items():
            if isinstance(value, dict):
                for post, one in value.items():
                    self.sets.append((name, one, [post]))
            else:
                self.sets.append((name, value, None))
            self._settle()
            self._wake()

    def _settle(self) -> None:
        while self.sets:
            name, value, posts = self.sets.pop(0)
            self.setting += 1
            values = self.states.setdefault(name, {})
            changed = [post for post in (posts or self.posts) if values.get(post) != value]
            old = {post: values.get(post) for post in changed}
            for post in changed:
                values[post] = value
                self.since.setdefault(name, {})[post] = (self.now, self.setting if posts is None else None)
            for rule in self.rules:
                for part in self.memory[rule["id"]].parts:
                    if name in part.when.get("state", {}):
                        self._become(rule, part, value, changed, old, posts is None)

    def _become(
        self, rule: Rule, part: Part, value: Any, changed: list[str], old: dict[str, Any], everywhere: bool
    ) -> None:
        wanted = next(iter(part.when["state"].values()))
        left = {post for post in changed if old[post] == wanted}
        part.becoming = [(since, [p for p in posts if p not in left], all_) for since, posts, all_ in part.becoming]
        part.becoming = [one for one in part.becoming if one[1]]
        if value == wanted and changed:
            part.becoming += [(self.now, changed, True)] if everywhere else [(self.now, [p], False) for p in changed]
        if "for" not in part.when and rule.get("enabled", True):
            self._became(rule, part, self.now)

    def _became(self, rule: Rule, part: Part, limit: int) -> None:
        length = seconds(part.when.get("for", "0s"))
        ready = [one for one in part.becoming if one[0] + length <= limit]
        part.becoming = [one for one in part.becoming if one[0] + length > limit]
        for _, posts, everywhere in ready:
            post = None if everywhere else posts[0]
            fields = {"post": post, "kelurahan": self.post_kelurahan.get(post or "")}
            event = Ev("timer", self.now, self.now, 0, {name: value for name, value in fields.items() if value})
            if part.clear:
                open_ = self.memory[rule["id"]].conditions
                mode = rule.get("mode", "live")
                groups = [group for (own, group), at in open_.items() if own == mode and (everywhere or at in posts)]
                self._clear(rule, event, groups, everywhere=everywhere)
            else:
                groups = [((), one) if self._precinct(rule) else ((one,), one) for one in posts]
                self._judge(rule, event, groups, None, everywhere=everywhere)

    # --- deadlines of one instant, rule by rule

    def _deadlines(self, strictly_before: bool = False) -> None:
        limit, until = (self.now - 1, self.wall() - 1) if strictly_before else (self.now, self.wall())
        after = self.wall_seen
        if self.trusted:
            self.wall_seen = until
        if after > until:  # stepped back: what the clock lands on is due, and nothing before it
            after = until if strictly_before else until - 1
        for rule in self.rules:
            if not rule.get("enabled", True):
                continue
            for part in self.memory[rule["id"]].parts:
                when = part.when
                if "schedule" in when or "between" in when:
                    if self.trusted:
                        self._daily(rule, part, after, until)
                elif "state" in when:
                    self._became(rule, part, limit)
                elif "for" in when:
                    self._silences(rule, part, limit)
                elif "after" in when:
                    self._waits(rule, part, limit)
        self._settle()
        self._wake()

    # --- what a firing has to pass

    def _complete(self, rule: Rule, part: Part, event: Ev, count: int) -> bool:
        if part.clear:
            if "expect_from" in rule["when"]:
                self._clear(rule, event, [(name,) for name in self._entries(rule["when"], event)])
            else:
                self._clear(rule, event, [self._condition_group(rule, event)])
            return True
        group = self._condition_group(rule, event)
        if group is None:
            return False
        return self._judge(rule, event, [(group, event.get("post"))], count)

    def _clear(self, rule: Rule, event: Ev, groups: list[Any], *, everywhere: bool = False) -> None:
        memory, mode = self.memory[rule["id"]], rule.get("mode", "live")
        ended = [group for group in groups if (mode, group) in memory.conditions]
        for group in ended:
            del memory.conditions[mode, group]
            if mode == "live":
                memory.incidents.pop(group, None)
        for _ in ended[:1] if everywhere else ended:
            self._say("clear", rule, event, None)

    def _judge(
        self, rule: Rule, event: Ev, groups: list[Any], count: int | None,
        *, unknown: bool = False, late: bool = False, everywhere: bool = False, entry: str | None = None,
    ) -> bool:  # fmt: skip
        memory, then, mode = self.memory[rule["id"]], rule["then"], rule.get("mode", "live")
        if not self._only_if(rule, event, [post for _, post in groups]):
            self.met.add("held by only_if")
            return False
        if unknown:
            self._say("unknown", rule, event, count, late)
            return True
        for name in rule.get("suppressed_by", []):
            open_ = self.memory[name].incidents.values()
            if all(any(post == at and self.now - last <= SUPPRESSED for at, last in open_) for _, post in groups):
                self._say("suppressed", rule, event, count, late)
                return True
        keys = [(mode, self._throttle_key(rule, event, post, entry)) for _, post in groups]
        length = seconds(rule["throttle"]["once_within"]) if "throttle" in rule else None
        is_open = "clear_when" in rule and all((mode, group) in memory.conditions for group, _ in groups)
        inside = length is not None and all(
            key in memory.throttles and self.now - memory.throttles[key] <= length for key in keys
        )
        if is_open or inside:
            self.met.add("joins its open condition" if is_open else "throttled by its window")
            self._say("throttled", rule, event, count, late)
        else:
            if length is not None:
                memory.throttles.update(dict.fromkeys(keys, self.now))
            self._act(rule, event, groups, count, late, everywhere)
        for group, post in groups:
            if "clear_when" in rule:
                memory.conditions[mode, group] = post
            if then["escalate"] != "none" and mode == "live":
                memory.incidents[group] = (post, self.now)
        return True

    def _act(self, rule: Rule, event: Ev, groups: list[Any], count: int | None, late: bool, everywhere: bool) -> None:
        then = rule["then"]
        if rule.get("mode") == "shadow":
            self.met.add("a shadow would have fired")
            return
        if then["escalate"] != "none":
            self._say("alert", rule, event, count, late)
        posts = [post for _, post in groups if post is not None]
        about = posts if everywhere else [event.get("post")]
        for action in then.get("actions", []):
            for device in self.devices.values():
                if device["role"] == action.split(".")[0] and device["post"] in about:
                    command = Ev("command", self.now, self.now, 0, {"post": device["post"], "device": device["id"]})
                    self._tell("command", action, command, None)
        for name, value in then.get("set", {}).items():
            self.sets.append((name, value, None if everywhere or not posts else posts))

    def _throttle_key(self, rule: Rule, event: Ev, post: Any, entry: str | None) -> Any:
        names = rule.get("throttle", {}).get("group_by")
        if names is None:
            return entry or post
        values = tuple(post if name == "post" else event.get(name) for name in names)
        return values if self._precinct(rule) else (post, *values)

    def _only_if(self, rule: Rule, event: Ev, posts: list[Any]) -> bool:
        """All must hold at the place that it is about; for what is about no post, at one of all."""
        places = [(post, event.get("kelurahan") or self.post_kelurahan.get(post)) for post in posts]
        if all(post is None for post in posts):
            own = event.get("kelurahan")
            places = [(post, own or self.post_kelurahan[post]) for post in self.posts]
        return any(
            all(self._holds(one, post, kelurahan) for one in rule.get("only_if", [])) for post, kelurahan in places
        )

    def _holds(self, condition: dict[str, Any], post: Any, kelurahan: Any) -> bool:
        if "state" in condition:
            return bool(self.states.get(condition["state"], {}).get(post) == condition["is"])
        if "watch" in condition:
            return any(
                kind == condition["watch"]
                and place in (None, kelurahan)
                and (until is None or self.wall() <= self.start + until)
                for (kind, place), until in self.watches.items()
            )
        if not self.trusted:
            return True
        if "days" in condition:
            return DAYS[(self.weekday + self.wall() // DAY) % 7] in condition["days"]
        start, end = (clock(text) for text in condition["between"])
        now = self.wall() % DAY
        return start <= now < end if start < end else now >= start or now < end

    def _say(self, sort: str, rule: Rule, event: Ev, count: int | None, late: bool = False) -> None:
        if rule.get("mode") != "shadow":
            form = next(iter(rule["when"]))
            self.met.add(f"{sort}, {form}")
            self._tell(sort, rule["id"], event, count, late, rule["then"].get("severity", "info"))
            if sort == "alert":
                severity = rule["then"]["severity"]
                self._alert(rule["then"]["incident"], severity, event, not self._precinct(rule))

    def _tell(
        self, sort: str, name: str, event: Ev, count: int | None, late: bool = False, severity: str | None = None
    ) -> None:
        place = [event.get(key) for key in ("post", "device", "zone", "kelurahan")]
        self.told.append((self.now, sort, name, count, *place, late, severity, event))
