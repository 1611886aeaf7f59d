"""What a journal says that rules were given, and what they said to it: records become steps, in their order.

Nothing is decided anew here. A copy is known by its event's id: the post gave it that of the first.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from dispatcher.domain.events import Event, Lane
from dispatcher.domain.firing import Firing, Remark
from dispatcher.domain.incident import Stage
from dispatcher.domain.stamp import Stamp
from dispatcher.incidents.model import OWN_RULES, UNKNOWN_RULE
from dispatcher.journal import Kind, Record
from dispatcher.post import records
from dispatcher.post.memory import read_stopped
from dispatcher.wire import alert as alert_wire
from dispatcher.wire import receipt as receipt_wire
from dispatcher.wire import watch as watch_wire
from dispatcher.wire.fields import Malformed
from dispatcher.wire.watch import OpenWatch

COPIES_MS = 8 * 86_400_000  # a post remembers a press for a week at most
MAX_SEEN = 200_000
PRECINCT_LANE = b'{"l":"precinct"'
_FACTS = (b'"f":[', b'"k":[')


def says_something(body: bytes) -> bool:
    """Return whether a body may hold a word of the rules, without reading it."""
    return any(word in body for word in _FACTS)


@dataclass(frozen=True, slots=True)
class Step:
    """What one record means to rules; ``versions`` are the hashes of the rules and the site, "" while not known.

    ``events`` are those that rules were given, ``copies`` those that they were not. ``firings`` and ``remarks`` are
    what the rules said. ``start`` says whether the post began here, ``stopped`` when it had ended before,
    ``unmeasured`` that nobody knew for how long; ``missing_ms`` is how long it turned out to have been.
    """

    sequence: int
    stamp: Stamp
    events: tuple[Event, ...] = ()
    copies: tuple[Event, ...] = ()
    firings: tuple[tuple[Firing, Event | None], ...] = ()
    remarks: tuple[tuple[Remark, Event | None], ...] = ()
    versions: tuple[str, str] | None = None
    start: bool = False
    stopped: Stamp | None = None
    unmeasured: bool = False
    missing_ms: int = 0
    watches: tuple[OpenWatch, ...] | None = None
    closed: tuple[str, ...] = ()
    rejected: str | None = None


@dataclass(slots=True)
class Walk:
    """Turns records into steps, one after the other; what cannot be read is counted in ``unreadable``."""

    unreadable: int = 0
    _seen: dict[str, int] = field(default_factory=dict)
    _waiting: dict[int, tuple[Event, ...]] = field(default_factory=dict)
    _rules_of: dict[str, frozenset[str]] = field(default_factory=dict)  # by open incident

    def steps(self, found: Iterable[Record]) -> Iterator[Step]:
        """Yield a step for each record, for its time at least. Raises what reading the records raises."""
        for record in found:
            try:
                yield self.step(record)
            except (ValueError, KeyError, TypeError, AttributeError):
                self.unreadable += 1

    def step(self, record: Record) -> Step:
        """Return one record as a step. Raises ValueError, KeyError, TypeError or AttributeError for no body of ours."""
        match record.kind:
            case Kind.MESSAGE:
                return self._receipt(record) if record.body.startswith(PRECINCT_LANE) else self._message(record)
            case Kind.JUDGED:
                return self._judged(record)
            case Kind.START | Kind.RULES | Kind.DUE:
                return self._changed(record)
            case Kind.REVISION:
                self._revision(record)
            case Kind.CLOCK:
                missing = int(records.load(record.body).get("missing_ms", 0))
                return Step(record.sequence, record.stamp, missing_ms=missing)
            case Kind.WATCH:
                watches = watch_wire.decode(record.body)
                return Step(
                    record.sequence, record.stamp, watches=None if isinstance(watches, Malformed) else tuple(watches)
                )
        return Step(record.sequence, record.stamp)

    # --- what came

    def _message(self, record: Record) -> Step:
        body = records.load(record.body)
        events = tuple(records.read_event(plain, record.stamp) for plain in body.get("e", ()))
        events = tuple(one for one in events if one.kind != UNKNOWN_RULE and one.kind not in OWN_RULES)
        fresh = tuple(one for one in events if self._is_fresh(one, record.stamp.run_ms))
        if fresh:
            self._waiting[record.sequence] = fresh
        copies = tuple(one for one in events if one not in fresh) if len(fresh) < len(events) else ()
        return Step(record.sequence, record.stamp, events=fresh, copies=copies, rejected=body.get("x"))

    def _is_fresh(self, event: Event, run_ms: int) -> bool:
        known = self._seen.pop(event.id, None)
        self._seen[event.id] = run_ms
        if len(self._seen) > MAX_SEEN:
            del self._seen[next(iter(self._seen))]
        return known is None or run_ms - known > COPIES_MS

    # --- what was said to it

    def _judged(self, record: Record) -> Step:
        says = says_something(record.body)
        body = records.load(record.body)
        here: dict[str, Event] = {}
        for first, last in body["n"]:
            for number in range(first, last + 1):
                here |= {event.id: event for event in self._waiting.pop(number, ())}
        return (
            self._said(Step(record.sequence, record.stamp), body, here) if says else Step(record.sequence, record.stamp)
        )

    def _said(self, step: Step, body: records.Body, here: Mapping[str, Event]) -> Step:
        facts = records.read_facts(body)
        return Step(
            step.sequence,
            step.stamp,
            firings=tuple((one, one.about or here.get(one.event)) for one in facts.firings),
            remarks=tuple((one, here.get(one.event)) for one in facts.remarks),
            versions=step.versions,
            start=step.start,
            stopped=step.stopped,
            unmeasured=step.unmeasured,
        )

    def _changed(self, record: Record) -> Step:
        body = records.load(record.body)
        starts = record.kind == Kind.START
        known = "rules" in body or starts
        step = Step(
            record.sequence,
            record.stamp,
            versions=(str(body.get("rules", "empty")), str(body.get("site", ""))) if known else None,
            start=starts,
            stopped=read_stopped(body) if starts else None,
            unmeasured=starts and not body.get("downtime_known", True),
        )
        return self._said(step, body, {})

    # --- incidents that people close

    def _revision(self, record: Record) -> None:
        alert = alert_wire.decode(records.read_revision(records.load(record.body), record.stamp).body)
        if isinstance(alert, alert_wire.Alert):
            self._rules_of[alert.id] = frozenset((alert.rule, *alert.labels))

    def _receipt(self, record: Record) -> Step:
        message = records.read_message(records.load(record.body), record.stamp)
        step = Step(record.sequence, record.stamp)
        receipt = receipt_wire.decode(message.payload)
        if message.lane is not Lane.PRECINCT or isinstance(receipt, Malformed) or receipt.stage is not Stage.CLOSED:
            return step
        ended = self._rules_of.pop(receipt.id, frozenset())
        still = {rule for rules in self._rules_of.values() for rule in rules}
        return Step(record.sequence, record.stamp, closed=tuple(sorted(ended - still)))
