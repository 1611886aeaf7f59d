"""What a link promises with either broker and either version of MQTT. Each trap of paho that was found has its test."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from dispatcher.mqtt import Phase, Will
from dispatcher.mqtt.model import Protocol as Version
from tests.support.brokers import POST, Broker
from tests.support.clients import V5, TalkingClient
from tests.unit.mqtt.links import STAMP, Cable, Ear, endpoint, port_for

EVENT = "kentongan/btn-01/event"
OTHER = "kentongan/btn-02/event"
ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.parametrize("version", ["5", "3.1.1"])


@pytest.fixture
def button(broker: Broker) -> Iterator[TalkingClient]:
    """A device that presses."""
    with TalkingClient(broker, "btn-01") as talking:
        yield talking


@pytest.fixture
def cable(broker: Broker, version: Version) -> Iterator[Cable]:
    """A cable to the broker."""
    with Cable(port_for(broker, version)) as laid:
        yield laid


# --- receiving


def test_a_message_arrives_with_its_stamp_its_lane_and_a_token(
    broker: Broker, button: TalkingClient, version: Version
) -> None:
    with Ear(endpoint(broker, version)) as ear:
        ear.subscribed()
        button.publish(EVENT, b"press")
        delivery = ear.next_saved()

    raw = delivery.raw
    assert (raw.topic, raw.payload, raw.qos, raw.retain, raw.dup) == (EVENT, b"press", 1, False, False)
    assert (raw.lane, raw.arrived) == ("panic", STAMP)
    assert (delivery.token.link, delivery.token.epoch, delivery.token.qos) == ("ear", 1, 1)


def test_a_message_at_qos_0_is_delivered(broker: Broker, button: TalkingClient, version: Version) -> None:
    with Ear(endpoint(broker, version)) as ear:
        ear.subscribed()
        button.publish(EVENT, b"press", qos=0)
        assert ear.next_saved().raw.payload == b"press"


def test_a_retained_message_is_flagged(broker: Broker, button: TalkingClient, version: Version) -> None:
    button.publish(EVENT, b"old news", retain=True)

    with Ear(endpoint(broker, version)) as ear:
        assert ear.next_saved().raw.retain


def test_a_payload_of_one_megabyte_passes_and_so_does_the_next_message(
    broker: Broker, button: TalkingClient, version: Version
) -> None:
    large = bytes(1024 * 1024)
    with Ear(endpoint(broker, version)) as ear:
        ear.subscribed()
        button.publish(EVENT, large)
        button.publish(EVENT, b"small")
        assert [ear.next_saved().raw.payload for _ in range(2)] == [large, b"small"]
        ear.acked(2)


def test_skipped_topics_are_acknowledged_and_never_seen(
    broker: Broker, button: TalkingClient, cable: Cable, version: Version
) -> None:
    with TalkingClient(broker, "btn-02") as other, Ear(endpoint(cable, version), skip=EVENT.__eq__) as ear:
        ear.subscribed()
        button.publish(EVENT, b"of the other lane")
        other.publish(OTHER, b"ours")
        assert ear.next_saved().raw.payload == b"ours"
        ear.acked(1)
        assert ear.link.counters.skipped == 1

        cable.cut()
        ear.subscribed(epoch=2)
        other.publish(OTHER, b"again ours")
        assert ear.payloads_until(b"again ours") == [b"again ours"]
        assert ear.link.counters.skipped == 1


# --- acknowledging


def test_what_was_not_acknowledged_comes_again_after_a_cut(
    button: TalkingClient, cable: Cable, version: Version
) -> None:
    with Ear(endpoint(cable, version)) as ear:
        ear.subscribed()
        button.publish(EVENT, b"press")
        assert ear.next().token.epoch == 1

        cable.cut()
        again = ear.next_saved()
        assert (again.raw.payload, again.token.epoch) == (b"press", 2)
        assert ear.link.counters.reconnects == 1


def test_an_acknowledgement_for_an_earlier_connection_loses_nothing(
    button: TalkingClient, cable: Cable, version: Version
) -> None:
    with Ear(endpoint(cable, version)) as ear:
        ear.subscribed()
        button.publish(EVENT, b"press")
        old = ear.next()
        cable.cut()
        assert ear.next().token.epoch == 2

        ear.link.ack(old.token)  # the same message id, another connection
        ear.wait(lambda: ear.link.counters.stale_acks == 1, "stale acknowledgement")

        cable.cut()
        third = ear.next_saved()
        assert (third.raw.payload, third.token.epoch) == (b"press", 3)
        ear.acked(1)
        cable.cut()
        ear.subscribed(epoch=4)
        button.publish(EVENT, b"marker")
        assert ear.payloads_until(b"marker") == [b"marker"]


def test_a_second_acknowledgement_of_one_token_is_not_sent(
    broker: Broker, button: TalkingClient, version: Version
) -> None:
    with Ear(endpoint(broker, version)) as ear:
        ear.subscribed()
        button.publish(EVENT, b"press")
        token = ear.next().token
        ear.link.ack_all([token, token])
        ear.wait(lambda: ear.link.counters.stale_acks == 1, "stale acknowledgement")
        assert ear.link.counters.acked == 1


CRASHING = """
import sys, time
from dispatcher.mqtt import Endpoint
from tests.unit.mqtt.links import Ear
host, port, user, password, version = sys.argv[1:]
with Ear(Endpoint(host, int(port), user, password, protocol=version)) as ear:
    ear.subscribed()
    print("subscribed", flush=True)
    print(ear.next().raw.payload.decode(), flush=True)
    time.sleep(60)
