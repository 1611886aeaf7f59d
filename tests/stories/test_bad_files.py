"""A technician's slip in a file costs its newest version, never a press; and the precinct's technician is told."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.town import PROFILES, RULES, SITE, Answer, Town
from tests.support.waiting import eventually

FAULTS_TOLD = "config.fault"
BROKEN_RULE = """\
version: 1
rules:
- id: kerumunan
  when: {event: motoin}
  then: {escalate: precinct, incident: kerumunan, severity: meduim, message: "?"}
"""


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Town]:
    """A town whose post reads files that the story may spoil. Nothing runs yet."""
    shutil.copy(SITE, tmp_path / "site.yaml")
    shutil.copytree(PROFILES, tmp_path / "devices")
    for folder in RULES:
        shutil.copytree(folder, tmp_path / "rules", dirs_exist_ok=True)
    town = Town(
        tmp_path / "town",
        "embedded",
        site=tmp_path / "site.yaml",
        rules=[tmp_path / "rules"],
        profiles=tmp_path / "devices",
    )
    yield town
    town.stop()


def test_with_a_broken_rule_file_and_no_good_copy_the_floor_alone_still_relays_a_press(
    workshop: Town, tmp_path: Path
) -> None:
    (tmp_path / "rules" / "gang.yaml").write_text(BROKEN_RULE, encoding="utf-8")
    workshop.start()
    _press_arrives(workshop, "btn-1")
    fault = _alarm(workshop, "gang.yaml")
    assert fault["place"]["kelurahan"] == "krendang"
    assert "gang.yaml:4:17" in fault["title"]
    assert workshop.metric("kentongan_config_faults") >= 2
    assert list(workshop.post.told("config_fault"))

    _restart(workshop)
    _press_arrives(workshop, "btn-2")
    assert len(_alarms(workshop)) == 1  # the same fault is not told at every start


def test_spoilt_rules_profiles_and_site_fall_back_to_the_last_good_copies(workshop: Town, tmp_path: Path) -> None:
    workshop.start()
    _press_arrives(workshop, "btn-1")
    assert workshop.metric("kentongan_config_faults") == 0
    (tmp_path / "rules" / "gang.yaml").write_text(BROKEN_RULE, encoding="utf-8")
    (tmp_path / "devices" / "zigbee2mqtt.yaml").write_text("profile: [\n", encoding="utf-8")
    with (tmp_path / "site.yaml").open("a", encoding="utf-8") as site:
        site.write("- {id: btn-1, profile: kentongan}\n")
    _restart(workshop)

    _alarm(workshop, "site.yaml")
    _press_arrives(workshop, "btn-2")
    workshop.radio("zigbee2mqtt").say("zigbee2mqtt/sos_gate", {"action": "emergency", "linkquality": 90})
    eventually(lambda: _about(workshop, "sos_gate"), workshop.logs)
    workshop.radio("pir-1").say("kentongan/pir-1/event", {"kind": "motion", "attrs": {"people": 20}})
    eventually(lambda: _about(workshop, "Kerumunan di gang"), workshop.logs)


def _restart(town: Town) -> None:
    town.post.kill()
    town.post.start()
    town.wait_post()


def _press_arrives(town: Town, device: str) -> None:
    button = town.button(device)
    town.officer.wait_incident(button.wait(button.press(), "delivered")["incident"])


def _about(town: Town, words: str) -> list[Answer]:
    return [found for found in town.officer.incidents() if words in found["title"]]


def _alarms(town: Town) -> list[Answer]:
    return [found for found in town.officer.incidents() if found["incident"] == FAULTS_TOLD]


def _alarm(town: Town, file: str) -> Answer:
    eventually(lambda: _alarms(town), town.logs)
    (alarm,) = _alarms(town)
    assert file in alarm["title"]
    return alarm
