"""What must hold, whatever happens: the promise, checked at every word that is said and once more in the morning.

The ledger stands outside: it knows what people really did, what the card really holds and what the precinct really
said. It never looks into the post to find out what the post believes, except where the promise is about that.
"""

import json
from dataclasses import dataclass, field
from typing import Any, NoReturn

from dispatcher.domain.ids import digest
from dispatcher.domain.incident import Stage
from dispatcher.domain.stamp import Stamp
from dispatcher.incidents.stages import LAMP_ORDER
from dispatcher.journal import Entry, Kind, Record
from dispatcher.wire import alert as alert_wire
from dispatcher.wire.alert import Alert
from tests.simulation.broker import Message
from tests.simulation.disk import Card
from tests.simulation.town import BOUGHT, COUNTING, LAMP, SIREN, press_topic
from tests.simulation.world import Violation, World

Key = tuple[str, int, int]  # device, boot, seq
RANK = {str(stage): rank for rank, stage in enumerate((*LAMP_ORDER, Stage.CLOSED))}
LADDER = ("acknowledged", "dispatched", "arrived", "closed")
FREE = {("undelivered", None), ("unattended", "delivered"), ("delivered", "unattended")}
TO_UNDELIVERED = ("saved", "sent")
COPY_MS = 3_600_000
THROTTLE_MS = 30_000
UNDELIVERED_MS = 16_000  # ten seconds, and the five between two words to the lamp
REPETITION_MS = 6_000  # a profile's two seconds, and the save that may be slow


@dataclass(slots=True)
class Press:
    """One press of a button that counts. ``born`` is more than one when its counter was used again after an hour."""

    born_ms: int
    spoken_ms: int = 0
    born: int = 1
    saved_run_ms: int = 0
    incident: str | None = None
    stage: str | None = None
    earlier: set[str | None] = field(default_factory=set)
    taken_back: int = 0
    excused: bool = False  # its one record was hit by a flipped bit, or it was told only while nothing could be saved


