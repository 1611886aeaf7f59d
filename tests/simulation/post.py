"""The post's process: the real pipeline with everything in it, and a simulated clock, card and radio around it."""

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from dispatcher import __version__
from dispatcher.devices import Normaliser
from dispatcher.domain.events import Event, Lane
from dispatcher.domain.stamp import Stamp
from dispatcher.incidents import codec
from dispatcher.incidents.floor import Context
from dispatcher.journal import JournalProblem
from dispatcher.matcher.port import MatcherState, State
from dispatcher.matcher.python import PythonMatcher
from dispatcher.mqtt import Delivery, Token
from dispatcher.post.clock import PostClock
from dispatcher.post.gauges import Gauges
from dispatcher.post.inbox import MAX_BATCH, Batch, Connected, Inbox, Sent, Verdicts
from dispatcher.post.intake import Intake
from dispatcher.post.journaling import Keeper, Retention
from dispatcher.post.memory import Memory
from dispatcher.post.outputs import Outputs
from dispatcher.post.pipeline import Parts, Pipeline
from dispatcher.post.recovery import recover, starting
from dispatcher.post.report import Report
from dispatcher.post.rulework import matches_of
from dispatcher.post.upstream import Upstream
from dispatcher.relay import Schedule
from dispatcher.telemetry.metrics import PostMetrics
from dispatcher.wire.status import Status
from dispatcher.wire.topics import topic
from tests.simulation.broker import Broker, Client, Message, Path
from tests.simulation.disk import Card, SimJournal
from tests.simulation.ledger import Ledger, lamp_stage
from tests.simulation.machine import Machine
from tests.simulation.town import EDITIONS, POST, PRECINCT, RULES, SIREN, SITE, profiles, rulebook
from tests.simulation.world import Death, Violation, World

GIB = 2**30
PATIENCE_MS = 250
INSTANCE = "instance"
METRICS = PostMetrics()  # one for all nights: making it costs more than a night's counting
MATCHERS = {version: PythonMatcher() for version in EDITIONS}
for version, matcher in MATCHERS.items():
    matcher.load(EDITIONS[version].questions)


