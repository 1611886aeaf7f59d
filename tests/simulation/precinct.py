"""The precinct's process: the real station and store, turn by turn on the night's own thread."""

import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path as FilePath
from types import SimpleNamespace

from dispatcher.domain.incident import Stage
from dispatcher.mqtt import Delivery
from dispatcher.precinct.clock import Clock
from dispatcher.precinct.liveness import SILENT_AFTER_MS, TWIN_WINDOW_MS
from dispatcher.precinct.mail import topic_filters
from dispatcher.precinct.model import Action
from dispatcher.precinct.standing import Verb
from dispatcher.precinct.station import FILE, Station
from tests.simulation.broker import Broker, Client, Message, Path
from tests.simulation.ledger import Ledger
from tests.simulation.machine import START_WALL_MS
from tests.simulation.town import PRECINCT, SITE
from tests.simulation.world import Violation, World

CHANNELS = tuple(name.rsplit("/", 1)[1] for name in topic_filters(PRECINCT))
OFFICERS = ("4021", "4022")
SLACK_MS = 100  # from the broker's word to the station's round


class StationDeath(BaseException):
    """The precinct's process ends here."""


class Attendance:
    """Which machines have said how they are, of each post, since the station started: two alive must be noticed."""

    def __init__(self) -> None:
        self._said: dict[
            tuple[str, object], tuple[int, str, int]
        ] = {}  # post, machine -> when, in which run, its number
        self._latest: dict[str, object] = {}
        self._machines: dict[str, set[object]] = {}
        self._due: dict[str, int] = {}  # post -> when it was last to be seen that there are two
        self._excused: set[str] = set()

    def heard(self, post: str, machine: object, payload: bytes, now: int) -> None:
        """A machine has said how it is. One that speaks again after another, within a minute, is one of two."""
        body = json.loads(payload)
        run, told = body["run"], body["told"]
        machines = self._machines.setdefault(post, set())
        machines.add(machine)
        if told == 0:  # a will, which proves that there was somebody
            if len(machines) > 1:
                self._excused.add(post)
            return
        when, known, number = self._said.get((post, machine), (-TWIN_WINDOW_MS, run, 0))
        if known == run and told <= number:
            return
        if known != run and told > 1:
            self._excused.add(post)  # word of a life that is over, or the first of a new one was lost
        if self._latest.get(post, machine) != machine:
            self._excused.add(post)
            if known == run and now - when < TWIN_WINDOW_MS:
                self._due[post] = now
        self._said[post, machine], self._latest[post] = (now, run, told), machine

    def check(self, station: Station) -> None:
        """Look whether the station has noticed, once it has read all, and has noticed nothing that was not there."""
        for post, heard in station.heard.items():
            if heard.twins_ms and post not in self._excused:
                raise Violation("twins seen", f"of {post}, which is one")
            due = self._due.pop(post, None) if not station._inbox._deliveries else None
            if due is not None and not heard.twins(station.clock.run_ms()):
                raise Violation("twins not noticed", f"of {post}, since {due / 1000}")


