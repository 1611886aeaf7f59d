"""How full each rule's window is, and which of its timers runs out first: what a technician looks at while testing.

Nothing is changed and nothing decided by it. Of a rule with many groups the nearest is told: the one that lacks least,
and of those the one that lasts longest.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice

from dispatcher.domain.stamp import Stamp
from dispatcher.rules.engine import tallies
from dispatcher.rules.engine.build import Built
from dispatcher.rules.engine.chains import Chained
from dispatcher.rules.engine.completion import NEVER, Machine
from dispatcher.rules.engine.counting import Counting
from dispatcher.rules.engine.gathering import Gathered
from dispatcher.rules.engine.grouping import Grouping, values_of
from dispatcher.rules.engine.hours import Hourly
from dispatcher.rules.engine.partial import NOTHING, Reached, begun, in_any_order, in_order
from dispatcher.rules.engine.rosters import DailySilence, Silence
from dispatcher.rules.engine.searching import Searched
from dispatcher.rules.engine.sliding import Sliding
from dispatcher.rules.engine.state import Item, MachineState, RuleState, Window
from dispatcher.rules.engine.states import EVERYWHERE, Becoming
from dispatcher.rules.engine.waits import Waiting
from dispatcher.rules.engine.windows import Windowed

MAX_GROUPS_LOOKED = 100  # of the groups heard last
MAX_EVENTS_LOOKED = 5_000  # in all windows of one rule

Group = tuple[tuple[str, str], ...]
"""Field and value of each group field; ``entry`` for one name of a roster."""


class Sort(StrEnum):
    """What a rule is doing. A closed list."""

    INSTANT = "instant"
    """It fires at each event that matches: there is nothing to fill."""
    WINDOW = "window"
    """It needs ``need`` events and has ``have``, which run out in ``ends_ms``."""
    TIMER = "timer"
    """``have`` timers run; the first is over in ``ends_ms``, and then the rule is judged."""


@dataclass(frozen=True, slots=True)
class Fill:
    """How far one rule is. ``ends_ms`` is None where nothing runs. Durations in milliseconds."""

    rule: str
    sort: Sort
    have: int = 0
    need: int = 1
    ends_ms: int | None = None
    group: Group = ()

    @property
    def nearness(self) -> tuple[float, int]:
        """Return what fills are compared by: the larger is the nearer."""
        return self.have / max(1, self.need), self.ends_ms or 0


def fill_of(built: Built, own: RuleState, now: Stamp) -> Fill:
    """Return how far a rule is at ``now``, in its nearest group. Pure: no argument is changed."""
    idle = Fill(built.rule.id, Sort.INSTANT)
    return _of(built.when, own.when, idle, now)


def _of(machine: Machine, part: MachineState, idle: Fill, now: Stamp) -> Fill:
    match machine:
        case Windowed(sliding=sliding):
            return _nearest(sliding, part, idle, now)
        case Waiting():
            return _waiting(machine, part, idle, now)
        case Silence():
            return _silence(machine, part, idle, now)
        case Becoming():
            return _becoming(machine, part, idle, now)
        case DailySilence() | Hourly():
            due = machine.next_due(part, now)
            return _timer(idle, 0 if due is None else 1, due, (), now)
    return idle


# --- windows


def _nearest(sliding: Sliding, part: MachineState, idle: Fill, now: Stamp) -> Fill:
    need = sliding.at_least if isinstance(sliding, Counting) else len(_places(sliding))
    empty = replace(idle, sort=Sort.WINDOW, need=need)
    return max(_windows(sliding, part, empty, now.run_ms), key=lambda fill: fill.nearness, default=empty)


def _windows(sliding: Sliding, part: MachineState, empty: Fill, run_ms: int) -> Iterator[Fill]:
    looked = 0
    for key in islice(reversed(part.windows), MAX_GROUPS_LOOKED):
        window = part.windows[key]
        looked += window.size
        if looked > MAX_EVENTS_LOOKED:
            return
        for place, (have, since) in _reached(sliding, window, run_ms - sliding.within_ms):
            if since is not None:
                ends = since + sliding.within_ms - run_ms
                yield replace(empty, have=have, ends_ms=ends, group=_group(sliding.grouping, key, place))


def _reached(sliding: Sliding, window: Window, low: int) -> Iterator[tuple[str | None, Reached]]:
    """Yield how far a window is: as a whole, or where neighbours are looked at for each kelurahan."""
    near = sliding.grouping.near
    for place in (None,) if near is None else near:
        reach = () if near is None or place is None else near[place]
        yield place, _reached_at(sliding, window, low, reach)


def _reached_at(sliding: Sliding, window: Window, low: int, reach: tuple[str, ...]) -> Reached:
    match sliding:
        case Counting():
            return _counted(sliding, window, low, reach)
        case Chained():
            return begun(window, low)
        case Gathered(places=places, unless=unless):
            items = sorted((item for kept in window.kept.values() for item in kept), key=tallies.order_of)
            return in_any_order(_inside(items, low, reach), places, unless)
        case Searched(places=places, unless=unless):
            items = _inside(window.items, low, reach)
            if not sliding.in_order:
                return in_any_order(items, places, unless)
            return in_order(items, low, Chained(sliding.grouping, sliding.within_ms, 0, sliding.reuse, places))
    return NOTHING


def _counted(sliding: Counting, window: Window, low: int, reach: tuple[str, ...]) -> Reached:
    found = [tally for place, tally in window.tallies.items() if not reach or place in reach]
    times = tallies.times_from(found, low, sliding.distinct)
    return (len(times), times[-min(len(times), sliding.at_least)]) if times else NOTHING


def _inside(items: Iterable[Item], low: int, reach: tuple[str, ...]) -> list[Item]:
    return [item for item in items if item.t >= low and (not reach or item.event.kelurahan in reach)]


def _places(sliding: Sliding) -> tuple[object, ...]:
    return sliding.places if isinstance(sliding, Chained | Gathered | Searched) else ()


def _group(grouping: Grouping, key: str, place: str | None = None) -> Group:
    named = tuple(zip(grouping.fields, values_of(key), strict=False)) if grouping.fields else ()
    return named if place is None else (("kelurahan", place), *named)


# --- timers


def _timer(idle: Fill, running: int, due: int | None, group: Group, now: Stamp) -> Fill:
    ends = None if due is None else max(0, due - now.run_ms)
    return replace(idle, sort=Sort.TIMER, have=running, ends_ms=ends, group=group)


def _waiting(machine: Waiting, part: MachineState, idle: Fill, now: Stamp) -> Fill:
    running = {key: waits for key, waits in part.waits.items() if waits}
    if running:
        key = min(running, key=lambda one: (running[one][0].t, running[one][0].n))
        due = running[key][0].t + machine.within_ms + machine.lateness_ms
        return _timer(idle, sum(map(len, running.values())), due, _group(machine.grouping, key), now)
    if machine.trigger.sliding is not None:
        return _nearest(machine.trigger.sliding, part, idle, now)
    return _timer(idle, 0, None, (), now)


def _silence(machine: Silence, part: MachineState, idle: Fill, now: Stamp) -> Fill:
    heard = {name: entry.heard[0] for name, entry in part.entries.items() if entry.heard}
    if not heard:
        return _timer(idle, 0, None, (), now)
    name = min(heard, key=heard.__getitem__)
    due = heard[name] + machine.for_ms + machine.expected.lateness_ms
    return _timer(idle, len(heard), due, (("entry", name),), now)


def _becoming(machine: Becoming, part: MachineState, idle: Fill, now: Stamp) -> Fill:
    due = machine.alarm(part)
    if due == NEVER:
        return _timer(idle, 0, None, (), now)
    first = min(part.pending, key=lambda one: one.since)
    group = () if first.everywhere or first.posts[0] == EVERYWHERE else (("post", first.posts[0]),)
    return _timer(idle, sum(len(one.posts) for one in part.pending), due, group, now)
