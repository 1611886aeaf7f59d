"""``absent`` ``within`` so long ``after`` something: each event (or sequence, or count) of ``after`` begins a wait."""
# ruff: noqa: ARG002 - every machine is asked in the same way, whatever its form needs of it

from bisect import insort
from dataclasses import dataclass, replace
from functools import partial

from dispatcher.domain.stamp import Stamp
from dispatcher.rules.engine.completion import NEVER, Completion, Judge, Machine, Now
from dispatcher.rules.engine.counting import Counting
from dispatcher.rules.engine.cross import Compiled
from dispatcher.rules.engine.grouping import Grouping
from dispatcher.rules.engine.searching import Searched
from dispatcher.rules.engine.sliding import Match, forget_windows, is_spent, remember_spent, window_of
from dispatcher.rules.engine.state import MAX_GROUPS, MAX_LATE, MAX_WAITS, Item, MachineState, Spent, Wait


@dataclass(frozen=True, slots=True)
class Trigger:
    """What begins a wait: one event that satisfies ``clause``, or else what completes ``sliding``."""

    clause: Compiled | None
    name: str | None
    sliding: Counting | Searched | None


@dataclass(frozen=True, slots=True)
class Waiting(Machine):
    """``absent`` with ``after``. ``lateness_ms`` is that of the absent kinds, ``begin_lateness_ms`` of the others."""

    clause: Compiled
    trigger: Trigger
    grouping: Grouping
    within_ms: int
    lateness_ms: int
    begin_lateness_ms: int
    reuse: bool

    def feed(self, state: MachineState, item: Item, now: Stamp, too_late: bool, judge: Judge) -> None:
        """End waits with an event, and begin one."""
        key = None if too_late else self.grouping.key(item.event)
        if key is None:
            return
        if self.clause.id in item.lits:
            self._end(state, key, item, now)
        for wait in self._begun(state, key, item, now):
            self._begin(state, key, wait)

    # --- ending

    def _end(self, state: MachineState, key: str, item: Item, now: Stamp) -> None:
        left = [wait for wait in state.waits.pop(key, []) if not self._ends(item, wait)]
        if left:
            state.waits[key] = left
        if self._patience_ms:
            recent = [one for one in state.ended.get(key, []) if one.t >= now.run_ms - self._patience_ms]
            insort(recent, item, key=lambda one: one.order)
            state.dropped += max(0, len(recent) - MAX_LATE)
            state.ended[key] = recent[-MAX_LATE:]
            if len(state.ended) > MAX_GROUPS:
                state.dropped += len(state.ended.pop(next(iter(state.ended))))

    @property
    def _patience_ms(self) -> int:
        """How long an ending must be remembered: a wait may begin late, or anew once it was judged."""
        return max(self.begin_lateness_ms, self.lateness_ms)

    def _ends(self, item: Item, wait: Wait) -> bool:
        begun = (wait.t, max(wait.n, wait.anew)) < item.order
        return begun and item.t <= wait.t + self.within_ms and self.clause.admits(item, wait.bound)

    # --- beginning

    def _begun(self, state: MachineState, key: str, item: Item, now: Stamp) -> list[Wait]:
        if self.trigger.sliding is not None:
            return self._completed(self.trigger.sliding, state, key, item, now)
        clause = self.trigger.clause
        if clause is None or not clause.admits(item, {}) or self._is_spent(state, key, item, now):
            return []
        return [self._wait(state, item, Match(1, (item.event,)))]

    def _is_spent(self, state: MachineState, key: str, item: Item, now: Stamp) -> bool:
        window = state.windows.get(key)
        return window is not None and item.t < now.run_ms and is_spent(window, item)

    def _completed(
        self, sliding: Counting | Searched, state: MachineState, key: str, item: Item, now: Stamp
    ) -> list[Wait]:
        if not sliding.wants(item):
            return []
        window, waits = window_of(state, key), []
        for at, match in sliding.matches(state, window, item, now.run_ms):
            sliding.spend(window, at)
            waits.append(self._wait(state, at, match))
        return waits

    def _wait(self, state: MachineState, item: Item, match: Match) -> Wait:
        bound = dict(match.named)
        if self.trigger.name is not None:
            bound[self.trigger.name] = item.event
        anew = item.n if item.t == state.edge else 0
        return Wait(item.t, item.n, item.event, bound, list(match.evidence), match.count, anew)

    def _begin(self, state: MachineState, key: str, wait: Wait) -> None:
        if any(self._ends(item, wait) for item in state.ended.get(key, [])):
            return  # it begins late, or anew, and what it waits for has come by now
        state.alarm = min(state.alarm, self._judged_at(wait))
        waits = state.waits.setdefault(key, [])
        insort(waits, wait, key=partial(_rank, state))
        if len(waits) > MAX_WAITS:
            # The newest goes: the oldest is told first, and then spends it, or what ends the oldest ends it, too.
            del waits[-1]
            state.dropped += 1
        if len(state.waits) > MAX_GROUPS:
            state.dropped += len(state.waits.pop(next(iter(state.waits))))

    # --- deadlines

    def due(self, state: MachineState, now: Now, judge: Judge) -> None:
        """Tell each wait that nothing has ended, the oldest first."""
        if now.run < state.alarm:
            return
        while True:
            first = min(((_rank(state, waits[0]), key) for key, waits in state.waits.items() if waits), default=None)
            judged_at = NEVER if first is None else first[0][0] + self._delay_ms
            if first is None or judged_at > now.run:
                state.alarm = judged_at
                return
            self._tell(state, first[1], now, judge)

    @property
    def _delay_ms(self) -> int:
        return self.within_ms + self.lateness_ms

    def _judged_at(self, wait: Wait) -> int:
        return wait.t + self._delay_ms

    def _tell(self, state: MachineState, key: str, now: Now, judge: Judge) -> None:
        wait = state.waits[key].pop(0)
        if not state.waits[key]:
            del state.waits[key]
        group = self.grouping.group(wait.event) or ""
        groups = ((group, wait.event.post),)
        completion = Completion(wait.event, groups, wait.count or len(wait.evidence), tuple(wait.evidence))
        back = now.back_within(wait.t, wait.t + self.within_ms, anew=wait.anew > 0)
        if back is not None:
            edge = now.edge if now.edge is not None and now.edge.end == back else None
            self._begin(state, key, replace(wait, t=back, anew=edge.n if edge is not None else 0))
            judge(replace(completion, unknown=True))
        elif judge(completion) and not self.reuse:
            self._spend(state, key, wait)

    def _spend(self, state: MachineState, key: str, wait: Wait) -> None:
        """Spend every event of the window that the silence was: other waits begun in it, and what might begin one."""
        end = wait.t + self.within_ms
        left = [other for other in state.waits.pop(key, []) if other.t > end]
        if left:
            state.waits[key] = left
        window = state.windows.get(key)
        if window is None and self.begin_lateness_ms:
            window = window_of(state, key)
        if window is not None:
            if self.trigger.sliding is not None:
                self.trigger.sliding.cut_span(window, wait.t, end)
            remember_spent(window, Spent(wait.t, end))

    def alarm(self, state: MachineState) -> int:
        """Return the time that was worked out when it was last judged, or less."""
        return state.alarm

    def next_due(self, state: MachineState, now: Stamp) -> int | None:
        """Return when the first wait is over."""
        return min((self._judged_at(waits[0]) for waits in state.waits.values() if waits), default=None)

    def woken(self, state: MachineState, now: Stamp) -> None:
        """Give up the waits that ran out while the rule was off, when nobody listened; keep the others."""
        left = {key: [one for one in waits if self._judged_at(one) > now.run_ms] for key, waits in state.waits.items()}
        state.waits = {key: waits for key, waits in left.items() if waits}
        state.alarm = 0

    def refit(self, state: MachineState) -> None:
        """Make windows fit that were kept under another site."""
        for window in state.windows.values():
            if self.trigger.sliding is not None:
                self.trigger.sliding.refit(window)

    def forget(self, state: MachineState, now: Stamp) -> None:
        """Drop what is over."""
        state.waits = {key: waits for key, waits in state.waits.items() if waits}
        oldest = now.run_ms - self._patience_ms
        state.ended = {key: items for key, items in state.ended.items() if items[-1].t >= oldest}
        if self.trigger.sliding is not None:
            forget_windows(state, self.trigger.sliding, now.run_ms)
        else:
            state.windows = {key: one for key, one in state.windows.items() if one.spent[-1].end >= oldest}


def _rank(state: MachineState, wait: Wait) -> tuple[int, bool, int]:
    """Return what waits are ordered by: time, at the edge first those of before the cut, and arrival."""
    return wait.t, wait.t != state.edge or wait.anew > 0, wait.n
