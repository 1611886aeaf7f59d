"""What a journal says of some rules and of some time: who said what, what came, which states held, when we were off.

One pass over the records. Nothing is judged anew: what the rules said was written down then, and states follow from it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from dispatcher.domain.events import Event, Value
from dispatcher.domain.firing import Firing, Remark, Said
from dispatcher.domain.stamp import Stamp
from dispatcher.post.past.editions import Versions
from dispatcher.rules.engine.cross import same
from dispatcher.rules.engine.state import EngineState
from dispatcher.wire.watch import OpenWatch


@dataclass(frozen=True, slots=True)
class Saying:
    """One thing that a rule said; ``event`` is its subject where the journal still has it. ``versions`` ran then."""

    sequence: int
    at: Stamp
    said: Firing | Remark
    event: Event | None
    versions: Versions

    @property
    def when(self) -> Stamp:
        """Return the time of the event that completed the rule, else when it was said."""
        return self.at if self.event is None else self.event.arrived

    @property
    def is_alert(self) -> bool:
        """Return whether somebody heard of it as something new."""
        said = self.said
        return isinstance(said, Firing) and said.said is Said.FIRED and not said.shadow


@dataclass(frozen=True, slots=True)
class Put:
    """A state that a rule set; ``event`` is what completed that rule, which did not see it itself."""

    name: str
    value: Value
    at: Stamp
    rule: str
    sequence: int
    event: str


@dataclass(frozen=True, slots=True)
class Absence:
    """We were off from ``stopped`` to ``back``; ``unmeasured``: nobody knows for how long."""

    stopped: Stamp
    back: Stamp
    unmeasured: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """A message that gave no event."""

    at: Stamp
    reason: str
    topic: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to keep: sayings of ``rules``, and what came from ``begin_ms`` to ``end_ms`` of wall time.

    ``events`` says which of the events of that time are kept, ``kinds`` of which events the last one before that is to
    be known.
    """

    rules: frozenset[str] = frozenset()
    begin_ms: int = 0
    end_ms: int = 0
    events: Callable[[Event], bool] = lambda _event: True
    kinds: Callable[[str], bool] = lambda _kind: False


@dataclass(frozen=True, slots=True)
class Known:
    """A state's value and since when; ``by`` is the rule that set it, "" where that was before the journal begins.

    ``sure`` is False where nobody can say what it was.
    """

    value: Value | None
    since: Stamp | None = None
    by: str = ""
    sure: bool = True


@dataclass(slots=True)
class Chronicle:
    """What was found. Lists are in the order of the journal; ``whole``: it begins with the first record ever.

    ``versions`` are the hashes that ran, from when on; ``known_from`` is when the first of them was written down.
    ``moments`` are some stamps of the time that was wanted, one a second at most.
    """

    sayings: list[Saying] = field(default_factory=list)
    puts: list[Put] = field(default_factory=list)
    versions: list[tuple[Stamp, Versions]] = field(default_factory=list)
    watches: list[tuple[Stamp, tuple[OpenWatch, ...]]] = field(default_factory=list)
    absences: list[Absence] = field(default_factory=list)
    corrections: list[Stamp] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    copies: list[Event] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    shed: list[tuple[Stamp, int]] = field(default_factory=list)
    last_before: dict[str, Stamp] = field(default_factory=dict)
    moments: list[Stamp] = field(default_factory=list)
    unjudged: set[str] = field(default_factory=set)
    known_from: Stamp | None = None
    lost: int = 0
    first: Stamp | None = None
    last: Stamp | None = None
    whole: bool = False
    base: EngineState | None = None  # of the newest checkpoint
    base_ahead_ms: int = 0

    def versions_at(self, wall_ms: int) -> Versions | None:
        """Return the hashes of the rules and the site that ran at a wall time, None where nobody can say."""
        found = None
        for stamp, versions in self.versions:
            if stamp.wall_ms > wall_ms and found is not None:
                break
            found = versions
        return found

    def stamp_at(self, wall_ms: int) -> Stamp | None:
        """Return a wall time as a stamp, by the record before it; None where no record is near."""
        before = [one for one in self.moments if one.wall_ms <= wall_ms]
        known = max(before, key=lambda one: one.wall_ms) if before else min(self.moments, key=_wall, default=None)
        if known is None:
            return None
        return Stamp(known.run_ms + wall_ms - known.wall_ms, wall_ms, known.trusted)

    def off_at(self, wall_ms: int) -> Absence | None:
        """Return the absence that a wall time lies in."""
        return next((one for one in self.absences if one.stopped.wall_ms < wall_ms < one.back.wall_ms), None)

    def off_between(self, start_run: int, end_run: int) -> Absence | None:
        """Return the last absence that a span of running time holds a part of."""
        spans = (one for one in self.absences if one.stopped.run_ms < end_run and start_run < one.back.run_ms)
        return max(spans, key=lambda one: one.back.run_ms, default=None)

    def state_before(self, name: str, at: Stamp, event: str = "") -> Known:
        """Return a state as rules that judged ``event`` at ``at`` saw it: what that event itself set came after."""
        puts = [one for one in self.puts if one.name == name and one.at.run_ms <= at.run_ms and one.event != event]
        if puts:
            last = puts[-1]
            held = last.at
            for one in reversed(puts):
                if not same(one.value, last.value):
                    break
                held = one.at
            return Known(last.value, held, last.rule)
        return self._from_checkpoint(name, at)

    def _from_checkpoint(self, name: str, at: Stamp) -> Known:
        values = self.base.states.get(name, {}) if self.base is not None else {}
        for known in values.values():
            since = known.since - self.base_ahead_ms
            if self.first is not None and since <= self.first.run_ms and since <= at.run_ms:
                return Known(known.value)
        return Known(None, sure=self.whole)

    def names_of_states(self) -> list[str]:
        """Return every state that is known to have been set."""
        names = {one.name for one in self.puts} | set(self.base.states if self.base is not None else ())
        return sorted(names)

    def of_rule(self, rule: str) -> list[Saying]:
        """Return what a rule said, oldest first."""
        return [one for one in self.sayings if one.said.rule == rule]

    def watches_at(self, at: Stamp) -> tuple[OpenWatch, ...] | None:
        """Return the watches that the precinct had open; None where nobody can say."""
        found = [watches for stamp, watches in self.watches if stamp.run_ms <= at.run_ms]
        return found[-1] if found else (() if self.whole else None)


def _wall(stamp: Stamp) -> int:
    return stamp.wall_ms
