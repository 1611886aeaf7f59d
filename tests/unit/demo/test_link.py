"""The devices over a real broker, with the smallest post that could answer them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator

import pytest

from dispatcher.demo.brokers import IotcoreBroker
from dispatcher.demo.devices import BUTTON, LAMP, SIREN, SUBSCRIPTIONS, Fleet
from dispatcher.demo.link import Link
from dispatcher.demo.messages import Message
from tests.support.brokers import free_port, wait_until

DEADLINE_S = 15.0


class FakePost:
    """Hears presses, and confirms those that it was told to."""

    def __init__(self, port: int) -> None:
        self.presses: list[tuple[int, int]] = []
        self.answers: list[str] = []
        self._link = Link("fake-post", port, ["kentongan/+/event"], self._heard)
        self._link.start()
        assert self._link.ready(DEADLINE_S)

    def order(self, device: str, name: str, **args: object) -> None:
        body = {"id": "c-1", "command": name, "args": args}
        self._link.say(Message(f"kentongan/{device}/command", json.dumps(body).encode()))

    def stop(self) -> None:
        self._link.stop()

    def _heard(self, topic: str, payload: bytes) -> None:
        body = json.loads(payload)
        device = topic.split("/")[1]
        self.presses.append((body["boot"], body["seq"]))
        for stage in self.answers:
            answer = {"boot": body["boot"], "seq": body["seq"], "incident": "abc", "stage": stage, "by": "aiptu-114"}
            self._link.say(Message(f"kentongan/{device}/confirm", json.dumps(answer).encode()))


class Devices:
    """The page's devices on a broker, ticking."""

    def __init__(self, port: int) -> None:
        self.link = Link("devices", port, SUBSCRIPTIONS, self._heard)
        self.fleet = Fleet(7, self.link.say, time.monotonic)
        self._ended = threading.Event()
        self._ticks = threading.Thread(target=self._tick, daemon=True)
        self.link.start()
        self._ticks.start()
        assert self.link.ready(DEADLINE_S)

    def stage(self) -> str | None:
        press = self.fleet.snapshot().press
        return None if press is None else press.stage

    def stop(self) -> None:
        self._ended.set()
        self._ticks.join()
        self.link.stop()

    def _heard(self, topic: str, payload: bytes) -> None:
        self.fleet.heard(topic, payload)

    def _tick(self) -> None:
        while not self._ended.wait(0.05):
            self.fleet.tick()


@pytest.fixture
def broker() -> Iterator[IotcoreBroker]:
    with IotcoreBroker(free_port(), free_port()) as started:
        yield started


@pytest.fixture
def devices(broker: IotcoreBroker) -> Iterator[Devices]:
    started = Devices(broker.port)
    yield started
    started.stop()


@pytest.fixture
def post(broker: IotcoreBroker) -> Iterator[FakePost]:
    started = FakePost(broker.port)
    yield started
    started.stop()


def test_a_press_goes_out_and_its_stages_come_back(devices: Devices, post: FakePost) -> None:
    post.answers = ["saved", "delivered", "acknowledged"]
    assert devices.fleet.act(BUTTON, "press")
    wait_until(lambda: devices.stage() == "acknowledged", DEADLINE_S, "the answer never came")
    shown = devices.fleet.snapshot().press
    assert shown is not None
    assert (shown.incident, shown.by) == ("abc", "aiptu-114")


def test_a_press_is_repeated_until_a_post_that_was_away_confirms_it(devices: Devices, post: FakePost) -> None:
    devices.fleet.act(BUTTON, "press")
    wait_until(lambda: len(post.presses) >= 2, DEADLINE_S, "it was not repeated")
    post.answers = ["saved"]
    wait_until(lambda: devices.stage() == "saved", DEADLINE_S, "it was not confirmed")
    assert set(post.presses) == {(7, 1)}


def test_lamp_and_siren_obey_the_post(devices: Devices, post: FakePost) -> None:
    assert devices.fleet.snapshot().lamp == "dark"
    post.order(LAMP, "lamp.stage", stage="idle", ttl_s=15)
    post.order(SIREN, "siren.on", duration_s=30)
    wait_until(lambda: devices.fleet.snapshot().active[SIREN], DEADLINE_S, "the siren did not hear")
    wait_until(lambda: devices.fleet.snapshot().lamp == "idle", DEADLINE_S, "the lamp did not hear")
    assert devices.fleet.act(SIREN, "off")
    assert not devices.fleet.snapshot().active[SIREN]


def test_a_press_during_a_broken_broker_arrives_when_it_is_back(broker: IotcoreBroker, devices: Devices) -> None:
    broker.stop()
    wait_until(lambda: not devices.link.connected, DEADLINE_S, "the loss was not noticed")
    devices.fleet.act(BUTTON, "press")
    broker.start()
    post = FakePost(broker.port)
    try:
        post.answers = ["saved"]
        wait_until(lambda: devices.stage() == "saved", DEADLINE_S, "the press never came")
    finally:
        post.stop()
    assert set(post.presses) == {(7, 1)}
