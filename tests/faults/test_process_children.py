"""Processes that die, stand still, crash again and again, or exist twice."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dispatcher.post.exits import GOOD, TRY_LATER
from tests.support.brokers import require_mosquitto
from tests.support.flood import flooding
from tests.support.hurt import HurtDaemon, HurtTown, broker_pid, wait_children
from tests.support.ledger import Ledger, homes
from tests.support.systemd import Systemd
from tests.support.town import POST_ID, Answer, living
from tests.support.tracing import faults
from tests.support.waiting import eventually

pytestmark = pytest.mark.mosquitto

ENGINE = 'kentongan_matcher_state{state="engine"}'
LOST = 'kentongan_dropped_total{class="panic"}'
MOTION = {"kind": "motion", "attrs": {"people": 2}}
CROWD = {"kind": "motion", "attrs": {"people": 14}}
FORCED = {"kind": "door.open", "attrs": {"forced": True}}
ALIVE = "WATCHDOG=1"


def of_rule(town: HurtTown, rule: str) -> list[Answer]:
    return [found for found in town.officer.incidents() if found["rule"] == rule]


# --- the matcher -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [signal.SIGKILL, pytest.param(signal.SIGSTOP, marks=pytest.mark.slow)])
def test_a_matcher_that_dies_or_stands_still_holds_up_neither_presses_nor_rules(
    town: HurtTown, ledger: Ledger, how: signal.Signals
) -> None:
    door = town.radio("door-1")
    with flooding(town.local, "pir-1", MOTION, rate=200, at_least=600):
        for nth in range(3):
            town.wait_metric(ENGINE, lambda state: state == 1)
            (child,) = wait_children(town.post)
            os.kill(child, how)
            for button in ledger.buttons:
                ledger.press(button)
            door.say("kentongan/door-1/event", FORCED)
            ledger.settle()
            eventually(
                lambda: sum(found["count"] for found in of_rule(town, "pintu-dobrak")) == nth + 1,  # noqa: B023
                lambda: f"{of_rule(town, 'pintu-dobrak')}\n{town.logs()}",
            )
    town.wait_metric(ENGINE, lambda state: state == 1)
    assert town.metric("kentongan_matcher_differences_total") == 0
    assert town.metric(LOST) == 0
    (alarm,) = eventually(lambda: of_rule(town, "matcher.fault"), town.logs)  # once, for the technician
    assert "dimulai lagi" in alarm["title"]


# --- a crash loop ----------------------------------------------------------------------------------------------------


def crash(town: HurtTown, times: int) -> None:
    """Kill the post soon after its start, again and again, and leave it down."""
    for nth in range(times):
        town.post.kill()
        if nth < times - 1:
            town.post.start()
            town.wait_post()


def test_after_three_crashes_the_floor_works_without_rules_says_so_and_a_start_that_lasts_ends_it(
    town: HurtTown, ledger: Ledger
) -> None:
    crash(town, 3)
    town.post.start()
    town.wait_post()
    assert list(town.post.told("safe_mode"))
    for button in ledger.buttons:
        ledger.press(button)
    town.radio("door-1").say("kentongan/door-1/event", FORCED)
    ledger.settle()
    fault = eventually(lambda: of_rule(town, "config.fault"), town.logs)
    assert "tanpa aturan" in fault[0]["title"]
    town.wait_metric('kentongan_events_total{reason="noted"}', lambda count: count == 1)
    assert of_rule(town, "pintu-dobrak") == [], "a rule fired although the rules are what may crash"

    town.post.kill()
    town.post.module, town.post.env = "tests.support.impatient", {"KENTONGAN_LASTING_S": "1"}
    town.post.start()
    town.wait_post()
    assert list(town.post.told("safe_mode"))
    eventually(lambda: quick_ends(town.post_data) == 0, lambda: f"{quick_ends(town.post_data)} quick ends")
    town.post.kill()
    town.post.start()
    town.wait_post()
    assert not list(town.post.told("safe_mode"))
    town.radio("door-1").say("kentongan/door-1/event", FORCED)
    eventually(lambda: of_rule(town, "pintu-dobrak"), town.logs)
    ledger.settle()


def quick_ends(data: Path) -> int:
    return int(json.loads((data / "starts.json").read_text("ascii"))["quick"])


@pytest.mark.slow
def test_being_told_to_end_is_no_crash(town: HurtTown) -> None:
    for _ in range(4):
        assert town.post.stop() == GOOD
        town.post.start()
        town.wait_post()
    assert not list(town.post.told("safe_mode"))


# --- the watchdog ----------------------------------------------------------------------------------------------------


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Systemd]:
    listening = Systemd(tmp_path, watchdog_s=3.0)
    yield listening
    listening.close()


@pytest.fixture
def watched(tmp_path: Path, systemd: Systemd) -> Iterator[HurtTown]:
    require_mosquitto()
    town = HurtTown(tmp_path / "town")
    town.post.env = systemd.env
    with living(town):
        yield town


def wait_words(systemd: Systemd, count: int = 3) -> None:
    """Return once so many more words have come."""
    since = time.monotonic()
    eventually(lambda: systemd.heard(ALIVE, since) >= count, "no word came")


@contextmanager
def standing_still(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_systemd_hears_that_the_post_is_ready_lives_and_stops(watched: HurtTown, systemd: Systemd) -> None:
    assert systemd.heard("READY=1") == 1
    wait_words(systemd)
    assert watched.post.stop() == GOOD
    assert systemd.heard("STOPPING=1") == 1


@pytest.mark.slow
def test_systemd_hears_a_word_only_while_broker_and_disk_work(watched: HurtTown, systemd: Systemd) -> None:
    town = watched
    wait_words(systemd)
    with standing_still(broker_pid(town.local)):
        frozen = time.monotonic()
        lane = 'kentongan_mqtt_connected{role="panic"}'
        town.wait_metric(lane, lambda connected: connected == 0)
        # The lane is known to be away only after the keepalive, many words later; one word may have been under way.
        assert systemd.heard(ALIVE, frozen) <= 1
        wait_words(systemd, 2)  # a broker that is known to be away is no reason to restart the post
    eventually(town.hears, town.logs)
    wait_words(systemd)

    with faults(town.post.pid, "delay_exit=8000000:when=1", "fdatasync"):
        button = town.button("btn-1")
        stuck = time.monotonic()
        button.wait(button.press(), "saved")
        assert systemd.heard(ALIVE, stuck) <= 1
    wait_words(systemd)


# --- twice -----------------------------------------------------------------------------------------------------------


def test_a_second_post_on_one_data_dir_is_told_to_try_later_and_disturbs_nobody(town: HurtTown, ledger: Ledger) -> None:
    second = town.make_post("second", data_dir=str(town.post_data))
    second.start()
    assert second.wait() == TRY_LATER
    for button in ledger.buttons:
        ledger.press(button)
    ledger.settle()


@pytest.mark.slow
def test_two_posts_of_one_name_at_one_broker_are_told_and_no_press_is_lost(town: HurtTown, ledger: Ledger) -> None:
    twin: HurtDaemon = town.make_post("twin")
    twin.start()
    try:
        twin.wait_ready()
        for _ in range(10):
            for button in ledger.buttons:
                ledger.press(button)
            eventually(lambda: ledger.pressed <= ledger.confirmed().keys(), town.logs, meanwhile=ledger.repeat)
        eventually(lambda: is_twins(town), lambda: f"{town.officer.get('/posts')}\n{twin.tail()}")
        eventually(
            lambda: ledger.pressed <= homes(town.officer).keys(),
            lambda: f"lost: {ledger.pressed - homes(town.officer).keys()}\n{twin.tail()}\n{town.logs()}",
            patience_s=180,
            meanwhile=ledger.repeat,
        )
        assert homes(town.officer).keys() == ledger.pressed
    finally:
        twin.kill()


def is_twins(town: HurtTown) -> bool:
    posts = town.officer.get("/posts")
    return bool(posts) and next(bool(line["twins"]) for line in posts["posts"] if line["id"] == POST_ID)
