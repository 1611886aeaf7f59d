"""The oracle: forms that events complete, and the absences that events begin and end."""
# ruff: noqa: SIM102 - each function is one paragraph of the text, read aloud

from collections.abc import Iterator
from typing import Any

from tests.fuzz.windows_known import Part, Rule
from tests.fuzz.windows_matching import Ev, seconds
from tests.fuzz.windows_passing import Passing


class Forms(Passing):
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
        part.spent.setdefault(slot, []).append((self.back(self.run(at.t) - within), at.t, reach))

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
                and self.run(at.t) - within <= self.run(one.t)
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

    def _hear(self, rule: Rule, part: Part, event: Ev) -> None:
        if not self.wants(part.when["absent"], event):
            return
        for name in self._entries(part.when, event):
            device = self.devices.get(name)
            if device is not None and not self._precinct(rule) and device["post"] != event.get("post"):
                continue  # a post sees that post alone
            if "for" in part.when and event.t < min(part.heard[name]):
                continue  # nobody was expected then
            length = seconds(part.when.get("for", "0s"))
            for base in {*part.heard[name], *part.renewed.get(name, [])}:  # what this word ends it has ended for good
                if base < event.t and self.run(event.t) <= self.run(base) + length:
                    part.over.setdefault(name, set()).add(base)
            part.heard[name].append(event.t)
            if self.trusted:
                part.walls_heard.setdefault(name, set()).add(self.wall() - (self.now - event.t))
            else:
                part.unsure.append((name, event.t))

    def _feed_waits(self, rule: Rule, part: Part, event: Ev) -> None:
        for group in self._windows_of(rule, part, event):
            part.events.setdefault(("absent", group), []).append(event)
            part.waits = [wait for wait in part.waits if wait["group"] != group or not self._ends(part, wait, event)]
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

    def _ends(self, part: Part, wait: dict[str, Any], event: Ev) -> bool:
        """Whether an event is what a wait waits for, in time."""
        end = self.run(wait["t"]) + seconds(part.when["within"])
        after = (wait["t"], wait["n"]) < event.key and self.run(event.t) <= end
        return after and self.wants(part.when["absent"], event, wait["named"])

    def _wait(self, part: Part, group: Any, event: Ev, name: str | None, count: int) -> None:
        named = {name: event} if name else {}
        part.waits.append({"group": group, "t": event.t, "n": event.n, "event": event, "named": named, "count": count})
