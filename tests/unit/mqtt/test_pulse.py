from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dispatcher.mqtt.pulse import Pulse

KEEPALIVE_S = 10.0


def test_a_broker_is_asked_when_either_side_was_silent_for_the_keepalive() -> None:
    for quiet in ("said", "heard"):
        pulse = Pulse(KEEPALIVE_S, 0.0)
        (pulse.heard if quiet == "said" else pulse.said)(5.0)
        assert not pulse.must_ask(9.9)
        assert pulse.must_ask(10.0)


def test_a_question_is_asked_once_and_a_broker_that_does_not_answer_is_gone() -> None:
    pulse = Pulse(KEEPALIVE_S, 0.0)
    pulse.asked(10.0)
    assert not pulse.must_ask(10.5)
    assert not pulse.is_gone(19.9)
    assert pulse.is_gone(20.0)


def test_anything_that_comes_is_a_sign_of_life() -> None:
    pulse = Pulse(KEEPALIVE_S, 0.0)
    pulse.asked(10.0)
    pulse.heard(19.0)
    assert not pulse.is_gone(1000.0)
    assert pulse.must_ask(20.0)  # our own silence, since the question


def test_a_keepalive_of_zero_asks_nothing_and_gives_nobody_up() -> None:
    pulse = Pulse(0, 0.0)
    assert not pulse.must_ask(1e9)
    pulse.asked(0.0)
    assert not pulse.is_gone(1e9)


@given(st.lists(st.floats(0.01, 0.5), min_size=100, max_size=400))
def test_whoever_does_not_listen_keeps_asking_and_never_blames_the_broker(steps: list[float]) -> None:
    """The broker, which hears all we say, must not find us silent for one and a half keepalives."""
    pulse, now, told = Pulse(KEEPALIVE_S, 0.0), 0.0, 0.0
    for step in steps:
        now += step
        pulse.heard(now)  # as a connection does that is not listening
        assert not pulse.is_gone(now)
        if pulse.must_ask(now):
            pulse.asked(now)
            told = now
        assert now - told < 1.5 * KEEPALIVE_S
