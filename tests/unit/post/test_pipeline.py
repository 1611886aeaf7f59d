"""The way through a post, turn by turn: nothing is said before it is saved, and everything saved is said."""

import json
from pathlib import Path

import pytest

from dispatcher.domain.incident import Receipt, Stage
from dispatcher.journal import Entry, JournalError
from dispatcher.post.inbox import Listening
from dispatcher.wire import receipt as receipt_wire
from tests.support.rules import ruleset
from tests.unit.post.desk import Desk, HandClock

RULES = ruleset(
    """
    - id: panic-press
      name: Tombol panik
      when: {event: panic.*}
      then:
        {escalate: precinct, incident: panic, severity: critical, message: "Tolong {device}", actions: [siren.on]}
      throttle: {once_within: 30s, group_by: [device]}
    - id: smoke
      name: Asap
      when: {event: smoke}
      then: {escalate: precinct, incident: kebakaran, severity: high, message: "Asap {device}"}
    """
)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, RULES)


def test_a_press_is_saved_confirmed_acknowledged_and_sent_in_one_turn(desk: Desk) -> None:
    token = desk.press()
    desk.turn()
    assert desk.confirms() == [(1, "saved")]
    assert desk.acked == [token]
    (alert,) = desk.alerts
    assert (alert["rev"], alert["rule"], alert["incident"], alert["count"]) == (1, "floor", "panic", 1)
    assert alert["id"] == desk.local.on("confirm")[0]["incident"]
    assert desk.value("kentongan_panic_received_total") == desk.value("kentongan_panic_journaled_total") == 1


def test_nothing_is_said_before_it_is_durable(tmp_path: Path) -> None:
    class Broken:
        """A disk that writes and never gets it down."""

        def __init__(self, journal: object) -> None:
            self._journal = journal

        def __getattr__(self, name: str) -> object:
            return getattr(self._journal, name)

        def sync(self) -> None:
            raise JournalError(5, "fdatasync")

    good = Desk(tmp_path, RULES)
    desk = Desk(tmp_path / "x", RULES, journal=Broken(good.journal))  # type: ignore[arg-type]
    desk.press()
    with pytest.raises(JournalError):
        desk.turn()
    assert (desk.confirms(), desk.acked, desk.alerts) == ([], [], [])


def test_the_answer_of_an_officer_reaches_button_and_lamp(desk: Desk) -> None:
    desk.press()
    desk.turn()
    incident = desk.alerts[0]["id"]
    desk.broker_takes()
    desk.receipt(incident, 1, Stage.DELIVERED)
    desk.turn(5)
    desk.receipt(incident, 1, Stage.ACKNOWLEDGED, "4021")
    desk.turn(5)
    assert desk.confirms() == [(1, "saved"), (1, "sent"), (1, "delivered"), (1, "acknowledged")]
    assert desk.local.on("confirm")[-1]["by"] == "4021"
    assert desk.value("kentongan_precinct_acknowledged_total") == 1


def test_a_rule_names_the_press_in_the_next_revision_and_starts_the_siren(desk: Desk) -> None:
    desk.press()
    desk.turn()
    desk.turn(1)
    assert [body["command"] for body in desk.local.on("siren-1/command")] == ["siren.on"]
    desk.turn(1_000)
    named = [alert for alert in desk.alerts if alert["rev"] == 2]
    assert [(alert["title"], alert["labels"], alert["rule"]) for alert in named] == [
        ("Tolong btn-1", ["panic-press"], "floor")
    ]


def test_sensors_share_a_save_and_are_acknowledged_with_it(desk: Desk) -> None:
    tokens = [desk.sensor(seq) for seq in range(3)]
    desk.rules.deaf = True
    desk.turn()
    assert desk.acked == []
    desk.turn(999)
    assert desk.acked == []
    desk.turn(1)
    assert desk.acked == tokens


def test_a_full_window_of_sensors_does_not_wait_for_the_second(desk: Desk) -> None:
    desk.rules.deaf = True
    tokens = [desk.sensor(seq) for seq in range(40)]
    desk.turn()
    assert desk.acked == tokens


def test_a_panic_takes_the_sensors_that_wait_along(desk: Desk) -> None:
    desk.rules.deaf = True
    first = desk.sensor()
    desk.turn()
    second = desk.press()
    desk.turn(1)
    assert desk.acked == [first, second]


