"""What is published for a command, and what is refused instead of guessed."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.devices import OutMessage, Unsupported, to_messages
from dispatcher.domain.site import Device
from tests.unit.devices.shipped import shipped

PROFILES = shipped()


def device(profile: str, id_: str = "d", model: str | None = None, **settings: object) -> Device:
    return Device(id_, profile, "siren", model=model, settings=settings)


def test_our_own_siren_gets_its_command_with_id_and_arguments() -> None:
    (message,) = _messages(to_messages(device("kentongan"), "siren.on", {"id": "c1", "duration_s": 60}, PROFILES))
    assert message.topic == "kentongan/d/command"
    assert json.loads(message.payload) == {"id": "c1", "command": "siren.on", "args": {"duration_s": 60}}
    assert (message.qos, message.retain) == (1, False)


def test_our_own_lamp_gets_the_stage_and_how_long_it_stands() -> None:
    (message,) = _messages(to_messages(device("kentongan"), "lamp.stage", {"stage": "sent", "ttl_s": 30}, PROFILES))
    assert json.loads(message.payload)["args"] == {"stage": "sent", "ttl_s": 30}


@pytest.mark.parametrize(
    ("bad", "command", "args", "reason"),
    [
        (device("nobody"), "siren.on", {}, "no_profile"),
        (device("tasmota"), "siren.sing", {}, "no_command"),
        (device("tasmota"), "lamp.stage", {"stage": "happy"}, "bad_argument"),
        (device("tasmota"), "lamp.stage", {"stage": ["sent"]}, "bad_argument"),
        (device("tasmota", "a#b"), "siren.on", {}, "bad_topic"),
        (device("kentongan", "a/b"), "siren.on", {}, "bad_topic"),
    ],
)
def test_what_cannot_be_said_is_refused_with_a_word(
    bad: Device, command: str, args: dict[str, object], reason: str
) -> None:
    answer = to_messages(bad, command, args, PROFILES)
    assert isinstance(answer, Unsupported)
    assert answer.reason == reason


@pytest.mark.parametrize(("seconds", "pulse"), [(0.2, 10), (11, 110), (12, 112), (180, 280), (1e9, 64_900)])
def test_a_tasmota_relay_drops_by_itself(seconds: float, pulse: int) -> None:
    (message,) = _messages(to_messages(device("tasmota"), "siren.on", {"duration_s": seconds}, PROFILES))
    assert message.payload == f"PulseTime1 {pulse}; POWER1 ON".encode()


def test_a_stage_never_turns_a_bulb_dark() -> None:
    for stage in ("saved", "sent", "delivered", "acknowledged", "dispatched", "arrived", "closed", "refused", "idle"):
        (message,) = _messages(to_messages(device("zigbee2mqtt"), "lamp.stage", {"stage": stage}, PROFILES))
        assert json.loads(message.payload)["state"] == "ON"


@given(
    profile=st.sampled_from(["kentongan", "zigbee2mqtt", "tasmota", "x"]),
    id_=st.text(max_size=10),
    command=st.sampled_from(["siren.on", "siren.off", "lamp.stage", "x"]),
    args=st.dictionaries(
        st.sampled_from(["duration_s", "stage", "id", "x"]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.lists(st.integers()),
    ),
    output=st.none() | st.integers() | st.text(max_size=3),
)
def test_any_command_to_any_device_gives_an_answer(
    profile: str, id_: str, command: str, args: dict[str, object], output: object
) -> None:
    answer = to_messages(device(profile, id_, output=output), command, args, PROFILES)
    for message in () if isinstance(answer, Unsupported) else answer:
        assert not any(char in message.topic for char in "+#")


def _messages(answer: tuple[OutMessage, ...] | Unsupported) -> tuple[OutMessage, ...]:
    assert not isinstance(answer, Unsupported), answer
    return answer
