"""What the post and the precinct expect of any broker, proved for the one that is shipped and the one of the demo."""

from __future__ import annotations

import socket

import pytest
from paho.mqtt.enums import MQTTProtocolVersion

from dispatcher.demo.brokers import IotcoreBroker, PortTaken
from tests.support.brokers import HOST, POST, Broker, free_port
from tests.support.clients import V5, V311, Refused, TalkingClient

EVENT = "kentongan/btn-01/event"
versions = pytest.mark.parametrize("version", [V311, V5], ids=["3.1.1", "5"])


def leave_a_session(broker: Broker, version: MQTTProtocolVersion) -> None:
    """Subscribe as the post, with a session that is kept, and go away."""
    with TalkingClient(broker, POST, version=version, keep=True) as post:
        post.subscribe("kentongan/+/event")


@versions
def test_messages_for_an_absent_session_arrive_in_order_on_reconnect(
    broker: Broker, version: MQTTProtocolVersion
) -> None:
    leave_a_session(broker, version)
    numbers = [b"%d" % number for number in range(1500)]
    with TalkingClient(broker, "btn-01", version=version) as button:
        for number in numbers:
            button.publish(EVENT, number)

    with TalkingClient(broker, POST, version=version, keep=True) as post:
        assert post.session_present
        assert [post.next_message().payload for _ in numbers] == numbers


@versions
def test_a_message_that_was_not_acknowledged_comes_again(broker: Broker, version: MQTTProtocolVersion) -> None:
    leave_a_session(broker, version)
    with TalkingClient(broker, "btn-01", version=version) as button:
        button.publish(EVENT, b"press")

    forgetful = TalkingClient(broker, POST, version=version, keep=True, acknowledge=False).connect()
    assert forgetful.next_message().payload == b"press"
    forgetful.vanish()

    with TalkingClient(broker, POST, version=version, keep=True) as post:
        again = post.next_message()
        assert again.payload == b"press"


@versions
def test_a_retained_message_says_so_to_a_late_subscriber(broker: Broker, version: MQTTProtocolVersion) -> None:
    with TalkingClient(broker, "btn-01", version=version) as button:
        button.publish(EVENT, b"old", retain=True)

    with TalkingClient(broker, POST, version=version) as post:
        post.subscribe(EVENT)
        message = post.next_message()
        assert (message.payload, message.retain) == (b"old", True)


@versions
def test_a_will_is_published_when_its_client_vanishes(broker: Broker, version: MQTTProtocolVersion) -> None:
    with TalkingClient(broker, POST, version=version) as post:
        post.subscribe(EVENT)
        button = TalkingClient(broker, "btn-01", version=version)
        button.paho.will_set(EVENT, b"gone", qos=1)
        button.connect().vanish()
        assert post.next_message().payload == b"gone"


def test_both_versions_of_the_protocol_hear_each_other(broker: Broker) -> None:
    with (
        TalkingClient(broker, POST, version=V311) as old,
        TalkingClient(broker, "btn-01", version=V5) as new,
    ):
        old.subscribe(EVENT)
        new.publish(EVENT, b"from 5")
        assert old.next_message().payload == b"from 5"


@versions
def test_a_payload_of_one_megabyte_reaches_us_to_be_refused_by_us(broker: Broker, version: MQTTProtocolVersion) -> None:
    with (
        TalkingClient(broker, POST, version=version) as post,
        TalkingClient(broker, "btn-01", version=version) as button,
    ):
        post.subscribe(EVENT)
        button.publish(EVENT, bytes(1_000_000))
        assert len(post.next_message().payload) == 1_000_000


@versions
def test_a_wrong_password_is_refused(broker: Broker, version: MQTTProtocolVersion) -> None:
    with pytest.raises(Refused):
        TalkingClient(broker, POST, version=version, password="guessed").connect()


@versions
def test_nobody_enters_without_a_name(broker: Broker, version: MQTTProtocolVersion) -> None:
    with pytest.raises(Refused):
        TalkingClient(broker, None, version=version).connect()


def test_a_broker_comes_back_on_the_same_ports(broker: Broker) -> None:
    ports = (broker.port, broker.port_v5)
    broker.stop()
    broker.start()
    assert (broker.port, broker.port_v5) == ports
    with TalkingClient(broker, POST) as post:
        assert post.subscribe(EVENT) == "Granted QoS 1"


@pytest.mark.parametrize("taken", ["port", "port_v5"])
def test_a_port_that_is_taken_is_named(taken: str) -> None:
    with socket.socket() as squatter:
        squatter.bind((HOST, 0))
        squatter.listen()
        port = squatter.getsockname()[1]
        ports = {"port": free_port(), "port_v5": free_port(), taken: port}
        with pytest.raises(PortTaken, match=str(port)) as caught:
            IotcoreBroker(**ports).start()
    assert caught.value.port == port