def test_a_sensor_that_fires_a_rule_is_told_at_once(desk: Desk) -> None:
    desk.sensor(device="smoke-1", kind="smoke")
    desk.turn()
    desk.turn()
    assert [(alert["rule"], alert["title"]) for alert in desk.alerts] == [("smoke", "Asap smoke-1")]


def test_a_press_on_the_rest_lane_is_promoted(desk: Desk) -> None:
    body = json.dumps({"kind": "panic.press", "boot": 1, "seq": 1}).encode()
    desk.message("kentongan/btn-1/event", body, lane="rest")
    desk.turn()
    assert desk.confirms() == [(1, "saved")]
    assert len(desk.alerts) == 1


def test_an_alert_is_sent_again_until_its_receipt_and_says_its_age(desk: Desk) -> None:
    desk.press()
    desk.turn()
    desk.turns(40)
    ages = [alert["age_s"] for alert in desk.alerts if alert["rev"] == 1]
    assert ages == [0, 0, 1, 3]
    desk.receipt(desk.alerts[0]["id"], 2, Stage.DELIVERED)
    desk.turn()
    count = len(desk.alerts)
    desk.turns(100, 1_000)
    assert len(desk.alerts) == count


def test_without_a_connection_the_outbox_keeps_it_and_undelivered_is_told(desk: Desk) -> None:
    desk.up.up = False
    desk.press()
    desk.turns(120)
    assert desk.alerts == []
    assert desk.confirms() == [(1, "saved"), (1, "undelivered")]
    assert desk.value("kentongan_outbox_depth") >= 1
    desk.connect()
    desk.turn()
    assert [alert["rev"] for alert in desk.alerts] == [1, 2]
    assert desk.alerts[0]["age_s"] == 11


def test_garbage_is_acknowledged_counted_and_journaled_at_most_once_a_second(desk: Desk) -> None:
    before = desk.journal.last_sequence
    tokens = [desk.message("kentongan/btn-1/event", b"{") for _ in range(50)]
    desk.turn()
    assert desk.acked == tokens
    assert desk.value("kentongan_rejected_total", reason="bad_json") == 50
    assert desk.journal.last_sequence - before <= 2


def test_a_receipt_that_is_none_changes_nothing(desk: Desk) -> None:
    desk.press()
    desk.turn()
    desk.message("r", b'{"v":1,"id":"x","rev":"1","stage":"delivered"}', lane="receipt")
    desk.message("r", b'{"v":1,"id":"nobody","rev":1,"stage":"acknowledged"}', lane="receipt")
    desk.turn(1)
    assert desk.confirms() == [(1, "saved")]
    assert desk.value("kentongan_rejected_total", reason="wrong_type") == 1
    assert desk.value("kentongan_rejected_total", reason="unknown_incident") == 1
    assert len(desk.acked) == 3


def test_a_hundred_incidents_at_once_go_out_oldest_panic_first(desk: Desk) -> None:
    desk.up.up = False
    desk.sensor(device="smoke-1", kind="smoke")
    desk.turn()
    for number in range(100):
        desk.press(device="btn-1", seq=number)
        desk.turn(11 * 60_000)
    desk.connect()
    desk.turns(20)
    told = {alert["id"]: alert for alert in desk.alerts}
    firsts = [told[id_] for id_ in dict.fromkeys(alert["id"] for alert in desk.alerts)]
    assert [alert["opened_at"] for alert in firsts[:-1]] == sorted(alert["opened_at"] for alert in firsts[:-1])
    assert [alert["incident"] for alert in firsts] == ["panic"] * 100 + ["kebakaran"]


def test_a_new_store_is_told_everything_again_and_then_what_its_officers_had_answered(desk: Desk) -> None:
    desk.press()
    desk.turns(30)
    incident = desk.alerts[0]["id"]
    desk.receipt(incident, 2, Stage.DELIVERED)
    desk.receipt(incident, 2, Stage.CLOSED, "4021")
    desk.turn()
    desk.up.said.clear()
    desk.message("r", receipt_wire.encode(Receipt(incident, 0, Stage.DELIVERED, store="new")), lane="receipt")
    desk.turn()
    assert [alert["rev"] for alert in desk.alerts] == [1, 2]
    desk.message("r", receipt_wire.encode(Receipt(incident, 2, Stage.DELIVERED, store="new")), lane="receipt")
    desk.turn()
    assert desk.up.on("/sync") == [[[incident, 2, "closed"]]]