class Presence:
    """Which posts must be called silent and which must not, from what they themselves have said since the station began.

    What a broker had kept is no sign of life, and the will of one run says nothing about another.
    """

    def __init__(self, now: int) -> None:
        self._began = now
        self._last: dict[str, tuple[int, tuple[str, str] | None]] = {}  # when, and who may not be called silent
        self._told: dict[tuple[str, str, str], int] = {}

    def heard(self, post: str, payload: bytes, now: int) -> None:
        """Something that is a post's status, or its will, is given to the station."""
        body = json.loads(payload)
        run = (body["instance"], body["run"])
        when, speaker = self._last.get(post, (self._began, None))
        if body["told"] > self._told.get((post, *run), 0):
            self._told[post, *run] = body["told"]
            self._last[post] = (now, run) if body["state"] != "offline" else (now, None)
        elif body["told"] or speaker == run:
            self._last[post] = (now if body["told"] else when, None)  # a copy, or the end: either may be believed

    def found(self, post: str, payload: bytes) -> None:
        """A broker had kept it for the station: no sign of life, but the end of a run may be believed."""
        body = json.loads(payload)
        when, speaker = self._last.get(post, (self._began, None))
        if body["state"] == "offline" and speaker == (body["instance"], body["run"]):
            self._last[post] = (when, None)

    def check(self, station: Station, posts: Iterable[str], now: int) -> None:
        """Look at what the station thinks, once it has read all."""
        if station._inbox._deliveries:
            return
        for post in posts:
            when, speaker = self._last.get(post, (self._began, None))
            if now - when > SILENT_AFTER_MS + SLACK_MS and post not in station.silent:
                raise Violation("silence withheld", f"at {now / 1000}: nothing of {post} since {when / 1000}")
            if speaker is not None and now - when < SILENT_AFTER_MS and post in station.silent:
                raise Violation("called silent", f"at {now / 1000}: {post}, which spoke at {when / 1000}")


