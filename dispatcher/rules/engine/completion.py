"""What a ``when`` says when it is complete, and how it is asked; the same shape for every form."""
# ruff: noqa: ARG002 - every machine is asked in the same way, whatever its form needs of it

from collections.abc import Callable
from dataclasses import dataclass

from dispatcher.domain.events import Event
from dispatcher.domain.stamp import Stamp
from dispatcher.rules.engine.state import Downtime, Item, MachineState


@dataclass(frozen=True, slots=True)
class Completion:
    """A ``when`` is complete.

    ``subject`` is the event that completed it, or for a verdict a timer's event with the fields of what it is about.
    ``groups`` are the groups it is complete for, each with its post: one, but for what is set or scheduled everywhere.
    ``count`` is the number in the window, or of distinct values. ``unknown``: we were off and cannot know.
    """

    subject: Event
    groups: tuple[tuple[str, str | None], ...]
    count: int | None = None
    evidence: tuple[Event, ...] = ()
    late: bool = False
    unknown: bool = False
    everywhere: bool = False
    entry: str | None = None


NEVER = 2**62
Judge = Callable[[Completion], bool]  # whether the events are spent: held back by only_if they are not


@dataclass(frozen=True, slots=True)
class Now:
    """An instant, and up to when deadlines are to be judged.

    ``run`` is the limit, included; ``daily`` is the part of wall time, (after, until], whose daily
    deadlines are due, None while the clock is not trusted. ``downtimes`` are when we were off, oldest first; ``edge``
    is one of no length, if nobody has measured it yet.
    """

    stamp: Stamp
    run: int
    daily: tuple[int, int] | None = None
    downtimes: tuple[Downtime, ...] = ()
    edge: Downtime | None = None

    def back_within(self, begin: int, end: int, *, anew: bool = True) -> int | None:
        """Return when we came back from the last downtime that a silence from ``begin`` to ``end`` spans, or None.

        That is later than ``begin``: a silence that runs anew from there must not be judged for ever. One that is not
        ``anew`` and begins at the edge began before it.
        """
        spans = [down.end for down in self.downtimes if down.start < end and begin < down.end]
        if not anew and self.edge is not None and begin == self.edge.end < end:
            spans.append(begin)
        return max(spans, default=None)


class Machine:
    """One ``when`` of one rule. It holds no state of its own. Each form overrides what concerns it."""

    def begin(self, state: MachineState, now: Stamp) -> None:
        """Set up the state of a fresh rule."""
        state.began, state.anew = now.run_ms, now.run_ms == state.edge

    def feed(self, state: MachineState, item: Item, now: Stamp, too_late: bool, judge: Judge) -> None:
        """Take one event that satisfies at least one clause."""

    def due(self, state: MachineState, now: Now, judge: Judge) -> None:
        """Judge the deadlines that are due."""

    def alarm(self, state: MachineState) -> int:
        """Return a running time before which nothing is due, cheaply; daily deadlines are watched by the minute."""
        return NEVER

    def next_due(self, state: MachineState, now: Stamp) -> int | None:
        """Return the running time of the next deadline, or None."""
        return None

    def woken(self, state: MachineState, now: Stamp) -> None:
        """Note that the rule was switched off until now: nothing was heard meanwhile."""

    def refit(self, state: MachineState) -> None:
        """Make a state fit that was kept under another site: what may come late decides how windows are kept."""

    def forget(self, state: MachineState, now: Stamp) -> None:
        """Drop what no later event can need."""
