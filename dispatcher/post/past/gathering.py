"""Reads a past once and writes its chronicle."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from dispatcher.domain.events import Event
from dispatcher.domain.firing import Firing, Remark, Said
from dispatcher.domain.stamp import Stamp
from dispatcher.journal import Gap, Kind, Record
from dispatcher.post import records
from dispatcher.post.past.chronicle import Absence, Chronicle, Put, Refused, Saying, Wanted
from dispatcher.post.past.editions import Library, Versions
from dispatcher.post.past.overview import Overview
from dispatcher.post.past.source import Past
from dispatcher.post.past.walk import PRECINCT_LANE, Step, Walk, says_something
from dispatcher.rules.engine.state import from_plain

COPY_MS = 3_600_000  # before the time asked for: what came again there may be a copy of it
MAX_SAYINGS = 100_000
MOMENT_MS = 1_000


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
            self._note_moment(record.stamp)
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

    def _note_moment(self, stamp: Stamp) -> None:
        known = self._found.moments
        if self._is_near(stamp) and not (known and 0 <= stamp.wall_ms - known[-1].wall_ms < MOMENT_MS):
            known.append(stamp)

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