"""


def test_what_a_killed_process_had_not_saved_comes_again_to_the_next(
    broker: Broker, button: TalkingClient, version: Version
) -> None:
    where = endpoint(broker, version)
    arguments = [where.host, str(where.port), where.username or "", where.password or "", version]
    with subprocess.Popen(
        [sys.executable, "-c", CRASHING, *arguments], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "subscribed\n"
        button.publish(EVENT, b"press")
        assert child.stdout.readline() == "press\n"
        child.kill()

    with Ear(where) as ear:
        assert ear.next_saved().raw.payload == b"press"


def test_the_session_outlives_the_process(broker: Broker, button: TalkingClient, version: Version) -> None:
    with Ear(endpoint(broker, version)) as ear:
        ear.subscribed()
        button.publish(EVENT, b"seen")
        ear.next_saved()
        ear.acked(1)

    button.publish(EVENT, b"while nobody listened")

    with Ear(endpoint(broker, version)) as ear:
        assert ear.payloads_until(b"while nobody listened") == [b"while nobody listened"]


def test_acknowledgements_given_before_a_stop_are_sent(broker: Broker, button: TalkingClient, version: Version) -> None:
    with Ear(endpoint(broker, version)) as ear:
        ear.subscribed()
        for number in range(20):
            button.publish(EVENT, b"%d" % number)
        tokens = [ear.next().token for _ in range(20)]
        ear.link.ack_all(tokens)

    button.publish(EVENT, b"marker")
    with Ear(endpoint(broker, version)) as ear:
        assert ear.payloads_until(b"marker") == [b"marker"]


# --- exceptions


def test_an_exception_in_deliver_neither_ends_the_thread_nor_loses_the_message(
    broker: Broker, button: TalkingClient, version: Version
) -> None:
    troubles = [RuntimeError("first"), RuntimeError("second")]

    def deliver(delivery: object) -> None:
        if troubles:
            raise troubles.pop()
        ear.deliveries.append(delivery)  # type: ignore[arg-type]

    with Ear(endpoint(broker, version), deliver=deliver) as ear:
        ear.subscribed()
        button.publish(EVENT, b"press")
        assert ear.next_saved().raw.payload == b"press"
        assert ear.link.counters.exceptions == 2
        assert ear.link.alive
        assert ear.link.counters.reconnects == 0


def test_callbacks_that_raise_are_counted_and_the_link_works_on(
    broker: Broker, button: TalkingClient, version: Version
) -> None:
    def trouble(_: object) -> bool:
        raise RuntimeError("trouble")

    with Ear(endpoint(broker, version), on_state=trouble, on_published=trouble, skip=trouble) as ear:
        ear.wait(lambda: ear.link.subscribed, "subscription")
        assert ear.link.publish("kentongan/btn-01/confirm", b"{}", tag="one")
        ear.wait(lambda: ear.link.counters.published == 1, "publish")
        button.publish(EVENT, b"press")
        assert ear.next_saved().raw.payload == b"press"
        assert ear.link.counters.exceptions >= 5
        assert ear.link.alive


# --- publishing


def test_a_tag_comes_back_once_the_broker_has_the_message(broker: Broker, version: Version) -> None:
    with TalkingClient(broker, "btn-01") as lamp, Ear(endpoint(broker, version)) as ear:
        lamp.subscribe("kentongan/btn-01/confirm")
        ear.subscribed()
        for number in range(100):  # more than paho may have at one time
            assert ear.link.publish("kentongan/btn-01/confirm", b"%d" % number, tag=number)
        ear.wait(lambda: len(ear.published) == 100, "tags")
        assert ear.published == list(range(100))
        assert [lamp.next_message().payload for _ in range(100)] == [b"%d" % number for number in range(100)]


def test_stop_sends_what_is_queued(broker: Broker, version: Version) -> None:
    with TalkingClient(broker, "btn-01") as lamp:
        lamp.subscribe("kentongan/btn-01/confirm")
        with Ear(endpoint(broker, version)) as ear:
            ear.subscribed()
            for number in range(50):
                ear.link.publish("kentongan/btn-01/confirm", b"%d" % number)
        assert [lamp.next_message().payload for _ in range(50)] == [b"%d" % number for number in range(50)]
        assert ear.states[-1].phase is Phase.STOPPED
        assert not ear.link.publish("kentongan/btn-01/confirm", b"too late")


def test_the_will_speaks_for_a_link_that_is_cut_and_not_for_one_that_stops(
    broker: Broker, cable: Cable, version: Version
) -> None:
    will = Will("kentongan/btn-01/confirm", b"gone", retain=False)
    with TalkingClient(broker, "btn-01") as lamp:
        lamp.subscribe(will.topic)
        with Ear(endpoint(cable, version), will=will) as ear:
            ear.subscribed()
            cable.cut()
            assert lamp.next_message().payload == b"gone"
            ear.subscribed(epoch=2)
            ear.link.publish(will.topic, b"goodbye")
        lamp_after(broker, will.topic)
        assert [lamp.next_message().payload for _ in range(2)] == [b"goodbye", b"marker"]


def lamp_after(broker: Broker, topic: str) -> None:
    """Publish a marker, as the post."""
    with TalkingClient(broker, POST, client_id="marker", version=V5) as talking:
        talking.publish(topic, b"marker")


def test_a_tagged_publish_is_refused_without_a_connection_and_forgotten_when_it_breaks(
    broker: Broker, cable: Cable, version: Version
) -> None:
    topic = "kentongan/btn-01/confirm"
    with TalkingClient(broker, "btn-01") as lamp, Ear(endpoint(cable, version)) as ear:
        assert not ear.link.publish(topic, b"before", tag="early")
        lamp.subscribe(topic)
        ear.subscribed()

        cable.hold()
        assert ear.link.publish(topic, b"lost on its way", tag="held")
        ear.wait(lambda: ear.link.queued == 0, "hand-over")
        cable.cut()
        cable.release()
        ear.subscribed(epoch=2)
        assert ear.link.publish(topic, b"after", tag="late")
        ear.wait(lambda: bool(ear.published), "tag")

        assert ear.published == ["late"]
        assert ear.link.counters.dropped_publishes == 2


def test_an_untagged_publish_waits_through_a_short_break(broker: Broker, cable: Cable, version: Version) -> None:
    topic = "kentongan/btn-01/confirm"
    with TalkingClient(broker, "btn-01") as lamp, Ear(endpoint(cable, version)) as ear:
        lamp.subscribe(topic)
        ear.subscribed()
        cable.hold()
        ear.link.publish(topic, b"held")
        ear.wait(lambda: ear.link.queued == 0, "hand-over")
        cable.cut()
        cable.release()
        ear.subscribed(epoch=2)
        assert lamp.next_message().payload == b"held"


def test_threads_that_publish_at_once_lose_nothing_and_keep_their_own_order(broker: Broker, version: Version) -> None:
    """Each sends for the link while that waits, or leaves it to whoever is just sending."""
    names = [f"btn-0{number}" for number in (1, 2)]
    with (
        TalkingClient(broker, "btn-01") as one,
        TalkingClient(broker, "btn-02") as two,
        Ear(endpoint(broker, version)) as ear,
    ):
        lamps = dict(zip(names, (one, two), strict=True))
        for name, lamp in lamps.items():
            lamp.subscribe(f"kentongan/{name}/confirm")
        ear.subscribed()

        def say(name: str) -> None:
            for number in range(200):
                while not ear.link.publish(f"kentongan/{name}/confirm", b"%d" % number):
                    ear.wait(lambda: ear.link.queued < 500, "room")

        threads = [threading.Thread(target=say, args=(name,)) for name in names]
        for thread in threads:
            thread.start()
        heard = {name: [int(lamp.next_message().payload) for _ in range(200)] for name, lamp in lamps.items()}
        for thread in threads:
            thread.join()

    assert heard == {name: list(range(200)) for name in names}
    assert ear.link.counters.exceptions == 0


def test_who_publishes_into_a_connection_that_is_gone_hears_no_error_and_the_link_connects_again(
    broker: Broker, cable: Cable, version: Version
) -> None:
    topic = "kentongan/btn-01/confirm"
    with TalkingClient(broker, "btn-01") as lamp, Ear(endpoint(cable, version)) as ear:
        lamp.subscribe(topic)
        for number in range(1, 6):
            ear.subscribed(epoch=number)
            cable.cut()
            assert ear.link.publish(topic, b"%d" % number)
            assert lamp.next_message().payload == b"%d" % number
        assert ear.link.counters.exceptions == 0


# --- filters


def test_filters_change_without_a_new_connection(broker: Broker, button: TalkingClient, version: Version) -> None:
    with TalkingClient(broker, "btn-02") as other, Ear(endpoint(broker, version), filters=[EVENT]) as ear:
        ear.subscribed()
        ear.link.set_filters([OTHER, EVENT])
        ear.wait(lambda: heard(ear, other, OTHER), "message on the new topic")

        ear.link.set_filters([OTHER])
        ear.wait(lambda: not heard(ear, button, EVENT, marker=other), "silence on the old topic")
        assert ear.link.counters.reconnects == 0
        assert [state.phase for state in ear.states] == [Phase.CONNECTING, Phase.CONNECTED, Phase.SUBSCRIBED]


def heard(ear: Ear, device: TalkingClient, topic: str, marker: TalkingClient | None = None) -> bool:
    """Publish on the topic, and tell whether it came; with ``marker``, by the time its message came."""
    device.publish(topic, b"probe")
    if marker is not None:
        marker.publish(OTHER, b"marker")
        return b"probe" in ear.payloads_until(b"marker")
    return any(ear.next_saved().raw.topic == topic for _ in range(len(ear.deliveries)))


def test_what_is_saved_late_holds_back_acknowledgements_and_not_the_connection(
    broker: Broker, button: TalkingClient, version: Version
) -> None:
    # A sensor waits for a shared save while a press behind it is answered by another lane at once.
    with (
        Ear(endpoint(broker, version), skip=lambda topic: topic == OTHER) as ear,
        TalkingClient(broker, "btn-02") as two,
    ):
        ear.subscribed()
        for count in range(1, 4):
            button.publish(EVENT, b"sensor")
            sensor = ear.next()
            two.publish(OTHER, b"press")
            ear.wait(lambda wanted=count: ear.link.counters.skipped >= wanted, "skipped press")  # type: ignore[misc]
            ear.link.ack(sensor.token)
        button.publish(EVENT, b"last")
        assert ear.next().raw.payload == b"last"
        assert ear.link.counters.reconnects == 0
