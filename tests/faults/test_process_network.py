"""Wires are cut, silent one way, slow or reset, towards the precinct and towards the post's own broker."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.hurt import HurtTown
from tests.support.ledger import Ledger, conflicts
from tests.support.proxy import Proxy
from tests.support.town import POST_ID
from tests.support.waiting import eventually

pytestmark = pytest.mark.mosquitto

LOST = 'kentongan_dropped_total{class="panic"}'
BOTH_LANES = ('kentongan_mqtt_connected{role="panic"}', 'kentongan_mqtt_connected{role="rest"}')
CRAWL = 3_000  # bytes a second: a modem at the edge of its cell

Hurt = Callable[[Proxy], None]
UPLINK_HURTS: dict[str, Hurt] = {
    "cut": lambda wire: wire.hold(),
    "nothing goes up": lambda wire: wire.hold("up"),
    "nothing comes down": lambda wire: wire.hold("down"),
}


def press_everywhere(ledger: Ledger) -> None:
    for button in ledger.buttons:
        ledger.press(button)


def wait_saved(ledger: Ledger) -> None:
    """Return once every press is confirmed as saved."""
    eventually(lambda: ledger.pressed <= ledger.confirmed("saved").keys(), ledger.town.logs, meanwhile=ledger.repeat)


def check_healed(town: HurtTown, ledger: Ledger) -> None:
    """What was pressed is accounted for, the line lives again, and a new press goes the whole way."""
    ledger.settle()
    press_everywhere(ledger)
    ledger.settle()
    town.wait_metric("kentongan_outbox_depth", lambda depth: depth == 0)
    assert town.metric(LOST) == 0
    assert conflicts(town.officer) == 0
    incident = ledger.confirmed()[next(iter(ledger.pressed))].copy().pop()
    town.officer.do(incident, "acknowledge")
    button = next(
        one for one in ledger.buttons if ledger.confirmed().get((one.device, one.boot, one.seq)) == {incident}
    )
    button.wait(button.seq, "acknowledged")


@pytest.mark.slow
@pytest.mark.parametrize("hurt", list(UPLINK_HURTS))
def test_an_uplink_that_is_silent_longer_than_the_keepalive_costs_time_and_nothing_else(
    wired: HurtTown, wired_ledger: Ledger, hurt: str
) -> None:
    town, ledger = wired, wired_ledger
    UPLINK_HURTS[hurt](town.uplink_wire)
    press_everywhere(ledger)
    wait_saved(ledger)
    for button in ledger.buttons:
        button.wait(1, "undelivered")
    town.wait_uplink(connected=False)
    press_everywhere(ledger)
    wait_saved(ledger)
    eventually(lambda: town.lamp.now == "undelivered", lambda: str(town.lamp.shown()))
    town.uplink_wire.heal()
    town.wait_uplink()
    check_healed(town, ledger)


@pytest.mark.slow
def test_a_post_that_is_cut_off_is_told_as_silent_and_as_there_again(wired: HurtTown) -> None:
    town = wired

    def silent() -> bool:
        posts = town.officer.get("/posts")
        return bool(posts) and next(bool(line["silent"]) for line in posts["posts"] if line["id"] == POST_ID)

    eventually(lambda: town.state_told() == "online", lambda: str(town.state_told()))
    town.uplink_wire.hold()
    eventually(silent, lambda: str(town.officer.get("/posts")), patience_s=120)
    town.uplink_wire.heal()
    eventually(lambda: not silent() and town.state_told() == "online", lambda: str(town.officer.get("/posts")))


def test_an_uplink_that_is_reset_again_and_again_loses_and_doubles_nothing(
    wired: HurtTown, wired_ledger: Ledger
) -> None:
    town, ledger = wired, wired_ledger
    for _ in range(4):
        connections = town.uplink_wire.connections
        press_everywhere(ledger)
        town.uplink_wire.reset()
        press_everywhere(ledger)
        wait_answered(ledger)
        eventually(lambda: town.uplink_wire.connections > connections, town.logs)  # noqa: B023
    check_healed(town, ledger)


@pytest.mark.slow
def test_over_a_crawling_uplink_every_press_arrives(wired: HurtTown, wired_ledger: Ledger) -> None:
    wired.uplink_wire.crawl(CRAWL)
    for _ in range(5):
        press_everywhere(wired_ledger)
        wait_saved(wired_ledger)
    wired_ledger.settle(patience_s=300)
    wired.uplink_wire.heal()
    check_healed(wired, wired_ledger)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["up", "down", None], ids=["nothing goes up", "nothing comes down", "cut"])
def test_a_local_broker_that_is_silent_longer_than_the_keepalive_is_found_again(
    wired: HurtTown, wired_ledger: Ledger, way: str | None
) -> None:
    town, ledger = wired, wired_ledger
    press_everywhere(ledger)
    ledger.settle()
    town.local_wire.hold(way)  # type: ignore[arg-type]  # a parameter of pytest is any string
    press_everywhere(ledger)
    for lane in BOTH_LANES:
        town.wait_metric(lane, lambda connected: connected == 0)
    ledger.repeat()
    assert not town.hears(), "it says that it hears its devices, and does not"
    town.local_wire.heal()
    eventually(town.hears, town.logs)
    check_healed(town, ledger)


def test_a_local_broker_that_resets_its_connections_costs_no_press(wired: HurtTown, wired_ledger: Ledger) -> None:
    town, ledger = wired, wired_ledger
    for _ in range(4):
        press_everywhere(ledger)
        town.local_wire.reset()
        press_everywhere(ledger)
        wait_answered(ledger)
    check_healed(town, ledger)


def wait_answered(ledger: Ledger) -> None:
    """Return once every press has an answer of any kind."""
    eventually(lambda: ledger.pressed <= ledger.confirmed().keys(), ledger.town.logs, meanwhile=ledger.repeat)
