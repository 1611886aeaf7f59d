"""What a technician has written in YAML opens incidents, and sounds the siren."""

from __future__ import annotations

from typing import Any

from tests.support.town import Answer, Town
from tests.support.waiting import eventually


def _of_rule(town: Town, rule: str) -> list[Answer]:
    return [found for found in town.officer.incidents() if found["rule"] == rule]


def _say(device: str, kind: str, **attrs: Any) -> tuple[str, dict[str, Any]]:
    return f"kentongan/{device}/event", {"kind": kind, "attrs": attrs}


def test_a_rule_over_a_sensor_opens_one_incident_and_its_repeats_become_evidence(town: Town) -> None:
    sensor = town.radio("pir-1")
    sensor.say(*_say("pir-1", "motion", people=3))
    sensor.say(*_say("pir-1", "motion", people=12))
    (incident,) = eventually(lambda: _of_rule(town, "kerumunan"), town.logs)
    assert incident["title"] == "Kerumunan di gang, terdeteksi pir-1"
    assert (incident["incident"], incident["severity"], incident["certainty"]) == ("kerumunan", "medium", "possible")
    assert incident["place"]["zone"] == "gang"

    sensor.say(*_say("pir-1", "motion", people=15))
    sensor.say(*_say("pir-1", "motion", people=4))
    sensor.say(*_say("pir-1", "motion", people=11))
    told = town.officer.wait_incident(incident["id"], lambda found: found["count"] == 3)
    assert [row["kind"] for row in told["evidence"]] == ["motion"] * 3
    assert len(_of_rule(town, "kerumunan")) == 1
    assert town.lamp.now == "idle"  # the lamp beside the button speaks of presses


def test_a_rule_sounds_the_siren_of_its_post(town: Town) -> None:
    siren, door = town.radio("siren-1", "kentongan/siren-1/command"), town.radio("door-1")
    door.say(*_say("door-1", "door.open"))
    door.say(*_say("door-1", "door.open", forced=True))
    command = eventually(lambda: siren.heard("/command"), town.logs)[0]
    assert command.body["command"] == "siren.on"
    assert command.body["id"]
    (incident,) = eventually(lambda: _of_rule(town, "pintu-dobrak"), town.logs)
    assert (incident["title"], incident["count"]) == ("Pintu door-1 didobrak", 1)
    assert len(siren.heard("/command")) == 1


def test_a_press_sounds_the_siren_and_takes_the_rules_words_in_its_next_revision(town: Town) -> None:
    siren, button = town.radio("siren-1", "kentongan/siren-1/command"), town.button("btn-7")
    incident = button.wait(button.press(), "delivered")["incident"]
    assert eventually(lambda: siren.heard("/command"), town.logs)[0].body["command"] == "siren.on"
    told = town.officer.wait_incident(incident, lambda found: found["title"] == "Tombol panik btn-7 ditekan di pos-03")
    assert (told["count"], told["severity"], len(told["evidence"])) == (1, "critical", 1)
