"""The case runner itself: what it compares, and how it says what is wrong."""

import json

from dispatcher.devices import run_cases
from tests.unit.devices.shipped import shipped

PROFILES = shipped()
PRESS = {
    "id": "a",
    "convention": "zigbee2mqtt",
    "model": "m",
    "topic": "zigbee2mqtt/b",
    "payload": '{"action":"emergency"}',
    "retain": False,
    "expect": [{"kind": "panic.press", "device": "b", "attrs": {}}],
}
SIREN = {
    "id": "c",
    "convention": "tasmota",
    "device": "s",
    "command": "siren.on",
    "args": {},
    "publish": [{"topic": "cmnd/s/POWER", "payload": "ON", "retain": False, "qos": 1}],
}


def run(*cases: object) -> tuple[int, int, str]:
    report = run_cases([json.dumps(case) for case in cases], PROFILES)
    return report.passed, report.failed, "\n".join(report.failures)


def test_a_line_that_holds_passes() -> None:
    assert run(PRESS, SIREN) == (2, 0, "")


def test_a_failure_says_what_was_expected_and_what_came() -> None:
    passed, failed, text = run({**PRESS, "expect": [{"kind": "smoke", "device": "b", "attrs": {}}]})
    assert (passed, failed) == (0, 1)
    assert text == "a: expected smoke b, got panic.press b"


def test_an_event_too_many_fails() -> None:
    assert run({**PRESS, "expect": []})[1] == 1


def test_attributes_are_a_minimum_and_equal_in_type() -> None:
    battery = {**PRESS, "payload": '{"battery":7}'}
    low = {"kind": "battery.low", "device": "b"}
    assert run({**battery, "expect": [{**low, "attrs": {}}]})[0] == 1
    assert run({**battery, "expect": [{**low, "attrs": {"battery": 7}}]})[0] == 1
    assert run({**battery, "expect": [{**low, "attrs": {"battery": "7"}}]})[1] == 1


def test_each_line_starts_fresh_and_only_a_group_shares_its_state() -> None:
    assert run(PRESS, PRESS)[0] == 2
    first, second = {**PRESS, "group": "g", "t": 0}, {**PRESS, "group": "g", "t": 1, "expect": []}
    assert run(first, second)[0] == 2


def test_a_line_without_a_profile_fails_and_says_so() -> None:
    assert run({**PRESS, "convention": "x10"}) == (0, 1, "a: no profile x10")


def test_a_broken_line_is_a_failure_with_its_number() -> None:
    report = run_cases(["", "{", "[]", json.dumps({**PRESS, "expect": 5})], PROFILES)
    assert report.passed == 0
    assert [failure.split(":")[0] for failure in report.failures] == ["line 2", "line 3", "a"]


def test_a_command_that_publishes_something_else_fails() -> None:
    wrong = {**SIREN, "publish": [{"topic": "cmnd/s/POWER", "payload": "OFF", "retain": False, "qos": 1}]}
    assert "expected cmnd/s/POWER OFF, got cmnd/s/POWER ON" in run(wrong)[2]
    assert "also published" in run({**SIREN, "publish": []})[2]
    assert run({**SIREN, "publish": [{**SIREN["publish"][0], "retain": True}]})[1] == 1  # type: ignore[index]


def test_a_command_that_cannot_be_said_fails() -> None:
    assert run({**SIREN, "command": "siren.sing"})[2] == "c: unsupported: no_command siren.sing"
