"""What a journal says of some rules and of some time: who said what, what came, which states held, when we were off.

One pass over the records. Nothing is judged anew: what the rules said was written down then, and states follow from it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from dispatcher.domain.events import Event, Value
from dispatcher.domain.firing import Firing, Remark, Said
from dispatcher.domain.stamp import Stamp
from dispatcher.journal import Gap, Kind, Record
from dispatcher.post import records
from dispatcher.post.past.editions import Library, Versions
from dispatcher.post.past.overview import Overview
from dispatcher.post.past.source import Past
from dispatcher.post.past.walk import PRECINCT_LANE, Step, Walk, says_something
from dispatcher.rules.engine.cross import same
from dispatcher.rules.engine.state import EngineState, from_plain
from dispatcher.wire.watch import OpenWatch

COPY_MS = 3_600_000  # before the time asked for: what came again there may be a copy of it
MAX_SAYINGS = 100_000


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


def gather(
    past: Past, about: Overview, library: Library, wanted: Wanted, on_record: Callable[[Record], None] = lambda _: None
) -> Chronicle:
    """Return what a past says of what is wanted. Raises OSError, FormatTooNew, NoPast."""
    return _Gathering(past, about, library, wanted).run(on_record)


class _Gathering:
    """One pass."""

    def __init__(self, past: Past, about: Overview, library: Library, wanted: Wanted) -> None:
        self._past, self._library, self._wanted = past, library, wanted
        self._found = Chronicle(versions=list(about.versions))
        self._walk = Walk()
        # What ran before the first record that says so, nobody can say: most likely the same.
        self._versions: Versions = about.versions[0][1] if about.versions else ("", "")
        self._previous: Stamp | None = None
        self._of_message: dict[int, tuple[str, ...]] = {}

    def run(self, on_record: Callable[[Record], None]) -> Chronicle:
        """Read it all."""
        self._read_checkpoint()
        for record in self._readable():
            on_record(record)
            if self._found.first is None:
                self._found.first, self._found.whole = record.stamp, record.sequence == 1
            try:
                self._take(record)
            except (ValueError, KeyError, TypeError, AttributeError):
                self._found.lost += 1
            self._found.last = self._previous = record.stamp
        self._found.unjudged = {id_ for ids in self._of_message.values() for id_ in ids}
        return self._found

    def _readable(self) -> Iterator[Record]:
        for item in self._past.read():
            if isinstance(item, Gap):
                self._found.lost += len(item) if item.durable else 0
            else:
                yield item

    def _read_checkpoint(self) -> None:
        checkpoint = self._past.checkpoint()
        try:
            plain = records.load(checkpoint.body).get("rules") if checkpoint is not None else None
            if plain and plain.get("state") is not None:
                self._found.base, self._found.base_ahead_ms = from_plain(plain["state"]), int(plain["ahead"])
        except (ValueError, KeyError, TypeError):
            return  # what it knows is of before the journal, and then simply not known

    # --- one record

    def _take(self, record: Record) -> None:
        match record.kind:
            case Kind.MESSAGE:
                self._message(record)
            case Kind.JUDGED:
                self._judged(record)
            case Kind.SHED:
                if self._is_near(record.stamp):
                    self._found.shed.append((record.stamp, int(records.load(record.body).get("n", 0))))
            case Kind.START | Kind.RULES | Kind.DUE | Kind.WATCH:
                self._step(self._walk.step(record))
            case Kind.CLOCK:
                self._found.corrections.append(record.stamp)

    def _is_near(self, stamp: Stamp, before_ms: int = 0) -> bool:
        return self._wanted.begin_ms - before_ms <= stamp.wall_ms <= self._wanted.end_ms

    def _message(self, record: Record) -> None:
        if record.body.startswith(PRECINCT_LANE):
            return
        if not self._is_near(record.stamp, COPY_MS):
            if record.stamp.wall_ms < self._wanted.begin_ms:
                self._note_last(record)
            return
        step = self._walk.step(record)
        if step.events:
            self._of_message[record.sequence] = tuple(event.id for event in step.events)
        if not self._is_near(record.stamp):
            self._note_last(record)
            return
        self._found.events += (event for event in step.events if self._wanted.events(event))
        self._found.copies += step.copies
        if step.rejected is not None:
            topic = str(records.load(record.body).get("t", ""))
            self._found.refused.append(Refused(record.stamp, step.rejected, topic))

    def _note_last(self, record: Record) -> None:
        for kind in kinds_in(record.body):
            if self._wanted.kinds(kind):
                self._found.last_before[kind] = record.stamp

    def _judged(self, record: Record) -> None:
        if self._of_message:
            for first, last in records.load(record.body)["n"]:
                for number in range(first, last + 1):
                    self._of_message.pop(number, None)
        if says_something(record.body):
            self._step(self._walk.step(record))

    def _step(self, step: Step) -> None:
        if step.start and self._previous is not None:
            self._absence(step)
        if step.watches is not None:
            self._found.watches.append((step.stamp, step.watches))
        for firing, event in step.firings:
            self._said(step, firing, event)
        for remark, about in step.remarks:
            self._said(step, remark, about)
        if step.versions is not None:  # what a change says itself, the rules before it have said
            self._versions = step.versions
            self._found.known_from = self._found.known_from or step.stamp

    def _absence(self, step: Step) -> None:
        stopped = step.stopped or self._previous
        if stopped is not None:
            self._found.absences.append(Absence(stopped, step.stamp, step.unmeasured))

    def _said(self, step: Step, said: Firing | Remark, event: Event | None) -> None:
        if isinstance(said, Firing) and said.said is Said.FIRED and not said.shadow:
            rule = self._library.rule(self._versions, said.rule)
            for name, value in rule.then.sets if rule is not None else ():
                at = step.stamp if event is None else replace(step.stamp, run_ms=event.arrived.run_ms)
                self._found.puts.append(Put(name, value, at, said.rule, step.sequence, said.event))
        by = said.by if isinstance(said, Remark) else None
        if {said.rule, by} & self._wanted.rules and len(self._found.sayings) < MAX_SAYINGS:
            self._found.sayings.append(Saying(step.sequence, step.stamp, said, event, self._versions))


def kinds_in(body: bytes) -> Iterator[str]:
    """Yield the kinds of the events in a message's body, without reading all of it."""
    at = body.find(b'"e":[')
    while at >= 0 and (at := body.find(b'"k":"', at)) >= 0:
        end = body.find(b'"', at + 5)
        yield body[at + 5 : end].decode("utf-8", "replace")
        at = end
