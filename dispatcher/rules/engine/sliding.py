"""What all sliding windows share: which window an event belongs to, what has been spent, and what may be forgotten.

A window is closed at both ends. An event that comes late but in time is put where it belongs, and every place from
there on is judged again; what has been judged complete once is not told twice.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field

from dispatcher.domain.events import Event
from dispatcher.rules.engine.grouping import Grouping
from dispatcher.rules.engine.state import MAX_GROUPS, MAX_ITEMS, Item, MachineState, Spent, Window


@dataclass(frozen=True, slots=True)
class Match:
    """A window is complete: the number in it, its newest events, and those that clauses named."""

    count: int
    evidence: tuple[Event, ...]
    named: dict[str, Event] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sliding(ABC):
    """A sliding window. ``lateness_ms`` is how late an event of its kinds may be."""

    grouping: Grouping
    within_ms: int
    lateness_ms: int
    reuse: bool

    @abstractmethod
    def wants(self, item: Item) -> bool:
        """Return whether an event belongs into the window at all."""

    @abstractmethod
    def matches(self, state: MachineState, window: Window, item: Item, now_run: int) -> Iterator[tuple[Item, Match]]:
        """Take an event, and yield each event at which the window is complete. Raises Exhausted.

        What is spent before the next one is asked for is not there any more.
        """

    @abstractmethod
    def cut(self, window: Window, low: int, at: Item) -> None:
        """Forget the events from ``low`` to ``at``, as far as ``at`` reaches."""

    @abstractmethod
    def expire(self, state: MachineState, window: Window, now_run: int) -> None:
        """Drop the events that no other, however late, can reach."""

    def tidy(self, window: Window, now_run: int) -> None:  # noqa: B027 - most forms have nothing else to drop
        """Drop what need not be looked for at each event."""

    def refit(self, window: Window) -> None:  # noqa: B027 - most forms keep what they have, whatever the site says
        """Make a window fit that was kept while the site allowed another lateness."""

    # --- what all do in the same way

    def horizon(self, now_run: int) -> int:
        """Return before when nothing matters any more."""
        return now_run - self.lateness_ms - self.within_ms

    def prune(self, state: MachineState, window: Window, now_run: int) -> None:
        """Drop what no event, however late, can reach."""
        self.expire(state, window, now_run)
        if window.spent:
            window.spent = [spent for spent in window.spent if spent.end >= now_run - self.lateness_ms]

    def spend(self, window: Window, at: Item) -> None:
        """Spend every event of the window that ends with ``at``."""
        self.cut(window, at.t - self.within_ms, at)
        if self.lateness_ms:
            remember_spent(window, Spent(at.t - self.within_ms, at.t, self.grouping.reach(at.event)))

    def is_spent(self, window: Window, item: Item, now_run: int) -> bool:
        """Return whether an event comes late, and falls into a window that was spent."""
        return item.t < now_run and is_spent(window, item)

    def note(self, window: Window, at: Item) -> None:
        """Remember that the window was judged complete at an event, should a late one have it judged again."""
        if self.lateness_ms:
            window.judged.add(at.n)


def is_spent(window: Window, item: Item) -> bool:
    """Return whether an event falls into a window that was spent."""
    place = item.event.kelurahan
    return any(
        spent.start <= item.t <= spent.end and (not spent.kelurahan or place in spent.kelurahan)
        for spent in window.spent
    )


def remember_spent(window: Window, spent: Spent) -> None:
    """Remember what was spent; what overlaps the one before is one with it, so that a flood leaves few."""
    last = window.spent[-1] if window.spent else None
    if last is not None and last.kelurahan == spent.kelurahan and spent.start <= last.end and last.start <= spent.end:
        window.spent[-1] = Spent(min(last.start, spent.start), max(last.end, spent.end), spent.kelurahan)
    else:
        window.spent = [*window.spent[-(MAX_ITEMS - 1) :], spent]


def window_of(state: MachineState, key: str) -> Window:
    """Return the window of a group. When there are too many groups, the one not heard for the longest makes room."""
    window = state.windows.pop(key, None)
    if window is None:
        window = Window()
        if len(state.windows) >= MAX_GROUPS:
            gone = state.windows.pop(next(iter(state.windows)))
            state.dropped += gone.size
    state.windows[key] = window
    return window


def forget_windows(state: MachineState, sliding: Sliding, now_run: int) -> None:
    """Drop windows in which nothing is left."""
    for key, window in list(state.windows.items()):
        sliding.prune(state, window, now_run)
        sliding.tidy(window, now_run)
        if not window.size and not window.spent:
            del state.windows[key]
