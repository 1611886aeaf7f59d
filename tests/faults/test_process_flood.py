"""Thousands of readings a second from a sensor gone mad, and people who press meanwhile."""

from __future__ import annotations

import pytest

from tests.support.flood import flooding
from tests.support.hurt import HurtTown
from tests.support.ledger import Ledger
from tests.support.tracing import faults
from tests.support.waiting import eventually

pytestmark = pytest.mark.mosquitto

RATE = 3_000  # a second
LOST = 'kentongan_dropped_total{class="panic"}'
SHED = 'kentongan_dropped_total{class="sensor"}'
NOTED = 'kentongan_events_total{reason="noted"}'
MOTION = {"kind": "motion", "attrs": {"people": 2}}


@pytest.mark.parametrize("seconds", [2, pytest.param(20, marks=pytest.mark.slow)])
def test_in_a_flood_of_readings_no_press_is_lost_and_every_reading_is_accounted_for(
    town: HurtTown, ledger: Ledger, seconds: int
) -> None:
    with flooding(town.local, "pir-1", MOTION, RATE, at_least=RATE * seconds) as flood:
        for _ in range(5 * seconds):
            for button in ledger.buttons:
                ledger.press(button)
            eventually(lambda: ledger.pressed <= ledger.confirmed("saved").keys(), town.logs, meanwhile=ledger.repeat)
    ledger.settle()
    eventually(
        lambda: town.metric(NOTED) + town.metric(SHED) >= flood.sent,
        lambda: f"{flood.sent} sent, {town.metric(NOTED)} noted, {town.metric(SHED)} shed\n{town.logs()}",
    )
    assert town.metric(NOTED) + town.metric(SHED) == flood.sent
    assert town.metric(LOST) == 0
    assert town.metric("kentongan_panic_journaled_total") >= len(ledger.pressed)


@pytest.mark.slow
def test_a_post_killed_in_a_flood_on_a_slow_disk_loses_no_press(town: HurtTown, ledger: Ledger) -> None:
    with flooding(town.local, "pir-1", MOTION, RATE, at_least=RATE):
        for _ in range(3):
            with faults(town.post.pid, "delay_exit=100000", "fdatasync"):
                for button in ledger.buttons:
                    ledger.press(button)
                eventually(lambda: ledger.pressed & ledger.confirmed("saved").keys(), town.logs)
                town.post.kill()
            town.restart_post()
    ledger.settle()
    assert town.metric(LOST) == 0
