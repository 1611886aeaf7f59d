"""The post's process: the real pipeline with everything in it, and a simulated clock, card and radio around it."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from dispatcher import __version__
from dispatcher.devices import Normaliser
from dispatcher.domain.events import Event, Lane
from dispatcher.domain.stamp import Stamp
from dispatcher.incidents import codec
from dispatcher.incidents.floor import Context
from dispatcher.journal import Entry, JournalProblem
from dispatcher.mqtt import Delivery, Token
from dispatcher.post.gauges import Gauges
from dispatcher.post.inbox import MAX_BATCH, Batch, Connected, Inbox, Listening, Sent, Verdicts
from dispatcher.post.intake import Intake
from dispatcher.post.journaling import Keeper, Retention
from dispatcher.post.memory import Memory
from dispatcher.post.outputs import Outputs
from dispatcher.post.pipeline import Parts, Pipeline
from dispatcher.post.recovery import Names, beginning, recover
from dispatcher.post.report import Report
from dispatcher.post.rulework import matches_of
from dispatcher.post.upstream import Upstream, status_of
from dispatcher.relay import Schedule
from dispatcher.telemetry.metrics import PostMetrics
from dispatcher.wire import status
from dispatcher.wire.status import Status
from dispatcher.wire.topics import topic
from tests.simulation.broker import Broker, Client, Message, Path
from tests.simulation.disk import Card, SimJournal, Unsaved
from tests.simulation.ledger import Ledger, lamp_stage
from tests.simulation.machine import Machine, MachineClock
from tests.simulation.town import PRECINCT, RULES, SIREN, VERSIONS, matcher_of, profiles, rulebook, site_of
from tests.simulation.world import Death, Violation, World

GIB = 2**30
PATIENCE_MS = 250
HELD_MS = 1_000
PROBE_DISK_MS = 60_000
METRICS = PostMetrics()  # one for all nights: making it costs more than a night's counting


class NoLog:
    """A logger that nobody reads."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_args, **_fields: None


class NoGauges(Gauges):
    """Gauges that nobody reads: setting them would take a tenth of the night."""

    def __init__(self) -> None:
        """Have nothing to look at."""

    def set(self, now: Stamp, incidents_open: int, words: int) -> None:
        """Set nothing."""


NO_GAUGES = NoGauges()


class SimInbox(Inbox):
    """The real inbox; what is put into it lets the post work, as soon as it is not at work already."""

    def __init__(self, wake: Callable[[], None]) -> None:
        super().__init__()
        self._rouse = wake

    def rest(self, delivery: Delivery) -> None:
        """Put a message of the rest lane."""
        super().rest(delivery)
        self._rouse()

    def wake(self) -> None:
        """Let a turn come now."""
        super().wake()
        self._rouse()

    def _put(self, queue: Any, item: Any) -> None:
        super()._put(queue, item)
        self._rouse()

    def has_work(self, *, with_rest: bool) -> bool:
        """Return whether a turn would find anything."""
        return self._has_work(with_rest)


class Rules:
    """The rules, answering after a while."""

    def __init__(self, process: "Process") -> None:
        self._process = process
        self.waiting = 0
        self._free_at = 0  # answers come in the order of the questions

    @property
    def is_behind(self) -> bool:
        return self.waiting > 32

    def submit(self, sequence: int, events: tuple[Event, ...]) -> None:
        world, host = self._process.world, self._process.host
        self.waiting += 1
        self._free_at = max(self._free_at, world.now + world.between(1, 30) + host.engine_late_ms)
        world.later(self._free_at - world.now, lambda: self._answer(sequence, events))

    def _answer(self, sequence: int, events: tuple[Event, ...]) -> None:
        if not self._process.alive:
            return
        self.waiting -= 1
        host = self._process.host
        verdicts = matcher_of(host.post, host.edition).match(events)
        self._process.inbox.notice(Verdicts((sequence,), matches_of([(sequence, events)], verdicts)))


