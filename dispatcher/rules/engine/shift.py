"""Correcting running time once the clock is trusted: all that came after an absence of unknown length is later."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from dispatcher.rules.engine.state import (
    NO_EDGE,
    Downtime,
    EngineState,
    Item,
    MachineState,
    RuleState,
    Spent,
    Wait,
    Window,
)


def edge_of(state: EngineState) -> Downtime | None:
    """Return the absence of no length at the edge, if there is one."""
    if state.edge == NO_EDGE:
        return None
    return next((down for down in reversed(state.downtimes) if down.start == down.end == state.edge), None)


def note_edge(state: EngineState, edge: int) -> None:
    """Note where running time stands still, or (NO_EDGE) no longer does. What is there now came before."""
    state.edge = edge
    state.spread_edge()
    for own in state.rules.values():
        own.throttled_anew, own.renewed = [], []
        for part in (own.when, own.clear):
            part.anew = False
            for entry in part.entries.values():
                entry.anew = False
            for pending in part.pending:
                pending.anew = False
            for wait in _waits(part):
                wait.anew = 0
    for values in state.states.values():
        for known in values.values():
            known.anew = False


def shift(state: EngineState, down: Downtime, by_ms: int) -> None:
    """Move every time after the end of ``down`` by ``by_ms``."""
    move = Later(down.end, down.n, by_ms)
    for own in state.rules.values():
        _shift_rule(own, move)
        for part in (own.when, own.clear):
            _shift_machine(part, move)
    for values in state.states.values():
        for known in values.values():
            known.since = move.time(known.since, anew=known.anew)
    for later in state.downtimes[state.downtimes.index(down) + 1 :]:
        later.start, later.end = later.start + by_ms, later.end + by_ms
    down.end += by_ms
    note_edge(state, NO_EDGE)


@dataclass(frozen=True, slots=True)
class Later:
    """What came after the running time ``since``, or has a number above ``n``, moves by ``by_ms``."""

    since: int
    n: int
    by_ms: int

    def time(self, t: int, *, anew: bool) -> int:
        """Return a time; what is at the very end of the absence came after it if it is ``anew``."""
        return t + self.by_ms if t > self.since or (anew and t == self.since) else t

    def item(self, item: Item) -> Item:
        """Return an event. A copy: one event of a rule stands in the windows of its `when` and of its `clear_when`."""
        return replace(item, t=item.t + self.by_ms) if item.n > self.n else item

    def items(self, items: list[Item]) -> list[Item]:
        """Return events."""
        return [self.item(one) for one in items]


def _shift_rule(own: RuleState, move: Later) -> None:
    own.throttles = {key: move.time(t, anew=key in own.throttled_anew) for key, t in own.throttles.items()}
    own.incidents = {
        group: (post, move.time(t, anew=group in own.renewed)) for group, (post, t) in own.incidents.items()
    }


def _shift_machine(part: MachineState, move: Later) -> None:
    part.alarm = 0
    part.began = move.time(part.began, anew=part.anew)
    for window in part.windows.values():
        _shift_window(window, move)
    part.ended = {key: move.items(items) for key, items in part.ended.items()}
    for wait in _waits(part):
        wait.t = wait.t + move.by_ms if wait.n > move.n else move.time(wait.t, anew=wait.anew > 0)
    for entry in part.entries.values():
        entry.heard = [move.time(t, anew=entry.anew) for t in entry.heard]
        entry.unsure = [move.time(t, anew=entry.anew) for t in entry.unsure]
    for pending in part.pending:
        pending.since = move.time(pending.since, anew=pending.anew)


def _shift_window(window: Window, move: Later) -> None:
    window.items = move.items(window.items)
    window.kept = {sort: move.items(items) for sort, items in window.kept.items()}
    for chains in window.chains:
        for chain in chains.values():
            chain.t += move.by_ms if chain.n > move.n else 0
    for tally in window.tallies.values():
        tally.track.shift(move.n, move.by_ms)
        tally.latest.shift(move.n, move.by_ms)
        tally.late = move.items(tally.late)
        tally.evidence = {number: move.item(item) for number, item in tally.evidence.items()}
    window.spent = [
        Spent(move.time(one.start, anew=False), move.time(one.end, anew=False), one.kelurahan) for one in window.spent
    ]


def _waits(part: MachineState) -> Iterator[Wait]:
    for waits in part.waits.values():
        yield from waits
