"""One night, from its plan to the morning: everything is put together, things happen, all heals, and all must be well."""

import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path as FilePath

from dispatcher.domain.incident import Stage
from dispatcher.incidents.stages import stage_of
from dispatcher.precinct.standing import Verb
from tests.simulation import plan as plans
from tests.simulation.broker import Broker, Message, Path
from tests.simulation.disk import Card
from tests.simulation.faults import FAULTS, IN_POST, IN_PRECINCT
from tests.simulation.ledger import Ledger
from tests.simulation.machine import Machine, installed
from tests.simulation.people import BoughtButton, CountingButton, Sensor, Stranger
from tests.simulation.plan import Plan, Step
from tests.simulation.post import METRICS, Host
from tests.simulation.precinct import Precinct
from tests.simulation.town import COUNTING
from tests.simulation.world import Over, Violation, World

MORNING_MS = 20 * 60_000  # so long after all is healed everything must have settled; it takes seconds, or a minute
SHM = "/dev/shm" if FilePath("/dev/shm").is_dir() else None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a night. ``violation`` None: all was kept."""

    plan: Plan
    violation: Violation | None
    met: Counter[tuple[str, str]]
    trace: tuple[str, ...] = ()
    error: str = ""


class Night:
    """All parts of a night."""

    def __init__(self, plan: Plan, folder: FilePath, *, keep_trace: bool = False) -> None:
        self.plan = plan
        self.world = world = World(plan.seed, keep_trace=keep_trace)
        self.machine = Machine(world)
        self.card = Card(world, self.machine)
        self.ledger = Ledger(world, self.card)
        self.card.on_loss = self.ledger.lost
        self.ledger.ids_are_new = not plan.low_ids
        self.local = Broker(world, "local", low_ids=plan.low_ids)
        self.far = Broker(world, "far", low_ids=plan.low_ids)
        self.host = Host(world, self.machine, self.card, self.ledger, self.local, self.far, Path(5, 80))
        self.host.trust = plan.trust
        self.host.tick_ms = plan.tick_ms
        self.host.slow = plan.slow
        self.precinct = Precinct(world, self.far, self.ledger, folder)
        self.precinct.tick_ms = 60_000 if plan.slow else 5_000
        self.buttons = {name: CountingButton(world, self.local, self.ledger, name) for name in COUNTING}
        for button in self.buttons.values():
            button.patience_ms = 1_200_000 if plan.slow else button.patience_ms
        self.alerts: list[Message] = []
        self.receipts: list[Message] = []
        self.far.listeners.append(self._overhear)
        self.sensor = Sensor(world, self.local, self.ledger, "pir-1", "motion")
        self._people = {
            **{name: button.press for name, button in self.buttons.items()},
            "z-1": BoughtButton(world, self.local, self.ledger).press,
            "pir-1": self.sensor.say,
            "smoke-1": Sensor(world, self.local, self.ledger, "smoke-1", "smoke").say,
            "stranger": Stranger(world, self.local, self.ledger).press,
        }

    def _overhear(self, message: Message) -> None:
        if message.topic.endswith("/alert"):
            self.alerts.append(message)
            self.ledger.broker_has(message.payload)
        elif message.topic.endswith("/receipt"):
            self.receipts.append(message)

    # --- the night

    def run(self) -> None:
        """Let it happen. Raises Violation."""
        self.precinct.enter()
        self.precinct.start()
        self.precinct.tick()
        for step in self.plan.steps:
            self.world.later(step.at_ms, partial(self._begin, step))
        self.world.later(self.plan.length_ms, self.heal)
        dropped = METRICS.registry.get_sample_value("kentongan_dropped_total", {"class": "panic"})
        try:
            while True:
                while self.world.now < self.host.start_ms:
                    self.world.run_until(min(self.host.start_ms, self.world.now + 5_000))
                self.host.live()
        except Over:
            pass
        if METRICS.registry.get_sample_value("kentongan_dropped_total", {"class": "panic"}) != dropped:
            raise Violation("panic dropped", "the counter says so")

    def _begin(self, step: Step) -> None:
        if step.place:
            self.world.arm(step.place, step.nth, partial(self._happen, step))
        else:
            self._happen(step)

    def _happen(self, step: Step) -> None:
        if step.what in self._people:
            self._people[step.what]()
        elif step.what in FAULTS:
            self._strike(step)
        else:
            self.precinct.act(Verb(step.what))

    def _strike(self, step: Step) -> None:
        self.world.met[(step.what, self.state)] += 1
        self.world.tell("fault", f"{step.what} ({self.state})" + (f" at {step.place}" if step.place else ""))
        self._place = step.place
        FAULTS[step.what](self, step.for_ms)
        self._place = ""

    _place = ""

    @property
    def state(self) -> str:
        """Return in a few words where a fault met us."""
        process = self.host.process
        waiting = process is not None and bool(process.memory.state.waiting)
        line = "online" if process is not None and process.uplink.online else "offline"
        return f"{self.host.phase}, {line}, {'backlog' if waiting else 'all delivered'}"

    # --- what faults do

    def end_post(self, how: str) -> None:
        """End the post's process: in the middle of its work where that is what passes here, else right after."""
        if self._place in IN_POST:
            self.host.die(how)
        self.world.later(self.world.between(0, 3), lambda: self.host.die(how))

    def end_station(self) -> None:
        """End the precinct's process likewise."""
        if self._place in IN_PRECINCT:
            self.precinct.die()
        self.world.later(0, self.precinct.kill)

    def freeze(self, for_ms: int) -> None:
        """Let time pass by the post."""
        process = self.host.process
        if process is not None:
            for link in process.links.values():
                self.world.later(self.world.between(5_000, 15_000), link.broken)
            self.world.run_until(min(self.world.now + for_ms, max(self.world.now, self.plan.length_ms)))

    def break_uplink(self) -> None:
        """The link notices that nothing gets through."""
        if self.host.process is not None:
            self.host.process.uplink.broken()

    def heal_path(self) -> None:
        """Let everything through again; a connection that has starved is made anew."""
        path = self.host.far_path
        if not path.open:
            path.out = path.back = True
            self.break_uplink()

    # --- the morning

    def heal(self) -> None:
        """Nothing fails any more."""
        world, card, path = self.world, self.card, self.host.far_path
        world.tell("morning", "all is healed")
        world.disarm()
        card.full = card.broken = card.slow_ms = 0
        path.high_ms = 80
        self.heal_path()
        self.local.up = self.far.up = True
        self.machine.heal()
        self.host.engine_late_ms = 0
        for button in self.buttons.values():
            button.mute = button.deaf = False
            button.patience_ms = 10_000
            button.wake()
        if not self.precinct.boards:
            self.precinct.enter()
        self.host.tick_ms = 1_000
        self.host.start_ms = min(self.host.start_ms, world.now + 5_000)
        self.break_uplink()  # a new connection, and with it a sync
        world.later(5_000, partial(self._watch, world.now + MORNING_MS))

    def _watch(self, deadline: int) -> None:
        missing = self._missing()
        if not missing:
            self.precinct.act(Verb.CLOSE, everywhere=True)
            self.world.later(2_000, partial(self._watch_closing, deadline))
        elif self.world.now > deadline:
            raise Violation("does not settle", missing)
        else:
            self.world.later(1_000, partial(self._watch, deadline))

    def _missing(self) -> str:
        process = self.host.process
        if process is None or self.precinct.station is None:
            return "a process is down"
        state = process.memory.state
        if state.waiting:
            return f"outbox: {[(one.id, [r.rev for r in one.outbox], one.delivered_rev) for one in state.unfinished()]}"
        unheard = [key for button in self.buttons.values() for key in button.open]
        if unheard:
            return f"not confirmed: {unheard}"
        self.precinct.check()
        return self.ledger.missing()

    def _watch_closing(self, deadline: int) -> None:
        """Every incident is closed: the officer's word must reach the lamp, and nothing stays behind."""
        still = self._still_open()
        if not still:
            raise Over
        if self.world.now > deadline:
            raise Violation("does not settle", still)
        self.precinct.act(Verb.CLOSE, everywhere=True)
        self.world.later(2_000, partial(self._watch_closing, deadline))

    def _still_open(self) -> str:
        process = self.host.process
        if process is None or self.precinct.open or self.host.lamp != "idle":
            return f"lamp shows {self.host.lamp}, {self.precinct.open} open at the precinct"
        known = [
            incident.id
            for incident in process.memory.state.incidents.values()
            if any(stage_of(incident, entry.rev) is not Stage.CLOSED for entry in incident.evidence)
        ]
        return f"open at the post: {known}" if known else ""


def run(plan: Plan, *, keep_trace: bool = False) -> Outcome:
    """Run one night in a folder of its own."""
    folder = FilePath(tempfile.mkdtemp(prefix="kentongan-night-", dir=SHM))
    night = Night(plan, folder, keep_trace=keep_trace)
    violation: Violation | None = None
    try:
        with installed(night.machine):
            night.run()
    except Violation as broken:
        violation = broken
    except Exception as error:
        violation = Violation("crash", repr(error))
        violation.__cause__ = error
    finally:
        if night.precinct.station is not None:
            night.precinct.station.store.close()
        shutil.rmtree(folder, ignore_errors=True)
    return Outcome(plan, violation, night.world.met, tuple(night.world.trace or ()))


def run_seed(seed: int, *, keep_trace: bool = False) -> Outcome:
    """Run the night of a seed."""
    return run(plans.make(seed, tuple(FAULTS)), keep_trace=keep_trace)