class NoLog:
    """A logger that nobody reads."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_args, **_fields: None


class SimInbox(Inbox):
    """The real inbox; waiting for it is what lets the night go on."""

    def __init__(self, process: "Process") -> None:
        super().__init__()
        self._process = process

    def take(self, timeout_s: float, *, with_rest: bool) -> Batch:
        """Let time pass until there is work, and hand it over."""
        self._process.wait(timeout_s, lambda: self._has_work(with_rest))
        batch = super().take(0, with_rest=with_rest)
        self._process.handing(batch)
        return batch


class Rules:
    """The rules, answering after a while; ``deaf`` is an engine that is dead."""

    def __init__(self, process: "Process") -> None:
        self._process = process
        self.waiting = 0
        self._free_at = 0  # answers come in the order of the questions

    @property
    def is_behind(self) -> bool:
        return self.waiting > 32

    def submit(self, sequence: int, events: tuple[Event, ...]) -> None:
        world, town = self._process.world, self._process.host
        self.waiting += 1
        self._free_at = max(self._free_at, world.now + world.between(1, 30) + town.engine_late_ms)
        world.later(self._free_at - world.now, lambda: self._answer(sequence, events))

    def _answer(self, sequence: int, events: tuple[Event, ...]) -> None:
        if not self._process.alive:
            return
        self.waiting -= 1
        verdicts = MATCHERS[self._process.host.edition].match(events)
        self._process.inbox.notice(Verdicts((sequence,), matches_of([(sequence, events)], verdicts)))


class Process:
    """One life of the post, from its start to a death or an orderly end."""

    def __init__(self, host: "Host") -> None:
        self.host, self.world, self.ledger = host, host.world, host.ledger
        self.alive = True
        self.phase = "boot"
        self.started_ms = self.world.now
        self._panics = 0
        self.journal = Spy(SimJournal(host.card), self)
        self.messages: dict[Token, Message] = {}
        recovered = recover(self.journal, Context(POST, SITE), rulebook(host.edition))
        self.memory: Memory = recovered.memory
        host.check_fold(self.memory)
        self.clock = PostClock(host.trust, recovered.last)  # type: ignore[arg-type]
        self._note_start()
        self._wire()

    def _note_start(self) -> None:
        now = self.clock.stamp()
        body = {"program": __version__, "rules": self.host.edition, "site": "", **self.clock.downtime()}
        self.journal.append(starting(self.memory, body, now), urgent=True)
        self.journal.sync()

    def _wire(self) -> None:
        host = self.host
        self.inbox = SimInbox(self)
        normaliser = Normaliser(profiles(), SITE, POST)
        self._make_links(normaliser)
        self.rules = Rules(self)
        retention = Retention(30 * 86_400_000, 2 * GIB, 2**20)
        self.keeper = Keeper(self.clock, self.journal, self.memory, retention, lambda: 0 if host.card.full else GIB)
        self.pipeline = Pipeline(
            Parts(
                clock=self.clock,
                journal=self.journal,
                keeper=self.keeper,
                memory=self.memory,
                inbox=self.inbox,
                intake=Intake(self.memory, normaliser, INSTANCE),
                rules=self.rules,
                outputs=Outputs(SimpleNamespace(publish=self._say), profiles(), SITE, POST),
                upstream=Upstream(SimpleNamespace(publish=self._tell), PRECINCT, POST, Schedule(500, 30_000)),
                report=Report(METRICS, NoLog()),
                gauges=Gauges(METRICS, self.memory, self.journal, self.keeper, lambda: MatcherState(State.TWIN)),
                acknowledge=self._acknowledge,
                status=self._status,
                instance=INSTANCE,
            )
        )

    def _make_links(self, normaliser: Normaliser) -> None:
        host, panic = self.host, frozenset(normaliser.panic_topics())
        local, stamp = (self.world, host.local, host.local_path), self.clock.stamp
        self.panic = Client(*local, "panic", panic.__contains__, lane=Lane.PANIC, stamp=stamp, deliver=self._panic)
        self.rest = Client(
            *local,
            "rest",
            lambda name: name.endswith("/event") or name.startswith("zigbee2mqtt/"),
            lane=Lane.REST,
            stamp=stamp,
            deliver=self._rest,
            skip=lambda name: name in panic and self.panic.online,
        )
        receipts = topic(PRECINCT, POST, "receipt")
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

    def run(self) -> None:
        """Live until told to stop, and end in order. Raises Death, JournalProblem."""
        for link in self.links.values():
            self.world.later(self.world.between(5, 100), link.connect)
        self.pipeline.run()
        self.keeper.checkpoint(self.clock.stamp())
        self.journal.close()

    def wait(self, timeout_s: float, has_work: Callable[[], bool]) -> None:
        """Let the night go on."""
        self.phase = "wait"
        tick = round(timeout_s * 1000)
        if tick == PATIENCE_MS:  # nothing to do: a busy machine may look up later, and a night of hours must pass
            tick = self._patience_ms()
        self.world.run_until(self.world.now + tick, has_work)
        self.phase = "turn"

    def _patience_ms(self) -> int:
        calm = self.host.slow and not self.memory.state.waiting
        return self.host.tick_ms * (10 if calm else 1)

    def handing(self, batch: Batch) -> None:
        """Tell the ledger what the pipeline is given. A panic that is there is in it, whatever else waits."""
        if self._panics != len(batch.panic) and len(batch.panic) < MAX_BATCH:
            raise Violation("panic waits", f"at {self.world.now / 1000}: {self._panics}, handed {len(batch.panic)}")
        self._panics -= len(batch.panic)
        deliveries = (*batch.panic, *batch.rest)
        if deliveries:
            self.ledger.handing([(one.token, self.messages[one.token]) for one in deliveries])
        self.world.now += 1  # a turn takes time

    def end(self) -> None:
        """The process is no more."""
        self.alive = False
        for link in self.links.values():
            link.die()

    # --- what it says

    def _say(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> bool:
        del qos
        self.phase = "answer"
        self.world.passes("say")
        message = Message(topic, payload, retain=retain)
        stage = lamp_stage(message)
        if stage is not None:
            patience_ms = 2 * self._patience_ms() + 4_000
            awake = self.world.now - self.started_ms > patience_ms
            self.ledger.showed(stage, self.clock.stamp().run_ms if awake else 0, patience_ms)
            self.host.lamp = stage
        elif topic.endswith("/confirm"):
            self.world.tell("post", f"confirms {payload.decode()}")
            self.ledger.confirmed(topic.split("/")[1], json.loads(payload), self.clock.stamp().run_ms)
        elif topic == f"kentongan/{SIREN}/command":
            self.ledger.siren(json.loads(payload)["id"])
        self.panic.publish(message)
        self.world.passes("said")
        return True

    def _tell(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False, tag: object = None) -> bool:
        del qos
        self.phase = "relay"
        if topic.endswith("/alert"):
            self.world.passes("alert")
            self.ledger.sent(payload)
        taken = self.uplink.publish(Message(topic, payload, retain=retain), tag)
        if taken and tag is not None:
            self.world.tell("post", f"sends {tag}")
        self.world.passes("told")
        return taken

    def _acknowledge(self, tokens: list[Token]) -> None:
        self.world.passes("acknowledge")
        for token in tokens:
            if token.link in ("panic", "rest"):
                self.ledger.acknowledged(token, self.messages[token], self.clock.stamp().run_ms)
        for name in {token.link for token in tokens}:
            self.links[name].acknowledge([token for token in tokens if token.link == name])
        self.world.passes("acknowledged")

    def _status(self) -> Status:
        waiting = self.memory.state.unfinished()
        return Status("online", INSTANCE, "0", "r", "trusted", sum(len(one.outbox) for one in waiting))


class Spy:
    """A journal whose entries the ledger sees."""

    def __init__(self, journal: SimJournal, process: Process) -> None:
        self._journal = journal
        self._process = process

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)

    def append(self, entries: Any, *, urgent: bool = False) -> range:
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
        self, world: World, machine: Machine, card: Card, ledger: Ledger, local: Broker, far: Broker, far_path: Path
    ) -> None:
        self.world, self.machine, self.card, self.ledger = world, machine, card, ledger
        self.local, self.local_path = local, Path(0, 2)
        self.far, self.far_path = far, far_path
        self.trust = "kernel"
        self.tick_ms = 250
        self.slow = False
        self.engine_late_ms = 0
        self.lamp: str | None = None
        self.edition = RULES.version
        self.process: Process | None = None
        self.start_ms = 0
        self.restarts = 0
        self._expected: Memory | None = None

    @property
    def phase(self) -> str:
        """Return what the post is doing, in a word."""
        return self.process.phase if self.process else "down"

    def live(self) -> None:
        """Start the post and let it live. Back when it has died or ended."""
        self.world.tell("post", f"starts, boot {self.machine.boots}, journal at {self.card.next - 1}")
        self.restarts += 1
        self.start_ms = self.world.now
        if self.restarts > 1 and self.world.chance(0.15):  # a technician was here
            self.edition = self.world.luck.choice(sorted(EDITIONS))
        try:
            self.process = None
            self.process = Process(self)
            self.process.run()
        except Death as death:
            self._died(death.how)
        except JournalProblem as problem:
            self.world.tell("post", f"exits 74: {problem}")
            self._gone("power", self.world.between(1_000, 5_000))
        else:
            self.world.tell("post", "ends in order")
            self._gone("kill", self.world.between(200, 5_000))

    def _died(self, how: str) -> None:
        self.world.tell("post", f"dies: {how}, {len(self.card.pending)} records not saved")
        process = self.process
        self._expected = None
        if how == "kill" and process is not None and process.phase == "wait":
            self._expected = process.memory
        wait = self.world.between(200, 5_000)
        if how == "power":
            wait = self.world.luck.choice((3_000, 20_000, 60_000, 7_500_000 if self.slow else 3_000))
            self.machine.reboot(clock_lost=self.world.chance(0.5))
        self._gone(how, wait)

    def _gone(self, how: str, wait_ms: int) -> None:
        if self.process is not None:
            self.process.end()
        self.process = None
        self.card.survive(how)
        self.start_ms = self.world.now + wait_ms

    def die(self, how: str) -> None:
        """Let the process die now, if there is one."""
        if self.process is not None:
            raise Death(how)

    # --- the fold

    def check_fold(self, memory: Memory) -> None:
        """What a start reads is what was there before; and a checkpoint says the same as the records behind it."""
        if self.card.flips:
            return
        before, self._expected = self._expected, None
        if before is not None:
            self._compare("fold", before, memory)
        if 0 < len(self.card.archive) < 400 and self.world.chance(0.3):
            scratch = Memory(Context(POST, SITE), rulebook(self.edition))
            for record in self.card.archive:
                scratch.fold(record)
            self._compare("checkpoint", scratch, memory)

    def _compare(self, name: str, before: Memory, after: Memory) -> None:
        # A checkpoint may be younger than the last record: what was forgotten by then is forgotten in both.
        stamps = (self.card.archive[-1].stamp, after.last, before.last)
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
    rules = json.loads(json.dumps(memory.rulebook.dump()))
    more = {"devices": memory.devices.to_plain(), "unjudged": unjudged, "standstill": memory.standstill_ms}
    return {**plain, **more, "rules": rules}
