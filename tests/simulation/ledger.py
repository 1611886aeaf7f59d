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
from dispatcher.incidents.model import FLOOR_RULE
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
FULL_WINDOW = 99
UNDELIVERED_MS = 16_000  # ten seconds, and the five between two words to the lamp
ALIVE_MS = 40_000  # a post that has nothing to write says now and then that it lives, and slow nights turn slowly
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
    is_perhaps_copy: bool = False  # told again after an hour of the town, and less than one of the post's own time
    taken_back: int = 0
    excused: bool = False  # its one record was hit by a flipped bit
    passing: set[str] = field(default_factory=set)  # incidents that unsaved lives put it into
    received: set[str] = field(default_factory=set)  # those of them that the precinct has, as the button was told
    is_gone: bool = False  # the precinct alone had it, and lost its store
    is_covered: bool = False  # the precinct lost its store while two posts of one name gave revisions one number


@dataclass(slots=True)
class Life:
    """A life of the post that saves nothing. ``told`` holds the presses in it: event -> (incident, button's press)."""

    complete: bool
    told: dict[str, tuple[str, Key | None]] = field(default_factory=dict)
    revisions: set[tuple[str, int]] = field(default_factory=set)
    bought: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Ledger:
    """Everything that was pressed, saved, said and stored."""

    world: World
    card: Card
    post: str
    owners: dict[str, str]  # incident -> post, of all posts
    presses: dict[Key, Press] = field(default_factory=dict)
    bought: dict[int, set[str]] = field(default_factory=dict)  # press of a bought button -> ids of its events
    kept: set[int] = field(default_factory=set)  # bought presses that the post acknowledged
    senses: set[Key] = field(default_factory=set)
    strangers: int = 0
    contents: dict[tuple[str, int], bytes] = field(default_factory=dict)
    unmeasured: bool = False  # an absence of the post was, perhaps, longer than it knows
    unreadable: set[tuple[str, int]] = field(default_factory=set)  # revisions whose records a flipped bit has hit
    evidence: dict[str, dict[str, int]] = field(default_factory=dict)  # incident -> event -> revision
    said: dict[str, dict[str, int]] = field(default_factory=dict)  # incident -> stage -> revision, as the precinct said
    taken: set[tuple[str, int]] = field(default_factory=set)  # revisions that the precinct's broker has
    durable_presses: set[Key] = field(default_factory=set)
    saved_calls: dict[str, str | None] = field(default_factory=dict)  # event of a press -> its incident, as saved first
    saved_in: dict[str, set[str | None]] = field(default_factory=dict)  # event -> incidents, as the card has it
    handed: dict[object, int] = field(default_factory=dict)
    _turn: list[tuple[str, object]] = field(default_factory=list)
    _scanned: int = 0

    life: Life | None = None  # the life that is under way, if it saves nothing
    copies: "list[Ledger]" = field(default_factory=list)  # of others that answer to the same name, or did

    is_over: bool = False  # its machine was taken away

    # --- lives

    def begins(self, *, saves: bool, complete: bool) -> None:
        """A life of the post begins. ``complete``: all that was saved could be read."""
        self.life = None if saves else Life(complete)
        if saves and self._away_from is not None:
            self._absences.append((self._away_from, self.world.now))
            self._away_from = None
        elif (
            not saves and self._absences and self._absences[-1][1] == self.world.now
        ):  # it tried to save, and could not
            self._away_from, _ = self._absences.pop()
        self.unmeasured = self.unmeasured or self.card.machine.boots > 1
        if not saves:
            self._sounded.clear()  # what it knows of throttles ends with it
        if not complete:
            self.forget_order()

    def ended(self) -> None:
        """A life has ended; the next one may sound a siren that only this one had heard of."""
        if self._away_from is None:
            self._away_from = self.world.now
        if self.life is not None:
            self.kept -= {ident for ident in self.life.bought if not self._has_all(self.bought.get(ident, set()))}
            self._sounded.clear()
            self.forget_order()  # the precinct's word to it was not saved
        self.life = None

    _away_from: int | None = None  # since when no life of the post has saved anything
    _absences: list[tuple[int, int]] = field(default_factory=list)

    def _away_since(self, since_ms: int) -> int:
        """Return for how long, since then, the post kept no time: an absence begins with what it wrote last."""
        ended = [(begin - ALIVE_MS, end) for begin, end in self._absences if end > since_ms]
        return sum(end - max(begin, since_ms) for begin, end in ended)

    def _has_all(self, events: set[str]) -> bool:
        return bool(events & self._events) or any(event in self.where for event in events)

    def left(self) -> None:
        """An unsaved life leaves by itself, and so every press that it was given must be at the precinct."""
        if self.life is None:
            return
        self._scan()
        for event, place in self.saved_calls.items() if self.life.complete and not self.card.flips else ():
            if place is not None and event not in self.evidence.get(place, {}):
                self._broken("left untold", f"{event} of {place} was saved, and an unsaved life told nobody")
        for event, (incident, _) in self.life.told.items():
            rev = self.evidence.get(incident, {}).get(event)
            if rev is None or self.said.get(incident, {}).get("delivered", 0) < rev:
                self._broken("left behind", f"{event} of {incident}, revision {rev}, and the post leaves")

    def stated(self, payload: bytes, *, is_over: bool) -> None:
        """The post says how it is. ``is_over``: it is about to leave."""
        state = json.loads(payload)["state"]
        if state != ("online" if self.life is None else "unsaved") and not (is_over and state == "offline"):
            self._broken("status", f"says {state}")

    def _places(self, press: Press, key: Key) -> set[str]:
        """Return the incidents that have it at the precinct, or if it may be covered by the other's, all that it has.

        A receipt names a revision by its number. Of two posts with one identity each makes a revision of that number;
        a precinct that had both, loses its store and gets one again, tells both that it is there.
        """
        return set().union(*self.where.values()) if press.is_covered else self.where.get(key, set())

    # --- what people did

    def pressed(self, key: Key) -> None:
        """Somebody pressed a button that counts."""
        self.presses[key] = Press(self.world.now, self.world.now, taken_back=max(0, self.taken_back - 1))

    def spoken(self, key: Key) -> None:
        """A press is told, or told again. After an hour the same counter is another press (design, "Copies")."""
        press = self.presses[key]
        age = self.world.now - press.spoken_ms
        if self.is_old(key):
            press.is_perhaps_copy = self.unmeasured or age - self._away_since(press.spoken_ms) <= COPY_MS
            press.born += 1
            press.earlier.add(press.incident)
            press.incident = press.stage = None
        press.spoken_ms = self.world.now

    def is_old(self, key: Key) -> bool:
        """Return whether the next word of this press is another press."""
        return self.world.now - self.presses[key].spoken_ms > COPY_MS

    # --- what the post was given, and what it wrote

    def handing(self, messages: list[tuple[object, Message]]) -> None:
        """The pipeline gets these messages of devices, in this order."""
        self._turn = [(message.topic, message.ident) for _, message in messages]
        self.handed.update((token, self.card.next) for token, _ in messages)

    def wrote(self, entry: Entry) -> None:
        """An entry is appended: learn which event a bought button's press became, and what an unsaved life tells."""
        if self.life is not None:
            self._wrote_passing(self.life, entry)
        if entry.kind != Kind.MESSAGE or b'"zigbee2mqtt/' not in entry.body:
            return
        plain = json.loads(entry.body)
        if plain.get("f", (1, 0, 0))[1]:  # the broker had kept it: nobody pressed, whatever it says
            if any(event["k"].startswith("panic.") for event in plain.get("e", ())):
                self._broken("invented press", f"a retained message on {plain['t']} became one")
            return
        while self._turn:
            topic, ident = self._turn.pop(0)
            if topic == plain["t"] and isinstance(ident, int):
                self._last = (entry.stamp.run_ms, {event["i"] for event in plain.get("e", ())})
                self._check_not_old(ident, self._last[1])
                self._check_not_others(ident, self._last[1])
                self.bought.setdefault(ident, set()).update(self._last[1])
                return

    def _wrote_passing(self, life: Life, entry: Entry) -> None:
        if entry.kind == Kind.REVISION:
            body = json.loads(entry.body)
            life.revisions.add((body["i"], body["r"]))
            self._passing_revisions.add((body["i"], body["r"]))
        elif entry.kind == Kind.MESSAGE:
            body = json.loads(entry.body)
            self._learn_sirens(self._passing_sirens, body, entry.stamp)
            for event in body.get("e", ()):
                if "n" in event and event["k"].startswith("panic."):
                    self._tell_passing(life, event)

    _passing_revisions: set[tuple[str, int]] = field(default_factory=set)

    def _tell_passing(self, life: Life, event: dict[str, Any]) -> None:
        self._scan()
        if event["n"] in self.saved_in.get(event["i"], ()):
            return
        counts = event["d"] in COUNTING and "b" in event
        key = (event["d"], event["b"], event["q"]) if counts else None
        known = life.told.setdefault(event["i"], (event["n"], key))
        if known[0] != event["n"]:
            self._broken("in two incidents", f"{event['i']} of one unsaved life: {known[0]} and {event['n']}")
        press = self.presses.get(key) if key is not None else None
        if press is not None:
            is_new = press.born > 1 and press.incident is None  # its counter was used again after an hour
            if life.complete and key in self.durable_presses and not (press.excused or is_new):
                self._broken("in two incidents", f"{key}, saved before, is told in {event['n']} by an unsaved life")
            press.passing.add(event["n"])

    def _check_not_old(self, ident: int, events: set[str]) -> None:
        """A press made after an incident was closed must not be taken for a repetition of a press in it."""
        if self.copies:
            return  # the incident may be the other one's
        for incident, known in self.evidence.items():
            old = events & known.keys() - self.bought.get(ident, set())
            if old and self.ids_are_new and self.closed_ms.get(incident, self.world.now) < self.bought_ms[ident]:
                self._broken("swallowed", f"bought press {ident} is taken for an older one in {incident}, closed")

    def _check_not_others(self, ident: int, events: set[str]) -> None:
        """Two machines with one card must not give one id to two presses: the precinct would have one of them."""
        for other in self.copies:
            if any(events & theirs for theirs in other.bought.values()):
                self._broken("swallowed", f"bought press {ident} has the id of one that another machine heard")

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
            if self.life is not None:
                self.life.bought.add(message.ident)
            self._check_repetition(message.ident, self.arrived_ms.pop(token, run_ms))

    arrived_ms: dict[object, int] = field(default_factory=dict)  # of messages in hand, in running time

    def _check_repetition(self, ident: int, run_ms: int) -> None:
        """What gave no event of its own must repeat one: a profile takes presses within two seconds for one."""
        self._scan()
        if self.bought.get(ident, set()) & (
            self._events if self.life is None else self.life.told.keys() | self._events
        ):
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
            if not self.knows(key):
                self._broken("invented press", f"confirmed {key}")
            return
        self._scan()
        if self.life is not None and stage == "saved":
            self._broken("unsaved says saved", f"{key}")
        if self.life is not None and incident in press.passing:
            self._confirmed_passing(key, press, body)
        else:
            self._confirmed_saved(key, press, body, run_ms)

    def _confirmed_saved(self, key: Key, press: Press, body: dict[str, Any], run_ms: int) -> None:
        stage, incident = body["stage"], body["incident"]
        if key not in self.durable_presses:
            self._broken("confirmed before saved", f"{key} {stage}")
        if incident in press.earlier:
            # Word of an older press, under a counter that began anew since; or the post, for which an absence, and a
            # life that saves nothing, is no running time, takes this one for that.
            may_be_that = press.is_perhaps_copy or self.unmeasured
            press.incident = press.incident or (incident if may_be_that else None)
            return
        if press.incident not in (None, incident) and not press.excused:
            self._broken("confirmed in two incidents", f"{key}: {press.incident}, then {incident}")
        if not press.excused:
            self._check_order(key, press, stage)
            self._check_true(incident, key, stage)
        if press.incident is None:
            press.saved_run_ms = run_ms
        press.incident, press.stage = incident, stage

    def _confirmed_passing(self, key: Key, press: Press, body: dict[str, Any]) -> None:
        """The post confirms what is in memory alone: only once the precinct has it."""
        if RANK[body["stage"]] < RANK["unattended"]:
            self._broken("confirmed before saved", f"{key} {body['stage']}, by an unsaved life")
        self._check_true(body["incident"], key, body["stage"])
        press.received.add(body["incident"])

    def _check_order(self, key: Key, press: Press, stage: str) -> None:
        before = press.stage
        if self.copies or before is None or before == "undelivered" or (before, stage) in FREE:
            return
        if stage == "undelivered" and before in TO_UNDELIVERED:
            return
        if RANK[stage] < RANK[before] and press.taken_back >= self.taken_back:
            self._broken("stage went back", f"{key}: {before}, then {stage}")
        if RANK[stage] < RANK[before]:
            press.taken_back += 1  # once for each time that words were lost since it was pressed

    def _check_true(self, incident: str, key: Key, stage: str) -> None:
        if not self.copies and RANK[stage] > RANK[self._bound(incident, key)]:
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
        if self.copies:
            return  # of two that share an incident each believes what was said of the other's press
        self._scan()
        rank = RANK.get(stage, len(RANK))  # idle is the most advanced of all
        if self.life is not None:
            self._showed_passing(self.life, stage, rank)
            if not self.life.complete:
                return
        for key, press in self.presses.items():
            if press.incident is None or press.excused or key not in self.durable_presses:
                continue
            bound = self._bound(press.incident, key)
            if bound != "closed" and rank > RANK[bound]:
                self._broken("the lamp lies", f"it shows {stage}, {key} is {bound}")
            late = run_ms - press.saved_run_ms > UNDELIVERED_MS + patience_ms
            if late and bound in TO_UNDELIVERED and stage != "undelivered":
                self._broken("bad news withheld", f"the lamp shows {stage}, {key} is {bound} for long")

    def _showed_passing(self, life: Life, stage: str, rank: int) -> None:
        if stage == "saved":
            self._broken("unsaved says saved", "the lamp does")
        for incident, key in life.told.values():
            bound = self._bound(incident, key) if key is not None else "closed"
            if bound != "closed" and rank > RANK[bound]:
                self._broken("the lamp lies", f"it shows {stage}, {key} is {bound}, in an unsaved life")

    def siren(self, command: str) -> None:
        """The siren is switched on: at most once in 30 s of running time for one device (the rule's throttle)."""
        self._scan()
        device, run_ms = self._sirens.get(command) or self._passing_sirens[command]
        last = self._sounded.get(device)
        knows = self.life is None and not self.card.flips  # a life that could not read all knows no earlier siren
        if last is not None and last[0] != command and knows and 0 <= run_ms - last[1] <= THROTTLE_MS:
            self._broken("throttle", f"{device} sounds again after {run_ms - last[1]} ms")
        self._sounded[device] = (command, run_ms)

    _sirens: dict[str, tuple[str, int]] = field(default_factory=dict)
    _passing_sirens: dict[str, tuple[str, int]] = field(default_factory=dict)  # of presses that unsaved lives heard
    _sounded: dict[str, tuple[str, int]] = field(default_factory=dict)

    def sent(self, payload: bytes) -> None:
        """The post sends an alert."""
        alert = alert_wire.decode(payload)
        if not isinstance(alert, Alert):
            self._broken("malformed alert", repr(alert))
        key = (alert.id, alert.rev)
        if self.owners.setdefault(alert.id, self.post) != self.post:
            self._broken("posts mixed", f"{alert.id} of {self.owners[alert.id]} is told by {self.post}")
        if key not in self.revisions() and (self.life is None or key not in self.life.revisions):
            self._broken("sent before saved", f"revision {key}")
        content = alert_wire.with_age(payload, 0, "exact")
        known = self.contents.setdefault(key, content)
        # Of an unreadable one the next life does not know the words; nor, if a bit has flipped, of an unsaved life's.
        is_unknown = key in self.unreadable or (self.card.flips and key in self._passing_revisions)
        if known != content and not is_unknown:
            self._broken("a revision changed", f"{key}: {known!r} then {content!r}")
        self._learn(alert)

    def _learn(self, alert: Alert) -> None:
        events = self.evidence.setdefault(alert.id, {})
        for entry in alert.evidence:
            events.setdefault(entry.event, alert.rev)
            if entry.device in COUNTING and entry.boot is not None and entry.seq is not None:
                key = (str(entry.device), entry.boot, entry.seq)
                self.keys[entry.event] = key
                if not self.knows(key):
                    self._broken("invented press", f"{key} in incident {alert.id}")
                self._check_once(key, entry.event)
        if any(press.excused and press.incident == alert.id for press in self.presses.values()):
            return  # one record less, and so one press less
        if self.copies or (not alert.evidence and self.card.flips):
            return  # it stands for a revision that was lost, whose evidence is told again later
        so_far = sum(rev <= alert.rev for rev in events.values())
        if alert.rule != FLOOR_RULE and max(so_far, alert.count) >= FULL_WINDOW:
            return  # of a full window an alert names the newest events only
        if all((alert.id, rev) in self.contents for rev in range(1, alert.rev + 1)) and alert.count != so_far:
            self._broken("count", f"{alert.id} rev {alert.rev} says {alert.count}, its evidence is {so_far}")

    def _check_once(self, key: Key, event: str) -> None:
        events = self._events_of.setdefault(key, set())
        events.add(event)
        press = self.presses.get(key)
        if press is not None and len(events) > press.born and not press.excused:
            self._broken("counted twice", f"{key} is {sorted(events)}")

    _events_of: dict[Key, set[str]] = field(default_factory=dict)

    # --- what the card holds

    def _scan(self) -> None:
        archive = self.card.archive
        for record in archive[self._scanned :]:
            if record.kind == Kind.MESSAGE:
                self._scan_message(json.loads(record.body), record.stamp)
            elif record.kind == Kind.REVISION:
                self._scan_revision(json.loads(record.body))
            elif record.kind == Kind.CLOCK:
                self._sounded.clear()  # it was longer ago than had been counted
        self._scanned = len(archive)

    def _scan_revision(self, body: dict[str, Any]) -> None:
        self._revisions.add((body["i"], body["r"]))
        for entry in json.loads(body["b"])["evidence"]:  # it keeps a press whose own record a torn save has lost
            self.saved_in.setdefault(entry["event"], set()).add(body["i"])
            if entry["device"] in COUNTING and "boot" in entry:
                self.durable_presses.add((entry["device"], entry["boot"], entry["seq"]))

    def _scan_message(self, body: dict[str, Any], stamp: Stamp) -> None:
        for event in body.get("e", ()):
            self._events.add(event["i"])
            if event["d"] in COUNTING and "b" in event:
                self.durable_presses.add((event["d"], event["b"], event["q"]))
            self.saved_in.setdefault(event["i"], set()).add(event.get("n"))
            if event["k"].startswith("panic."):
                self.saved_calls.setdefault(event["i"], event.get("n"))
        self._learn_sirens(self._sirens, body, stamp)

    @staticmethod
    def _learn_sirens(sirens: dict[str, tuple[str, int]], body: dict[str, Any], stamp: Stamp) -> None:
        for event in body.get("e", ()):
            if event["k"].startswith("panic."):
                command = digest("command", event["i"], "panic-press", "siren.on", SIREN)
                sirens.setdefault(command, (event["d"], stamp.run_ms))

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
        for key in self._passing_revisions:  # an unsaved life may have made them of what nobody can read any more
            self.contents.pop(key, None)
        if record.kind in (Kind.REVISION, Kind.SENT, Kind.TIMER):
            self.forget_order()
        if record.kind == Kind.REVISION:
            body = json.loads(record.body)
            self.unreadable.add((body["i"], body["r"]))
        if record.kind == Kind.MESSAGE:
            self._flipped_message(json.loads(record.body))

    def _flipped_message(self, body: dict[str, Any]) -> None:
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
        for press in self.presses.values():
            press.is_gone = press.is_gone or bool(press.received or press.passing)
            press.received.clear()
            press.is_covered = press.is_covered or bool(self.copies)
        self.kept -= {ident for ident in self.kept if not self.bought.get(ident, set()) & self._events}

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

    def knows(self, key: Key) -> bool:
        """Return whether somebody pressed this, here or where a copy of the card is."""
        return key in self.presses or any(key in other.presses for other in self.copies)

    def stored(self, rows: list[tuple[str, str, str | None, int | None, int | None]]) -> None:
        """Check this post's part of the precinct's table of evidence: (incident, event, device, boot, seq)."""
        where: dict[object, set[str]] = {}
        for incident, event, device, boot, seq in rows:
            name: object = event
            if device in COUNTING and boot is not None and seq is not None:
                name = (device, boot, seq)
                if not self.knows(name):
                    self._broken("invented press", f"{name} at the precinct")
            where.setdefault(name, set()).add(incident)
        for key, press in self.presses.items():
            if len(where.get(key, set()) - press.passing) > press.born and not press.excused:
                self._broken("in two incidents", f"{key} in {sorted(where[key])}")
        for ident, events in self.bought.items():
            lasting = events & self._events  # what an unsaved life had called otherwise is no promise
            found = {incident for event in lasting for incident in where.get(event, ())}
            if len(found) > 1:
                self._broken("in two incidents", f"bought press {ident} in {sorted(found)}")
        self.where = where

    where: dict[object, set[str]] = field(default_factory=dict)

    def missing(self) -> str:
        """All is healed: return what has not arrived yet, in words."""
        for key, press in self.presses.items():
            if not press.is_gone and not press.received <= self.where.get(key, set()):
                return f"{key}, received in {press.received}, is at the precinct in {self.where.get(key)}"
            if press.incident is None and (press.received or press.is_gone):
                continue
            if press.incident is None:
                return f"{key}, pressed at {press.born_ms / 1000:.3f}, is not confirmed"
            if not press.excused and press.incident not in self._places(press, key):
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
