"""One night, from its plan to the morning: everything is put together, things happen, all heals, and all must be well."""

import shutil
import tempfile
from collections import Counter
from contextlib import suppress
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
from tests.simulation.town import COUNTING, POSTS
from tests.simulation.world import Over, Violation, World

TWIN = 10  # numbers of second machines
TWIN_MS = 60_000  # at least so long they are there
MORNING_MS = 20 * 60_000  # so long after all is healed everything must have settled; it takes seconds, or a minute
SHM = "/dev/shm" if FilePath("/dev/shm").is_dir() else None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a night. ``violation`` None: all was kept."""

    plan: Plan
    violation: Violation | None
    met: Counter[tuple[str, str]]
    seen: Counter[str]
    trace: tuple[str, ...] = ()
    error: str = ""


class Side:
    """All that stands at one post: its machine and card, its broker, its devices, and the people who press them."""

    def __init__(
        self,
        plan: Plan,
        world: World,
        post: str,
        number: int,
        far: Broker,
        owners: dict[str, str],
        copy_of: "Side | None" = None,
    ) -> None:
        self.plan, self.world, self.post, self.number = plan, world, post, number
        self.machine = Machine(world, number)
        self._put_in(copy_of.card.copied(self.machine) if copy_of else Card(world, self.machine), owners)
        self.local = Broker(world, f"local {number}", low_ids=plan.low_ids)
        self.host = Host(world, post, self.machine, self.card, self.ledger, self.local, far)
        self.host.trust, self.host.tick_ms, self.host.slow = plan.trust, plan.tick_ms, plan.slow
        self._people()

    def _put_in(self, card: Card, owners: dict[str, str]) -> None:
        self.card = card
        self.ledger = Ledger(self.world, card, self.post, owners)
        self.ledger.ids_are_new = not self.plan.low_ids
        card.on_loss = self.ledger.lost

    def _people(self) -> None:
        devices = (self.world, self.local, self.ledger)
        self.buttons = {name: CountingButton(*devices, name, self.number) for name in COUNTING}
        for button in self.buttons.values():
            button.patience_ms = 1_200_000 if self.plan.slow else button.patience_ms
        self.sensor = Sensor(*devices, "pir-1", "motion")
        self.bought = BoughtButton(*devices, self.number)
        self.people = {
            **{name: button.press for name, button in self.buttons.items()},
            "z-1": self.bought.press,
            "pir-1": self.sensor.say,
            "smoke-1": Sensor(*devices, "smoke-1", "smoke").say,
            "stranger": Stranger(*devices).press,
        }

    @property
    def path(self) -> Path:
        """Return the way to the precinct."""
        return self.host.far_path

    def break_uplink(self) -> None:
        """The link notices that nothing gets through."""
        if self.host.process is not None:
            self.host.process.uplink.broken()

    def heal_path(self) -> None:
        """Let everything through again; a connection that has starved is made anew."""
        if not self.path.open:
            self.path.out = self.path.back = True
            self.break_uplink()

    def freeze(self, for_ms: int) -> None:
        """Let time pass by the post."""
        if self.host.process is not None:
            for link in self.host.process.links.values():
                self.world.later(self.world.between(5_000, 15_000), link.broken)
            until = min(self.world.now + for_ms, max(self.world.now, self.plan.length_ms))
            self.host.asleep_until = max(self.host.asleep_until, until)

    def heal(self) -> None:
        """Nothing fails any more at this post."""
        self.card.full = self.card.broken = self.card.slow_ms = 0
        self.card.revive()
        self.path.high_ms = 80
        self.heal_path()
        self.local.up = True
        self.machine.heal()
        self.host.engine_late_ms = 0
        for button in self.buttons.values():
            button.mute = button.deaf = False
            button.patience_ms = 10_000
            button.wake()
        self.host.tick_ms = 1_000
        self.world.later(5_000, self.host.start)
        self.break_uplink()  # a new connection, and with it a sync

    @property
    def state(self) -> str:
        """Return in a few words where a fault met us."""
        process = self.host.process
        waiting = process is not None and bool(process.memory.state.waiting)
        line = "online" if process is not None and process.uplink.online else "offline"
        words = [self.host.phase, line, "backlog" if waiting else "all delivered"]
        words += ["unsaved"] if process is not None and not process.saves else []
        words += ["twins"] if any(not other.is_over for other in self.ledger.copies) else []
        return ", ".join((*words, "one of several") if self.plan.posts > 1 else words)

    def missing(self) -> str:
        """All is healed: return what has not settled yet."""
        process = self.host.process
        if process is None or not process.saves:
            return f"{self.post} is down, or saves nothing"
        state = process.memory.state
        if state.waiting:
            return f"outbox: {[(one.id, [r.rev for r in one.outbox], one.delivered_rev) for one in state.unfinished()]}"
        unheard = [key for button in self.buttons.values() for key in button.open]
        return f"not confirmed: {unheard}" if unheard else self.ledger.missing()

    def still_open(self) -> str:
        """Everything was closed: return what this post does not know of yet."""
        process = self.host.process
        if process is None or self.host.lamp != "idle":
            return f"the lamp of {self.post} shows {self.host.lamp}"
        known = [
            incident.id
            for incident in process.memory.state.incidents.values()
            if any(stage_of(incident, entry.rev) is not Stage.CLOSED for entry in incident.evidence)
        ]
        return f"open at the post: {known}" if known else ""


class Night:
    """All parts of a night. ``at`` is the post that a fault strikes."""

    def __init__(self, plan: Plan, folder: FilePath, *, keep_trace: bool = False) -> None:
        self.plan = plan
        self.world = world = World(plan.seed, keep_trace=keep_trace)
        self.far = Broker(world, "far", low_ids=plan.low_ids)
        self.owners: dict[str, str] = {}
        sides = enumerate(POSTS[: plan.posts])
        self.sides = [Side(plan, world, post, number, self.far, self.owners) for number, post in sides]
        self.at = self.sides[0]
        self.twins: dict[str, Side] = {}
        self.ledgers = {side.post: [side.ledger] for side in self.sides}
        self.precinct = Precinct(world, self.far, self.ledgers, folder)
        self.precinct.tick_ms = 60_000 if plan.slow else 5_000
        self.alerts: list[Message] = []
        self.receipts: list[Message] = []
        self.far.listeners.append(self._overhear)

    def _overhear(self, message: Message) -> None:
        if message.topic.endswith("/alert"):
            self.alerts.append(message)
            for ledger in self.ledgers[message.topic.split("/")[3]]:
                ledger.broker_has(message.payload)
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
        for side in self.sides:
            self.world.later(0, side.host.start)
        dropped = METRICS.registry.get_sample_value("kentongan_dropped_total", {"class": "panic"})
        with suppress(Over):
            self.world.run_until(self.plan.length_ms + 2 * MORNING_MS)
            raise Violation("does not settle", "the morning does not end")
        if METRICS.registry.get_sample_value("kentongan_dropped_total", {"class": "panic"}) != dropped:
            raise Violation("panic dropped", "the counter says so")

    def _begin(self, step: Step) -> None:
        if step.place:
            number = 0 if step.place in IN_PRECINCT else step.post
            self.world.arm(step.place, step.nth, partial(self._happen, step), number)
        else:
            self._happen(step)

    def _happen(self, step: Step) -> None:
        side = self.sides[step.post]
        if step.what in side.people:
            side.people[step.what]()
        elif step.what in FAULTS:
            self._strike(step, side)
        else:
            self.precinct.act(Verb(step.what))

    def _strike(self, step: Step, side: Side) -> None:
        self.world.met[(step.what, side.state)] += 1
        if self.world.trace is not None:
            place = f" at {step.place}" if step.place else ""
            self.world.tell("fault", f"{step.what}, {side.post} ({side.state}){place}")
        self.at, self._place = side, step.place
        try:
            FAULTS[step.what](self, step.for_ms)
        finally:
            self._place = ""

    _place = ""

    # --- what faults do

    def copy_card(self, for_ms: int) -> None:
        """Put a copy of the card into a second machine, with a broker and buttons of its own, for a while."""
        side = self.at
        if side.post in self.twins or side.host.process is None or not side.host.process.saves:
            return
        number = TWIN + side.number
        self.twins[side.post] = twin = Side(
            self.plan, self.world, side.post, number, self.far, self.owners, copy_of=side
        )
        others = self.ledgers[side.post]
        for ledger in others:
            twin.ledger.copies.append(ledger)
            ledger.copies.append(twin.ledger)
        others.append(twin.ledger)
        for button in twin.buttons.values():
            button.boot = number + 100 * len(others)  # another button, with counters of its own, at each copy
        for _ in range(self.world.between(1, 3)):
            self.world.later(
                self.world.between(0, for_ms), twin.people[self.world.luck.choice(("btn-1", "btn-2", "z-1"))]
            )
        self.world.later(self.world.between(1_000, 10_000), twin.host.start)
        self.world.later(max(for_ms, 30_000), partial(self._retire, twin))

    def _retire(self, twin: Side) -> None:
        """Take the second machine away, once everything that only it knows has arrived."""
        if twin.host.is_retired:
            return
        if self.precinct.station is None or twin.missing():
            self.world.later(2_000, partial(self._retire, twin))
        else:
            twin.host.retire()
            twin.ledger.is_over = True
            del self.twins[twin.post]

    def end_post(self, how: str) -> None:
        """End the post's process: in the middle of its work where that is what passes here, else right after."""
        host = self.at.host
        if self._place in IN_POST:
            host.die(how)
        self.world.later(self.world.between(0, 3), lambda: host.die(how))

    def end_station(self) -> None:
        """End the precinct's process likewise."""
        if self._place in IN_PRECINCT:
            self.precinct.die()
        self.world.later(0, self.precinct.kill)

    # --- the morning

    def heal(self) -> None:
        """Nothing fails any more."""
        self.world.tell("morning", "all is healed")
        self.world.disarm()
        self.far.up = True
        for side in (*self.sides, *self.twins.values()):
            side.heal()
        for twin in self.twins.values():
            self.world.later(TWIN_MS, partial(self._retire, twin))
        if not self.precinct.boards:
            self.precinct.enter()
        self.world.later(5_000, partial(self._watch, self.world.now + MORNING_MS))

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
        if self.precinct.station is None:
            return "the precinct is down"
        self.precinct.check()
        if self.twins:
            return f"two of {[*self.twins]}"
        return next((missing for side in self.sides if (missing := side.missing())), "")

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
        if self.precinct.open:
            return f"{self.precinct.open} open at the precinct"
        return next((still for side in self.sides if (still := side.still_open())), "")


def run(plan: Plan, *, keep_trace: bool = False) -> Outcome:
    """Run one night in a folder of its own."""
    folder = FilePath(tempfile.mkdtemp(prefix="kentongan-night-", dir=SHM))
    night = Night(plan, folder, keep_trace=keep_trace)
    violation: Violation | None = None
    try:
        with installed(night.sides[0].machine):
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
    return Outcome(plan, violation, night.world.met, night.world.seen, tuple(night.world.trace or ()))


def run_seed(seed: int, *, keep_trace: bool = False) -> Outcome:
    """Run the night of a seed."""
    return run(plans.make(seed, tuple(FAULTS)), keep_trace=keep_trace)