def test_an_empty_desk_does_not_make_every_press_be_told_again_and_again(desk: Desk) -> None:
    for seq in range(20):
        desk.press(seq)
        desk.turn(2_000)
        incident = desk.alerts[0]["id"]
        rev = desk.memory.state.incidents[incident].rev
        desk.receipt(incident, rev, Stage.DELIVERED)
        desk.receipt(incident, rev, Stage.UNATTENDED)
        desk.turn(5)
    told = desk.confirms()
    assert told.count((0, "unattended")) == 1
    assert len(told) <= 20 * 4


def test_a_press_that_was_not_understood_is_answered_refused_each_time(desk: Desk) -> None:
    for _ in range(2):
        desk.message("kentongan/btn-1/event", b'{"kind":"nonsense","boot":1,"seq":1}')
        desk.turn(2_000)
    assert desk.confirms() == [(1, "refused"), (1, "refused")]
    assert desk.local.on("btn-1/confirm")[0]["reason"] == "unknown_kind"


def test_a_sensor_that_keeps_firing_keeps_its_count_and_a_bounded_memory(desk: Desk) -> None:
    for seq in range(600):
        desk.sensor(seq, device="smoke-1", kind="smoke")
        if seq % 30 == 29:
            desk.turn(10)
            desk.turn(10)
    incidents = [incident for incident in desk.memory.state.incidents.values() if incident.rule == "smoke"]
    assert sum(incident.count for incident in incidents) == 600
    assert all(len(incident.evidence) <= 200 for incident in incidents)


# --- restarts


def test_after_a_kill_the_outbox_goes_on_with_the_same_bytes(desk: Desk) -> None:
    desk.up.up = False
    desk.press()
    desk.turn()
    desk.turn(1_100)
    again = desk.reopen()
    again.turn()
    assert [alert["rev"] for alert in again.alerts] == [1, 2]
    assert again.memory.state == desk.memory.state


def test_a_button_that_repeats_over_a_kill_gets_the_same_incident(desk: Desk) -> None:
    desk.press()
    desk.turn()
    again = desk.reopen()
    again.press()
    again.turn()
    assert again.local.on("confirm")[0]["incident"] == desk.local.on("confirm")[0]["incident"]
    assert again.memory.state.incidents[desk.alerts[0]["id"]].count == 1


def test_what_the_rules_had_not_judged_is_judged_after_the_start(desk: Desk) -> None:
    desk.rules.deaf = True
    desk.sensor(device="smoke-1", kind="smoke")
    desk.turn()
    desk.turn(1_000)
    again = desk.reopen()
    for sequence, events in again.memory.unjudged.items():
        again.rules.submit(sequence, events)
    again.turns(3)
    assert [alert["rule"] for alert in again.alerts] == ["smoke"]
    assert again.memory.unjudged == {}


def test_what_the_rules_had_judged_does_not_fire_again(desk: Desk) -> None:
    desk.press()
    desk.turns(30)
    again = desk.reopen()
    again.turns(5)
    assert again.memory.unjudged == {}
    assert again.local.on("siren-1/command") == []


def test_a_checkpoint_and_the_tail_give_what_the_whole_journal_gives(desk: Desk) -> None:
    desk.press(1)
    desk.turns(20)
    desk.keeper.checkpoint(desk.clock.stamp())
    desk.press(2)
    desk.sensor(device="smoke-1", kind="smoke")
    desk.turns(20)
    again = desk.reopen()
    assert again.memory.state == desk.memory.state
    assert again.memory.devices.to_plain() == desk.memory.devices.to_plain()
    assert again.memory.unjudged == desk.memory.unjudged


def test_a_record_of_no_known_form_costs_itself_alone(desk: Desk) -> None:
    desk.press(1)
    desk.turn()
    desk.journal.append([Entry(2, desk.clock.stamp(), b"not json"), Entry(200, desk.clock.stamp(), b"{}")])
    desk.press(2)
    desk.turn(1)
    again = desk.reopen()
    assert again.memory.state.incidents[desk.alerts[0]["id"]].count == 2


# --- disk


