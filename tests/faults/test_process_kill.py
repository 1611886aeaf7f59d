"""Post and precinct killed at every point of a press's way: what was confirmed is at the precinct, once."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest

from tests.support.hurt import HurtDaemon, HurtTown
from tests.support.ledger import Ledger, Press
from tests.support.tracing import SAVES, faults, need_strace, under
from tests.support.waiting import eventually

pytestmark = pytest.mark.mosquitto

WRITES = "pwrite64"
SAYS = "sendto"
KILLED = -9
ENDLESS = 300  # far above the points there are: a loop that comes here does not end by itself


def live(ledger: Ledger, press: Press, hurt: HurtDaemon) -> bool:
    """Lead one press from the finger to the end of its incident; returns False as soon as ``hurt`` has ended."""
    device, _, seq = press
    button = next(one for one in ledger.buttons if one.device == device)

    def reached(stage: str) -> Callable[[], object]:
        return lambda: hurt.ended() or any(body["stage"] == stage for body in button.confirms(seq))

    for stage, verb in (("delivered", "acknowledge"), ("acknowledged", "close"), ("closed", None)):
        eventually(reached(stage), lambda: f"not {stage}: {button.stages(seq)}\n{ledger.town.logs()}")  # noqa: B023
        if hurt.ended():
            return False
        if verb and not act(ledger, button.confirms(seq)[-1]["incident"], verb):
            eventually(hurt.ended, ledger.town.logs)
            return False
    return True


def act(ledger: Ledger, incident: str, verb: str) -> bool:
    """Let the officer act, unless the precinct has just been killed."""
    more = {"disposition": "drill"} if verb == "close" else {}
    try:
        ledger.town.officer.do(incident, verb, **more)
    except (OSError, AssertionError, RuntimeError):
        return False
    except Exception as error:
        if type(error).__module__.startswith("httpx"):
            return False
        raise
    return True


def kill_everywhere(ledger: Ledger, hurt: HurtDaemon, calls: str, restart: Callable[[], None]) -> int:
    """Kill ``hurt`` at its first, second, ... of ``calls`` until a press lives through; returns how many kills."""
    for nth in count(1):
        assert nth < ENDLESS
        with faults(hurt.pid, f"signal=KILL:when={nth}", calls):
            press = ledger.press(ledger.buttons[nth % len(ledger.buttons)])
            if live(ledger, press, hurt):
                return nth - 1
        assert hurt.wait() == KILLED
        restart()
        ledger.settle()
        ledger.town.officer.close_everything()
    raise AssertionError("unreachable")


@pytest.mark.parametrize("calls", [SAVES, WRITES], ids=["save", "write"])
def test_a_post_killed_at_every_save_of_a_presss_way_loses_nothing_and_doubles_nothing(
    town: HurtTown, ledger: Ledger, calls: str
) -> None:
    kills = kill_everywhere(ledger, town.post, calls, town.restart_post)
    ledger.settle()
    assert kills >= 4, "saved, delivered, acknowledged and closed are saves of their own"


# SQLite writes some sixty pages on the way.
@pytest.mark.parametrize("calls", [SAVES, pytest.param(WRITES, marks=pytest.mark.slow)], ids=["save", "write"])
def test_a_precinct_killed_at_every_save_of_an_alert_has_every_press_once(
    town: HurtTown, ledger: Ledger, calls: str
) -> None:
    def restart() -> None:
        town.precinct.start()
        town.precinct.wait_ready()

    kills = kill_everywhere(ledger, town.precinct, calls, restart)
    ledger.settle()
    assert kills >= 3, "alert, acknowledge and close are commits of their own"


@pytest.mark.slow
@pytest.mark.parametrize("who", ["post", "precinct"])
def test_killed_at_every_word_it_says_it_repeats_and_nobody_counts_twice(
    town: HurtTown, ledger: Ledger, who: str
) -> None:
    hurt = town.post if who == "post" else town.precinct

    def restart() -> None:
        if who == "post":
            town.restart_post()
        else:
            hurt.start()
            hurt.wait_ready()

    assert kill_everywhere(ledger, hurt, SAYS, restart) >= 4
    ledger.settle()


def ending(hurt: HurtDaemon) -> int | None:
    """Return the exit code once it has ended, None once it is READY."""
    eventually(
        lambda: hurt.ended() or any(line.startswith("READY ") for line in hurt.said()),
        lambda: f"neither READY nor at its end\n{hurt.tail()}",
    )
    return hurt.wait() if hurt.ended() else None


def starts_killed(hurt: HurtDaemon) -> int:
    """Start ``hurt`` again and again, killed at its first, second, ... save, until it is READY; returns the kills."""
    for nth in count(1):
        assert nth < ENDLESS
        hurt.under = under(f"signal=KILL:when={nth}")
        hurt.start()
        if (code := ending(hurt)) is None:
            hurt.under = ()
            return nth - 1
        assert code == KILLED
    raise AssertionError("unreachable")


@pytest.mark.slow
def test_a_post_killed_at_every_save_of_its_start_still_has_what_it_confirmed_before(
    wired: HurtTown, wired_ledger: Ledger
) -> None:
    need_strace()
    town, ledger = wired, wired_ledger
    town.uplink_wire.hold()
    presses = [ledger.press(button) for button in ledger.buttons]
    eventually(lambda: set(presses) <= ledger.confirmed().keys(), town.logs, meanwhile=ledger.repeat)
    town.post.kill()
    kills = starts_killed(town.post)
    assert kills >= 2
    town.post.kill()
    town.uplink_wire.heal()
    town.uplink_wire.reset()
    town.restart_post()
    ledger.settle()


@pytest.mark.slow
def test_a_post_killed_at_every_save_of_its_orderly_end_has_lost_nothing(town: HurtTown, ledger: Ledger) -> None:
    for nth in count(1):
        assert nth < ENDLESS
        for button in ledger.buttons:
            ledger.press(button)
        ledger.settle()
        with faults(town.post.pid, f"signal=KILL:when={nth}"):
            code = town.post.stop()
        town.restart_post()
        ledger.settle()
        town.officer.close_everything()
        if code == 0:
            break
        assert code == KILLED
    assert nth > 1