@dataclass(slots=True)
class Ledger:
    """Everything that was pressed, saved, said and stored."""

    world: World
    card: Card
    presses: dict[Key, Press] = field(default_factory=dict)
    bought: dict[int, set[str]] = field(default_factory=dict)  # press of a bought button -> ids of its events
    kept: set[int] = field(default_factory=set)  # bought presses that the post acknowledged
    senses: set[Key] = field(default_factory=set)
    strangers: int = 0
    contents: dict[tuple[str, int], bytes] = field(default_factory=dict)
    evidence: dict[str, dict[str, int]] = field(default_factory=dict)  # incident -> event -> revision
    said: dict[str, dict[str, int]] = field(default_factory=dict)  # incident -> stage -> revision, as the precinct said
    taken: set[tuple[str, int]] = field(default_factory=set)  # revisions that the precinct's broker has
    durable_presses: set[Key] = field(default_factory=set)
    handed: dict[object, int] = field(default_factory=dict)
    _turn: list[tuple[str, object]] = field(default_factory=list)
    _scanned: int = 0

    # --- what people did

    def pressed(self, key: Key) -> None:
        """Somebody pressed a button that counts."""
        self.presses[key] = Press(self.world.now, self.world.now)

    def spoken(self, key: Key) -> None:
        """A press is told, or told again. After an hour the same counter is another press (design, "Copies")."""
        press = self.presses[key]
        if self.world.now - press.spoken_ms > COPY_MS:
            press.born += 1
            press.earlier.add(press.incident)
            press.incident = press.stage = None
        press.spoken_ms = self.world.now

    # --- what the post was given, and what it wrote

    def handing(self, messages: list[tuple[object, Message]]) -> None:
        """The pipeline gets these messages of devices, in this order."""
        self._turn = [(message.topic, message.ident) for _, message in messages]
        self.handed.update((token, self.card.next) for token, _ in messages)

    def wrote(self, entry: Entry) -> None:
        """An entry is appended: learn which event a bought button's press became."""
        if entry.kind != Kind.MESSAGE or b'"zigbee2mqtt/' not in entry.body:
            return
        plain = json.loads(entry.body)
        while self._turn:
            topic, ident = self._turn.pop(0)
            if topic == plain["t"] and isinstance(ident, int):
                self._last = (entry.stamp.run_ms, {event["i"] for event in plain.get("e", ())})
                self._check_not_old(ident, self._last[1])
                self.bought.setdefault(ident, set()).update(self._last[1])
                return

    def _check_not_old(self, ident: int, events: set[str]) -> None:
        """A press made after an incident was closed must not be taken for a repetition of a press in it."""
        for incident, known in self.evidence.items():
            old = events & known.keys() - self.bought.get(ident, set())
            if old and self.ids_are_new and self.closed_ms.get(incident, self.world.now) < self.bought_ms[ident]:
                self._broken("swallowed", f"bought press {ident} is taken for an older one in {incident}, closed")

    ids_are_new: bool = True  # a broker that gives a message id again at once hides what is new and what is not
    bought_ms: dict[int, int] = field(default_factory=dict)  # when it was pressed
    closed_ms: dict[str, int] = field(default_factory=dict)  # when the precinct first said so

    # --- what the post said

    def acknowledged(self, token: object, message: Message, run_ms: int) -> None:
        """The post acknowledges a message to the local broker, at ``run_ms`` of its running time."""
        since = self.handed.get(token, 0)
        for one in self.card.pending:
            record = one.record
            if record.kind == Kind.MESSAGE and record.sequence >= since and _topic(record) == message.topic:
                self._broken("acknowledged before saved", f"{message.topic} in record {record.sequence}")
        if message.topic == press_topic(BOUGHT) and isinstance(message.ident, int):
            self.kept.add(message.ident)
            self._check_repetition(message.ident, run_ms)

    def _check_repetition(self, ident: int, run_ms: int) -> None:
        """What gave no event of its own must repeat one: a profile takes presses within two seconds for one."""
        self._scan()
        if self.bought.get(ident, set()) & self._events:
            return
        when, events = self._last
        if run_ms - when > REPETITION_MS:
            self._broken("swallowed", f"bought press {ident} is acknowledged and became nothing")
        self.bought.setdefault(ident, set()).update(events)

    _last: tuple[int, set[str]] = field(default_factory=lambda: (0, set()))

    def confirmed(self, device: str, body: dict[str, Any], run_ms: int) -> None:
        """The post confirms a press to its button, at ``run_ms`` of its running time."""
        key = (device, body["boot"], body["seq"])
        stage, incident = body["stage"], body["incident"]
        if stage == "refused" or device not in COUNTING:
            return
        press = self.presses.get(key)
        if press is None:
            self._broken("invented press", f"confirmed {key}")
        self._scan()
        if key not in self.durable_presses:
            self._broken("confirmed before saved", f"{key} {stage}")
        if incident in press.earlier:
            return  # word of an older press, under a counter that began anew since
        if press.incident not in (None, incident) and not press.excused:
            self._broken("confirmed in two incidents", f"{key}: {press.incident}, then {incident}")
        if not press.excused:
            self._check_order(key, press, stage)
            self._check_true(incident, key, stage)
        if press.incident is None:
            press.saved_run_ms = run_ms
        press.incident, press.stage = incident, stage

    def _check_order(self, key: Key, press: Press, stage: str) -> None:
        before = press.stage
        if before is None or before == "undelivered" or (before, stage) in FREE:
            return
        if stage == "undelivered" and before in TO_UNDELIVERED:
            return
        if RANK[stage] < RANK[before] and press.taken_back >= self.taken_back:
            self._broken("stage went back", f"{key}: {before}, then {stage}")
        if RANK[stage] < RANK[before]:
            press.taken_back = self.taken_back

    def _check_true(self, incident: str, key: Key, stage: str) -> None:
        if RANK[stage] > RANK[self._bound(incident, key)]:
            self._broken("comfort that is false", f"{key} is told {stage}, true is {self._bound(incident, key)}")

    def _bound(self, incident: str, key: Key) -> str:
        """Return the most advanced stage that may be said of a press: what the precinct said for its revision."""
        revs = [rev for event, rev in self.evidence.get(incident, {}).items() if self.keys.get(event) == key]
        if not revs:
            return "saved"
        said = self.said.get(incident, {})
        for stage in reversed(LADDER):
            if said.get(stage, 0) >= revs[0]:
                return stage
        if said.get("delivered", 0) >= revs[0]:
            return "delivered"
        return "sent" if any(one == incident and rev >= revs[0] for one, rev in self.taken) else "saved"

    keys: dict[str, Key] = field(default_factory=dict)  # event -> press

    def showed(self, stage: str, run_ms: int, patience_ms: int) -> None:
        """The lamp shows a stage at ``run_ms`` of the post's running time; the post looks at it every ``patience_ms``."""
        self._scan()
        rank = RANK.get(stage, len(RANK))  # idle is the most advanced of all
        for key, press in self.presses.items():
            if press.incident is None or press.excused or key not in self.durable_presses:
                continue
            bound = self._bound(press.incident, key)
            if bound != "closed" and rank > RANK[bound]:
                self._broken("the lamp lies", f"it shows {stage}, {key} is {bound}")
            late = run_ms - press.saved_run_ms > UNDELIVERED_MS + patience_ms
            if late and bound in TO_UNDELIVERED and stage != "undelivered":
                self._broken("bad news withheld", f"the lamp shows {stage}, {key} is {bound} for long")

    def siren(self, command: str) -> None:
        """The siren is switched on: at most once in 30 s of running time for one device (the rule's throttle)."""
        self._scan()
        device, run_ms = self._sirens[command]
        last = self._sounded.get(device)
        if last is not None and last[0] != command and not self.card.flips and 0 <= run_ms - last[1] <= THROTTLE_MS:
            self._broken("throttle", f"{device} sounds again after {run_ms - last[1]} ms")
        self._sounded[device] = (command, run_ms)

    _sirens: dict[str, tuple[str, int]] = field(default_factory=dict)
    _sounded: dict[str, tuple[str, int]] = field(default_factory=dict)

    def sent(self, payload: bytes) -> None:
        """The post sends an alert."""
        alert = alert_wire.decode(payload)
        if not isinstance(alert, Alert):
            self._broken("malformed alert", repr(alert))
        key = (alert.id, alert.rev)
        if key not in self.revisions():
            self._broken("sent before saved", f"revision {key}")
        content = alert_wire.with_age(payload, 0, "exact")
        known = self.contents.setdefault(key, content)
        if known != content:
            self._broken("a revision changed", f"{key}: {known!r} then {content!r}")
        self._learn(alert)

    def _learn(self, alert: Alert) -> None:
        events = self.evidence.setdefault(alert.id, {})
        for entry in alert.evidence:
            events.setdefault(entry.event, alert.rev)
            if entry.device in COUNTING and entry.boot is not None and entry.seq is not None:
                key = (str(entry.device), entry.boot, entry.seq)
                self.keys[entry.event] = key
                if key not in self.presses:
                    self._broken("invented press", f"{key} in incident {alert.id}")
                self._check_once(key, entry.event)
        if any(press.excused and press.incident == alert.id for press in self.presses.values()):
            return  # one record less, and so one press less
        if not alert.evidence and self.card.flips:
            return  # it stands for a revision that was lost, whose evidence is told again later
        so_far = sum(rev <= alert.rev for rev in events.values())
        if all((alert.id, rev) in self.contents for rev in range(1, alert.rev + 1)) and alert.count != so_far:
            self._broken("count", f"{alert.id} rev {alert.rev} says {alert.count}, its evidence is {so_far}")

    def _check_once(self, key: Key, event: str) -> None:
        events = self._events_of.setdefault(key, set())
        events.add(event)
        if len(events) > self.presses[key].born and not self.presses[key].excused:
            self._broken("counted twice", f"{key} is {sorted(events)}")

    _events_of: dict[Key, set[str]] = field(default_factory=dict)

    # --- what the card holds

    def _scan(self) -> None:
        archive = self.card.archive
        for record in archive[self._scanned :]:
            if record.kind == Kind.MESSAGE:
                self._scan_message(json.loads(record.body), record.stamp)
            elif record.kind == Kind.REVISION:
                body = json.loads(record.body)
                self._revisions.add((body["i"], body["r"]))
        self._scanned = len(archive)

    def _scan_message(self, body: dict[str, Any], stamp: Stamp) -> None:
        for event in body.get("e", ()):
            self._events.add(event["i"])
            if event["d"] in COUNTING and "b" in event:
                self.durable_presses.add((event["d"], event["b"], event["q"]))
            if event["k"].startswith("panic."):
                command = digest("command", event["i"], "panic-press", "siren.on", SIREN)
                self._sirens.setdefault(command, (event["d"], stamp.run_ms))

    _revisions: set[tuple[str, int]] = field(default_factory=set)

    def revisions(self) -> set[tuple[str, int]]:
        """Return the revisions that are durable."""
        self._scan()
        return self._revisions

    def lost(self, record: Record) -> None:
        """A record is gone that was never durable: its number, and so its event's id, may be given again."""
        if record.kind == Kind.MESSAGE and b'"zigbee2mqtt/' in record.body:
            self._scan()
            gone = {event["i"] for event in json.loads(record.body).get("e", ())} - self._events
            for events in self.bought.values():
                events.difference_update(gone)

    _events: set[str] = field(default_factory=set)

    def flipped(self, record: Record) -> None:
        """A bit flips in a record: this one press is outside the promise, and all others are not."""
        self.world.tell("card", f"a bit flips in record {record.sequence}, kind {record.kind}")
        if record.kind in (Kind.REVISION, Kind.SENT, Kind.TIMER):
            self.forget_order()
        if record.kind == Kind.REVISION:
            body = json.loads(record.body)
            self.contents.pop((body["i"], body["r"]), None)
        if record.kind != Kind.MESSAGE:
            return
        body = json.loads(record.body)
        for event in body.get("e", ()):
            press = self.presses.get((event["d"], event.get("b", -1), event.get("q", -1)))
            if press is not None:
                press.excused = True
            for ident in [ident for ident, events in self.bought.items() if event["i"] in events]:
                self.kept.discard(ident)
                del self.bought[ident]
        if body["l"] == "precinct":
            self.forget_order()  # the record that was lost is the precinct's word

    def forget_order(self) -> None:
        """What was told may have to be taken back, once: the precinct lost its store, or the post one of its words."""
        self.taken_back += 1

    def store_lost(self) -> None:
        """The precinct's store is gone, or older than it was."""
        self.forget_order()
        self._kept_payloads.clear()

    taken_back: int = 0

    # --- what the precinct said and holds

    def broker_has(self, payload: bytes) -> None:
        """The precinct's broker has taken an alert."""
        alert = json.loads(payload)
        self.taken.add((alert["id"], alert["rev"]))

    def spoke(self, receipt: dict[str, Any], held: int) -> None:
        """The precinct sends a receipt; ``held`` is what is really committed."""
        stage, rev = receipt["stage"], receipt["rev"]
        if rev > held:
            self._broken("receipt before commit", f"{receipt['id']} {stage} {rev}, committed is {held}")
        said = self.said.setdefault(receipt["id"], {})
        said[stage] = max(said.get(stage, 0), rev)
        if stage == "closed":
            self.closed_ms.setdefault(receipt["id"], self.world.now)

    def revisions_stored(self, rows: list[tuple[str, int, bytes]]) -> None:
        """Check the precinct's table of revisions: (incident, revision, payload). What is kept stays as it came."""
        for incident, rev, payload in rows:
            if self._kept_payloads.setdefault((incident, rev), payload) != payload:
                self._broken("overwritten", f"revision {rev} of {incident} at the precinct")

    _kept_payloads: dict[tuple[str, int], bytes] = field(default_factory=dict)

    def stored(self, rows: list[tuple[str, str, str | None, int | None, int | None]]) -> None:
        """Check the precinct's table of evidence: (incident, event, device, boot, seq)."""
        where: dict[object, set[str]] = {}
        for incident, event, device, boot, seq in rows:
            name: object = event
            if device in COUNTING and boot is not None and seq is not None:
                name = (device, boot, seq)
                if name not in self.presses:
                    self._broken("invented press", f"{name} at the precinct")
            where.setdefault(name, set()).add(incident)
        for key, press in self.presses.items():
            if len(where.get(key, ())) > press.born and not press.excused:
                self._broken("in two incidents", f"{key} in {sorted(where[key])}")
        for ident, events in self.bought.items():
            found = {incident for event in events for incident in where.get(event, ())}
            if len(found) > 1:
                self._broken("in two incidents", f"bought press {ident} in {sorted(found)}")
        self.where = where

    where: dict[object, set[str]] = field(default_factory=dict)

    def missing(self) -> str:
        """All is healed: return what has not arrived yet, in words."""
        for key, press in self.presses.items():
            if press.incident is None:
                return f"{key}, pressed at {press.born_ms / 1000:.3f}, is not confirmed"
            if not press.excused and press.incident not in self.where.get(key, ()):
                return f"{key}, confirmed in {press.incident}, is at the precinct in {self.where.get(key)}"
        for ident in self.kept:
            if not any(event in self.where for event in self.bought.get(ident, ())):
                return f"bought press {ident}, acknowledged to its broker, is not at the precinct"
        return ""

    def _broken(self, name: str, text: str) -> NoReturn:
        raise Violation(name, f"at {self.world.now / 1000:.3f}: {text}")


def _topic(record: Record) -> str:
    return str(json.loads(record.body)["t"])


def lamp_stage(message: Message) -> str | None:
    """Return what a message tells the lamp, None for any other."""
    if message.topic != f"kentongan/{LAMP}/command":
        return None
    return str(json.loads(message.payload)["args"]["stage"])
