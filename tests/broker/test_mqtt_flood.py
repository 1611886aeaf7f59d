"""A broker that sends all it has, and a reader that cannot save as fast: the rest has to stay at the broker."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dispatcher.mqtt import Delivery, Phase
from dispatcher.mqtt.model import Protocol as Version
from dispatcher.mqtt.unacked import HIGH_BYTES, HIGH_WATER
from tests.support.brokers import MosquittoBroker, require_mosquitto, running
from tests.support.clients import TalkingClient
from tests.unit.mqtt.links import Ear, endpoint

EVENT = "kentongan/btn-01/event"
OTHER = "kentongan/btn-02/event"
KEEPALIVE_S = 1
LONG_S = 8.0  # mosquitto looks every five seconds who has been silent for one and a half keepalives
STALL_S = 3.0
ENOUGH = 100  # acknowledgements after which mosquitto 2.0 forgets its limit

pytestmark = pytest.mark.mosquitto
versions = pytest.mark.parametrize("version", ["5", "3.1.1"])


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[MosquittoBroker]:
    """A post's broker."""
    require_mosquitto()
    with running(MosquittoBroker(tmp_path / "post")) as broker:
        yield broker


class Slow(Ear):
    """An ear that knows how many messages it has held unsaved at most. It saves when it is told to."""

    def __init__(self, broker: MosquittoBroker, version: Version, **options: Any) -> None:
        self.most = 0
        settings: dict[str, Any] = {"keepalive": KEEPALIVE_S, "deliver": self._hold, "filters": [EVENT]} | options
        super().__init__(endpoint(broker, version), **settings)

    def _hold(self, delivery: Delivery) -> None:
        self.deliveries.append(delivery)
        self.most = max(self.most, len(self.deliveries))

    def save(self, count: int) -> list[bytes]:
        """Acknowledge the next messages, one by one, and return them."""
        return [self.next_saved().raw.payload for _ in range(count)]

    def stall(self, seconds: float = STALL_S) -> None:
        """Save nothing for so long, from the moment when there is enough of it."""
        self.wait(lambda: len(self.deliveries) >= HIGH_WATER // 2, "flood")
        began = self.link.last_turn
        self.wait(lambda: self.link.last_turn > began + seconds, "life")


def leave(broker: MosquittoBroker, version: Version, payloads: list[bytes]) -> None:
    """Have the broker keep these messages for the ear."""
    with Slow(broker, version) as ear:
        ear.subscribed()
    with TalkingClient(broker, "btn-01") as button:
        sent = [button.paho.publish(EVENT, payload, 1) for payload in payloads]
        for one in sent:
            one.wait_for_publish(15)


@pytest.mark.slow
@versions
def test_a_reader_that_stands_still_holds_little_keeps_its_connection_and_then_gets_everything(
    mosquitto: MosquittoBroker, version: Version
) -> None:
    payloads = [b"%d" % number for number in range(5_000)]
    leave(mosquitto, version, payloads)
    with Slow(mosquitto, version) as ear:
        got = ear.save(ENOUGH)
        ear.stall(LONG_S)
        assert len(ear.deliveries) <= HIGH_WATER
        got += ear.save(1_000)
        ear.stall()  # again, with answers to PINGREQ far behind in the stream
        assert ear.most <= HIGH_WATER
        got += ear.save(len(payloads) - len(got))
        assert got == payloads
        ear.acked(len(payloads))
        assert (ear.link.counters.reconnects, ear.link.counters.stale_acks) == (0, 0)


@versions
def test_large_messages_are_bounded_by_their_bytes(mosquitto: MosquittoBroker, version: Version) -> None:
    payloads = [b"%d" % number + bytes(1_000_000) for number in range(20)]
    leave(mosquitto, version, payloads)
    with Slow(mosquitto, version) as ear:
        got = ear.save(5)
        ear.wait(lambda: len(ear.deliveries) >= 4, "flood")
        began = ear.link.last_turn
        ear.wait(lambda: ear.link.last_turn > began + 1.0, "life")
        assert ear.most <= HIGH_BYTES // 1_000_000 + 1
        assert got + ear.save(15) == payloads


@versions
def test_an_answer_that_stands_behind_what_is_not_read_is_waited_for(
    mosquitto: MosquittoBroker, version: Version
) -> None:
    payloads = [b"%d" % number for number in range(1_000)]
    leave(mosquitto, version, payloads)
    with Slow(mosquitto, version, connect_timeout_s=0.5) as ear:
        got = ear.save(ENOUGH)
        ear.wait(lambda: len(ear.deliveries) >= HIGH_WATER // 2, "flood")
        ear.link.set_filters([EVENT, OTHER])
        ear.stall()
        got += ear.save(len(payloads) - len(got))
        assert got == payloads
        with TalkingClient(mosquitto, "btn-02") as button:
            ear.subscribed()
            button.publish(OTHER, b"heard")
        assert ear.save(1) == [b"heard"]
        assert ear.link.counters.reconnects == 0


@versions
def test_a_broker_that_goes_while_it_is_not_read_is_missed_and_nothing_is_lost(
    mosquitto: MosquittoBroker, version: Version
) -> None:
    payloads = [b"%d" % number for number in range(1_000)]
    leave(mosquitto, version, payloads)
    with Slow(mosquitto, version) as ear:
        got = ear.save(ENOUGH)
        ear.wait(lambda: len(ear.deliveries) >= HIGH_WATER // 2, "flood")
        mosquitto.stop()
        ear.reach(Phase.UNREACHABLE)
        mosquitto.start()
        deadline = time.monotonic() + 30
        while set(got) != set(payloads) and time.monotonic() < deadline:
            got += ear.save(1)
        assert set(got) == set(payloads)
