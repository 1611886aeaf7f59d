"""A post says truthfully whether it is there: to scripts, to dashboards and to the precinct."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.brokers import Kind
from tests.support.radio import Radio
from tests.support.town import POST_ID, TOPICS, Town, http_code, http_get
from tests.support.waiting import eventually

STOP_S = 5.0
ATTEMPTS = 3  # the promise is the program's; others use this machine too

STAGES = ("saved", "sent", "delivered", "acknowledged")
ROLES = ("panic", "rest", "precinct")
METRICS = [
    "kentongan_panic_received_total",
    "kentongan_panic_journaled_total",
    "kentongan_incidents_open",
    "kentongan_outbox_depth",
    "kentongan_outbox_oldest_seconds",
    "kentongan_precinct_delivered_total",
    "kentongan_precinct_acknowledged_total",
    "kentongan_journal_bytes",
    "kentongan_journal_corrupt_records_total",
    'kentongan_dropped_total{class="panic"}',
    "kentongan_clock_trusted",
    "kentongan_disk_state",
    "kentongan_fsync_seconds_count",
    "kentongan_matcher_differences_total",
    *(f'kentongan_mqtt_connected{{role="{role}"}}' for role in ROLES),
    *(f'kentongan_stage_seconds_count{{stage="{stage}"}}' for stage in STAGES),
]
FAMILIES = ("kentongan_matcher_state", "kentongan_rule_fired_total")


@pytest.fixture
def lonely(broker_kind: Kind, tmp_path: Path) -> Iterator[Town]:
    """A town in which nothing runs yet."""
    town = Town(tmp_path, broker_kind)
    yield town
    town.stop()


def test_a_post_is_ready_for_scripts_at_once_and_for_guards_when_it_hears_their_buttons(lonely: Town) -> None:
    post = lonely.post
    post.start()
    assert post.wait_ready().startswith(f"READY post {POST_ID} http://127.0.0.1:")
    assert http_code(post, "/ready") == 503
    assert http_code(post, "/healthz") == 200
    assert http_code(post, "/secret") == 404
    lonely.start_brokers()
    eventually(lambda: http_code(post, "/ready") == 200, post.tail)
    assert http_get(post, "/ready").json()["links"]["panic"] == "subscribed"


def test_every_promised_metric_is_there_from_the_start(quick_town: Town) -> None:
    button = quick_town.button("btn-1")
    incident = button.wait(button.press(), "delivered")["incident"]
    quick_town.officer.wait_incident(incident)
    quick_town.officer.do(incident, "acknowledge")
    quick_town.wait_metric("kentongan_precinct_acknowledged_total", lambda count: count == 1)
    lines = quick_town.metrics().splitlines()
    missing = [name for name in METRICS if not any(line.startswith(name + " ") for line in lines)]
    missing += [name for name in FAMILIES if not any(line.startswith(f"# TYPE {name} ") for line in lines)]
    assert missing == []
    assert quick_town.metric("kentongan_panic_journaled_total") == 1
    assert quick_town.metric('kentongan_dropped_total{class="panic"}') == 0
    assert quick_town.metric("kentongan_clock_trusted") == 1
    assert quick_town.metric('kentongan_stage_seconds_count{stage="acknowledged"}') == 1


def test_a_post_that_is_told_to_end_says_offline_first_and_ends_well_within_five_seconds(fresh_town: Town) -> None:
    town = fresh_town
    ear = town.uplink_radio("kentongan-precinct", "status")
    took = []
    for attempt in range(ATTEMPTS):
        eventually(lambda: _state(ear) == "online", lambda: f"the status is {_state(ear)!r}")
        began = time.monotonic()
        assert town.post.stop() == 0
        took.append(time.monotonic() - began)
        eventually(lambda: _state(ear) == "offline", lambda: f"the status is {_state(ear)!r}")
        if took[-1] < STOP_S or attempt == ATTEMPTS - 1:
            break
        town.post.start()
        town.wait_post()
    assert min(took) < STOP_S
    late = town.uplink_radio("kentongan-precinct", "status")  # retained: who comes later is told too
    assert eventually(lambda: late.heard("/status"), "the status was not retained")[-1].body["state"] == "offline"
    eventually(lambda: _line(town)["silent"], lambda: str(_line(town)))


def test_the_brokers_will_says_offline_for_a_post_that_lost_its_power(fresh_town: Town) -> None:
    town = fresh_town
    ear = town.uplink_radio("kentongan-precinct", "status")
    eventually(lambda: _state(ear) == "online", lambda: f"the status is {_state(ear)!r}")
    instance = ear.heard("/status")[-1].body["instance"]
    town.post.kill()
    eventually(lambda: _state(ear) == "offline", lambda: f"the status is {_state(ear)!r}")
    assert ear.heard("/status")[-1].body["instance"] == instance
    eventually(lambda: _line(town)["silent"], lambda: str(_line(town)))

    town.post.start()
    eventually(lambda: _state(ear) == "online", lambda: f"the status is {_state(ear)!r}")
    assert ear.heard("/status")[-1].body["instance"] == instance
    eventually(lambda: not _line(town)["silent"], lambda: str(_line(town)))


def test_a_precinct_that_is_told_to_end_ends_well_although_a_board_is_open(fresh_town: Town) -> None:
    assert fresh_town.precinct.stop() == 0


def _state(ear: Radio) -> str | None:
    heard = [message for message in ear.heard() if message.topic == f"{TOPICS}/{POST_ID}/status"]
    return str(heard[-1].body.get("state")) if heard else None


def _line(town: Town) -> dict[str, object]:
    return next(line for line in town.officer.get("/posts")["posts"] if line["id"] == POST_ID)
