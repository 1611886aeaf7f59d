"""Forms that events complete: ``event`` and ``any`` at once; ``count``, ``all`` and ``sequence`` in a sliding window.

A window is closed at both ends. An event that comes late but in time is put where it belongs, and every place from
there on is judged again; what has been judged complete once is not told twice.
"""
# ruff: noqa: ARG002 - every machine is asked in the same way, whatever its form needs of it

from abc import ABC, abstractmethod
from bisect import bisect_left, insort
from dataclasses import dataclass, field

from dispatcher.domain.events import Event
from dispatcher.domain.stamp import Stamp
from dispatcher.rules.engine.completion import Completion, Judge, Machine
from dispatcher.rules.engine.cross import Compiled, distinct_key
from dispatcher.rules.engine.grouping import Grouping
from dispatcher.rules.engine.search import Place, Search
from dispatcher.rules.engine.state import MAX_GROUPS, MAX_ITEMS, Item, MachineState, Spent, Window


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
class Match:
    """A window is complete: the number in it, its events, and those that clauses named."""

    count: int
    evidence: tuple[Event, ...]
    named: dict[str, Event] = field(default_factory=dict)


class Pattern(ABC):
    """What must be in a window. ``items`` end with the event that is being judged."""

    @abstractmethod
    def find(self, items: list[Item]) -> Match | None:
        """Return the match that the last event completes, or None."""

    @abstractmethod
    def wants(self, item: Item) -> bool:
        """Return whether an event belongs into the window at all."""

    def may_end(self, item: Item) -> bool:
        """Return whether an event can complete a match."""
        return True

    def replaces(self, item: Item, older: Item) -> bool:
        """Return whether an older event says nothing any more once this one is there."""
        return False


@dataclass(frozen=True, slots=True)
class Counted(Pattern):
    """``count``."""

    clause: Compiled
    at_least: int
    distinct: str | None = None

    def find(self, items: list[Item]) -> Match | None:
        """Return a match when the number, or that of distinct values, has been reached."""
        number = len(items) if self.distinct is None else len({self._value(item) for item in items})
        return Match(number, tuple(item.event for item in items)) if number >= self.at_least else None

    def _value(self, item: Item) -> object:
        value = item.event.field(self.distinct or "")
        return None if value is None else distinct_key(value)

    def replaces(self, item: Item, older: Item) -> bool:
        """Return whether both have the same distinct value."""
        return self.distinct is not None and self._value(item) == self._value(older)

    def wants(self, item: Item) -> bool:
        """Return whether an event counts; one without the distinct field does not."""
        return self.clause.id in item.lits and (self.distinct is None or item.event.field(self.distinct) is not None)


@dataclass(frozen=True, slots=True)
class Ordered(Pattern):
    """``sequence`` (``in_order``) and ``all``. ``unless`` is that of an ``all``; a sequence has it at its places."""

    places: tuple[Place, ...]
    in_order: bool
    unless: tuple[Compiled, ...] = ()

    def find(self, items: list[Item]) -> Match | None:
        """Return a match that ends with the last event. Raises Exhausted."""
        search = Search(items, self.places, self.unless)
        named = search.sequence() if self.in_order else search.all()
        if named is None:
            return None
        evidence = tuple(item.event for item in items if self._counts(item))
        return Match(len(evidence), evidence, named)

    def may_end(self, item: Item) -> bool:
        """Return whether an event can be the last of a match."""
        ends = self.places[-1:] if self.in_order else self.places
        return any(place.clause.id in item.lits for place in ends)

    def _counts(self, item: Item) -> bool:
        return any(place.clause.id in item.lits for place in self.places)

    def wants(self, item: Item) -> bool:
        """Return whether an event can be part of a match, or void one."""
        voiding = (*self.unless, *(clause for place in self.places for clause in place.unless))
        return self._counts(item) or any(clause.id in item.lits for clause in voiding)


