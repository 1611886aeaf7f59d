"""A night of everything: presses, faults and heals at random, from a plan that a seed makes, with a flat memory.

    make soak SECONDS=600 SEED=7

A failure prints the seed and the plan as far as it came; the plan is the same again, the machine's timing is not.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.flood import Flood
from tests.support.hurt import HurtTown, broker_pid, children_of
from tests.support.ledger import Ledger, homes
from tests.support.tracing import faults
from tests.support.usage import descriptors, pss_bytes
from tests.support.waiting import eventually

pytestmark = [pytest.mark.mosquitto, pytest.mark.slow]

SECONDS = float(os.environ.get("SECONDS", "180"))
SEED = int(os.environ.get("SEED", "1"))
MEBIBYTE = 1024 * 1024
GROWTH = 12 * MEBIBYTE  # between the first quiet moment and the last: caches that fill, not what a leak would take
MORE_DESCRIPTORS = 8
LOST = 'kentongan_dropped_total{class="panic"}'
MOTION = {"kind": "motion", "attrs": {"people": 2}}


@dataclass
class Night:
    """What goes on, and what was done so far."""

    town: HurtTown
    ledger: Ledger
    chance: random.Random
    open_faults: ExitStack = field(default_factory=ExitStack)
    told: list[str] = field(default_factory=list)
    presses: int = 0

    def tell(self, what: str) -> None:
        """Write down a step of the plan."""
        self.told.append(what)

    # --- steps

    def press(self) -> None:
        """One to five presses, anywhere."""
        for _ in range(self.chance.randrange(1, 6)):
            self.ledger.press(self.chance.choice(self.ledger.buttons))

    def sensors(self) -> None:
        """A burst of readings."""
        self.heal()  # a broker that stands still lets nobody in
        flood = Flood(self.town.local, "pir-1", MOTION, self.chance.choice((200, 1_000, 3_000)))
        flood.start()
        self.open_faults.callback(flood.stop)

    def officer(self) -> None:
        """The officer closes whatever is open."""
        self.town.officer.close_everything()

    def cut(self) -> None:
        """The uplink or the local wire carries nothing, one way or both."""
        wire = self.chance.choice((self.town.uplink_wire, self.town.local_wire))
        wire.hold(self.chance.choice(("up", "down", None)))
        self.open_faults.callback(wire.heal)

    def reset(self) -> None:
        """A wire is reset."""
        self.chance.choice((self.town.uplink_wire, self.town.local_wire)).reset()

    def kill_post(self) -> None:
        """The post loses its power."""
        self.heal()
        self.town.post.kill()
        self.town.restart_post()

    def kill_precinct(self) -> None:
        """The precinct loses its power."""
        self.town.precinct.kill()
        self.town.precinct.start()
        self.town.precinct.wait_ready()

    def restart_broker(self) -> None:
        """A broker is restarted, in an orderly way: what its queue held is another test's matter."""
        self.heal()  # one that stands still hears no signal
        broker = self.chance.choice((self.town.local, self.town.uplink))
        broker.stop()
        broker.start()

    def freeze(self) -> None:
        """A process stands still for a while."""
        pids = [self.town.precinct.pid, broker_pid(self.town.local), *children_of(self.town.post.pid)]
        pid = self.chance.choice(pids)
        os.kill(pid, signal.SIGSTOP)
        self.open_faults.callback(_wake, pid)

    def slow_disk(self) -> None:
        """Every save takes a tenth of a second."""
        self.heal()  # a process has one tracer at a time
        self.open_faults.enter_context(faults(self.town.post.pid, "delay_exit=100000", "fdatasync"))

    def heal(self) -> None:
        """Everything that is broken is put right."""
        self.open_faults.close()

    # --- the plan

    def steps(self) -> list[tuple[int, Callable[[], None]]]:
        """Return what may happen, and how likely each is."""
        return [
            (12, self.press), (3, self.sensors), (2, self.officer), (2, self.cut), (2, self.reset), (1, self.kill_post),
            (1, self.kill_precinct), (1, self.restart_broker), (2, self.freeze), (1, self.slow_disk), (4, self.heal),
        ]  # fmt: skip

    def step(self) -> None:
        """Do one thing, and let some time pass."""
        weights, steps = zip(*self.steps(), strict=True)
        (chosen,) = self.chance.choices(steps, weights)
        self.tell(chosen.__name__)
        chosen()
        pause = self.chance.choice((0.0, 0.1, 0.5, 2.0))
        end = time.monotonic() + pause
        eventually(lambda: time.monotonic() >= end, "", meanwhile=self.ledger.repeat)

    def settle(self) -> None:
        """Heal everything and hold the accounts against each other."""
        self.heal()
        eventually(self.town.hears, self.town.logs)
        self.ledger.settle(patience_s=180)
        self.officer()


def _wake(pid: int) -> None:
    if Path(f"/proc/{pid}").exists():
        os.kill(pid, signal.SIGCONT)


def test_a_long_night_of_faults_loses_nothing_doubles_nothing_and_grows_nothing(wired: HurtTown) -> None:
    ledger = Ledger(wired, [wired.button(f"btn-{n}") for n in range(1, 7)])
    night = Night(wired, ledger, random.Random(SEED))
    end = time.monotonic() + SECONDS
    try:
        while time.monotonic() < end:
            for _ in range(15):
                night.step()
            night.settle()
    except BaseException:
        print(f"SEED={SEED}, after {len(night.told)} steps: {' '.join(night.told[-60:])}")
        raise
    finally:
        night.heal()
    assert wired.metric(LOST) == 0
    assert homes(wired.officer).keys() == ledger.pressed


@pytest.mark.parametrize("who", ["post", "precinct"])
def test_memory_and_descriptors_stay_flat_over_faults_that_do_not_end_the_process(wired: HurtTown, who: str) -> None:
    ledger = Ledger(wired, [wired.button(f"btn-{n}") for n in range(1, 7)])
    night = Night(wired, ledger, random.Random(SEED))
    pid = wired.post.pid if who == "post" else wired.precinct.pid

    def hour() -> tuple[int, int]:
        for _ in range(12):
            night.press()
            night.chance.choice((night.reset, night.cut, night.restart_broker, night.sensors, night.press))()
            eventually(lambda: ledger.pressed <= ledger.confirmed().keys(), wired.logs, meanwhile=lambda: calm(night))
            night.heal()
        night.settle()
        return pss_bytes(pid), descriptors(pid)

    hour()  # what is made once is made now
    first = hour()
    end = time.monotonic() + SECONDS / 2
    last = hour()
    while time.monotonic() < end:
        last = hour()
    assert last[0] - first[0] < GROWTH, f"{first[0] / MEBIBYTE:.1f} to {last[0] / MEBIBYTE:.1f} MiB"
    assert last[1] - first[1] <= MORE_DESCRIPTORS, f"{first[1]} to {last[1]} descriptors"


def calm(night: Night) -> None:
    """Heal what keeps presses from being answered, and repeat them."""
    night.heal()
    night.ledger.repeat()
