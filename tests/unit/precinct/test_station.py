"""What a post and its lamp can rely on: stories over the station, its real store, and a broker that stands still."""

import os
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.domain.events import RawMessage, Rejected
from dispatcher.domain.incident import Stage
from dispatcher.precinct.mail import topic_filters, unpack
from dispatcher.precinct.model import Action, Reply
from dispatcher.precinct.standing import Verb
from dispatcher.precinct.station import Closed
from dispatcher.precinct.store import Store
from dispatcher.wire import alert as alert_wire
from dispatcher.wire import status as status_wire
from dispatcher.wire import sync as sync_wire
from dispatcher.wire.sync import Known
from tests.unit.precinct.builders import PRECINCT, Delivery, Desk, panic, raw, status, until

ACK = Action("a1b2c3", Verb.ACKNOWLEDGE, "4021")


def test_a_press_is_stored_before_the_receipt_and_acknowledged_after_it(desk: Desk) -> None:
    held: list[bool] = []
    desk.link.before_publish = lambda: held.append(desk.station.store.reading.incident("a1b2c3") is not None)
    desk.alert(panic())
    assert held == [True]
    assert [word.rsplit("/")[-1] for word, _ in desk.link.log] == ["receipt", "ack"]
    assert desk.link.said() == [("delivered", 1)]


def test_a_press_that_comes_again_gets_the_same_receipt_again(desk: Desk) -> None:
    desk.alert(panic())
    desk.alert(panic())
    assert desk.link.said() == [("delivered", 1), ("delivered", 1)]
    assert desk.station.store.reading.counters() == {("alerts", "new"): 1, ("alerts", "copy"): 1}


def test_an_officers_answer_reaches_the_lamp(desk: Desk) -> None:
    desk.alert(panic())
    desk.station.enter()
    assert desk.station.act(ACK).result(10).refusal is None
    receipt = desk.link.receipts()[-1]
    assert (receipt.stage, receipt.rev, receipt.by) == (Stage.ACKNOWLEDGED, 1, "4021")
    assert receipt.store == desk.station.store.id


def test_an_officers_answer_is_stored_before_the_lamp_hears_it(desk: Desk) -> None:
    desk.alert(panic())
    waiting: list[bool] = []

    def look() -> None:
        found = desk.station.store.reading.incident("a1b2c3")
        waiting.append(found is None or found.standing.unanswered)

    desk.link.before_publish = look
    desk.station.act(ACK).result(10)
    assert set(waiting) == {False}


def test_a_web_client_that_leaves_takes_nothing_down(desk: Desk) -> None:
    desk.station.act(ACK).cancel()
    desk.alert(panic())
    assert desk.station.act(ACK).result(10).refusal is None


def test_sync_repeats_what_the_post_does_not_know(desk: Desk) -> None:
    desk.alert(panic())
    desk.link.log.clear()
    known = (Known("a1b2c3", 1, Stage.SENT), Known("lost", 3, Stage.SENT))
    desk.hear(raw("sync", sync_wire.encode(known)))
    assert [(receipt.id, receipt.rev) for receipt in desk.link.receipts()] == [("a1b2c3", 1), ("lost", 0)]


def test_nobody_at_a_board_for_thirty_seconds_and_the_lamp_says_so(desk: Desk) -> None:
    desk.alert(panic())
    desk.hands.pass_s(29)
    desk.station.enter()
    desk.station.leave()
    desk.hands.pass_s(29)
    desk.status(status())
    assert desk.link.said() == [("delivered", 1)]
    desk.hands.pass_s(2)
    desk.status(status())
    until(lambda: len(desk.link.said()) == 3)
    assert desk.link.said()[1:] == [("delivered", 1), ("unattended", 1)]


def test_a_press_at_an_empty_desk_is_told_at_once(desk: Desk) -> None:
    desk.hands.pass_s(31)
    desk.status(status())
    until(lambda: not desk.station.attended)
    desk.alert(panic())
    assert desk.link.said() == [("delivered", 1), ("unattended", 1)]


