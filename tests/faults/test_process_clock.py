"""The wall clock is wrong, jumps, or is not there. Copies, deadlines and ages do not care; what is doubtful is said."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.brokers import require_mosquitto
from tests.support.hurt import HurtTown
from tests.support.ledger import Ledger, homes
from tests.support.radio import Button
from tests.support.town import living, revisions
from tests.support.waiting import eventually
from tests.support.walls import YEAR_S, Wall

pytestmark = pytest.mark.mosquitto

UNDELIVERED_S = 10.0
A_HAIR_S = 0.5  # between the post's save and our hearing of it, and the post's own clocks' milliseconds
AWAY_S = 1_800.0  # shorter than the hour for which a copy is known
YEARS = {"three years on": 3 * YEAR_S, "eleven months back": -0.9 * YEAR_S, "five years back": -5 * YEAR_S}


@pytest.fixture
def wall(tmp_path: Path) -> Iterator[Wall]:
    made = Wall(tmp_path)
    yield made
    made.close()


@pytest.fixture
def timed(tmp_path: Path, wall: Wall) -> Iterator[HurtTown]:
    """A town whose post looks at `wall`."""
    require_mosquitto()
    town = HurtTown(tmp_path / "town", wired=True)
    town.post.env = wall.env
    with living(town):
        yield town


def say_again(ledger: Ledger, button: Button, seq: int) -> None:
    """Repeat a press that was answered long ago, and return when it is answered once more."""
    answered = len(button.confirms(seq))
    button.press(seq)
    eventually(lambda: len(button.confirms(seq)) > answered, ledger.town.logs)


def check_all_copies(ledger: Ledger) -> None:
    """Let every button repeat everything: nothing new may come of it."""
    before = homes(ledger.town.officer)
    for button in ledger.buttons:
        last = button.seq
        for seq in range(1, last + 1):
            say_again(ledger, button, seq)
        button.seq = last
    ledger.check()
    assert homes(ledger.town.officer) == before


def test_jumps_of_years_while_it_runs_change_neither_what_is_a_copy_nor_what_belongs_together(
    timed: HurtTown, wall: Wall
) -> None:
    ledger = Ledger(timed, [timed.button("btn-1"), timed.button("btn-2")])
    for seconds in (0.0, *YEARS.values(), 0.0):
        wall.shift(seconds)
        for button in ledger.buttons:
            ledger.press(button)
        ledger.settle()
    check_all_copies(ledger)
    assert len(timed.officer.incidents()) == len(ledger.buttons), "one incident for each button"


@pytest.mark.slow
@pytest.mark.parametrize("jump", list(YEARS))
def test_ten_seconds_stay_ten_seconds_whatever_the_wall_says(timed: HurtTown, wall: Wall, jump: str) -> None:
    timed.uplink_wire.hold()
    button = timed.button("btn-1")
    began = time.monotonic()
    seq = button.press()
    incident = button.wait(seq, "saved")["incident"]
    wall.shift(YEARS[jump])
    assert "undelivered" not in button.stages(seq)
    button.wait(seq, "undelivered")
    assert time.monotonic() - began >= UNDELIVERED_S - A_HAIR_S
    ear = timed.uplink_radio("kentongan-precinct", "alert")
    timed.uplink_wire.heal()
    button.wait(seq, "delivered")
    told = eventually(lambda: revisions(ear.heard("/alert"), incident).get(1), timed.logs)
    assert all(0 <= alert["age_s"] < time.monotonic() - began + 1 for alert in told)
    assert {alert["age"] for alert in told} == {"exact"}


@pytest.mark.slow
@pytest.mark.parametrize("jump", list(YEARS))
def test_a_jump_between_two_runs_of_one_boot_is_no_absence(timed: HurtTown, wall: Wall, jump: str) -> None:
    ledger = Ledger(timed, [timed.button("btn-1")])
    ledger.press(ledger.buttons[0])
    ledger.settle()
    for end in (timed.post.kill, timed.post.stop):
        end()
        wall.shift(YEARS[jump])
        timed.restart_post()
        check_all_copies(ledger)
        ledger.press(ledger.buttons[0])
        ledger.settle()
    assert len(timed.officer.incidents()) == 1


@pytest.mark.parametrize("ntp", [pytest.param(True, marks=pytest.mark.slow), False], ids=["NTP answers", "no NTP"])
def test_a_boot_without_a_clock_knows_its_copies_and_says_how_old_a_call_is_at_least(
    timed: HurtTown, wall: Wall, ntp: bool
) -> None:
    ledger = Ledger(timed, [timed.button("btn-1"), timed.button("btn-2")])
    timed.uplink_wire.hold()
    timed.uplink_wire.reset()
    press = ledger.press(button := ledger.buttons[0])
    incident = button.wait(1, "saved")["incident"]
    timed.post.kill()
    wall.boot()
    wall.lose()
    timed.restart_post()
    assert timed.metric("kentongan_clock_trusted") == 0
    say_again(ledger, button, 1)
    assert ledger.confirmed()[press] == {incident}
    button.wait(1, "undelivered")
    ledger.press(ledger.buttons[1])  # a call in 1970

    if ntp:
        wall.shift(AWAY_S)
        timed.wait_metric("kentongan_clock_trusted", lambda trusted: trusted == 1)
    ear = timed.uplink_radio("kentongan-precinct", "alert")
    timed.uplink_wire.heal()
    ledger.settle()
    told = eventually(lambda: revisions(ear.heard("/alert"), incident).get(1), timed.logs)
    assert {alert["age"] for alert in told} == {"exact" if ntp else "at_least"}
    assert all((alert["age_s"] >= AWAY_S) is ntp for alert in told)
    eventually(lambda: timed.officer.incident(incident), "the board lost it")
    assert timed.officer.incident(incident)["age"] == ("exact" if ntp else "at_least")
    check_all_copies(ledger)
