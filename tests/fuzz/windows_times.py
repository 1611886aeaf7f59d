"""The oracle: what time completes: silences, waits, hours, states."""
# ruff: noqa: C901 - each function is one paragraph of the text, read aloud

from typing import Any

from tests.fuzz.windows_forms import Forms
from tests.fuzz.windows_known import DAY, DAYS, Part, Rule
from tests.fuzz.windows_matching import Ev, clock, seconds


class Times(Forms):
    # --- silences and waits

    def _silences(self, rule: Rule, part: Part, limit: int) -> None:
        length, lateness = seconds(part.when["for"]), self._lateness_of(part.when["absent"])
        for name in self._roster(part.when):
            while True:
                bases = sorted({*part.heard[name], *part.renewed.get(name, [])} - part.over.get(name, set()))
                base = next((b for b in bases if self.run(b) + length + lateness <= limit), None)
                if base is None:
                    break
                part.over.setdefault(name, set()).add(base)
                end = self.run(base) + length
                if any(base < h and self.run(h) <= end for h in (*part.heard[name], *part.renewed.get(name, []))):
                    continue
                back = self._down_within(base, end)
                if back is not None:
                    part.renewed.setdefault(name, []).append(back)
                    if any(back < h and self.run(h) <= self.run(back) + length for h in part.heard[name]):
                        part.over[name].add(back)  # ended for good, by a word that has come by now
                self._verdict(rule, part, name, back is not None, False)

    def _verdict(self, rule: Rule, part: Part, name: str, unknown: bool, late: bool) -> None:
        device = self.devices.get(name)
        post = device["post"] if device else name
        fields = {"post": post, "kelurahan": self.post_kelurahan.get(post)}
        if device:
            fields |= {"device": name, "zone": device["zone"], "role": device["role"]}
        event = Ev("timer", self.now, self.now, 0, fields)
        if self._precinct(rule) and self._is_cut(post):
            self.met.add("a verdict on an entry that is cut off")
        if not part.clear:
            self._judge(rule, event, [((name,), post)], None, unknown=unknown, late=late, entry=name)
        elif not unknown:
            own = (name,) if "expect_from" in rule["when"] else self._group(rule, event)
            self._clear(rule, event, [own])

    def _waits(self, rule: Rule, part: Part, limit: int) -> None:
        when = part.when
        within, lateness = seconds(when["within"]), self._lateness_of(when["absent"])
        while True:
            due = [wait for wait in part.waits if self.run(wait["t"]) + within + lateness <= limit]
            if not due:
                return
            # Of one instant, groups in the order in which they came up.
            wait = min(due, key=lambda one: (one["t"], one["n"]))
            part.waits.remove(wait)
            end = self.run(wait["t"]) + within
            if any(self._ends(part, wait, one) for one in part.events.get(("absent", wait["group"]), [])):
                continue
            back = self._down_within(wait["t"], end)
            anew = {**wait, "t": back}
            if back is not None and not any(
                self._ends(part, anew, one) for one in part.events.get(("absent", wait["group"]), [])
            ):
                part.waits.append(anew)
            if self._wait_is_over(rule, part, wait, back is not None) and back is None and not when.get("reuse"):
                part.waits = [w for w in part.waits if w["group"] != wait["group"] or self.run(w["t"]) > end]
                slot = ("wait", wait["group"])
                for one in part.events.get(slot, []):
                    one.spent = one.spent or (wait["t"] <= one.t and self.run(one.t) <= end)
                part.spent.setdefault(slot, []).append((wait["t"], self.back(end), None))

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
            deadline = self.instant(day * DAY + minute)
            if passed is not None and deadline < passed:
                continue
            if not after < deadline + lateness <= until or day in part.dates:
                continue
            late = self.wall() > deadline + lateness
            if late:
                self.met.add("judged late")
            if self._turned(day * DAY + minute):
                self.met.add(f"a time in a {self._turned(day * DAY + minute)}")
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
            start = self.instant(day * DAY + begin if begin < minute else (day - 1) * DAY + begin)
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
            self._note(self.now)
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
            self._became(rule, part, self.run(self.now))

    def _became(self, rule: Rule, part: Part, limit: int) -> None:
        length = seconds(part.when.get("for", "0s"))
        ready = [one for one in part.becoming if self.run(one[0]) + length <= limit]
        part.becoming = [one for one in part.becoming if self.run(one[0]) + length > limit]
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
                groups = [((one,), one) for one in posts]  # a state is one post's, at the precinct too
                self._judge(rule, event, groups, None, everywhere=everywhere)

    # --- deadlines of one instant, rule by rule

    def _deadlines(self, strictly_before: bool = False) -> None:
        limit, until = self.run(self.now) - strictly_before, self.wall() - strictly_before
        after = self.wall_seen
        if self.trusted:
            self.wall_seen = until
        if after > until:  # stepped back: what the clock lands on is due, and nothing before it
            after = until if strictly_before else until - 1
        self._due(limit, (after, until) if self.trusted else None)

    def _due(self, limit: int, daily: tuple[int, int] | None = None) -> None:
        for rule in self.rules:
            if not rule.get("enabled", True):
                continue
            for part in self.memory[rule["id"]].parts:
                when = part.when
                if "schedule" in when or "between" in when:
                    if daily is not None:
                        self._daily(rule, part, *daily)
                elif "state" in when:
                    self._became(rule, part, limit)
                elif "for" in when:
                    self._silences(rule, part, limit)
                elif "after" in when:
                    self._waits(rule, part, limit)
        self._settle()
        self._wake()
