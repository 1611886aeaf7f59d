"""The virtual devices of the demo's post, together: what they were told, what they show, what they have to say.

Network and clock are arguments: a `Speak` that publishes, and a clock in seconds that never jumps.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from dispatcher.demo import button as buttons
from dispatcher.demo import messages, things
from dispatcher.demo.button import Button, Press
from dispatcher.demo.messages import Message
from dispatcher.demo.things import Lamp, Sensor, Siren

Clock = Callable[[], float]
Speak = Callable[[Message], None]

BUTTON = "tombol-pos"
LAMP = "lampu-pos"
SIREN = "sirene-pos"
SENSORS = {"pintu-pos": "door", "gerak-gang": "motion", "asap-pos": "smoke"}
"""The ids under which config/demo/site.yaml knows them."""

SUBSCRIPTIONS = (f"kentongan/{BUTTON}/confirm", f"kentongan/{LAMP}/command", f"kentongan/{SIREN}/command")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a guard sees at one instant. ``lamp`` is a stage, ``idle`` or ``dark``; ``trouble`` is the post's own."""

    lamp: str
    by: str | None
    press: Press | None
    unanswered: bool
    active: dict[str, bool]
    trouble: str | None = None


class Fleet:
    """All virtual devices of the page. Safe to use from several threads."""

    def __init__(self, boot: int, speak: Speak, clock: Clock) -> None:
        self._speak = speak
        self._clock = clock
        self._lock = threading.Lock()
        self._button = Button(BUTTON, boot)
        self._lamp = Lamp(LAMP)
        self._siren = Siren(SIREN)
        self._sensors = {name: Sensor(name, role, boot) for name, role in SENSORS.items()}

    def act(self, device: str, action: str) -> bool:
        """Do what a hand or the world does to a device; False when there is no such device or action."""
        with self._lock:
            message = self._acted(device, action)
        if message is None:
            return False
        if message.topic:
            self._speak(message)
        return True

    def heard(self, topic: str, payload: bytes) -> None:
        """Take a message from the broker; one that is not for us, or makes no sense, changes nothing."""
        with self._lock:
            self._take(topic, payload)

    def tick(self) -> None:
        """Say again what is unanswered. To be called a few times a second."""
        with self._lock:
            self._button, repeats = buttons.due(self._button, self._clock())
        for message in repeats:
            self._speak(message)

    def snapshot(self) -> Snapshot:
        """Return what the devices show now."""
        now = self._clock()
        with self._lock:
            active = {name: things.sensor_active(sensor, now) for name, sensor in self._sensors.items()}
            active[SIREN] = things.siren_on(self._siren, now)
            lamp = things.lamp_shows(self._lamp, now)
            unanswered = buttons.unanswered(self._button, now)
            return Snapshot(lamp, self._lamp.by, self._button.latest, unanswered, active, self._lamp.trouble)

    def _acted(self, device: str, action: str) -> Message | None:
        now = self._clock()
        if (device, action) == (BUTTON, "press"):
            self._button, message = buttons.press(self._button, now)
            return message
        if (device, action) == (SIREN, "off"):
            self._siren = Siren(SIREN)
            return _SILENT
        return self._sensed(device, action, now)

    def _sensed(self, device: str, action: str, now: float) -> Message | None:
        sensor = self._sensors.get(device)
        done = None if sensor is None else things.act(sensor, action, now)
        if done is None:
            return None
        self._sensors[device], message = done
        return message

    def _take(self, topic: str, payload: bytes) -> None:
        if topic == f"kentongan/{BUTTON}/confirm":
            answer = messages.confirm(payload)
            self._button = self._button if answer is None else buttons.confirmed(self._button, answer)
            return
        order = messages.command(payload)
        if order is None:
            return
        if topic == f"kentongan/{LAMP}/command":
            self._lamp = things.lamp_told(self._lamp, order, self._clock())
        elif topic == f"kentongan/{SIREN}/command":
            self._siren = things.siren_told(self._siren, order, self._clock())


_SILENT = Message("", b"")  # a hand on the siren's own switch: nobody is told