def test_with_little_room_a_panic_passes_and_of_sensors_the_newest_waits(desk: Desk) -> None:
    desk.free = 0
    desk.turn(10_000)
    sensors = [desk.sensor(seq) for seq in range(3)]
    panic = desk.press()
    late = desk.message("kentongan/btn-2/event", b'{"kind":"panic.press","boot":1,"seq":1}', lane="rest")
    desk.turn(1)
    assert set(desk.acked) == {*sensors, panic, late}
    assert desk.confirms("pir-1") == []
    assert desk.confirms("btn-1") == desk.confirms("btn-2") == [(1, "saved")]
    assert desk.value("kentongan_dropped_total", **{"class": "sensor"}) == 2
    assert desk.value("kentongan_dropped_total", **{"class": "panic"}) == 0
    desk.free = 2**30
    desk.turns(3, 10_000)
    assert desk.confirms("pir-1") == [(2, "saved")]


def test_a_critical_report_is_no_sensor_that_a_full_disk_may_shed(desk: Desk) -> None:
    desk.free = 0
    desk.turn(10_000)
    body = {"kind": "report.tawuran", "boot": 1, "seq": 1, "attrs": {"severity": "critical"}}
    desk.message("kentongan/btn-1/event", json.dumps(body).encode(), lane="rest")
    desk.turn(1)
    assert desk.confirms() == [(1, "saved")]
    assert [alert["incident"] for alert in desk.alerts] == ["tawuran"]


def test_a_press_that_came_by_both_lanes_is_one_press(desk: Desk) -> None:
    body = json.dumps({"kind": "panic.press"}).encode()  # a button that does not count
    desk.message("kentongan/btn-1/event", body, lane="rest")
    desk.turn()
    desk.message("kentongan/btn-1/event", body)
    desk.turn(30_000)
    (incident,) = desk.memory.state.incidents.values()
    assert incident.count == 1
    desk.message("kentongan/btn-1/event", body)
    desk.turn(5_000)
    assert next(iter(desk.memory.state.incidents.values())).count == 2


def test_who_answered_an_earlier_press_is_not_named_for_a_new_one(desk: Desk) -> None:
    desk.press(1)
    desk.turn()
    desk.receipt(desk.alerts[0]["id"], 1, Stage.ACKNOWLEDGED, "4021")
    desk.turn(5)
    desk.press(2)
    desk.turn(5)
    assert "by" not in desk.local.on("btn-1/confirm")[-1]


def test_a_stranger_who_presses_on_and_receipts_for_nobody_do_not_fill_the_card(desk: Desk) -> None:
    desk.turn()
    before = desk.journal.last_sequence
    for seq in range(100):
        desk.press(seq, device="stranger")
        desk.receipt("nobody", 1, Stage.ACKNOWLEDGED)
        desk.turn(20)
    assert len(desk.confirms("stranger")) > 50
    assert desk.journal.last_sequence - before < 20


def test_a_checkpoint_of_no_known_form_gives_way_to_the_one_before_it(desk: Desk) -> None:
    desk.press()
    desk.turn()
    desk.keeper.checkpoint(desk.clock.stamp())
    desk.press(2)
    desk.turn(1_000)
    desk.journal.write_checkpoint(desk.journal.last_sequence, b'{"state": {"incidents": 7}}')
    again = desk.reopen()
    assert again.memory.state == desk.memory.state


# --- clock


def test_a_wall_clock_that_jumps_by_years_changes_no_duration(tmp_path: Path) -> None:
    clock = HandClock()
    desk = Desk(tmp_path, RULES, clock=clock)
    desk.press(1)
    desk.turn()
    clock.wall_ms -= 5 * 365 * 86_400_000
    desk.press(1)
    desk.press(2)
    desk.turn(60_000)
    clock.wall_ms += 30 * 365 * 86_400_000
    desk.press(3)
    desk.turn(60_000)
    (incident,) = desk.memory.state.incidents.values()
    assert incident.count == 3


def test_an_alert_from_before_an_absence_of_unknown_length_is_at_least_so_old(tmp_path: Path) -> None:
    desk = Desk(tmp_path, RULES)
    desk.up.up = False
    desk.press()
    desk.turn()
    desk.clock.run_ms += 1  # as a start after such an absence has it
    again = desk.reopen(absence={"downtime_known": False})
    again.clock.wait(2_000)
    again.press(device="btn-2")
    again.turn(1_000)
    assert {alert["evidence"][0]["device"]: alert["age"] for alert in again.alerts if alert["evidence"]} == {
        "btn-1": "at_least",
        "btn-2": "exact",
    }