def test_a_board_that_comes_back_takes_unattended_back(desk: Desk) -> None:
    desk.hands.pass_s(31)
    desk.status(status())
    until(lambda: not desk.station.attended)
    desk.alert(panic())
    desk.link.log.clear()
    desk.station.enter()
    until(desk.link.said)
    assert desk.link.said() == [("delivered", 1)]


def test_an_answered_incident_is_not_called_unattended(desk: Desk) -> None:
    desk.alert(panic())
    desk.station.act(ACK).result(10)
    desk.link.log.clear()
    desk.hands.pass_s(31)
    desk.status(status())
    until(lambda: not desk.station.attended)
    assert desk.link.said() == []


def test_an_answer_given_without_a_board_ends_unattended(desk: Desk) -> None:
    desk.hands.pass_s(31)
    desk.status(status())
    until(lambda: not desk.station.attended)
    desk.alert(panic())
    desk.link.log.clear()
    desk.station.act(ACK).result(10)  # by a program, over the API
    assert desk.link.said() == [("delivered", 1), ("acknowledged", 1)]


def test_a_silent_post_is_told_within_thirty_seconds(desk: Desk) -> None:
    desk.status(status())
    desk.status(status(), "pos-07")
    desk.hands.pass_s(30)
    desk.status(status(), "pos-07")
    until(lambda: desk.station.silent == {"pos-03"})


def test_a_last_will_makes_a_post_silent_at_once(desk: Desk) -> None:
    desk.status(status("offline"))
    until(lambda: desk.station.silent == {"pos-03"})


def test_a_status_that_the_broker_had_kept_brings_no_silent_post_back(desk: Desk) -> None:
    desk.status(status())
    desk.hands.pass_s(31)
    desk.status(status(), "pos-07")
    until(lambda: desk.station.silent == {"pos-03"})
    desk.hear(replace(raw("status", status_wire.encode(status())), retain=True))
    desk.status(status(), "pos-07")
    assert desk.station.heard["pos-03"].silent(desk.station.clock.run_ms())
    desk.status(status())
    until(lambda: desk.station.silent == frozenset())


def test_a_heartbeat_that_says_nothing_new_wakes_no_board(desk: Desk) -> None:
    desk.status(status())
    version = desk.station.changes.version
    desk.status(status())
    assert desk.station.changes.version == version


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (raw("alert", b"\xff"), "bad_utf8"),
        (raw("alert", b"{"), "bad_json"),
        (raw("alert", b'{"v": 2}'), "unknown_version"),
        (raw("alert", b'{"v": 1}'), "missing_field"),
        (raw("alert", b"x" * 70_000), "too_large"),
        (raw("sync", b'{"v": 1}'), "wrong_type"),
        (raw("receipt", b"{}"), "unknown_topic"),
        (raw("alert", b"{}", precinct="polsek-lain"), "unknown_topic"),
        (raw("alert", b"{}", post="../../etc"), "unknown_topic"),
    ],
)
def test_what_cannot_be_read_is_counted_acknowledged_and_changes_nothing(
    desk: Desk, message: RawMessage, reason: str
) -> None:
    desk.hear(message)
    assert desk.station.store.reading.counters() == {("rejected", reason): 1}
    assert desk.link.said() == []
    desk.alert(panic())
    assert desk.link.said() == [("delivered", 1)]


@given(st.sampled_from(["alert", "sync", "status"]), st.binary(max_size=200) | st.text().map(str.encode))
def test_no_bytes_make_the_reader_raise(channel: str, payload: bytes) -> None:
    found = unpack(raw(channel, payload), PRECINCT)
    assert isinstance(found, Rejected) or found.post == "pos-03"


@settings(max_examples=25, deadline=None)
@given(st.permutations([1, 1, 2, 2, 3, 4]))
def test_in_whatever_order_and_however_often_it_ends_the_same(
    tmp_path_factory: pytest.TempPathFactory, order: list[int]
) -> None:
    store = Store(tmp_path_factory.mktemp("store") / "precinct.db")
    for rev in order:
        with store.batch():
            store.take_alert("pos-03", alert_wire.encode(panic(rev)), panic(rev), 5_000)
    found = store.reading.history("a1b2c3")
    store.close()
    assert found is not None
    assert (found.incident.standing.held, found.incident.standing.top) == (4, 4)
    assert len(found.evidence) == 4