class Process:
    """One life of the post, from its start to a death or an orderly end. With ``saves`` false it is an unsaved one."""

    def __init__(self, host: "Host", *, saves: bool) -> None:
        self.host, self.world, self.ledger = host, host.world, host.ledger
        self.number = host.machine.number
        self.saves = saves
        self.alive = True
        self.phase = "boot"
        self.started_ms = self.world.now
        self._panics = 0
        self._beat = 0
        self._is_called = False
        if saves:
            host.card.open()
        journal = SimJournal(host.card) if saves else Unsaved(host.card)
        self.journal = Spy(journal, self)
        self.messages: dict[Token, Message] = {}
        recovered = recover(self.journal, Context(host.post, site_of(host.post)), rulebook(host.post, host.edition))
        self.memory: Memory = recovered.memory
        self.names = self._names(journal)
        self.ledger.begins(saves=saves, complete=self.names.complete)
        if saves:
            host.check_fold(self.memory)
        self.clock = MachineClock(host.machine, host.trust, recovered.last)  # type: ignore[arg-type]
        self._note_start()
        self._wire()

    def _names(self, journal: SimJournal | Unsaved) -> Names:
        known = self.host.instance
        if isinstance(journal, SimJournal):
            return Names(known)
        passing = self._passing()
        return Names(known if journal.complete else passing, passing, journal.complete)

    def _passing(self) -> str:
        return f"{self.host.instance}-{self._drawn()}"

    def _drawn(self) -> str:
        return f"{self.world.luck.getrandbits(32):08x}"

    def _note_start(self) -> None:
        now = self.clock.stamp()
        body = {"program": __version__, "rules": self.host.edition, "site": "", **self.clock.downtime()}
        self.journal.append(beginning(self.memory, body, now, self.names), urgent=True)
        self.journal.sync()

    def _wire(self) -> None:
        host = self.host
        site = site_of(host.post)
        self.inbox = SimInbox(self.rouse)
        self.run = self._drawn()
        normaliser = Normaliser(profiles(), site, host.post)
        self._make_links(normaliser)
        self.rules = Rules(self)
        retention = Retention(30 * 86_400_000, 2 * GIB, 2**20)
        free = lambda: 0 if host.card.full else GIB  # noqa: E731 -- one word of a long list
        self.keeper = Keeper(self.clock, self.journal, self.memory, retention, free, saves=self.saves)
        self.upstream = Upstream(
            SimpleNamespace(publish=self._tell), PRECINCT, host.post, Schedule(500, 30_000), run=self.run
        )
        self.pipeline = Pipeline(
            Parts(
                clock=self.clock,
                journal=self.journal,
                keeper=self.keeper,
                memory=self.memory,
                inbox=self.inbox,
                intake=Intake(self.memory, normaliser, self.names.passing or self._passing()),
                rules=self.rules,
                outputs=Outputs(SimpleNamespace(publish=self._say), profiles(), site, host.post),
                upstream=self.upstream,
                report=Report(METRICS, NoLog(), saves=self.saves),
                gauges=NO_GAUGES,
                acknowledge=self._acknowledge,
                status=self._status,
                instance=self.names.instance,
                saves=self.saves,
            )
        )

    def _make_links(self, normaliser: Normaliser) -> None:
        host, panic = self.host, frozenset(normaliser.panic_topics())
        local, stamp, number = (self.world, host.local, host.local_path), self.clock.stamp, self.number
        self.panic = Client(
            *local,
            "panic",
            panic.__contains__,
            lane=Lane.PANIC,
            stamp=stamp,
            deliver=self._panic,
            on_connected=lambda: self.inbox.notice(Listening()),
            post=number,
        )
        self.rest = Client(
            *local,
            "rest",
            lambda name: name.endswith("/event") or name.startswith("zigbee2mqtt/"),
            lane=Lane.REST,
            stamp=stamp,
            deliver=self._rest,
            skip=lambda name: name in panic and self.panic.online,
            post=number,
        )
        receipts = topic(PRECINCT, host.post, "receipt")
        offline = replace(self._status("offline"), run=self.run)
        self.uplink = Client(
            self.world,
            host.far,
            host.far_path,
            "uplink",
            receipts.__eq__,
            stamp=stamp,
            deliver=lambda delivery, _message: self.inbox.receipt(delivery),
            on_connected=lambda: self.inbox.notice(Connected()),
            on_published=lambda tag: self.inbox.notice(Sent(*tag)) if isinstance(tag, tuple) else None,
            retry_ms=(500, 5_000),
            post=number,
            session=host.post,
            will=Message(topic(PRECINCT, host.post, "status"), status.encode(offline), self.number, retain=True),
        )
        self.links = {link.name: link for link in (self.panic, self.rest, self.uplink)}

    def _panic(self, delivery: Delivery, message: Message) -> None:
        self.messages[delivery.token] = message
        self._panics += 1
        self.inbox.panic(delivery)

    def _rest(self, delivery: Delivery, message: Message) -> None:
        self.messages[delivery.token] = message
        self.inbox.rest(delivery)

    # --- life

    def begin(self) -> None:
        """Connect, and take up what the last life left."""
        for link in self.links.values():
            self.world.later(self.world.between(5, 100), link.connect)
        if not self.saves:
            self.world.later(self.world.between(2_000, PROBE_DISK_MS), self._probe_disk)
        self.pipeline.begin()
        self._rest_for()

    def _probe_disk(self) -> None:
        """Do as the daemon does: leave once storage works."""
        if self.alive:
            if self.host.card.works:
                self.world.tell(self.host.name, "its storage is back")
                self.pipeline.leave()
                self.inbox.wake()
            self.world.later(self.world.between(2_000, PROBE_DISK_MS), self._probe_disk)

    def rouse(self) -> None:
        """There is work: let a turn come."""
        if not self._is_called:
            self._is_called = True
            self.world.later(0, self._answer_call)

    def _answer_call(self) -> None:
        self._is_called = False
        self._step()

    def _rest_for(self) -> None:
        """Wait for work, or for as long as the pipeline says."""
        self.phase = "wait"
        self._beat = beat = self._beat + 1
        if self.inbox.has_work(with_rest=self.pipeline.takes_rest):
            self.rouse()
            return
        wait = round(self.pipeline.patience_s * 1000)
        if wait == PATIENCE_MS:  # nothing to do: a busy machine may look up later, and a night of hours must pass
            wait = HELD_MS if self.pipeline._held else self._patience_ms()
        self.world.later(wait, lambda: self._step(beat))

    def _step(self, beat: int | None = None) -> None:
        """Do a turn, unless the process is gone, at work, asleep, or has looked since."""
        if not self.alive or self.host.is_busy or (beat is not None and beat != self._beat):
            return
        if self.world.now < self.host.asleep_until:
            self.world.later(self.host.asleep_until - self.world.now, lambda: self._step(beat))
        elif beat is not None or self.inbox.has_work(with_rest=self.pipeline.takes_rest):
            self.host.work(self._turn)

    def _turn(self) -> None:
        self.phase = "turn"
        batch = self.inbox.take(0, with_rest=self.pipeline.takes_rest)
        self._handing(batch)
        self.pipeline.turn(batch)
        if self.pipeline.is_over:
            self._end()
        else:
            self._rest_for()

    def _end(self) -> None:
        self.pipeline.end()
        self.keeper.checkpoint(self.clock.stamp())
        self.journal.close()
        if not self.pipeline.was_stopped:
            self.ledger.left()
        self.upstream.send_status(self._status("offline"))
        for link in self.links.values():
            link.leave()
        self.host.ended()

    def _patience_ms(self) -> int:
        calm = not self.memory.state.waiting
        return self.host.tick_ms * ((10 if self.host.slow else 3) if calm else 1)

    def _handing(self, batch: Batch) -> None:
        """Tell the ledger what the pipeline is given. A panic that is there is in it, whatever else waits."""
        if self._panics != len(batch.panic) and len(batch.panic) < MAX_BATCH:
            raise Violation("panic waits", f"at {self.world.now / 1000}: {self._panics}, handed {len(batch.panic)}")
        self._panics -= len(batch.panic)
        deliveries = (*batch.panic, *batch.rest)
        if deliveries:
            self.ledger.handing([(one.token, self.messages[one.token]) for one in deliveries])
            self.ledger.arrived_ms |= {one.token: one.raw.arrived.run_ms for one in deliveries}
        self.world.now += 1  # a turn takes time

    def end(self, *, silently: bool = False) -> None:
        """The process is no more. ``silently``: nor is the machine, that would have closed its connections."""
        self.alive = False
        for link in self.links.values():
            link.die(silently=silently)

    # --- what it says

    def _say(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> bool:
        del qos
        self.phase = "answer"
        self.world.passes("say", self.number)
        message = Message(topic, payload, retain=retain)
        stage = lamp_stage(message)
        if stage is not None:
            patience_ms = 2 * self._patience_ms() + 4_000
            awake = self.world.now - self.started_ms > patience_ms
            self.ledger.showed(stage, self.clock.stamp().run_ms if awake else 0, patience_ms)
            self.host.lamp = stage
        elif topic.endswith("/confirm"):
            self.world.tell(self.host.name, f"confirms {payload.decode()}")
            self.ledger.confirmed(topic.split("/")[1], json.loads(payload), self.clock.stamp().run_ms)
        elif topic == f"kentongan/{SIREN}/command":
            self.ledger.siren(json.loads(payload)["id"])
        self.panic.publish(message)
        self.world.passes("said", self.number)
        return True

    def _tell(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False, tag: object = None) -> bool:
        del qos
        self.phase = "relay"
        if topic.endswith("/alert"):
            self.world.passes("alert", self.number)
            self.ledger.sent(payload)
        elif topic.endswith("/status"):
            self.ledger.stated(payload, is_over=self.pipeline.is_over)
        taken = self.uplink.publish(Message(topic, payload, self.number, retain), tag)
        if taken and tag is not None:
            self.world.tell(self.host.name, f"sends {tag}")
        self.world.passes("told", self.number)
        return taken

    def _acknowledge(self, tokens: list[Token]) -> None:
        self.world.passes("acknowledge", self.number)
        for token in tokens:
            if token.link in ("panic", "rest"):
                self.ledger.acknowledged(token, self.messages[token], self.clock.stamp().run_ms)
        for name in sorted({token.link for token in tokens}):
            self.links[name].acknowledge([token for token in tokens if token.link == name])
        self.world.passes("acknowledged", self.number)

    def _status(self, state: str = "online") -> Status:
        return status_of(self.memory, self.clock.stamp(), state, self.names.instance, saves=self.saves)


class Spy:
    """A journal whose entries the ledger sees."""

    def __init__(self, journal: SimJournal | Unsaved, process: Process) -> None:
        self._journal = journal
        self._process = process

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)

    def append(self, entries: Sequence[Entry], *, urgent: bool = False) -> range:
        self._process.phase = "append"
        for entry in entries:
            self._process.ledger.wrote(entry)
        return self._journal.append(entries, urgent=urgent)

    def sync(self) -> None:
        self._process.phase = "save"
        self._journal.sync()

    def write_checkpoint(self, through: int, body: bytes) -> None:
        self._process.phase = "checkpoint"
        self._journal.write_checkpoint(through, body)