def untrusted_boot(desk: Desk, off_ms: int) -> Desk:
    """Cut the power for ``off_ms`` and come back with a clock that nobody believes."""
    before = desk.clock.stamp()
    desk.clock.run_ms += 1
    desk.clock.trusted = False
    desk.clock.wall_ms = 0
    again = desk.reopen(absence={"downtime_known": False, "before": [before.run_ms, before.wall_ms]})
    again.true_wall_ms = before.wall_ms + off_ms
    return again


def time_service_answers(desk: Desk, seconds_after_boot: int) -> None:
    desk.clock.trusted = True
    desk.clock.wall_ms = desk.true_wall_ms + seconds_after_boot * 1_000


def test_once_the_clock_is_right_what_is_older_than_the_power_cut_is_older_and_nothing_else(tmp_path: Path) -> None:
    desk = Desk(tmp_path, RULES)
    desk.up.up = False
    desk.press(1)
    desk.turn()
    again = untrusted_boot(desk, 8 * 3_600_000)
    again.up.up = False
    again.clock.wait(2_000)
    again.press(device="btn-2")
    again.turn()
    again.clock.wait(1_000)
    time_service_answers(again, 3)
    again.turn()
    again.connect()
    again.turn()
    ages = {
        alert["evidence"][0]["device"]: (alert["age_s"], alert["age"]) for alert in again.alerts if alert["evidence"]
    }
    assert ages == {"btn-1": (8 * 3_600 + 3, "exact"), "btn-2": (1, "exact")}
    assert again.confirms("btn-2") == [(1, "saved")]
    again.press(device="btn-2", seq=2)
    again.turn(60_000)
    again.turn()
    assert len(again.memory.state.incidents) == 2
    once_more = again.reopen()
    assert once_more.memory.state == again.memory.state


def test_a_restart_before_the_clock_is_right_does_not_lose_the_correction(tmp_path: Path) -> None:
    desk = Desk(tmp_path, RULES)
    desk.up.up = False
    desk.press(1)
    desk.turn()
    again = untrusted_boot(desk, 8 * 3_600_000)
    again.turn(1_000)
    third = again.reopen()
    third.true_wall_ms = again.true_wall_ms
    time_service_answers(third, 1)
    third.turn()
    assert {(alert["age_s"], alert["age"]) for alert in third.alerts} == {(8 * 3_600 + 1, "exact")}


def test_a_receipt_for_an_old_incident_does_not_catch_the_next_press(desk: Desk) -> None:
    desk.press(1)
    desk.turn()
    old = desk.alerts[0]["id"]
    desk.press(2)
    desk.turn(11 * 60_000)
    desk.receipt(old, 1, Stage.ACKNOWLEDGED, "4021")
    desk.turn(1_000)
    desk.press(3)
    desk.turn(1_000)
    assert len(desk.memory.state.incidents) == 2


def bought_press(desk: Desk, lane: str, wait: int) -> int:
    """Let a press without a counter come by a lane, and return how many the post has counted."""
    desk.message("kentongan/btn-1/event", b'{"kind": "panic.press"}', lane=lane)
    desk.turn(wait)
    return sum(incident.count for incident in desk.memory.state.incidents.values())


def test_what_came_by_the_rest_lane_is_known_when_the_panic_lanes_session_brings_it(desk: Desk) -> None:
    assert bought_press(desk, "rest", 0) == 1
    desk.notices.append(Listening())
    desk.turn(60_000)
    assert bought_press(desk, "panic", 100) == 1


def test_a_press_is_not_taken_for_one_that_the_rest_lane_brought_long_before(desk: Desk) -> None:
    assert bought_press(desk, "rest", 0) == 1
    desk.notices.append(Listening())
    desk.turn(1_000)
    assert bought_press(desk, "panic", 20_000) == 2


def test_a_press_is_not_taken_for_one_that_the_rest_lane_brought_after_the_panic_lane(desk: Desk) -> None:
    assert bought_press(desk, "panic", 0) == 1
    bought_press(desk, "rest", 1_000)
    counted = bought_press(desk, "rest", 1_000)
    assert bought_press(desk, "panic", 3_000) == counted + 1
