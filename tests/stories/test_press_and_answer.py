"""A guard presses, and sees at the lamp how near help is, up to the officer's own number."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.town import POST_ID, Answer, Town
from tests.support.waiting import eventually


def test_a_press_is_saved_then_delivered_and_stands_on_the_board_with_its_place(town: Town) -> None:
    button, lamp = town.button("btn-1"), town.lamp
    seq = button.press()
    saved = button.wait(seq, "saved")
    delivered = button.wait(seq, "delivered")
    assert delivered["incident"] == saved["incident"]
    lamp.wait("delivered")

    incident = town.officer.wait_incident(saved["incident"])
    assert (incident["post"], incident["severity"], incident["count"]) == (POST_ID, "critical", 1)
    assert incident["place"] == {"kelurahan": "krendang", "zone": "meja", "lat": -6.149, "lon": 106.803}
    assert "btn-1" in incident["title"]
    assert [(row["device"], row["boot"], row["seq"]) for row in incident["evidence"]] == [("btn-1", 1, seq)]
    assert button.stages(seq)[0] == "saved"
    assert set(button.stages(seq)) <= {"saved", "sent", "delivered"}


def test_the_officers_answers_reach_the_button_and_the_lamp_with_the_badge(town: Town) -> None:
    button, lamp = town.button("btn-1", boot=2), town.lamp
    seq = button.press()
    incident = button.wait(seq, "delivered")["incident"]
    town.officer.wait_incident(incident)

    for verb, stage in (("acknowledge", "acknowledged"), ("dispatch", "dispatched"), ("arrive", "arrived")):
        town.officer.do(incident, verb, **({"unit": "Patroli 2"} if verb == "dispatch" else {}))
        assert button.wait(seq, stage)["by"] == town.officer.badge
        lamp.wait(stage)

    town.officer.do(incident, "close", disposition="real")
    assert button.wait(seq, "closed")["incident"] == incident
    lamp.wait("idle")
    assert button.stages(seq)[-4:] == ["acknowledged", "dispatched", "arrived", "closed"]


def test_a_bought_zigbee_button_without_a_counter_is_answered_at_the_lamp(town: Town) -> None:
    press = {"battery": 100, "voltage": 3000, "action": "emergency", "linkquality": 193}
    _bought_button(town, "zigbee2mqtt", "zigbee2mqtt/sos_gate", press, device="sos_gate", zone="gerbang")


def test_a_radio_fob_behind_a_tasmota_receiver_is_answered_at_the_lamp(town: Town) -> None:
    press = {"RfReceived": {"Data": "0x7028D5", "Bits": 24, "Protocol": 1, "Pulse": 238}}
    _bought_button(town, "tasmota", "tele/tasmota/RESULT", press, device="fob-31", zone="gang")


def _bought_button(town: Town, user: str, topic: str, press: Answer, *, device: str, zone: str) -> None:
    lamp, bridge = town.lamp, town.radio(user)
    assert bridge.say(topic, press)
    lamp.wait("delivered")
    (incident,) = _about(town, device)
    assert (incident["place"]["zone"], incident["count"]) == (zone, 1)
    town.officer.do(incident["id"], "acknowledge")
    lamp.wait("acknowledged")


def test_a_press_that_is_repeated_is_confirmed_again_and_counted_once(town: Town) -> None:
    button = town.button("btn-2")
    seq = button.press()
    first = button.wait(seq, "delivered")
    before = len(button.confirms(seq))
    for _ in range(3):
        button.press(seq)
    eventually(lambda: len(button.confirms(seq)) >= before + 3, "a repeated press was not confirmed again")
    assert {body["incident"] for body in button.confirms(seq)} == {first["incident"]}
    incident = town.officer.incident(first["incident"])
    assert (incident["count"], len(incident["evidence"])) == (1, 1)
    assert len(_about(town, "btn-2")) == 1


def test_a_second_press_joins_the_incident_and_sounds_again_until_it_is_answered_too(town: Town) -> None:
    button, lamp = town.button("btn-3"), town.lamp
    first = button.press()
    incident = button.wait(first, "delivered")["incident"]
    town.officer.wait_incident(incident)
    town.officer.do(incident, "acknowledge")
    button.wait(first, "acknowledged")

    second = button.press()
    assert button.wait(second, "delivered")["incident"] == incident
    lamp.wait("delivered")  # help is on its way to the first press only
    told = town.officer.wait_incident(incident, lambda found: found["count"] == 2)
    assert (told["stage"], told["unanswered"]) == ("delivered", True)
    assert "sounds_again" in [entry["what"] for entry in told["timeline"]]
    assert button.stages(first)[-1] == "acknowledged"
    assert "acknowledged" not in button.stages(second)

    town.officer.do(incident, "acknowledge")
    button.wait(second, "acknowledged")
    lamp.wait("acknowledged")


@pytest.mark.slow
def test_a_press_that_nobody_at_the_precinct_can_see_is_unattended_until_somebody_sits_down(tmp_path: Path) -> None:
    town = Town(tmp_path, "embedded")
    try:
        town.start_unattended()
        button = town.button("btn-1")
        seq = button.press()
        button.wait(seq, "delivered")
        button.wait(seq, "unattended")
        town.lamp.wait("unattended")

        town.officer.sit_down()
        town.lamp.wait("delivered")
        eventually(lambda: button.stages(seq)[-1] == "delivered", "the button was not told that somebody is there")
    finally:
        town.stop()


def _about(town: Town, device: str) -> list[Answer]:
    return [incident for incident in town.officer.incidents("open") if device in incident["title"]]
