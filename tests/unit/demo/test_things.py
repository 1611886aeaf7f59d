from __future__ import annotations

import json

import pytest

from dispatcher.demo import things
from dispatcher.demo.messages import Command
from dispatcher.demo.things import DARK, Lamp, Sensor, Siren


def lamp_order(stage: object, ttl_s: object = 15, **more: object) -> Command:
    return Command("lamp.stage", {"stage": stage, "ttl_s": ttl_s, **more})


def test_a_lamp_that_was_never_told_anything_is_dark() -> None:
    assert things.lamp_shows(Lamp("lampu"), 0.0) == DARK


def test_a_lamp_shows_what_it_was_told_until_its_time_to_live_is_over_and_then_is_dark() -> None:
    lamp = things.lamp_told(Lamp("lampu"), lamp_order("delivered", 15), 100.0)
    assert things.lamp_shows(lamp, 114.9) == "delivered"
    assert things.lamp_shows(lamp, 115.0) == DARK


def test_each_order_renews_the_lamp() -> None:
    lamp = things.lamp_told(Lamp("lampu"), lamp_order("idle"), 0.0)
    lamp = things.lamp_told(lamp, lamp_order("idle"), 10.0)
    assert things.lamp_shows(lamp, 20.0) == "idle"


@pytest.mark.parametrize("stage", ["a stage of next year", "", None, 3, "dark "])
def test_a_stage_that_the_lamp_does_not_know_lights_nothing(stage: object) -> None:
    assert things.lamp_shows(things.lamp_told(Lamp("lampu"), lamp_order(stage), 0.0), 1.0) == DARK


@pytest.mark.parametrize("ttl_s", [0, -5, "15", None, True, 1e9])
def test_a_time_to_live_that_makes_no_sense_is_the_usual_one(ttl_s: object) -> None:
    lamp = things.lamp_told(Lamp("lampu"), lamp_order("saved", ttl_s), 0.0)
    assert things.lamp_shows(lamp, things.DEFAULT_TTL_S - 0.1) == "saved"
    assert things.lamp_shows(lamp, things.DEFAULT_TTL_S) == DARK


def test_a_lamp_forgets_who_answered_when_the_next_order_names_nobody() -> None:
    lamp = things.lamp_told(Lamp("lampu"), lamp_order("acknowledged", by="aiptu-114"), 0.0)
    assert lamp.by == "aiptu-114"
    assert things.lamp_told(lamp, lamp_order("idle"), 1.0).by is None


def test_a_siren_howls_for_the_time_it_was_given_and_then_stops_by_itself() -> None:
    siren = things.siren_told(Siren("sirene"), Command("siren.on", {"duration_s": 30}), 0.0)
    assert things.siren_on(siren, 29.0)
    assert not things.siren_on(siren, 30.0)


def test_a_siren_without_a_duration_stops_after_a_minute() -> None:
    siren = things.siren_told(Siren("sirene"), Command("siren.on"), 0.0)
    assert things.siren_on(siren, 59.0)
    assert not things.siren_on(siren, 60.0)


def test_a_siren_is_switched_off_at_once_and_ignores_other_commands() -> None:
    siren = things.siren_told(Siren("sirene"), Command("siren.on"), 0.0)
    assert things.siren_told(siren, Command("lamp.stage"), 1.0) == siren
    assert not things.siren_on(things.siren_told(siren, Command("siren.off"), 1.0), 1.0)


@pytest.mark.parametrize(
    ("role", "action", "kind"),
    [
        ("door", "open", "door.open"),
        ("door", "close", "door.closed"),
        ("motion", "trigger", "motion"),
        ("smoke", "trigger", "smoke"),
    ],
)
def test_a_sensor_says_what_it_noticed_with_counters_that_grow(role: str, action: str, kind: str) -> None:
    sensor = Sensor("s", role, boot=3)
    for seq in (1, 2):
        done = things.act(sensor, action, 0.0)
        assert done is not None
        sensor, message = done
        assert json.loads(message.payload) == {"kind": kind, "boot": 3, "seq": seq, "attrs": {}}


def test_a_sensor_refuses_an_action_that_it_does_not_have() -> None:
    assert things.act(Sensor("s", "door", boot=3), "trigger", 0.0) is None


def test_a_door_stays_open_and_motion_passes() -> None:
    door = things.act(Sensor("d", "door", boot=1), "open", 0.0)
    motion = things.act(Sensor("m", "motion", boot=1), "trigger", 0.0)
    assert door is not None
    assert motion is not None
    assert things.sensor_active(door[0], 1e6)
    assert things.sensor_active(motion[0], 1.0)
    assert not things.sensor_active(motion[0], 60.0)
