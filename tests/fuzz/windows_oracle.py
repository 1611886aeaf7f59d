"""The rule language by brute force, written from its text alone: second by second, from the whole history, in plain dicts.

It shares no code with the engine and cares for no speed or memory. Times are whole seconds since the start; ``START``
is the wall time of second 0, in a timezone without summer time. A rule is what its YAML says, as a dict.
"""
# ruff: noqa: C901, PLR0912, SIM102, PLR1716 - each function is one paragraph of the text, read aloud

from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

Rule = dict[str, Any]
DAY = 86_400


def seconds(text: str) -> int:
    return int(text[:-1]) * {"s": 1, "m": 60, "h": 3600, "d": DAY}[text[-1]]


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


@dataclass
class Memory:
    """What the oracle keeps for one rule: everything that ever came, and what has been told."""

    events: dict[Any, list[Ev]] = field(default_factory=dict)
    spent: dict[Any, list[tuple[int, int, Any]]] = field(default_factory=dict)
    throttles: dict[Any, int] = field(default_factory=dict)
    conditions: set[Any] = field(default_factory=set)
    incidents: dict[Any, tuple[Any, int]] = field(default_factory=dict)
    heard: dict[str, list[int]] = field(default_factory=dict)
    renewed: dict[str, list[int]] = field(default_factory=dict)
    over: dict[str, set[int]] = field(default_factory=dict)
    waits: list[dict[str, Any]] = field(default_factory=list)
    becoming: list[tuple[int, list[str], bool]] = field(default_factory=list)
    dates: set[int] = field(default_factory=set)
    days_heard: dict[str, set[int]] = field(default_factory=dict)