class Host:
    """The Pi at the post: what stays when the process dies, and what starts it again."""

    def __init__(
        self, world: World, post: str, machine: Machine, card: Card, ledger: Ledger, local: Broker, far: Broker
    ) -> None:
        self.world, self.post, self.machine, self.card, self.ledger = world, post, machine, card, ledger
        self.name = post if machine.number < 10 else f"{post}'"
        self.local, self.local_path = local, Path(0, 2)
        self.far, self.far_path = far, Path(5, 80)
        self.trust = "kernel"
        self.instance = f"instance {post}"
        self.tick_ms = 250
        self.slow = False
        self.engine_late_ms = 0
        self.asleep_until = 0
        self.lamp: str | None = None
        self.edition = RULES.version
        self.process: Process | None = None
        self.starts = 0
        self.is_retired = False
        self._phase = "down"
        self._doomed: str | None = None
        self._expected: tuple[Memory, Stamp] | None = None  # what was there at the last death, and when that was
        card.on_slow = self._meet_doom

    @property
    def phase(self) -> str:
        """Return what the post is doing, in a word."""
        return self.process.phase if self.process else self._phase

    @property
    def is_busy(self) -> bool:
        """Return whether a piece of its work is under way."""
        return self in self.world.acting

    # --- starting and working

    def start(self) -> None:
        """Start the process if it is not there."""
        if self.process is None and not self.is_busy and not self.is_retired:
            self.work(self._start)

    def _start(self) -> None:
        self.world.tell(self.name, f"starts, boot {self.machine.boots}, journal at {self.card.next - 1}")
        self.starts += 1
        self._phase = "boot"
        if self.starts > 1 and self.world.chance(0.15):  # a technician was here
            self.edition = self.world.luck.choice(sorted(VERSIONS))
        self.process = self._revive()
        self.process.begin()

    def _revive(self) -> Process:
        try:
            return Process(self, saves=True)
        except JournalProblem as problem:
            self.world.tell(self.name, f"runs unsaved: {problem}")
            self.card.survive("refused")
            self._expected = None
            return Process(self, saves=False)

    def work(self, piece: Callable[[], None]) -> None:
        """Let the process do a piece of its work; whatever ends it is seen to here."""
        self.world.acting.append(self)
        try:
            piece()
        except Death as death:
            self._died(death.how)
        except JournalProblem as problem:
            self.world.tell(self.name, f"exits 74: {problem}")
            self._gone("refused", self.world.between(1_000, 5_000))
        finally:
            self.world.acting.pop()

    # --- ends

    def ended(self) -> None:
        """It has ended in order."""
        self.world.tell(self.name, "ends in order")
        self._gone("kill", self.world.between(200, 5_000))

    def die(self, how: str) -> None:
        """Let the process die now, if there is one: in the middle of its work, or where it waits for a slow card."""
        if not self.is_busy:
            if self.process is not None:
                self._died(how)
        elif self.world.acting[-1] is self:
            raise Death(how)
        else:
            self._doomed = how

    def _meet_doom(self) -> None:
        how, self._doomed = self._doomed, None
        if how is not None:
            raise Death(how)

    def _died(self, how: str) -> None:
        self.world.tell(self.name, f"dies: {how}, {len(self.card.pending)} records not saved")
        process = self.process
        self._expected = None
        if how == "kill" and process is not None and process.phase == "wait" and process.saves and not self.card.dead:
            self._expected = (process.memory, process.clock.stamp())
        wait = self.world.between(200, 5_000)
        if how == "power":
            wait = self.world.luck.choice((3_000, 20_000, 60_000, 7_500_000 if self.slow else 3_000))
            self.machine.reboot(clock_lost=self.world.chance(0.5))
        self._gone(how, wait)

    def _gone(self, how: str, wait_ms: int) -> None:
        if self.process is not None:
            self.process.end(silently=how == "power")
        self.process, self._phase, self._doomed = None, "down", None
        self.card.survive(how)
        self.ledger.ended()
        self.world.later(wait_ms, self.start)

    def retire(self) -> None:
        """Never start again."""
        self.is_retired = True
        if self.process is not None:
            self._gone("kill", 0)

    # --- the fold

    def check_fold(self, memory: Memory) -> None:
        """What a start reads is what was there before; and a checkpoint says the same as the records behind it."""
        if self.card.flips:
            return
        (before, died), self._expected = self._expected or (None, None), None
        if before is not None:
            self._compare("fold", before, memory, died)
        if 0 < len(self.card.archive) < 400 and self.world.chance(0.3):
            scratch = Memory(Context(self.post, site_of(self.post)), rulebook(self.post, self.edition))
            for record in sorted(self.card.archive, key=lambda record: record.sequence):
                scratch.fold(record)
            self._compare("checkpoint", scratch, memory, died)

    def _compare(self, name: str, before: Memory, after: Memory, died: Stamp | None) -> None:
        # A checkpoint may be younger than the last record, a death too: what was forgotten by then is forgotten in both.
        stamps = (self.card.archive[-1].stamp, after.last, before.last, died)
        last = max((one for one in stamps if one is not None), key=lambda stamp: stamp.run_ms)
        one, other = snapshot(before, last), snapshot(after, last)
        for part in one:
            if one[part] != other[part]:
                raise Violation(name, f"at {self.world.now}: {part} was {one[part]} and came back as {other[part]}")


def snapshot(memory: Memory, now: Stamp) -> dict[str, object]:
    """Return what a memory knows, less what may be forgotten, in a form that can be compared."""
    memory.state.forget(now)
    memory.rulebook.forget(now)
    plain: dict[str, object] = codec.to_plain(memory.state)
    unjudged = {key: [event.id for event in value] for key, value in memory.unjudged.items()}
    rules = _sorted_sets(json.loads(json.dumps(memory.rulebook.dump())))
    more = {"devices": memory.devices.to_plain(), "unjudged": unjudged, "standstill": memory.standstill_ms}
    return {**plain, **more, "rules": rules}


def _sorted_sets(plain: Any) -> Any:
    """Return plain values with those lists sorted that were sets."""
    if isinstance(plain, dict):
        return {key: sorted(value) if key == "lits" else _sorted_sets(value) for key, value in plain.items()}
    return [_sorted_sets(value) for value in plain] if isinstance(plain, list) else plain
