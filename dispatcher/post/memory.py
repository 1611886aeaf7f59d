"""What the post knows: a fold over the journal. Live and replay go through the same functions of this file.

A record is folded by deciding again (pure, so with the same outcome); only revisions are taken as they were made.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import TypeAdapter

from dispatcher.devices import DeviceStates
from dispatcher.domain.events import Event, Lane
from dispatcher.domain.firing import Firing
from dispatcher.domain.stamp import Stamp
from dispatcher.incidents import codec, receipts, revisions
from dispatcher.incidents.copies import Identity, identify, identify_repeat, may_repeat
from dispatcher.incidents.firings import decide_firing, lean_firing
from dispatcher.incidents.floor import Context, decide_event, decide_fault, decide_unknown
from dispatcher.incidents.model import OWN_RULES, UNKNOWN_RULE, Command, Decision, Incident, Reason, Revision
from dispatcher.incidents.state import PostState
from dispatcher.journal import Kind, Record
from dispatcher.post import records
from dispatcher.post.clock import Last
from dispatcher.post.daybook import Daybook
from dispatcher.post.records import Message
from dispatcher.post.rulebook import MAX_REMARKS, Facts, Matches, Rulebook, edition, facts_of
from dispatcher.relay import MAX_WORDS
from dispatcher.rules.language import FullRuleSet
from dispatcher.wire import command as wire_command
from dispatcher.wire import receipt as receipt_wire
from dispatcher.wire import watch as watch_wire
from dispatcher.wire.event import is_forwarded
from dispatcher.wire.fields import Malformed
from dispatcher.wire.watch import OpenWatch

MAX_COMMANDS = 200
MAX_OBEYED = 500
MAX_JUDGED = 64  # messages that one record says the rules' word on
_WORDS = TypeAdapter(tuple[Event, ...])
_EVENTS = TypeAdapter(dict[int, tuple[Event, ...]])


@dataclass(slots=True)
class Memory:
    """The fold. ``unjudged`` holds the events that rules have not judged yet, by their record's sequence number;
    ``words`` are those that the precinct's rules look at and that it has not taken yet.

    ``standstill_ms`` is the running time of the last start after an absence of unknown length: what is older than that
    is older than running time says.
    """

    context: Context
    rulebook: Rulebook
    state: PostState = field(default_factory=PostState)
    devices: DeviceStates = field(default_factory=DeviceStates)
    unjudged: dict[int, tuple[Event, ...]] = field(default_factory=dict)
    words: dict[str, Event] = field(default_factory=dict)
    obeyed: dict[str, None] = field(default_factory=dict)  # commands: one that comes twice is obeyed once
    standstill_ms: int | None = None
    before: Stamp | None = None
    last: Stamp | None = None  # of the last record or checkpoint that a start has read; live turns do not move it
    book: Daybook = field(default_factory=Daybook)
    folded: int = 0  # number of the last record folded in a replay; live turns do not count
    commands: list[tuple[Stamp, Command]] = field(default_factory=list)  # of a replay: perhaps never given

    # --- one function per kind of record

    def event(self, event: Event, identity: Identity, known: str | None = None) -> Decision:
        """Fold one event. ``known`` is the incident that its record names, in a replay."""
        if event.kind == UNKNOWN_RULE:
            decision = decide_unknown(self.context, self.state, event)
        elif event.kind in OWN_RULES:
            decision = decide_fault(self.context, self.state, event)
        else:
            decision = decide_event(self.context, self.state, event, identity, known)
        self.state.apply(decision)
        return decision

    def identity(self, event: Event, message: Message) -> Identity:
        """Return which press an event is, as it is known now."""
        if event.boot is not None:
            return identify(self.state, event, event.arrived)
        if may_repeat(event, message.qos, message.mid):
            return identify_repeat(self.state, event, message, event.arrived)
        return NO_IDENTITY

    def receipt(self, payload: bytes) -> Decision | Malformed:
        """Fold one receipt."""
        receipt = receipt_wire.decode(payload)
        if isinstance(receipt, Malformed):
            return receipt
        before = self.state.incidents.get(receipt.id)
        decision = receipts.decide_receipt(self.state, receipt)
        self.state.apply(decision)
        after = self.state.incidents.get(receipt.id)
        if before is not None and after is not None and before.is_open and not after.is_open:
            self.rulebook.closed(self._ended(after), self.context.post)
        return decision

    def _ended(self, closed: Incident) -> set[str]:
        """Return the rules of a closed incident that have no other open one."""
        still = {rule for one in self.state.incidents.values() if one.is_open for rule in (one.rule, *one.labels)}
        return {closed.rule, *closed.labels} - still

    def judge(self, sequences: Iterable[int], matches: Matches) -> tuple[Facts, dict[str, Event]]:
        """Let the rules judge some messages; return what they said, and the events that they judged, by id."""
        judged: list[tuple[Event, frozenset[str]]] = []
        for number in sequences:
            found = matches.get(number, {})
            events = self.unjudged.pop(number, ())
            judged += [(event, found.get(n, frozenset())) for n, event in enumerate(events)]
        here = {event.id: event for event, _ in judged}
        satisfied = {id_ for _, ids in judged for id_ in ids}
        if satisfied:
            self.book.matched(self.rulebook.using.engine.asked_by(satisfied), judged[-1][0].arrived)
        return facts_of(self.rulebook.judge(judged), here.values()), here

    def judge_some(self) -> tuple[list[int], Matches, Facts, dict[str, Event]] | None:
        """Judge the first of what nobody has judged yet, by the twin; None if there is nothing."""
        sequences = sorted(self.unjudged)[:MAX_JUDGED]
        if not sequences:
            return None
        matches: Matches = {}
        for number in sequences:
            found = self.rulebook.match(self.unjudged[number])
            matches[number] = {n: ids for n, ids in enumerate(found) if ids}
        matches = {number: found for number, found in matches.items() if found}
        facts, here = self.judge(sequences, matches)
        return sequences, matches, facts, here

    def tell(self, stamp: Stamp, facts: Facts, here: Mapping[str, Event]) -> list[tuple[Firing, Decision]]:
        """Fold what the rules said; return it without the evidence that says nothing new, as it is to be written down.

        ``stamp`` is that of the record, ``here`` are the events that it leads to.
        """
        self.book.said(facts.firings, facts.remarks[:MAX_REMARKS], stamp, self.context.site.timezone)
        told = []
        for firing in facts.firings:
            event = firing.about or here.get(firing.event)
            if event is not None:
                lean = lean_firing(self.state, firing)
                told.append((lean, self._firing(lean, event)))
        return told

    def _firing(self, firing: Firing, event: Event) -> Decision:
        decision = decide_firing(self.context, self.state, event, firing)
        self.state.apply(decision)
        return decision

    def due(self, now: Stamp) -> Facts:
        """Let the rules judge the deadlines up to ``now``. Nothing may be left unjudged."""
        return facts_of(self.rulebook.time(now))

    def revision(self, revision: Revision) -> None:
        """Fold a revision that was made."""
        incident = self.state.incidents.get(revision.incident) or revisions.restore(revision)
        if incident is not None:
            told = revisions.told_by(revision.body)
            incident = revisions.complete(incident, revision, told)
            self.state.apply(Decision(Reason.ADVANCED, (revisions.put(incident, revision, told),)))

    def sent(self, incident: str, rev: int) -> Decision:
        """Fold that the precinct's broker took a revision."""
        decision = receipts.decide_sent(self.state, incident, rev)
        self.state.apply(decision)
        return decision

    def time(self, now: Stamp) -> Decision:
        """Fold a timer: what is overdue at ``now``."""
        decision = receipts.decide_time(self.state, now)
        self.state.apply(decision)
        return decision

    def started(self, stamp: Stamp, *, downtime_known: bool, downtime_ms: int = 0, before: Stamp | None = None) -> None:
        """Fold a start of the program after ``downtime_ms``, as far as that is known.

        ``before`` is the last stamp before an absence of unknown length, if its wall clock was trusted.
        """
        self.state.was_off(downtime_ms)
        if not downtime_known or downtime_ms <= 0:  # no start takes no time: it was not measured
            self.devices.forget_times()
        if not downtime_known:
            self.before = self.before or before  # of two such absences in a row the first begins the gap
            self.standstill_ms = stamp.run_ms

    def fold_start(self, stamp: Stamp, body: records.Body) -> Facts:
        """Fold what a START record says of the absence before it; return what the rules say of it."""
        self.started(
            stamp,
            downtime_known=bool(body.get("downtime_known", True)),
            downtime_ms=int(body.get("downtime_ms", 0)),
            before=read_stamp(body.get("before")),
        )
        self.book.started(stamp, body)
        versions = (str(body.get("rules", "empty")), str(body.get("site", "")))
        return facts_of(self.rulebook.start(read_stopped(body), stamp, versions))

    def missing_ms(self, now: Stamp) -> int:
        """Return by how much an absence of unknown length was longer than running time says; 0 while nobody knows."""
        if self.before is None or not now.trusted:
            return 0
        return max(0, (now.wall_ms - self.before.wall_ms) - (now.run_ms - self.before.run_ms))

    def clock_corrected(self, missing_ms: int) -> None:
        """Fold that an absence of unknown length has been measured after all."""
        if self.standstill_ms is not None:
            self.state.grow_older(self.standstill_ms, missing_ms)
            self.rulebook.corrected(missing_ms, self.standstill_ms)
        self.standstill_ms = self.before = None

    def forget(self, now: Stamp) -> None:
        """Drop what no later input can need. For the rules now is when the first event came that they did not judge."""
        self.state.forget(now)
        waiting = (event.arrived for events in self.unjudged.values() for event in events)
        self.rulebook.forget(min(waiting, key=lambda stamp: stamp.run_ms, default=now))
        running = {rule.id for rule in self.rulebook.using.engine.rules}
        self.state.forget_rules(running)
        self.book.forget(running)

    # --- replay

    def fold(self, record: Record) -> None:
        """Fold one record of the journal. Raises ValueError, KeyError or TypeError for a body that is not ours."""
        self._notice_loss(record)
        handler = _HANDLERS.get(record.kind)
        if handler is not None:
            handler(self, record, records.load(record.body))
        self.last = record.stamp

    def _notice_loss(self, record: Record) -> None:
        """See which numbers are missing before this record; those that a torn tail never held are said in a CUT."""
        lost = record.sequence - self.folded - 1 if self.folded else 0
        self.folded = record.sequence
        if record.kind == Kind.CUT:
            lost = int(records.load(record.body).get("lost", 0))
        if lost > 0:
            self.state.apply(Decision(Reason.ADVANCED, revisions.lose(self.state, lost, record.stamp)))

    def _fold_message(self, record: Record, body: records.Body) -> None:
        message = records.read_message(body, record.stamp)
        if message.lane is Lane.PRECINCT:
            if message.topic.endswith("/command"):
                self.obey(message.payload)
            else:
                self.receipt(message.payload)
            return
        self.devices.apply(message.changes)
        self.heard(message, record.stamp)
        fresh = []
        for event, known in zip(message.events, message.incidents, strict=True):
            identity = self.identity(event, message)
            self.event(event, identity, known)
            if identity.copy is None and event.kind not in (UNKNOWN_RULE, *OWN_RULES):
                fresh.append(event)
        if fresh:
            self.put_fresh(record.sequence, tuple(fresh))

    def heard(self, message: Message, stamp: Stamp) -> None:
        """Note who spoke in a message that stands in a record."""
        self.book.heard(self.context.site, message, stamp)

    def put_fresh(self, sequence: int, events: tuple[Event, ...]) -> list[Event]:
        """Keep events for the rules, here and at the precinct; return those that are for the precinct's."""
        self.unjudged[sequence] = events
        words = [event for event in events if is_forwarded(event.kind)]
        for event in words:
            self.words[event.id] = event
        while len(self.words) > MAX_WORDS:
            del self.words[next(iter(self.words))]
        return words

    def obey(self, payload: bytes) -> wire_command.Command | None:
        """Fold a command of the precinct; None where it was obeyed before, or is none."""
        order = wire_command.decode(payload)
        if isinstance(order, Malformed) or order.id in self.obeyed:
            return None
        self.obeyed[order.id] = None
        while len(self.obeyed) > MAX_OBEYED:
            del self.obeyed[next(iter(self.obeyed))]
        return order

    def watch(self, watches: tuple[OpenWatch, ...]) -> None:
        """Fold the watches that the precinct has open."""
        self.rulebook.watch(watches)

    def _fold_watch(self, _record: Record, body: records.Body) -> None:
        found = watch_wire.decode(records.dump(body))
        if not isinstance(found, Malformed):
            self.watch(found)

    def _fold_judged(self, record: Record, body: records.Body) -> None:
        sequences, matches = records.read_judged(body)
        _, here = self.judge(sequences, matches)
        self.retell(record.stamp, records.read_facts(body), here)

    def retell(self, stamp: Stamp, facts: Facts, here: Mapping[str, Event]) -> Facts:
        """Fold what the rules said in a replay or at a start; commands wait until there is a broker to give them to."""
        told = self.tell(stamp, facts, here)
        for _, decision in told:
            found = [(stamp, effect) for effect in decision.effects if isinstance(effect, Command)]
            self.commands = [*self.commands, *found][-MAX_COMMANDS:]
        return replace(facts, firings=tuple(firing for firing, _ in told))

    def _fold_start(self, record: Record, body: records.Body) -> None:
        self.fold_start(record.stamp, body)
        self.retell(record.stamp, records.read_facts(body), {})

    def _fold_due(self, record: Record, body: records.Body) -> None:
        self.due(record.stamp)
        self.retell(record.stamp, records.read_facts(body), {})

    def _fold_rules(self, record: Record, body: records.Body) -> None:
        self.rulebook.switch((body["rules"], body["site"]), record.stamp)
        self.retell(record.stamp, records.read_facts(body), {})

    def commands_since(self, run_ms: int) -> list[Command]:
        """Return, once, the commands that were decided since and that a death may have kept from being given."""
        late, self.commands = [command for stamp, command in self.commands if stamp.run_ms >= run_ms], []
        return late

    # --- checkpoint

    def dump(self, last: Last) -> bytes:
        """Return the fold as bytes for a checkpoint; ``last`` is when it was taken."""
        body = records.dump(
            {
                "last": [last.stamp.run_ms, last.stamp.wall_ms, last.stamp.trusted, last.boot, last.mono_ns],
                "standstill": self.standstill_ms,
                "before": _plain_stamp(self.before),
                "devices": self.devices.to_plain(),
                "obeyed": list(self.obeyed),
                "words": _WORDS.dump_python(tuple(self.words.values()), mode="json"),
                "unjudged": _EVENTS.dump_python(self.unjudged, mode="json"),
                "rules": self.rulebook.dump(),
                "book": self.book.to_plain(),
            }
        )
        return b"".join((body[:-1], b',"state":', *codec.json_parts(self.state, records.encode), b"}"))

    @classmethod
    def load(cls, context: Context, rulebook: Rulebook, data: bytes) -> "tuple[Memory, Last]":
        """Return the fold that ``dump`` wrote, and when. Raises ValueError or KeyError for anything else."""
        body = records.load(data)
        run_ms, wall_ms, trusted, boot, mono_ns = body.get("last", ())
        stamp = Stamp(run_ms, wall_ms, trusted)
        rulebook.load(body.get("rules"), stamp)
        memory = cls(
            context,
            rulebook,
            codec.from_plain(body.get("state", {})),
            DeviceStates.from_plain(body.get("devices", [])),
            _EVENTS.validate_python({int(key): value for key, value in body.get("unjudged", {}).items()}),
            {event.id: event for event in _WORDS.validate_python(body.get("words", ()))},
            {str(id_): None for id_ in body.get("obeyed", ())},
            body.get("standstill"),
            read_stamp(body.get("before")),
            stamp,
            Daybook.from_plain(body.get("book", {})),
        )
        return memory, Last(stamp, boot, mono_ns)


