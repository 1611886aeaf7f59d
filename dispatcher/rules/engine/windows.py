"""Forms that events complete: ``event`` and ``any`` at once; ``count``, ``all``, ``sequence`` in a sliding window."""
# ruff: noqa: ARG002 - every machine is asked in the same way, whatever its form needs of it

from dataclasses import dataclass

from dispatcher.domain.stamp import Stamp
from dispatcher.rules.engine.completion import Completion, Judge, Machine
from dispatcher.rules.engine.cross import Compiled
from dispatcher.rules.engine.grouping import Grouping
from dispatcher.rules.engine.sliding import Match, Sliding, forget_windows, window_of
from dispatcher.rules.engine.state import Item, MachineState, Window


@dataclass(frozen=True, slots=True)
class Instant(Machine):
    """``event`` and ``any``: however late an event is, it fires."""

    clauses: tuple[Compiled, ...]
    grouping: Grouping

    def feed(self, state: MachineState, item: Item, now: Stamp, too_late: bool, judge: Judge) -> None:
        """Fire once for an event that satisfies a clause."""
        if not any(clause.admits(item, {}) for clause in self.clauses):
            return
        group = self.grouping.group(item.event)
        if group is not None:
            groups = ((group, item.event.post),)
            judge(Completion(item.event, groups, 1, (item.event,)))


@dataclass(frozen=True, slots=True)
class Windowed(Machine):
    """``count``, ``all`` and ``sequence`` as a rule has them."""

    sliding: Sliding

    def feed(self, state: MachineState, item: Item, now: Stamp, too_late: bool, judge: Judge) -> None:
        """Judge the window of an event's group."""
        if too_late or not self.sliding.wants(item):
            return
        key = self.sliding.grouping.key(item.event)
        if key is None:
            return
        window = window_of(state, key)
        for at, match in self.sliding.matches(state, window, item, now.run_ms):
            self._complete(window, at, match, judge)

    def _complete(self, window: Window, at: Item, match: Match, judge: Judge) -> None:
        group = self.sliding.grouping.group(at.event) or ""
        completion = Completion(at.event, ((group, at.event.post),), match.count, match.evidence)
        if judge(completion) and not self.sliding.reuse:
            self.sliding.spend(window, at)

    def forget(self, state: MachineState, now: Stamp) -> None:
        """Drop windows in which nothing is left."""
        forget_windows(state, self.sliding, now.run_ms)

    def refit(self, state: MachineState) -> None:
        """Make windows fit that were kept under another site."""
        for window in state.windows.values():
            self.sliding.refit(window)
