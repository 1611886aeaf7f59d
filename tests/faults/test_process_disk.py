"""The post's storage is full, fails, turns read-only or takes its time, while people press."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dispatcher.post.exits import GOOD, IO_ERROR, TRY_LATER
from tests.support.brokers import require_mosquitto
from tests.support.card import MEBIBYTE, Card, fill, new_card, small_memory
from tests.support.hurt import HurtTown, town_of_hurt
from tests.support.ledger import Ledger
from tests.support.tracing import faults, let_go, need_strace, under
from tests.support.waiting import eventually

pytestmark = pytest.mark.mosquitto

BUTTONS = ("btn-1", "btn-2", "btn-3")
SHED = 'kentongan_dropped_total{class="sensor"}'
LOST = 'kentongan_dropped_total{class="panic"}'
DISK = "kentongan_disk_state"
GOOD_DISK, LOW_DISK, FAILED_DISK = 0.0, 1.0, 2.0
READING = {"kind": "door.open", "attrs": {"forced": False}}


def account(town: HurtTown) -> Ledger:
    return Ledger(town, [town.button(name) for name in BUTTONS])


@contextmanager
def town_on(folder: Path, data: Path, **settings: Any) -> Iterator[HurtTown]:
    """A town whose post keeps its data in ``data``."""
    require_mosquitto()
    with town_of_hurt(folder / "town", wired=True, post={"data_dir": str(data), **settings}) as town:
        yield town


# --- full ------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_on_a_full_disk_sensors_are_shed_and_every_press_is_saved_and_room_heals_it(tmp_path: Path) -> None:
    small = {"journal": {"segment_bytes": "64KiB"}, "limits": {"disk_low": "2MiB"}}
    with small_memory(tmp_path / "disk", 128 * MEBIBYTE) as disk, town_on(tmp_path, disk / "data", **small) as town:
        ledger, door = account(town), town.radio("door-1")
        town.wait_metric("kentongan_journal_bytes", lambda size: size > 16 * MEBIBYTE)  # the reserve is prepared
        ballast = fill(disk)

        def sensor() -> None:
            door.say("kentongan/door-1/event", READING)

        eventually(lambda: town.metric(SHED) > 0, town.logs, meanwhile=sensor)
        for _ in range(40):  # far more than what is left of the segment in use
            for button in ledger.buttons:
                ledger.press(button)
        ledger.settle()
        assert set(ledger.confirmed("saved")) == ledger.pressed
        assert town.metric(DISK) == LOW_DISK
        assert town.metric(LOST) == 0

        assert town.post.stop() == GOOD  # no room for a checkpoint is no reason to end badly
        town.restart_post(disk / "data")
        ledger.press(ledger.buttons[0])
        ledger.settle()

        ballast.unlink()
        town.wait_metric(DISK, lambda state: state == GOOD_DISK)
        shed = town.metric(SHED)
        saved = town.metric('kentongan_events_total{reason="noted"}')
        sensor()
        town.wait_metric('kentongan_events_total{reason="noted"}', lambda count: count > saved)
        assert town.metric(SHED) == shed


def test_no_space_for_one_write_sheds_sensors_and_saves_the_press_all_the_same(town: HurtTown) -> None:
    ledger = account(town)
    with faults(town.post.pid, "error=ENOSPC:when=1", "pwrite64"):
        ledger.press(ledger.buttons[0])
        ledger.settle()
    assert town.metric(LOST) == 0


@pytest.mark.slow
def test_no_space_for_any_write_ends_the_post_before_it_says_saved(town: HurtTown) -> None:
    ledger = account(town)
    with faults(town.post.pid, "error=ENOSPC", "pwrite64"):
        press = ledger.press(ledger.buttons[0])
        assert town.post.wait() == IO_ERROR
    assert press not in ledger.confirmed()
    town.restart_post()
    ledger.settle()


# --- fails -----------------------------------------------------------------------------------------------------------


def impatient(town: HurtTown) -> None:
    """Let the next starts try failed storage again every second, not every minute."""
    town.post.module = "tests.support.impatient"
    town.post.env = {"KENTONGAN_PROBE_DISK_S": "1"}


def test_a_failed_fsync_ends_the_post_and_what_it_covered_was_never_confirmed(town: HurtTown) -> None:
    ledger = account(town)
    for button in ledger.buttons:
        ledger.press(button)
    ledger.settle()
    with faults(town.post.pid, "error=EIO", "fdatasync"):
        press = ledger.press(ledger.buttons[0])
        assert town.post.wait() == IO_ERROR
    assert press not in ledger.confirmed()
    town.restart_post()
    ledger.settle()
    assert set(ledger.confirmed("saved")) == ledger.pressed


@pytest.mark.slow
def test_without_storage_a_call_is_relayed_never_called_saved_and_storage_that_is_back_is_used_again(
    wired: HurtTown,
) -> None:
    need_strace()
    town, ledger = wired, account(wired)
    known = ledger.press(ledger.buttons[0])
    ledger.settle()
    town.post.kill()
    impatient(town)
    town.post.under = under("error=EIO")
    town.restart_post()
    eventually(lambda: town.state_told() == "unsaved", lambda: f"{town.state_told()}\n{town.logs()}")
    assert town.metric(DISK) == FAILED_DISK
    unsaved = [ledger.press(button) for button in ledger.buttons]
    ledger.settle()
    eventually(lambda: town.lamp.now == "delivered", lambda: str(town.lamp.shown()))
    assert ledger.confirmed("saved").keys() == {known}

    town.uplink_wire.hold()
    town.wait_uplink(connected=False)
    waiting = ledger.press(ledger.buttons[1])
    eventually(lambda: town.lamp.now == "undelivered", lambda: str(town.lamp.shown()), meanwhile=ledger.repeat)
    assert waiting not in ledger.confirmed(), "a button that hears a word stops repeating what is in memory alone"
    let_go(town.post.pid)  # the storage is back, but this press is in memory only
    with pytest.raises(AssertionError, match="still there"):
        eventually(town.post.ended, "still there", patience_s=5)
    town.uplink_wire.heal()
    assert town.post.wait() == TRY_LATER
    assert list(town.post.told("storage_is_back"))
    ledger.settle()
    assert not ledger.confirmed("saved").keys() & {*unsaved, waiting}

    town.post.under = ()
    town.restart_post()
    again = ledger.press(ledger.buttons[2])
    ledger.settle()
    assert again in ledger.confirmed("saved")
    eventually(lambda: town.state_told() == "online", lambda: str(town.state_told()))
    assert town.metric(DISK) == GOOD_DISK


@pytest.fixture
def on_card(tmp_path: Path) -> Iterator[tuple[HurtTown, Card]]:
    with new_card(tmp_path) as card, town_on(tmp_path, card.mount / "data") as town:
        yield town, card


@pytest.mark.parametrize("fault", [pytest.param("dies", marks=pytest.mark.slow), "turns read-only"])
def test_a_card_that_breaks_ends_the_post_and_its_next_start_relays_without_saving(
    on_card: tuple[HurtTown, Card], fault: str
) -> None:
    town, card = on_card
    ledger = account(town)
    for button in ledger.buttons:
        ledger.press(button)
    ledger.settle()
    before = set(ledger.pressed)
    if fault == "dies":
        card.die()
    else:
        card.become_read_only()
    press = ledger.press(ledger.buttons[0])
    assert town.post.wait() == IO_ERROR
    assert press not in ledger.confirmed()

    impatient(town)
    town.post.start()
    town.wait_post()
    assert town.metric(DISK) == FAILED_DISK
    eventually(lambda: town.state_told() == "unsaved", lambda: f"{town.state_told()}\n{town.logs()}")
    for button in ledger.buttons:
        ledger.press(button)
    ledger.settle()
    assert ledger.confirmed("saved").keys() == before
    town.post.kill()
    card.remount()
    town.restart_post(card.mount / "data")
    last = ledger.press(ledger.buttons[2])
    ledger.settle()
    assert last in ledger.confirmed("saved")


def test_a_post_that_boots_on_a_card_that_is_read_only_relays_and_says_that_it_saves_nothing(
    on_card: tuple[HurtTown, Card],
) -> None:
    town, card = on_card
    ledger = account(town)
    known = ledger.press(ledger.buttons[0])
    ledger.settle()
    assert town.post.stop() == GOOD
    card.mount_read_only()
    town.post.start()
    town.wait_post()
    eventually(lambda: town.state_told() == "unsaved", lambda: f"{town.state_told()}\n{town.logs()}")
    ledger.press(ledger.buttons[0])
    ledger.press(ledger.buttons[1])
    ledger.settle()
    assert ledger.confirmed("saved").keys() == {known}


# --- slow ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("delay_s", "readings"), [(0.1, 400), pytest.param(2.0, 600, marks=pytest.mark.slow)], ids=["100 ms", "2 s"]
)
def test_on_a_slow_disk_a_press_is_confirmed_after_its_save_and_does_not_wait_for_the_sensors(
    town: HurtTown, delay_s: float, readings: int
) -> None:
    ledger, door = account(town), town.radio("door-1")
    noted = 'kentongan_events_total{reason="noted"}'
    button = ledger.buttons[0]
    with faults(town.post.pid, f"delay_exit={int(delay_s * 1e6)}", "fdatasync"):
        for _ in range(readings):
            door.mutter("kentongan/door-1/event", READING)
        began = time.monotonic()
        _, _, seq = ledger.press(button)
        eventually(lambda: button.confirms(seq), town.logs)
        took = time.monotonic() - began
        still_waiting = readings - town.metric(noted)
        assert took >= delay_s, "confirmed before the disk had it"
        assert still_waiting > 0, "the press came after all the sensors"
        for one in ledger.buttons:
            ledger.press(one)
        ledger.settle()
    town.wait_metric(noted, lambda count: count == readings)
    assert town.metric(LOST) == 0


# --- where it writes -------------------------------------------------------------------------------------------------

CHANGES = (
    "open,openat,openat2,creat,truncate,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir,link,linkat,"
    "symlink,symlinkat,mknod,mknodat,chmod,fchmodat,chown,fchownat,utimensat,setxattr,removexattr"
)
NOT_FILES = ("/dev/", "/proc/")


def test_a_post_writes_nowhere_but_in_its_data_dir(tmp_path: Path) -> None:
    require_mosquitto()
    need_strace()
    log = tmp_path / "calls"
    town = HurtTown(tmp_path / "town")
    town.post.under = under("", CHANGES, log=log)
    try:
        town.start()
        button = town.button("btn-1")
        button.wait(button.press(), "delivered")
        town.radio("door-1").say("kentongan/door-1/event", {"kind": "door.open", "attrs": {"forced": True}})
        assert town.post.stop() == GOOD
    finally:
        town.stop()
    written = [line for line in log.read_text("utf-8", "replace").splitlines() if changes_something(line)]
    assert any(str(town.post_data) in line for line in written)
    allowed = (f'"{town.post_data}', *(f'"{name}' for name in NOT_FILES))
    outside = [line for line in written if not any(name in line for name in allowed)]
    assert outside == []


def changes_something(line: str) -> bool:
    """Return whether a traced call succeeded and may have changed a file system."""
    if line.rstrip().endswith(")") and "= -1" in line:
        return False
    if "open" in line.split("(", maxsplit=1)[0]:
        return any(flag in line for flag in ("O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC"))
    return '"' in line