@dataclass(frozen=True, slots=True)
class Sliding:
    """A sliding window over a pattern. ``lateness_ms`` is how late an event of its kinds may be."""

    pattern: Pattern
    grouping: Grouping
    within_ms: int
    lateness_ms: int
    reuse: bool

    def put(self, window: Window, item: Item, now_run: int) -> list[Item]:
        """Put an event where it belongs; return the events at which the window is to be judged again."""
        self.prune(window, now_run)
        if item.t < now_run and self._is_spent(window, item):
            return []
        if not self.lateness_ms and self.grouping.near is None:
            # No window will be judged again as it was: of a distinct value the newest event is enough.
            window.items = [older for older in window.items if not self.pattern.replaces(item, older)]
        insort(window.items, item, key=_order)
        if len(window.items) > MAX_ITEMS:
            del window.items[0]
        start = bisect_left(window.items, item.order, key=_order)
        return window.items[start:]

    def prune(self, window: Window, now_run: int) -> None:
        """Drop what no event, however late, can reach."""
        horizon = now_run - self.lateness_ms - self.within_ms
        keep = bisect_left(window.items, (horizon, -1), key=_order)
        if keep:
            del window.items[:keep]
        if window.spent:
            window.spent = [spent for spent in window.spent if spent.end >= now_run - self.lateness_ms]
        if len(window.judged) > MAX_ITEMS:
            alive = {item.n for item in window.items}
            window.judged = [n for n in window.judged if n in alive]

    def _is_spent(self, window: Window, item: Item) -> bool:
        place = item.event.kelurahan
        return any(
            spent.start <= item.t <= spent.end and (not spent.kelurahan or place in spent.kelurahan)
            for spent in window.spent
        )

    def match_at(self, window: Window, at: Item) -> Match | None:
        """Return the match that ``at`` completes, or None. Raises Exhausted."""
        place = bisect_left(window.items, at.order, key=_order)
        if at.n in window.judged or place == len(window.items) or window.items[place].n != at.n:
            return None
        return self.pattern.find(self._inside(window, at)) if self.pattern.may_end(at) else None

    def note(self, window: Window, at: Item) -> None:
        """Remember that the window was judged complete at an event, should a late one have it judged again."""
        if self.lateness_ms:
            window.judged.append(at.n)

    def _inside(self, window: Window, at: Item) -> list[Item]:
        low = bisect_left(window.items, (at.t - self.within_ms, -1), key=_order)
        high = bisect_left(window.items, at.order, key=_order)
        reach = self.grouping.reach(at.event)
        items = window.items[low : high + 1]
        return [item for item in items if item.event.kelurahan in reach] if reach else items

    def spend(self, window: Window, at: Item) -> None:
        """Spend every event of the window that ends with ``at``."""
        gone = {item.n for item in self._inside(window, at)}
        window.items = [item for item in window.items if item.n not in gone]
        if self.lateness_ms:
            window.spent.append(Spent(at.t - self.within_ms, at.t, self.grouping.reach(at.event)))


def _order(item: Item) -> tuple[int, int]:
    return item.order


@dataclass(frozen=True, slots=True)
class Windowed(Machine):
    """``count``, ``all`` and ``sequence`` as a rule has them."""

    sliding: Sliding

    def feed(self, state: MachineState, item: Item, now: Stamp, too_late: bool, judge: Judge) -> None:
        """Judge the window of an event's group."""
        if too_late or not self.sliding.pattern.wants(item):
            return
        key = self.sliding.grouping.key(item.event)
        if key is None:
            return
        window = window_of(state, key)
        for at in self.sliding.put(window, item, now.run_ms):
            match = self.sliding.match_at(window, at)
            if match is not None:
                self._complete(window, at, match, judge)

    def _complete(self, window: Window, at: Item, match: Match, judge: Judge) -> None:
        group = self.sliding.grouping.group(at.event) or ""
        completion = Completion(at.event, ((group, at.event.post),), match.count, match.evidence)
        self.sliding.note(window, at)
        if judge(completion) and not self.sliding.reuse:
            self.sliding.spend(window, at)

    def forget(self, state: MachineState, now: Stamp) -> None:
        """Drop windows in which nothing is left."""
        forget_windows(state, self.sliding, now)


def window_of(state: MachineState, key: str) -> Window:
    """Return the window of a group. When there are too many groups the one that was made first makes room."""
    window = state.windows.get(key)
    if window is None:
        window = state.windows[key] = Window()
        if len(state.windows) > MAX_GROUPS:
            del state.windows[next(iter(state.windows))]
    return window


def forget_windows(state: MachineState, sliding: Sliding, now: Stamp) -> None:
    """Drop windows in which nothing is left."""
    for key, window in list(state.windows.items()):
        sliding.prune(window, now.run_ms)
        if not window.items and not window.spent:
            del state.windows[key]
