"""Counting without keeping: functions on a ``Tally``, which a window of any form counts with."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from dataclasses import replace

from dispatcher.domain.events import Attrs, Event
from dispatcher.rules.engine.state import MAX_BEYOND, MAX_EVIDENCE, MAX_LATE, Item, MachineState, Tally
from dispatcher.rules.engine.tracks import Key, Latest, Track, key_of_value

FEW_ATTRS, SHORT_TEXT = 16, 100  # what is kept of an event that only an alert's evidence may name


def lean(event: Event, wanted: frozenset[str] = frozenset()) -> Event:
    """Return an event as evidence: without long attributes, which a hostile device could fill memory with.

    ``wanted`` are attributes that are kept whatever they are.
    """
    attrs = event.attrs
    if len(attrs) <= FEW_ATTRS and not _has_long(attrs):
        return event
    short = {name: one for name, one in attrs.items() if not isinstance(one, str) or len(one) <= SHORT_TEXT}
    kept = dict(list(short.items())[:FEW_ATTRS])
    return replace(event, attrs=kept | {name: attrs[name] for name in wanted if name in attrs})


def _has_long(attrs: Attrs) -> bool:
    for one in attrs.values():  # noqa: SIM110 - asked for each event by each rule: any() takes thrice as long
        if isinstance(one, str) and len(one) > SHORT_TEXT:
            return True
    return False


def add(state: MachineState, tally: Tally, item: Item, distinct: str | None = None, most: int = MAX_BEYOND) -> None:
    """Count an event as the newest; where there is no more room the oldest goes."""
    if distinct is None:
        counted: Track | Latest = tally.track
        tally.track.append(item.t, item.n)
    else:
        counted = tally.latest
        _replace(tally, item, distinct)
    if len(counted) > most:
        counted.drop_oldest()
        state.dropped += 1
    tally.evidence[item.n] = leaned(item)
    if len(tally.evidence) > MAX_EVIDENCE:
        del tally.evidence[next(iter(tally.evidence))]


def _replace(tally: Tally, item: Item, distinct: str) -> None:
    value = item.event.field(distinct)
    if value is not None:
        old = tally.latest.put(key_of_value(value), item.t, item.n)
        if old is not None:
            tally.evidence.pop(old, None)


def leaned(item: Item, wanted: frozenset[str] = frozenset()) -> Item:
    """Return an item with its event as evidence."""
    event = lean(item.event, wanted)
    return item if event is item.event else replace(item, event=event)


def add_late(state: MachineState, tally: Tally, item: Item, distinct: str | None, most: int) -> None:
    """Put an event among those that a late one may still come before."""
    insort(tally.late, item, key=order_of)
    if len(tally.late) > MAX_LATE:
        # It counts on, but no late event will have it judged again.
        add(state, tally, tally.late.pop(0), distinct, most)
        state.dropped += 1


def late_from(tally: Tally, item: Item) -> list[Item]:
    """Return the late ones from an event on."""
    return tally.late[bisect_left(tally.late, item.order, key=order_of) :]


def is_late(tally: Tally, item: Item) -> bool:
    """Return whether an event is still there, and may be judged again."""
    found = late_from(tally, item)
    return bool(found) and found[0].n == item.n


def settle(state: MachineState, tally: Tally, before: int, distinct: str | None, most: int) -> None:
    """Count for good what no late event can come before any more."""
    keep = bisect_left(tally.late, (before, -1), key=order_of)
    for item in tally.late[:keep]:
        add(state, tally, item, distinct, most)
    del tally.late[:keep]


def expire(tally: Tally, horizon: int) -> None:
    """Forget what came before ``horizon``."""
    tally.track.expire(horizon)
    tally.latest.expire(horizon)
    if tally.evidence and next(iter(tally.evidence.values())).t < horizon:
        tally.evidence = {n: item for n, item in tally.evidence.items() if item.t >= horizon}


def number(tallies: list[Tally], low: int, at: Item, distinct: str | None) -> int:
    """Return how many there are from ``low`` to an event that is the newest, or one of the late ones."""
    if distinct is None:
        return sum(tally.track.count_from(low) + len(_late(tally, low, at)) for tally in tallies)
    if len(tallies) == 1:
        return tallies[0].latest.count_from(low, _late_values(tallies[0], low, at, distinct))
    values = (tally.latest.keys_from(low) | _late_values(tally, low, at, distinct) for tally in tallies)
    return len(set().union(*values))


def _late(tally: Tally, low: int, at: Item) -> list[Item]:
    if not tally.late:
        return tally.late
    start = bisect_left(tally.late, (low, -1), key=order_of)
    return tally.late[start : bisect_right(tally.late, at.order, key=order_of)]


def _late_values(tally: Tally, low: int, at: Item, distinct: str) -> set[Key]:
    values = (item.event.field(distinct) for item in _late(tally, low, at))
    return {key_of_value(value) for value in values if value is not None}


def times_from(tallies: list[Tally], low: int, distinct: str | None) -> list[int]:
    """Return when each event (or the newest of each distinct value) came from ``low`` on, the oldest first."""
    if distinct is None:
        times = [t for tally in tallies for t in tally.track.times_from(low)]
        return sorted(times + [item.t for tally in tallies for item in tally.late if item.t >= low])
    seen: dict[Key, int] = {}
    for tally in tallies:
        for key, t in (*tally.latest.seen_from(low), *_late_seen(tally, low, distinct)):
            seen[key] = max(t, seen.get(key, t))
    return sorted(seen.values())


def _late_seen(tally: Tally, low: int, distinct: str) -> Iterator[tuple[Key, int]]:
    for item in tally.late:
        value = item.event.field(distinct)
        if value is not None and item.t >= low:
            yield key_of_value(value), item.t


def evidence(tallies: list[Tally], low: int, at: Item) -> tuple[Event, ...]:
    """Return the newest events from ``low`` to an event, in order; no more than an alert can name."""
    if len(tallies) == 1 and not tallies[0].late:
        return tuple([item.event for item in tallies[0].evidence.values() if item.t >= low])
    found = [item for tally in tallies for item in _newest(tally, low, at)]
    found.sort(key=order_of)
    return tuple([item.event for item in found[-MAX_EVIDENCE:]])


def _newest(tally: Tally, low: int, at: Item) -> list[Item]:
    late = _late(tally, low, at)[-MAX_EVIDENCE:]
    return [item for item in tally.evidence.values() if item.t >= low] + late


def spend(tally: Tally, low: int, at: Item) -> None:
    """Forget what there is from ``low`` to an event."""
    last = bisect_right(tally.late, at.order, key=order_of)
    first = bisect_left(tally.late, (low, -1), key=order_of)
    del tally.late[first:last]
    cut(tally, low, at.t)


def cut(tally: Tally, low: int, high: int) -> None:
    """Forget what is counted from ``low`` to ``high``, both included."""
    tally.track.cut(low, high)
    tally.latest.cut(low, high)
    tally.evidence = {n: item for n, item in tally.evidence.items() if not low <= item.t <= high}


def order_of(item: Item) -> tuple[int, int]:
    """Return what events are ordered by: time, and arrival within one instant."""
    return item.order
