"""The oracle: what a complete ``when`` has to pass, and what it leads to."""
# ruff: noqa: C901 - each function is one paragraph of the text, read aloud

from typing import Any

from tests.fuzz.windows_known import DAY, DAYS, Known, Part, Rule
from tests.fuzz.windows_matching import Ev, clock, seconds

SUPPRESSED = 3600


class Passing(Known):
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
        gates = {"throttle", "clear_when", "suppressed_by"} <= set(rule) and event.n > 0 and event.t < event.arrived
        for name in rule.get("suppressed_by", []):
            open_ = self.memory[name].incidents.values()
            if all(
                any(post == at and self.run(self.now) - self.run(last) <= SUPPRESSED for at, last in open_)
                for _, post in groups
            ):
                self._say("suppressed", rule, event, count, late)
                self.met |= {"three gates, a late event: suppressed"} if gates else set()
                return True
        keys = [(mode, self._throttle_key(rule, event, post, entry)) for _, post in groups]
        length = seconds(rule["throttle"]["once_within"]) if "throttle" in rule else None
        is_open = "clear_when" in rule and all((mode, group) in memory.conditions for group, _ in groups)
        inside = length is not None and all(
            key in memory.throttles and self.run(self.now) - self.run(memory.throttles[key]) <= length for key in keys
        )
        if is_open or inside:
            self.met.add("joins its open condition" if is_open else "throttled by its window")
            self.met |= {f"three gates, a late event: {'open' if is_open else 'throttled'}"} if gates else set()
            self._say("throttled", rule, event, count, late)
        else:
            self.met |= {"three gates, a late event: passed"} if gates else set()
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
            return DAYS[(self.weekday + self.local() // DAY) % 7] in condition["days"]
        start, end = (clock(text) for text in condition["between"])
        now = self.local() % DAY
        return start <= now < end if start < end else now >= start or now < end

    def _say(self, sort: str, rule: Rule, event: Ev, count: int | None, late: bool = False) -> None:
        if rule.get("mode") != "shadow":
            form = next(iter(rule["when"]))
            self.met.add(f"{sort}, {form}")
            self._tell(sort, rule["id"], event, count, late, rule["then"].get("severity", "info"))
            if sort == "alert":
                severity = rule["then"]["severity"]
                self._alert(rule["then"]["incident"], severity, event, not self._precinct(rule))
