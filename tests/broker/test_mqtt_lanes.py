"""Two lanes over one mosquitto, and publishes that it refuses."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from dispatcher.domain.events import Lane
from dispatcher.mqtt.model import Protocol as Version
from dispatcher.mqtt.outgoing import MAX_QUEUED
from tests.support.brokers import MosquittoBroker, require_mosquitto, running
from tests.support.clients import TalkingClient
from tests.unit.mqtt.links import Ear, endpoint

PRESS = "kentongan/btn-01/event"
CONFIRM = "kentongan/btn-01/confirm"

pytestmark = pytest.mark.mosquitto


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[MosquittoBroker]:
    """A post's broker."""
    require_mosquitto()
    with running(MosquittoBroker(tmp_path / "post")) as broker:
        yield broker


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_a_press_passes_a_rest_lane_that_is_full_of_unsaved_messages(
    mosquitto: MosquittoBroker, version: Version
) -> None:
    where = endpoint(mosquitto, version)
    with (
        Ear(where, client_id="panic", lane=Lane.PANIC, filters=[PRESS]) as panic,
        Ear(where, client_id="rest", lane=Lane.REST, filters=["kentongan/#"], skip=PRESS.__eq__) as rest,
        TalkingClient(mosquitto, "btn-02") as sensor,
        TalkingClient(mosquitto, "btn-01") as button,
    ):
        panic.subscribed()
        rest.subscribed()
        for number in range(200):
            sensor.publish("kentongan/btn-02/event", b"%d" % number)
        rest.wait(lambda: len(rest.deliveries) == 64, "full window")  # nothing more comes until one is saved

        button.publish(PRESS, b"press")
        assert panic.next_saved().raw.payload == b"press"
        assert len(rest.deliveries) == 64

        kept = [rest.next_saved().raw.payload for _ in range(200)]
        assert kept == [b"%d" % number for number in range(200)]
        rest.wait(lambda: rest.link.counters.skipped == 1, "skipped press")


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_what_an_earlier_configuration_subscribed_to_comes_once_and_no_more(
    mosquitto: MosquittoBroker, version: Version
) -> None:
    other = "kentongan/btn-02/event"
    with Ear(endpoint(mosquitto, version), filters=[PRESS, other]) as ear:
        ear.subscribed()
    with (
        Ear(endpoint(mosquitto, version), filters=[other]) as ear,
        TalkingClient(mosquitto, "btn-01") as gone,
        TalkingClient(mosquitto, "btn-02") as kept,
    ):
        ear.subscribed()
        gone.publish(PRESS, b"once")
        assert ear.next_saved().raw.payload == b"once"
        ear.acked(1)  # the broker answers in order: it has read the UNSUBSCRIBE
        gone.publish(PRESS, b"twice")
        kept.publish(other, b"marker")
        assert ear.payloads_until(b"marker") == [b"marker"]


def test_a_publish_that_the_access_rules_forbid_is_never_told_as_published(mosquitto: MosquittoBroker) -> None:
    with Ear(endpoint(mosquitto)) as ear:
        ear.subscribed()
        assert ear.link.publish("kentongan/btn-01/event", b"not ours to say", tag="forbidden")
        assert ear.link.publish(CONFIRM, b"ours", tag="allowed")
        ear.wait(lambda: bool(ear.published), "tag")
        assert ear.published == ["allowed"]
        assert ear.link.counters.refused_publishes == 1


def test_a_publish_that_nobody_hears_is_published_all_the_same(mosquitto: MosquittoBroker) -> None:
    with Ear(endpoint(mosquitto)) as ear:
        ear.subscribed()
        ear.link.publish("kentongan/btn-02/confirm", b"to the wind", tag="one")
        ear.wait(lambda: ear.published == ["one"], "tag")


def test_a_publish_larger_than_the_broker_takes_does_not_cost_the_connection(mosquitto: MosquittoBroker) -> None:
    with Ear(endpoint(mosquitto)) as ear:
        ear.subscribed()
        ear.link.publish(CONFIRM, bytes(2 * 1024 * 1024), tag="large")
        ear.link.publish(CONFIRM, b"small", tag="small")
        ear.wait(lambda: ear.published == ["small"], "tag")
        assert ear.link.counters.refused_publishes == 1
        assert ear.link.counters.reconnects == 0


def test_without_a_broker_no_more_than_a_bounded_number_of_publishes_is_kept(mosquitto: MosquittoBroker) -> None:
    with Ear(endpoint(mosquitto)) as ear:
        ear.subscribed()
        mosquitto.kill()
        ear.wait(lambda: not ear.link.connected, "end of the connection")
        taken = [ear.link.publish(CONFIRM, b"x") for _ in range(5 * MAX_QUEUED)]
        assert sum(taken) <= MAX_QUEUED
        assert not ear.link.publish(CONFIRM, b"x", tag="kept elsewhere")
        assert ear.link.queued <= MAX_QUEUED
        assert ear.link.counters.dropped_publishes >= 4 * MAX_QUEUED


def test_a_link_gives_back_its_descriptors_and_its_thread(mosquitto: MosquittoBroker) -> None:
    before = open_files()
    for _ in range(5):
        with Ear(endpoint(mosquitto)) as ear:
            ear.subscribed()
            assert ear.link.alive
        assert not ear.link.alive
    assert open_files() <= before


def open_files() -> int:
    """Count this process's descriptors."""
    return len(os.listdir("/proc/self/fd"))
