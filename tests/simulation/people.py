"""Buttons, sensors, a stranger: what speaks to the post, and what it does with the answer."""

import json
from itertools import count
from typing import Any

from tests.simulation.broker import Broker, Message
from tests.simulation.ledger import Key, Ledger
from tests.simulation.town import BOUGHT, STRANGER, press_topic
from tests.simulation.world import World

FIRST_WAIT_MS, LAST_WAIT_MS = 1_000, 10_000


class CountingButton:
    """A button of ours: it counts, and repeats each press until the post confirms it.

    Faults: ``mute`` (nothing of it reaches the broker), ``deaf`` (nothing reaches it), ``patience_ms`` (how long it
    waits between two repeats, when it is nearly asleep).
    """

    def __init__(self, world: World, broker: Broker, ledger: Ledger, device: str, number: int = 0) -> None:
        self.world, self.broker, self.ledger, self.device, self.number = world, broker, ledger, device, number
        self.boot, self.seq = 1, 0
        self.mute = self.deaf = False
        self.patience_ms = LAST_WAIT_MS
        self.open: dict[Key, int] = {}
        self.last: Key | None = None
        broker.listeners.append(self.hear)

    def press(self) -> None:
        """Press it."""
        self.seq += 1
        key = self.last = (self.device, self.boot, self.seq)
        self.ledger.pressed(key)
        self.open[key] = 0
        self.world.tell(self.device, f"is pressed: {key}")
        self._say(key)
        self.world.passes("press", self.number)

    def _say(self, key: Key) -> None:
        if key not in self.open:
            return
        self.open[key] += 1
        self.speak(key)
        wait = min(self.patience_ms, FIRST_WAIT_MS << min(self.open[key], 16))
        if self.open[key] > 2 and self.patience_ms > LAST_WAIT_MS:
            wait = self.patience_ms
        self.world.later(wait, lambda: self._say(key))

    def speak(self, key: Key) -> None:
        """Say a press, for the first time or again."""
        self.ledger.spoken(key)
        body = {"kind": "panic.press", "boot": key[1], "seq": key[2], "attrs": {}}
        if not self.mute:
            self.broker.publish(Message(press_topic(self.device), json.dumps(body).encode()))

    def wake(self) -> None:
        """Repeat everything that is not confirmed, now."""
        for key in list(self.open):
            self._say(key)

    def again(self) -> None:
        """Let a copy of the last press arrive late, a gateway had it; or, after an hour, a counter begin anew."""
        if self.last is None or not self.broker.up or self.mute:
            return
        if self.ledger.is_old(self.last):  # a press like any other: it is repeated until it is confirmed
            self.open[self.last] = 0
            self._say(self.last)
        else:
            self.speak(self.last)

    def hear(self, message: Message) -> None:
        """Hear a confirmation."""
        if self.deaf or message.topic != f"kentongan/{self.device}/confirm":
            return
        body = json.loads(message.payload)
        self.open.pop((self.device, body["boot"], body["seq"]), None)

    def lose_power(self) -> None:
        """Begin a new boot; what was not confirmed is forgotten, unless it is still to be said."""
        self.boot, self.seq = self.boot + 1, 0


class BoughtButton:
    """A button from a shop: no counter, no ear. It repeats until the broker has answered, and that is all."""

    def __init__(self, world: World, broker: Broker, ledger: Ledger, number: int = 0) -> None:
        self.world, self.broker, self.ledger, self.number = world, broker, ledger, number
        self._idents = count(1)
        self.retains = False  # somebody has ticked that in its gateway: the broker gives the last press to all who come

    def press(self) -> None:
        """Press it."""
        ident = next(self._idents)
        self.ledger.bought_ms[ident] = self.world.now
        self._say(ident, 5)
        self.world.passes("press", self.number)

    def _say(self, ident: int, tries: int) -> None:
        taken = self.broker.publish(Message(press_topic(BOUGHT), b'{"action":"single"}', ident, self.retains))
        self.world.tell(BOUGHT, f"is pressed: {ident}, {'taken' if taken else 'not taken'}")
        if not taken and tries:
            self.world.later(1_000, lambda: self._say(ident, tries - 1))


class Sensor:
    """A sensor: it says a thing once and forgets it. With or without a counter."""

    def __init__(self, world: World, broker: Broker, ledger: Ledger, device: str, kind: str) -> None:
        self.world, self.broker, self.ledger, self.device, self.kind = world, broker, ledger, device, kind
        self.seq = 0

    def say(self) -> None:
        """Say it."""
        self.seq += 1
        body: dict[str, Any] = {"kind": self.kind}
        if self.seq % 3:
            body |= {"boot": 1, "seq": self.seq}
        self.broker.publish(Message(press_topic(self.device), json.dumps(body).encode()))


class Stranger:
    """A button that the site does not know. It does not give up soon."""

    def __init__(self, world: World, broker: Broker, ledger: Ledger) -> None:
        self.world, self.broker, self.ledger = world, broker, ledger
        self.seq = 0

    def press(self) -> None:
        """Press it."""
        self.seq += 1
        self.ledger.strangers += 1
        body = {"kind": "panic.press", "boot": 1, "seq": self.seq}
        self.broker.publish(Message(press_topic(STRANGER), json.dumps(body).encode()))