class Precinct:
    """What stays when the station dies, and the station while it lives."""

    def __init__(self, world: World, broker: Broker, ledgers: Mapping[str, list[Ledger]], folder: FilePath) -> None:
        self.world, self.broker, self.ledgers, self.folder = world, broker, ledgers, folder
        self.station: Station | None = None
        self.client: Client | None = None
        self.boards = 0
        self.copy: FilePath | None = None
        self.tick_ms = 5_000
        self._checked = ("", 0)
        self.attendance = Attendance()
        self.presence = Presence(world.now)

    def start(self) -> None:
        """Start the process if it is not there."""
        if self.station is not None:
            return
        clock = Clock(lambda: self.world.now + START_WALL_MS, lambda: self.world.now)
        link = SimpleNamespace(publish=self._publish, ack=lambda token: self._client.acknowledge([token]))
        self.station = Station(PRECINCT, self.folder, SITE, link, clock=clock)
        for _ in range(self.boards):
            self.station.enter()
        self.client = Client(
            self.world,
            self.broker,
            Path(0, 5),
            "station",
            lambda name: name.startswith(f"kentongan/v1/{PRECINCT}/") and name.rsplit("/", 1)[1] in CHANNELS,
            deliver=self._receive,
        )
        self._checked = ("", 0)
        self.attendance = Attendance()
        self.presence = Presence(self.world.now)
        self.world.tell("precinct", f"starts, store {self.station.store.id}")
        self.client.connect()

    @property
    def _client(self) -> Client:
        assert self.client is not None
        return self.client

    def tick(self) -> None:
        """Let the station look at the clock, again and again."""
        if self.station is not None:
            self.work()
        self.world.later(self.tick_ms, self.tick)

    def _receive(self, delivery: Delivery, message: Message) -> None:
        if self.station is not None:
            self.station.receive(delivery)
            self.world.later(1, self.work)
            if not message.topic.endswith("/status"):
                return
            if delivery.raw.retain:
                self.presence.found(message.topic.split("/")[3], message.payload)
            else:
                self._note_status(message, is_copy=delivery.raw.dup)

    def _note_status(self, message: Message, *, is_copy: bool) -> None:
        post = message.topic.split("/")[3]
        self.presence.heard(post, message.payload, self.world.now)
        if not is_copy:
            self.attendance.heard(post, message.ident, message.payload, self.world.now)

    def work(self) -> None:
        """Do one round of the store thread."""
        station = self.station
        if station is None:
            return
        try:
            self.world.passes("round")
            station._round(*station._inbox.take(64, 0))
            station.tick()
        except StationDeath:
            self._gone()
        if self.station is not None:
            self.check()
            self.attendance.check(self.station)
            self.presence.check(self.station, self.ledgers, self.world.now)

    def _publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        del qos
        self.world.passes("receipt")
        receipt = json.loads(payload)
        assert self.station is not None
        found = self.station.store.reading.incident(receipt["id"])
        self.world.tell("precinct", f"says {receipt['stage']} {receipt['rev']} of {receipt['id']}")
        post = topic.split("/")[3]
        if found is not None and found.post != post:
            raise Violation("posts mixed", f"{receipt['id']} of {found.post} is answered to {post}")
        for ledger in self.ledgers[post]:
            ledger.spoke(receipt, found.standing.held if found else 0)
        self._client.publish(Message(topic, payload, retain=retain))
        self.world.passes("receipt.sent")

    # --- faults

    def die(self) -> None:
        """End the process in the middle of its work."""
        raise StationDeath

    def kill(self) -> None:
        """End the process between two rounds."""
        if self.station is not None:
            self._gone()

    def _gone(self) -> None:
        self.world.tell("precinct", "dies")
        assert self.station is not None
        self.station.store.close()
        self.station = None
        self._client.die()
        self.world.later(self.world.between(500, 8_000), self.start)

    def lose_store(self) -> None:
        """Die and come back with an empty store."""
        if self.station is None:
            return
        self.kill()
        for path in self.folder.glob(f"{FILE}*"):
            path.unlink()
        self.world.tell("precinct", "its store is lost")
        for ledgers in self.ledgers.values():
            for ledger in ledgers:
                ledger.store_lost()

    def back_up(self) -> None:
        """Make a copy of the store, as an administrator would."""
        if self.station is not None:
            self.copy = self.folder / "copy"
            self.station.store._write.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            shutil.copyfile(self.folder / FILE, self.copy)

    def restore(self) -> None:
        """Die and come back with an old copy of the store."""
        if self.copy is None or self.station is None:
            return
        self.lose_store()
        shutil.copyfile(self.copy, self.folder / FILE)

    # --- people

    def enter(self) -> None:
        """An officer sits down at a board."""
        self.boards += 1
        if self.station is not None:
            self.station.enter()

    def leave(self) -> None:
        """The last board is closed."""
        for _ in range(self.boards):
            if self.station is not None:
                self.station.leave()
        self.boards = 0

    def act(self, verb: Verb, *, everywhere: bool = False) -> None:
        """Let an officer answer an incident that is open, or all."""
        if self.station is None:
            return
        waiting = list(self.station.store.reading.open_incidents())
        if not everywhere and waiting:
            waiting = [self.world.luck.choice(waiting)]
        disposition = "real" if verb is Verb.CLOSE else None
        for found in waiting:
            self.world.tell("officer", f"{verb} {found.id} up to {found.standing.top}")
            by = self.world.luck.choice(OFFICERS)
            self.station.act(Action(found.id, verb, by, found.standing.top, disposition=disposition))
        self.world.later(1, self.work)

    # --- looking

    def check(self) -> None:
        """Show the ledgers what is stored, where anything has been written since they saw it last."""
        assert self.station is not None
        seen = (self.station.store.id, self.station.store._write.total_changes)
        if seen == self._checked:
            return
        self._checked = seen
        ask = self.station.store._write.execute
        for post, ledgers in self.ledgers.items():
            rows = ask(
                "SELECT id, event, device, boot, seq FROM evidence JOIN incidents USING (id) WHERE post = ?", (post,)
            )
            held = [tuple(row) for row in rows]
            revisions = ask("SELECT id, rev, payload FROM revisions JOIN incidents USING (id) WHERE post = ?", (post,))
            words = [tuple(row) for row in revisions]
            for ledger in ledgers:
                ledger.stored(held)
                ledger.revisions_stored(words)

    @property
    def open(self) -> int:
        """Return how many incidents are open."""
        return 0 if self.station is None else len(self.station.store.reading.open_incidents())

    def stage_at(self, incident: str) -> Stage | None:
        """Return how far an incident has come."""
        found = self.station.store.reading.incident(incident) if self.station else None
        return None if found is None else found.standing.stage
