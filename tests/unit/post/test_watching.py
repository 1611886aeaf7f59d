"""Watchdog, crash loops, and what a lamp is told of the post itself."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dispatcher.post.crashes import LIMIT, Crashes
from dispatcher.post.watchdog import Watchdog, period_s, probe_topic
from tests.unit.post.desk import Desk, Wire


class Systemd:
    """What systemd was told."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def __call__(self, message: str) -> bool:
        self.said.append(message)
        return True


def watched() -> tuple[Watchdog, Wire, Systemd]:
    wire, systemd = Wire(), Systemd()
    return Watchdog(30, probe_topic("pos-03"), wire, systemd), wire, systemd


def test_systemd_is_told_only_after_a_probe_went_the_whole_way() -> None:
    dog, wire, systemd = watched()
    assert not dog.step(0, broker_there=True, turning=True)
    assert len(wire.on("pos-03/probe")) == 1
    assert not dog.step(5, broker_there=True, turning=True)
    dog.came_back()
    assert dog.step(6, broker_there=True, turning=True)
    assert systemd.said == ["WATCHDOG=1"]


def test_a_broker_that_takes_and_never_gives_lets_the_watchdog_bite() -> None:
    dog, wire, systemd = watched()
    for second in range(120):
        dog.step(second, broker_there=True, turning=True)
    assert systemd.said == []
    assert len(wire.on("/probe")) == 12


def test_without_a_broker_the_pipelines_turns_must_do_and_a_stuck_one_bites() -> None:
    dog, _, systemd = watched()
    assert dog.step(0, broker_there=False, turning=True)
    assert dog.step(10, broker_there=False, turning=True)
    assert not dog.step(20, broker_there=False, turning=False)
    assert len(systemd.said) == 2


@pytest.mark.parametrize(
    ("environment", "period"),
    [({}, None), ({"WATCHDOG_USEC": "0"}, None), ({"WATCHDOG_USEC": "x"}, None), ({"WATCHDOG_USEC": "90000000"}, 90.0),
     ({"WATCHDOG_USEC": "90000000", "WATCHDOG_PID": "1"}, None)],
)  # fmt: skip
def test_the_period_is_what_systemd_says(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], period: float | None
) -> None:
    for name in ("WATCHDOG_USEC", "WATCHDOG_PID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert period_s() == period


def test_a_probe_is_on_the_disk_before_it_counts(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    back: list[int] = []
    object.__setattr__(desk.pipeline._parts, "probe", probe_topic("pos-03"))
    object.__setattr__(desk.pipeline._parts, "probed", lambda: back.append(desk.journal.synced_sequence))
    before = desk.journal.last_sequence
    token = desk.message(probe_topic("pos-03"), json.dumps({"at": 1}).encode())
    desk.turn()
    assert desk.acked == [token]
    assert back == [before + 1]  # the number that was durable when it counted


# --- crash loops


def test_three_quick_ends_make_a_loop_and_one_that_lasted_ends_it(tmp_path: Path) -> None:
    for expected in range(LIMIT):
        crashes = Crashes(tmp_path)
        assert (crashes.count, crashes.is_looping) == (expected, False)
        crashes.started()
    looping = Crashes(tmp_path)
    assert looping.is_looping
    looping.started()
    looping.lasted()
    assert Crashes(tmp_path).count == 0


def test_a_power_cut_is_no_crash_of_the_program(tmp_path: Path) -> None:
    for boot in "abcde":
        crashes = Crashes(tmp_path, boot)
        assert not crashes.is_looping
        crashes.started()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"quick": "x"}', '{"quick": -1}', '{"quick": true}', "\x00"])
def test_a_damaged_count_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "starts.json").write_text(text)
    assert Crashes(tmp_path).count == 0


def test_a_disk_that_cannot_count_costs_only_the_count(tmp_path: Path) -> None:
    crashes = Crashes(tmp_path / "none")
    crashes.started()
    crashes.lasted()
    assert not Crashes(tmp_path / "none").is_looping


# --- the lamp


def test_a_lamp_is_told_when_the_disk_is_low_and_when_it_is_well_again(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.turn()
    desk.free = 0
    desk.turns(2, 10_000)
    desk.free = 2**30
    desk.turns(2, 10_000)
    told = [body["args"].get("trouble") for body in desk.local.on("lamp-1/command")]
    assert [word for n, word in enumerate(told) if n == 0 or told[n - 1] != word] == [None, "disk_low", None]


class SlowCard:
    """The desk's journal, on a card whose next saves take as long as the desk's clock is moved."""

    def __init__(self, desk: Desk) -> None:
        self._journal, self._clock = desk.journal, desk.clock
        self.takes_ms = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)

    def sync(self) -> None:
        self._clock.wait(self.takes_ms)
        self._journal.sync()


def test_a_lamp_is_told_for_a_minute_that_a_save_took_long(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    card = SlowCard(desk)
    desk.pipeline._parts = replace(desk.pipeline._parts, journal=card)
    desk.press(1)
    desk.turn()
    assert desk.keeper.condition == "good"
    card.takes_ms = 2_000
    desk.press(2)
    desk.turn()
    assert desk.keeper.condition == "slow"
    card.takes_ms = 0
    desk.turns(13, 5_000)
    assert desk.keeper.condition == "good"
    told = [body["args"].get("trouble") for body in desk.local.on("lamp-1/command")]
    assert [word for n, word in enumerate(told) if n == 0 or told[n - 1] != word] == [None, "disk_slow", None]
