from __future__ import annotations

import selectors
import socket
import ssl
import threading
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from dispatcher.domain.events import Lane
from dispatcher.mqtt import Backoff, Endpoint, Link, Phase, Token
from dispatcher.mqtt.failures import from_error, from_reason
from dispatcher.mqtt.waker import Waker
from tests.unit.mqtt.links import STAMP

# --- back-off


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_a_wait_is_never_shorter_than_half_the_least_nor_longer_than_the_most(failures: int, chance: float) -> None:
    assert 0.25 <= Backoff().wait_s(failures, chance) <= 30.0


@given(st.integers(1, 100))
def test_waits_do_not_shrink_while_the_trouble_lasts(failures: int) -> None:
    assert Backoff().wait_s(failures + 1, 0.0) >= Backoff().wait_s(failures, 0.0)


def test_waits_double_from_half_a_second_to_half_a_minute() -> None:
    assert [Backoff().wait_s(failures, 0.0) for failures in range(1, 9)] == [0.5, 1, 2, 4, 8, 16, 30, 30]


# --- what a failure means


@pytest.mark.parametrize(
    ("problem", "phase", "words"),
    [
        (socket.gaierror(-2, "Name or service not known"), Phase.UNREACHABLE, "name not resolved"),
        (ConnectionRefusedError(111, "x"), Phase.UNREACHABLE, "Connection refused"),
        (TimeoutError("timed out"), Phase.UNREACHABLE, "no answer in time"),
        (OSError(113, "x"), Phase.UNREACHABLE, "No route to host"),
        (FileNotFoundError(2, "x", "/etc/ca.crt"), Phase.REFUSED, "/etc/ca.crt"),
        (PermissionError(13, "x", "/etc/tls.key"), Phase.REFUSED, "/etc/tls.key"),
        (ssl.SSLError(1, "wrong version number"), Phase.REFUSED, "no TLS"),
        (ssl.SSLEOFError(8, "EOF occurred"), Phase.UNREACHABLE, "cut off"),
        (ValueError("odd"), Phase.REFUSED, "odd"),
    ],
)
def test_a_failure_to_connect_says_whether_waiting_helps(problem: Exception, phase: Phase, words: str) -> None:
    down = from_error(problem, "broker.test", 1883)
    assert down.phase is phase
    assert words in down.detail


@pytest.mark.parametrize(
    ("name", "phase"),
    [
        ("Not authorized", Phase.REFUSED),
        ("Bad user name or password", Phase.REFUSED),
        ("Client identifier not valid", Phase.REFUSED),
        ("Banned", Phase.REFUSED),
        ("Server busy", Phase.UNREACHABLE),
        ("Server unavailable", Phase.UNREACHABLE),
    ],
)
def test_a_refused_connection_says_whether_waiting_helps(name: str, phase: Phase) -> None:
    down = from_reason(ReasonCode(PacketTypes.CONNACK, name), when="refused")
    assert (down.phase, down.detail) == (phase, f"refused: {name}")


def test_a_session_that_was_taken_over_needs_a_person() -> None:
    assert from_reason(ReasonCode(PacketTypes.DISCONNECT, "Session taken over"), when="x").phase is Phase.REFUSED


# --- waker


def test_many_wakes_cost_one_byte_and_none_while_the_loop_is_awake() -> None:
    waker, selector = Waker(), selectors.DefaultSelector()
    waker.register(selector)
    waker.going_to_sleep()
    for _ in range(1000):
        waker.wake()
    assert len(selector.select(0)) == 1
    waker.awake()
    waker.drain()
    waker.wake()
    assert selector.select(0) == []
    waker.close()


def test_no_item_is_left_lying_while_the_loop_sleeps() -> None:
    """Two producers against a loop that sleeps without a timeout whenever its queue is empty: it would hang."""
    waker, selector, queue = Waker(), selectors.DefaultSelector(), deque[int]()
    waker.register(selector)

    def produce() -> None:
        for number in range(5000):
            queue.append(number)
            waker.wake()

    producers = [threading.Thread(target=produce, daemon=True) for _ in range(2)]
    for one in producers:
        one.start()
    taken = 0
    while taken < 10_000:
        waker.going_to_sleep()
        if not queue:
            assert selector.select(10.0), "asleep with something in the queue"
            waker.awake()
            waker.drain()
        while queue:
            queue.popleft()
            taken += 1
    for one in producers:
        one.join()
    waker.close()


def test_waking_a_loop_that_has_ended_is_nothing() -> None:
    waker = Waker()
    waker.close()
    waker.wake()


# --- a link before and without its thread


def link() -> Link:
    """Return a link to nowhere."""
    return Link(
        name="one",
        client_id="one",
        endpoint=Endpoint("127.0.0.1", 1, "user", "sesame"),
        lane=Lane.REST,
        filters=["a/#"],
        stamp=lambda: STAMP,
        deliver=lambda _: None,
    )


def test_a_link_that_was_not_started_is_neither_alive_nor_connected_and_stops_at_once() -> None:
    one = link()
    assert (one.alive, one.connected, one.subscribed) == (False, False, False)
    assert one.state.phase is Phase.STOPPED
    one.ack(Token("one", 1, 1, 1))
    assert not one.publish("a", b"", tag="kept elsewhere")
    assert one.counters.dropped_publishes == 1
    assert one.stop(0.1)
    assert one.stop(0.1)


def test_faulty_filters_are_told_to_the_caller_and_change_nothing() -> None:
    with pytest.raises(ValueError, match="filter"):
        link().set_filters(["fine", "not#fine"])


def test_a_password_is_in_no_repr() -> None:
    assert "sesame" not in repr(Endpoint("host", 1, "user", "sesame"))