class Oracle:
    def __init__(self, site: dict[str, Any], rules: list[Rule], start_wall: int) -> None:
        self.site = site
        self.rules = self._ordered(rules)
        self.start = start_wall  # local seconds since some midnight
        self.memory = {rule["id"]: Memory() for rule in rules}
        self.states: dict[str, dict[str, Any]] = {}
        self.posts = [post["id"] for post in site["posts"]]
        self.post_kelurahan = {post["id"]: post["kelurahan"] for post in site["posts"]}
        self.devices = {device["id"]: device for device in site["devices"]}
        self.told: list[tuple[Any, ...]] = []
        self.downs: list[tuple[int, int]] = []
        self.now = 0
        self.step_s = 0
        self.wall_seen = start_wall - 1
        self.n = 0
        self.ids: set[Any] = set()
        self.alerts: list[Ev] = []
        self.sets: list[tuple[str, Any, list[str] | None]] = []
        for rule in rules:
            for entry in self._roster(rule):
                self.memory[rule["id"]].heard[entry] = [0]

    def _ordered(self, rules: list[Rule]) -> list[Rule]:
        done: list[Rule] = []
        while len(done) < len(rules):
            names = {rule["id"] for rule in done}
            done.append(next(r for r in rules if r["id"] not in names and set(r.get("suppressed_by", [])) <= names))
        named = {name for rule in rules for name in rule.get("suppressed_by", [])}
        return [r for r in done if r["id"] in named] + [r for r in rules if r["id"] not in named]

    # --- the night

    def play(self, given: dict[str, Any], steps: list[dict[str, Any]], end: int) -> list[tuple[Any, ...]]:
        self._states(given)
        off_until = went_off = -1
        waiting: list[dict[str, Any]] = []
        for now in range(end + 1):
            self.now = now
            here = [step for step in steps if step["at"] == now]
            if off_until >= 0 and now < off_until:
                off_until = self._while_off(here, off_until, waiting)
                continue
            if off_until == now:
                off_until = -1
                self.downs.append((went_off, now))
                self._deadlines(strictly_before=True)
                for step in waiting:
                    self._do(step)
                waiting = []
            for index, step in enumerate(here):
                if "off" in step:
                    self._deadlines()
                    off_until, went_off = now + step["off"], now
                    off_until = self._while_off(here[index + 1 :], off_until, waiting)
                    break
                self._do(step)
            if off_until < 0:
                self._deadlines()
        return self.told

    def _while_off(self, steps: list[dict[str, Any]], until: int, waiting: list[dict[str, Any]]) -> int:
        """Clocks go on, a second cut makes it longer, and everything else waits for our return."""
        for step in steps:
            if "off" in step:
                until = max(until, self.now + step["off"])
            elif "clock" in step:
                self.step_s += step["clock"]
            else:
                waiting.append(step)
        return until

    def _do(self, step: dict[str, Any]) -> None:
        if "clock" in step:
            self.step_s += step["clock"]
            self._deadlines(strictly_before=True)  # what the jump passed over is judged before what comes then
        elif "states" in step:
            self._states(step["states"])
        else:
            self._arrive(step)

    def wall(self) -> int:
        return self.start + self.now + self.step_s

    # --- events

    def _arrive(self, step: dict[str, Any]) -> None:
        fields = {key: value for key, value in step.items() if key not in ("at", "event", "happened")}
        device = self.devices.get(fields.get("device", ""), {})
        post = fields.get("post", device.get("post"))
        place = {
            "post": post,
            "zone": device.get("zone"),
            "role": device.get("role"),
            "kelurahan": self.post_kelurahan.get(post),
        }
        fields = {**{key: value for key, value in place.items() if value is not None}, **fields}
        if "id" in fields:
            if fields["id"] in self.ids:
                return
            self.ids.add(fields["id"])
        self._see(Ev(step["event"], min(step.get("happened", self.now), self.now), self.now, 0, fields), True)
        self._wake()

    def _wake(self) -> None:
        """Each alert is an event for the precinct's rules, and so are the alerts that those raise."""
        while self.alerts:
            self._see(self.alerts.pop(0), False)

    def _alert(self, incident: str, severity: str, about: Ev) -> None:
        place = {"post": about.get("post"), "kelurahan": about.get("kelurahan"), "severity": severity}
        fields = {name: value for name, value in place.items() if value is not None}
        self.alerts.append(Ev(f"alert.{incident}", self.now, self.now, 0, fields))

    def _see(self, event: Ev, at_post: bool) -> None:
        self.n += 1
        event.n = self.n
        late = self.now - event.t > self.lateness(event.kind)
        before = len(self.told)
        for rule in self.rules:
            if not self._sees(rule, event, at_post):
                continue
            self._feed(rule, rule["when"], event, late, clear=False)
            if "clear_when" in rule:
                self._feed(rule, rule["clear_when"], event, late, clear=True)
        self._settle()
        if event.kind.startswith("panic.") and event.get("device") in self.devices:
            stands = [
                e
                for e in self.told[before:]
                if e[1] == "alert" and e[-1] is event and "precinct" in self.rule(e[2])["then"]["escalate"]
            ]
            if not stands:
                self.told.append((self.now, "alert", "floor", event.get("post"), None, event.get("device"), event))
                self._alert("panic", "critical", event)

    def rule(self, id_: str) -> Rule:
        return next(rule for rule in self.rules if rule["id"] == id_)

    def lateness(self, kind: str) -> int:
        return int(self.site["max_lateness"].get(kind, 0))

    def _precinct(self, rule: Rule) -> bool:
        return rule.get("runs_at") == "precinct" or "neighbours" in rule["when"]

    def _sees(self, rule: Rule, event: Ev, at_post: bool) -> bool:
        if self._precinct(rule):
            return event.kind.startswith(("report.", "alert."))
        return at_post and event.get("post") is not None

    def _wants(self, clause: dict[str, Any], event: Ev, named: dict[str, Ev] | None = None) -> bool:
        kinds = clause["event"] if isinstance(clause["event"], list) else [clause["event"]]
        return event.kind in kinds and all(
            self._compare(event, name, wanted, named or {}) for name, wanted in clause.get("where", {}).items()
        )

    def _compare(self, event: Ev, name: str, wanted: Any, named: dict[str, Ev]) -> bool:
        value = event.get(name)
        if value is None:
            return False
        if not isinstance(wanted, dict):
            return bool(value == wanted)
        if "at_least" in wanted:
            return bool(value >= wanted["at_least"])
        if "same_as" in wanted or "not_same_as" in wanted:
            alias, other = next(iter(wanted.values())).split(".")
            right = named[alias].get(other) if alias in named else None
            return right is not None and (value == right) is ("same_as" in wanted)
        earlier = named.get(wanted["since"])
        if earlier is None or earlier.get(name) is None:
            return False
        if "rises_by" in wanted:
            return bool(value - earlier.get(name) >= wanted["rises_by"])
        return bool(earlier.get(name) - value >= wanted["falls_by"])

    # --- forms that events complete

    def _group(self, rule: Rule, event: Ev) -> Any:
        names = rule["when"].get("group_by", [])
        names = names if self._precinct(rule) else ["post", *names]
        values = tuple(event.get(name) for name in names)
        if None in values or ("neighbours" in rule["when"] and event.get("kelurahan") is None):
            return None
        return values

    def _reach(self, rule: Rule, event: Ev, clear: bool) -> Any:
        if "neighbours" not in rule["when"]:
            return None
        own = event.get("kelurahan")
        line = next(one for one in self.site["kelurahan"] if one["id"] == own)
        return {own} if clear else {own, *line["neighbours"]}

    def _condition_group(self, rule: Rule, event: Ev) -> Any:
        group = self._group(rule, event)
        return group if group is None or "neighbours" not in rule["when"] else (event.get("kelurahan"), group)

    def _feed(self, rule: Rule, when: dict[str, Any], event: Ev, late: bool, clear: bool) -> None:
        if "absent" in when:
            if not late:
                self._feed_absent(rule, when, event)
            return
        clauses = [when] if "event" in when else when.get("any")
        if clauses is not None:
            if any(self._wants(clause, event) for clause in clauses):
                self._complete(rule, event, 1, clear)
            return
        if "count" in when or "sequence" in when or "all" in when:
            if not late:
                self._feed_window(rule, when, event, clear)

    def _parts(self, when: dict[str, Any]) -> list[dict[str, Any]]:
        if "count" in when:
            return [when["count"]]
        parts: list[dict[str, Any]] = when.get("sequence") or when["all"]
        return parts

    def _concerns(self, when: dict[str, Any], event: Ev) -> bool:
        """Whether an event's kind and own fields fit any clause, whatever other events it would be compared with."""
        for part in self._parts(when):
            clause = part.get("unless", part)
            alone = {
                name: wanted
                for name, wanted in clause.get("where", {}).items()
                if not (isinstance(wanted, dict) and set(wanted) & {"same_as", "not_same_as", "since"})
            }
            if self._wants({"event": clause["event"], "where": alone}, event):
                return True
        return False

    def _counts(self, when: dict[str, Any], event: Ev) -> bool:
        return self._concerns({"all": [part for part in self._parts(when) if "unless" not in part]}, event)

    def _feed_window(self, rule: Rule, when: dict[str, Any], event: Ev, clear: bool) -> None:
        group = self._group(rule, event)
        distinct = when.get("count", {}).get("distinct")
        if group is None or not self._concerns(when, event) or (distinct and event.get(distinct) is None):
            return
        memory = self.memory[rule["id"]]
        slot = (clear, group)
        for start, end, reach in memory.spent.get(slot, []):
            if (
                event.arrived > event.t
                and start <= event.t <= end
                and (reach is None or event.get("kelurahan") in reach)
            ):
                return  # one that falls into a spent window is spent with it
        copy = Ev(event.kind, event.t, event.arrived, event.n, event.fields)
        events = memory.events.setdefault(slot, [])
        events.append(copy)
        events.sort(key=lambda one: one.key)
        within = seconds(when["within"])
        for at in [one for one in events if one.key >= copy.key]:
            if at.spent or at.judged:
                continue
            reach = self._reach(rule, at, clear)
            window = [
                one
                for one in events
                if not one.spent
                and at.t - within <= one.t
                and one.key <= at.key
                and (reach is None or one.get("kelurahan") in reach)
            ]
            count = self._match(when, window, at)
            if count is None:
                continue
            at.judged = True
            origin = event if at is copy else at
            if self._complete(rule, origin, count, clear) and not when.get("reuse"):
                for one in window:
                    one.spent = True
                memory.spent.setdefault(slot, []).append((at.t - within, at.t, reach))

    def _match(self, when: dict[str, Any], window: list[Ev], at: Ev) -> int | None:
        if "count" in when:
            values = {one.get(when["count"]["distinct"]) for one in window} if "distinct" in when["count"] else window
            return len(values) if len(values) >= when["count"]["at_least"] else None
        found = (
            self._sequence(when["sequence"], window, at) if "sequence" in when else self._all(when["all"], window, at)
        )
        return None if found is None else sum(self._counts(when, one) for one in window)

    def _sequence(self, parts: list[dict[str, Any]], window: list[Ev], at: Ev) -> dict[str, Ev] | None:
        """Try every choice of events in order."""
        steps: list[tuple[dict[str, Any], list[dict[str, Any]]]] = []
        unless: list[dict[str, Any]] = []
        for part in parts:
            if "unless" in part:
                unless.append(part["unless"])
            else:
                steps.append((part, unless))
                unless = []

        def fill(index: int, before: int, named: dict[str, Ev]) -> dict[str, Ev] | None:
            if index == len(steps):
                return named if before == len(window) - 1 else None
            step, voiding = steps[index]
            rest = range(before + 1, len(window))
            for chosen in combinations(rest, step.get("at_least", 1)):
                if not all(self._wants(step, window[one], named) for one in chosen):
                    continue
                between = window[before + 1 : chosen[0]] if before >= 0 else []
                if any(self._wants(clause, one, named) for clause in voiding for one in between):
                    continue
                more = {**named, step["as"]: window[chosen[-1]]} if "as" in step else named
                found = fill(index + 1, chosen[-1], more)
                if found is not None:
                    return found
            return None

        assert window[-1] is at
        return fill(0, -1, {})

    def _all(self, parts: list[dict[str, Any]], window: list[Ev], at: Ev) -> dict[str, Ev] | None:
        steps = [part for part in parts if "unless" not in part]
        unless = [part["unless"] for part in parts if "unless" in part]

        def fill(index: int, used: tuple[int, ...], named: dict[str, Ev]) -> dict[str, Ev] | None:
            if index == len(steps):
                if len(window) - 1 not in used:
                    return None
                between = window[min(used) + 1 : len(window) - 1]
                return None if any(self._wants(c, one, named) for c in unless for one in between) else named
            step = steps[index]
            free = [one for one in range(len(window)) if one not in used]
            for chosen in combinations(free, step.get("at_least", 1)):
                if all(self._wants(step, window[one], named) for one in chosen):
                    more = {**named, step["as"]: window[chosen[-1]]} if "as" in step else named
                    found = fill(index + 1, (*used, *chosen), more)
                    if found is not None:
                        return found
            return None

        assert window[-1] is at
        return fill(0, (), {})

    # --- absences

    def _roster(self, rule: Rule) -> list[str]:
        roster = rule["when"].get("expect_from")
        if roster is None:
            return []
        if roster == "posts":
            return list(self.posts)
        if roster == "devices":
            return list(self.devices)
        if isinstance(roster, dict):
            return [name for name, device in self.devices.items() if device["role"] == roster["role"]]
        return list(roster)

    def _entry_of(self, rule: Rule, event: Ev) -> list[str]:
        names = [event.get("device") if name in self.devices else event.get("post") for name in self._roster(rule)]
        return [name for name, said in zip(self._roster(rule), names, strict=True) if name == said]

    def _feed_absent(self, rule: Rule, when: dict[str, Any], event: Ev) -> None:
        memory = self.memory[rule["id"]]
        if "after" not in when:
            for name in self._entry_of(rule, event) if self._wants(when["absent"], event) else []:
                memory.heard[name].append(event.t)
                if "between" in when:
                    memory.days_heard.setdefault(name, set()).add(self._wall_of(event.t))
            return
        group = self._group(rule, event)
        if group is None:
            return
        memory.events.setdefault(("absent", group), []).append(event)
        after = when["after"]
        if "event" in after and self._wants(after, event):
            for start, end, _ in memory.spent.get(("wait", group), []):
                if event.arrived > event.t and start <= event.t <= end:
                    return
            named = {after["as"]: event} if "as" in after else {}
            memory.waits.append(
                {"group": group, "t": event.t, "n": event.n, "event": event, "named": named, "count": 1}
            )
        elif "event" not in after:
            self._inner(memory, after, group, event)

    def _inner(self, memory: Memory, after: dict[str, Any], group: Any, event: Ev) -> None:
        if not self._concerns(after, event):
            return
        events = memory.events.setdefault(("inner", group), [])
        events.append(Ev(event.kind, event.t, event.arrived, event.n, event.fields))
        at = events[-1]
        within = seconds(after["within"])
        window = [one for one in events if not one.spent and at.t - within <= one.t]
        count = self._match(after, window, at)
        if count is not None:
            for one in window:
                one.spent = True
            memory.waits.append(
                {"group": group, "t": event.t, "n": event.n, "event": event, "named": {}, "count": count}
            )

    def _lateness_of(self, clause: dict[str, Any]) -> int:
        kinds = clause["event"] if isinstance(clause["event"], list) else [clause["event"]]
        return max(self.lateness(kind) for kind in kinds)

    def _down_within(self, begin: int, end: int) -> int | None:
        """The end of the last downtime that overlaps (begin, end], or None."""
        ends = [d1 for d0, d1 in self.downs if d0 < end and begin < d1 and d1 <= self.now]
        return max(ends) if ends else None

    def _silences(self, rule: Rule, limit: int) -> None:
        when, memory = rule["when"], self.memory[rule["id"]]
        length, lateness = seconds(when["for"]), self._lateness_of(when["absent"])
        for name in self._roster(rule):
            while True:
                bases = sorted({*memory.heard[name], *memory.renewed.get(name, [])} - memory.over.get(name, set()))
                base = next((b for b in bases if b + length + lateness <= limit), None)
                if base is None:
                    break
                memory.over.setdefault(name, set()).add(base)
                if any(base < h <= base + length for h in (*memory.heard[name], *memory.renewed.get(name, []))):
                    continue
                back = self._down_within(base, base + length)
                if back is not None:
                    memory.renewed.setdefault(name, []).append(back)
                self._verdict(rule, name, back is not None, False)

    def _verdict(self, rule: Rule, name: str, unknown: bool, late: bool) -> bool:
        device = self.devices.get(name)
        post = device["post"] if device else name
        fields = {"post": post, "kelurahan": self.post_kelurahan.get(post)}
        if device:
            fields |= {"device": name, "zone": device["zone"], "role": device["role"]}
        event = Ev("timer", self.now, self.now, 0, fields)
        return self._judge(rule, event, [((name,), post)], None, unknown=unknown, late=late, entry=name)

    def _waits(self, rule: Rule, limit: int) -> None:
        when, memory = rule["when"], self.memory[rule["id"]]
        within, lateness = seconds(when["within"]), self._lateness_of(when["absent"])
        while True:
            due = [wait for wait in memory.waits if wait["t"] + within + lateness <= limit]
            if not due:
                return
            # Of one instant, groups in the order in which they came up.
            wait = min(due, key=lambda one: (one["t"], one["n"]))
            memory.waits.remove(wait)
            end = wait["t"] + within
            came = memory.events.get(("absent", wait["group"]), [])
            if any(
                (wait["t"], wait["n"]) < one.key and one.t <= end and self._wants(when["absent"], one, wait["named"])
                for one in came
            ):
                continue
            back = self._down_within(wait["t"], end)
            groups = [(wait["group"], wait["event"].get("post"))]
            if back is not None:
                memory.waits.append({**wait, "t": back})
                self._judge(rule, wait["event"], groups, wait["count"], unknown=True)
            elif self._judge(rule, wait["event"], groups, wait["count"]) and not when.get("reuse"):
                memory.waits = [w for w in memory.waits if w["group"] != wait["group"] or w["t"] > end]
                for one in memory.events.get(("inner", wait["group"]), []):
                    one.spent = one.spent or wait["t"] <= one.t <= end
                memory.spent.setdefault(("wait", wait["group"]), []).append((wait["t"], end, None))

    # --- hours

    def _wall_of(self, t: int) -> int:
        return self.wall() - (self.now - t)

    def _daily(self, rule: Rule, after: int, until: int) -> None:
        when, memory = rule["when"], self.memory[rule["id"]]
        lateness = 0 if "schedule" in when else self._lateness_of(when["absent"])
        minute = clock(when["schedule"]["at"] if "schedule" in when else when["between"][1])
        for day in range(-2, 5):
            deadline = day * DAY + minute
            if not after < deadline + lateness <= until or day in memory.dates:
                continue
            late = self.wall() > deadline + lateness
            if "schedule" in when:
                memory.dates.add(day)
                event = Ev("timer", self.now, self.now, 0, {})
                groups = [((post,), post) for post in self.posts]
                self._judge(rule, event, groups, None, late=late, everywhere=True)
                continue
            if deadline <= self.start:
                continue
            memory.dates.add(day)
            begin = clock(when["between"][0])
            start = day * DAY + begin if begin < minute else (day - 1) * DAY + begin
            shift = self.wall() - self.now
            off = any(d0 < deadline - shift and start - shift < d1 for d0, d1 in self.downs)
            for name in self._roster(rule):
                if not any(start <= wall <= deadline for wall in memory.days_heard.get(name, set())):
                    self._verdict(rule, name, off, late)

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
            values = self.states.setdefault(name, {})
            changed = [post for post in (posts or self.posts) if values.get(post) != value]
            old = {post: values.get(post) for post in changed}
            for post in changed:
                values[post] = value
            for rule in self.rules:
                wanted = rule["when"].get("state", {})
                if name in wanted:
                    self._become(rule, wanted[name], value, changed, old, posts is None)

    def _become(
        self, rule: Rule, wanted: Any, value: Any, changed: list[str], old: dict[str, Any], everywhere: bool
    ) -> None:
        memory = self.memory[rule["id"]]
        left = {post for post in changed if old[post] == wanted}
        memory.becoming = [(since, [p for p in posts if p not in left], all_) for since, posts, all_ in memory.becoming]
        memory.becoming = [one for one in memory.becoming if one[1]]
        if value == wanted and changed:
            memory.becoming += [(self.now, changed, True)] if everywhere else [(self.now, [p], False) for p in changed]
        if "for" not in rule["when"]:
            self._became(rule, self.now)

    def _became(self, rule: Rule, limit: int) -> None:
        memory = self.memory[rule["id"]]
        length = seconds(rule["when"].get("for", "0s"))
        ready = [one for one in memory.becoming if one[0] + length <= limit]
        memory.becoming = [one for one in memory.becoming if one[0] + length > limit]
        for _, posts, everywhere in ready:
            post = None if everywhere else posts[0]
            fields = {"post": post, "kelurahan": self.post_kelurahan.get(post or "")}
            event = Ev("timer", self.now, self.now, 0, {name: value for name, value in fields.items() if value})
            self._judge(rule, event, [((one,), one) for one in posts], None, everywhere=everywhere)

    # --- deadlines of one instant, rule by rule

    def _deadlines(self, strictly_before: bool = False) -> None:
        limit, until = (self.now - 1, self.wall() - 1) if strictly_before else (self.now, self.wall())
        after, self.wall_seen = self.wall_seen, until
        if after > until:  # stepped back: what the clock lands on is due, and nothing before it
            after = until if strictly_before else until - 1
        for rule in self.rules:
            when = rule["when"]
            if "schedule" in when or "between" in when:
                self._daily(rule, after, until)
            elif "state" in when:
                self._became(rule, limit)
            elif "absent" in when and "for" in when:
                self._silences(rule, limit)
            elif "absent" in when:
                self._waits(rule, limit)
        self._settle()
        self._wake()

    # --- what a firing has to pass

    def _complete(self, rule: Rule, event: Ev, count: int, clear: bool) -> bool:
        if clear:
            self._clear(rule, event)
            return True
        group = self._condition_group(rule, event)
        if group is None:
            return False
        return self._judge(rule, event, [(group, event.get("post"))], count)

    def _clear(self, rule: Rule, event: Ev) -> None:
        memory = self.memory[rule["id"]]
        if "expect_from" in rule["when"]:
            groups: list[Any] = [(name,) for name in self._entry_of(rule, event)]
        else:
            groups = [self._condition_group(rule, event)]
        for group in groups:
            if group in memory.conditions:
                memory.conditions.remove(group)
                memory.incidents.pop(group, None)
                self._say("clear", rule, event, None)

    def _judge(
        self, rule: Rule, event: Ev, groups: list[Any], count: int | None,
        *, unknown: bool = False, late: bool = False, everywhere: bool = False, entry: str | None = None,
    ) -> bool:  # fmt: skip
        memory, then = self.memory[rule["id"]], rule["then"]
        if not any(self._only_if(rule, post) for _, post in groups):
            return False
        if unknown:
            self._say("unknown", rule, event, count, late)
            return True
        for name in rule.get("suppressed_by", []):
            open_ = self.memory[name].incidents.values()
            if all(any(post == at and self.now - last <= 3600 for at, last in open_) for _, post in groups):
                self._say("suppressed", rule, event, count, late)
                return True
        keys = [self._throttle_key(rule, event, post, entry) for _, post in groups]
        length = seconds(rule["throttle"]["once_within"]) if "throttle" in rule else None
        is_open = "clear_when" in rule and all(group in memory.conditions for group, _ in groups)
        inside = length is not None and all(
            key in memory.throttles and self.now - memory.throttles[key] <= length for key in keys
        )
        if is_open or inside:
            self._say("throttled", rule, event, count, late)
        else:
            if length is not None:
                memory.throttles.update(dict.fromkeys(keys, self.now))
            if then["escalate"] != "none":
                self._say("alert", rule, event, count, late)
            for name, value in then.get("set", {}).items():
                posts = [post for _, post in groups if post is not None]
                self.sets.append((name, value, None if everywhere or not posts else posts))
        for group, post in groups:
            if "clear_when" in rule:
                memory.conditions.add(group)
            if then["escalate"] != "none":
                memory.incidents[group] = (post, self.now)
        return True

    def _throttle_key(self, rule: Rule, event: Ev, post: Any, entry: str | None) -> Any:
        names = rule.get("throttle", {}).get("group_by")
        if names is None:
            return entry or post
        values = tuple(event.get(name) for name in names)
        return values if self._precinct(rule) else (post, *values)

    def _only_if(self, rule: Rule, post: Any) -> bool:
        for condition in rule.get("only_if", []):
            if "state" in condition:
                values = self.states.get(condition["state"], {})
                posts = [post] if post is not None else self.posts
                if not any(values.get(one) == condition["is"] for one in posts):
                    return False
            else:
                start, end = (clock(text) for text in condition["between"])
                now = self.wall() % DAY
                inside = start <= now < end if start < end else now >= start or now < end
                if not inside:
                    return False
        return True

    def _say(self, sort: str, rule: Rule, event: Ev, count: int | None, late: bool = False) -> None:
        if rule.get("mode") != "shadow":
            self.told.append((self.now, sort, rule["id"], event.get("post"), count, event.get("device"), event))
            if sort == "alert":
                self._alert(rule["then"]["incident"], rule["then"]["severity"], event)
