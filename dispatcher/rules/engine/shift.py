"""Correcting running time once the clock is trusted: all that came after an absence of unknown length is later."""

from dataclasses import replace

from dispatcher.rules.engine.state import Downtime, EngineState, Item, MachineState, RuleState, Window


def shift(state: EngineState, down: Downtime, by_ms: int) -> None:
    """Move every time after the end of ``down`` by ``by_ms``."""
    since = down.end
    down.end += by_ms
    for own in state.rules.values():
        _shift_rule(own, since, by_ms)
        for part in (own.when, own.clear):
            _shift_machine(part, since, down.n, by_ms)
    for values in state.states.values():
        for known in values.values():
            known.since = _later(known.since, since, by_ms)


def _later(t: int, since: int, by_ms: int) -> int:
    return t + by_ms if t > since else t


def _shift_rule(own: RuleState, since: int, by_ms: int) -> None:
    own.throttles = {key: _later(t, since, by_ms) for key, t in own.throttles.items()}
    own.incidents = {group: (post, _later(t, since, by_ms)) for group, (post, t) in own.incidents.items()}


def _shift_item(item: Item, n: int, by_ms: int) -> Item:
    # A copy: one event of a rule stands in the windows of its `when` and of its `clear_when`.
    return replace(item, t=item.t + by_ms) if item.n > n else item


def _shift_machine(part: MachineState, since: int, n: int, by_ms: int) -> None:
    part.alarm = 0
    for window in part.windows.values():
        _shift_window(window, n, by_ms)
    part.ended = {key: [_shift_item(item, n, by_ms) for item in items] for key, items in part.ended.items()}
    for waits in part.waits.values():
        for wait in waits:
            wait.t += by_ms if wait.n > n or wait.t > since else 0
    for entry in part.entries.values():
        entry.heard = [_later(t, since, by_ms) for t in entry.heard]
        entry.unsure = [_later(t, since, by_ms) for t in entry.unsure]
    for pending in part.pending:
        pending.since = _later(pending.since, since, by_ms)


def _shift_window(window: Window, n: int, by_ms: int) -> None:
    window.items = [_shift_item(item, n, by_ms) for item in window.items]
    window.kept = {sort: [_shift_item(item, n, by_ms) for item in items] for sort, items in window.kept.items()}
    for chains in window.chains:
        for chain in chains.values():
            chain.t += by_ms if chain.n > n else 0
    for tally in window.tallies.values():
        tally.track.shift(n, by_ms)
        tally.latest.shift(n, by_ms)
        tally.late = [_shift_item(item, n, by_ms) for item in tally.late]
        tally.evidence = {number: _shift_item(item, n, by_ms) for number, item in tally.evidence.items()}
