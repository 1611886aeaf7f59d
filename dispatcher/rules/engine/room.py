"""What windows and waits take in memory, and whose room is taken when all rules together need too much.

Each window has its own limit, and each rule a number of windows; but no sum of limits is small enough for a Raspberry
Pi and large enough for a busy night. So all rules share one budget: when it is exceeded, the rule that takes most loses
the groups that were not heard for the longest, and that is counted.
"""

from collections.abc import Iterator

from dispatcher.rules.engine.state import EngineState, MachineState, Wait, Window

# Bytes, measured with tracemalloc (tests/unit/rules/test_cost.py).
COUNTED_BYTES = 24  # a time and a number, with what is spare in between
DISTINCT_BYTES = 160  # a distinct value, and when it was seen
WHOLE_BYTES = 1_200  # an event with a few attributes
GROUP_BYTES = 2_000  # a window with nothing in it
KEY_BYTES = 200  # a throttle, a condition, an entry of a roster
BUDGET_BYTES = 16 * 2**20  # of the 64 MiB that a post may take in all
LOOK_EVERY = 1_024  # events; what can come in between is small beside the budget


def make_room(state: EngineState) -> None:
    """Drop the groups not heard for the longest of the rules that take most, until all fit into the budget."""
    sizes = {id(part): size_of(part) for part in _parts(state)}
    parts = {id(part): part for part in _parts(state)}
    excess = sum(sizes.values()) - BUDGET_BYTES
    while excess > 0:
        most = max(sizes, key=sizes.__getitem__)
        freed = _drop_group(parts[most])
        if not freed:
            return
        sizes[most] -= freed
        excess -= freed


def _parts(state: EngineState) -> Iterator[MachineState]:
    for own in state.rules.values():
        yield own.when
        yield own.clear


def size_of(part: MachineState) -> int:
    """Return about how many bytes a part takes, by its contents; an event that many share is counted for each."""
    windows = sum(_size_of_window(window) for window in part.windows.values())
    waits = sum(_size_of_waits(waits) for waits in part.waits.values())
    return windows + waits + WHOLE_BYTES * sum(len(items) for items in part.ended.values())


def _size_of_window(window: Window) -> int:
    counted = sum(len(one.track) * COUNTED_BYTES + len(one.latest) * DISTINCT_BYTES for one in window.tallies.values())
    whole = sum(len(one.evidence) + len(one.late) for one in window.tallies.values())
    whole += len(window.items) + sum(len(chains) for chains in window.chains)
    whole += sum(len(items) for items in window.kept.values())
    return GROUP_BYTES + counted + whole * WHOLE_BYTES


def _size_of_waits(waits: list[Wait]) -> int:
    return sum(max(1, len(wait.evidence)) for wait in waits) * WHOLE_BYTES


def _drop_group(part: MachineState) -> int:
    """Drop the window that was not heard for the longest, or else the group whose waits are; return what that frees."""
    if part.windows:
        window = part.windows.pop(next(iter(part.windows)))
        part.dropped += max(1, window.size)
        return _size_of_window(window)
    if part.waits:
        waits = part.waits.pop(next(iter(part.waits)))
        part.dropped += len(waits)
        return _size_of_waits(waits)
    if part.ended:
        items = part.ended.pop(next(iter(part.ended)))
        part.dropped += len(items)
        return WHOLE_BYTES * len(items)
    return 0