def stopped_plain(stamp: Stamp | None) -> list[int | bool] | None:
    """Return when we were last known to be there, as a START record has it."""
    return None if stamp is None else [stamp.run_ms, stamp.wall_ms, stamp.trusted]


def read_stopped(body: records.Body) -> Stamp | None:
    """Return what ``stopped_plain`` wrote, None at a first start."""
    plain = body.get("stopped")
    return None if plain is None else Stamp(int(plain[0]), int(plain[1]), trusted=bool(plain[2]))


def _plain_stamp(stamp: Stamp | None) -> list[int] | None:
    return None if stamp is None else [stamp.run_ms, stamp.wall_ms]


def read_stamp(plain: object) -> Stamp | None:
    """Return the trusted stamp that stands in a record or checkpoint, or None."""
    if not isinstance(plain, list) or len(plain) != 2:
        return None
    return Stamp(int(plain[0]), int(plain[1]), trusted=True)


def bare_rulebook(context: Context) -> Rulebook:
    """Return a rulebook without a rule."""
    return Rulebook(edition(FullRuleSet(), context.site, context.post))


NO_IDENTITY = Identity("", "", None, None)

_Handler = Callable[[Memory, Record, records.Body], Any]

_HANDLERS: dict[int, _Handler] = {
    Kind.START: Memory._fold_start,
    Kind.CLOCK: lambda memory, _record, body: memory.clock_corrected(int(body.get("missing_ms", 0))),
    Kind.MESSAGE: Memory._fold_message,
    Kind.REVISION: lambda memory, record, body: memory.revision(records.read_revision(body, record.stamp)),
    Kind.JUDGED: Memory._fold_judged,
    Kind.DUE: Memory._fold_due,
    Kind.WATCH: Memory._fold_watch,
    Kind.RULES: Memory._fold_rules,
    Kind.SENT: lambda memory, _record, body: memory.sent(body["i"], body["r"]),
    Kind.TIMER: lambda memory, record, _body: memory.time(record.stamp),
}