def test_a_message_that_the_code_chokes_on_stops_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    take = desk.station.store.take_alert

    def choke(post: str, payload: bytes, alert: Any, at: int) -> Any:
        taken = take(post, payload, alert, at)
        if alert.id == "bad":
            raise KeyError(alert.id)
        return taken

    monkeypatch.setattr(desk.station.store, "take_alert", choke)
    desk.alert(panic(id="bad"))
    desk.alert(panic())
    assert desk.station.store.reading.incident("bad") is None
    assert desk.link.said() == [("delivered", 1)]
    assert desk.station.store.reading.counters()["rejected", "internal"] == 1


def test_a_broker_that_takes_nothing_does_not_stop_the_intake(desk: Desk) -> None:
    def refuse() -> None:
        raise OSError("no connection")

    desk.link.before_publish = refuse
    desk.alert(panic())
    assert desk.station.store.reading.incident("a1b2c3") is not None
    assert desk.station.failure is None


def test_a_failing_disk_confirms_nothing_more(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def broken() -> Any:
        yield
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(desk.station.store, "batch", broken)
    reply: Future[Reply] = desk.station.act(ACK)
    desk.station.receive(Delivery(raw("alert", alert_wire.encode(panic()))))
    with pytest.raises(Closed):
        reply.result(10)
    until(lambda: desk.failures)
    with pytest.raises(Closed):
        desk.station.act(ACK).result(10)
    assert desk.link.log == []


def test_a_disk_that_fails_in_the_middle_of_a_message_acknowledges_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_values: object) -> Any:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(desk.station.store, "take_alert", full)
    desk.station.receive(Delivery(raw("alert", alert_wire.encode(panic()))))
    until(lambda: desk.failures)
    assert desk.link.log == []


def test_a_stopped_station_refuses_an_action_instead_of_losing_it(desk: Desk, tmp_path: Path) -> None:
    other = Desk(tmp_path / "other")
    other.station.start()
    other.station.stop()
    with pytest.raises(Closed):
        other.station.act(ACK).result(10)


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.unit.precinct.builders import Delivery, Desk, alert_wire, panic, raw, until
desk = Desk(Path(sys.argv[1]))
desk.link.before_publish = lambda: os.kill(os.getpid(), signal.SIGKILL)
desk.station.start()
desk.station.receive(Delivery(raw("alert", alert_wire.encode(panic()))))
until(lambda: False)
"""


def test_killed_between_commit_and_receipt_the_press_is_kept_and_counted_once(tmp_path: Path) -> None:
    ran = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], timeout=60, check=False, cwd=os.getcwd())
    assert ran.returncode == -signal.SIGKILL
    desk = Desk(tmp_path)
    desk.station.start()
    desk.alert(panic())  # the broker, having no acknowledgement, delivers it again
    assert desk.station.store.reading.counters() == {("alerts", "new"): 1, ("alerts", "copy"): 1}
    assert desk.link.said() == [("delivered", 1)]
    desk.station.stop()


def test_the_precinct_listens_to_what_posts_send_and_to_nothing_it_sends_itself() -> None:
    assert topic_filters(PRECINCT) == tuple(
        f"kentongan/v1/{PRECINCT}/+/{channel}" for channel in ("alert", "sync", "status", "event")
    )


def test_why_an_alert_was_refused_is_in_the_log(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="dispatcher"):
        desk.hear(raw("alert", b"{not json"))
    (line,) = [vars(record) for record in caplog.records if record.getMessage() == "rejected"]
    assert (line["reason"], line["sender"]) == ("bad_json", "pos-03")


def test_a_flood_of_refused_messages_is_counted_and_does_not_fill_the_log(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", logger="dispatcher"):
        for _ in range(2_000):
            desk.station.receive(Delivery(raw("alert", b"{not json")))
        desk.hear(raw("alert", b"{not json"))
    assert sum(record.getMessage() == "rejected" for record in caplog.records) < 2_000
    assert desk.station.store.reading.counters()["rejected", "bad_json"] == 2_001
