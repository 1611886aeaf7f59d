"""Whatever somebody sends, it gets a clear answer and costs nobody a press."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.support.brokers import Kind
from tests.support.town import POST_ID, TOPICS, Town, living
from tests.support.waiting import eventually

EVENT = "kentongan/btn-4/event"


def _press(**changes: Any) -> bytes:
    body = {"kind": "panic.press", "boot": 9, "seq": 1, "attrs": {}, **changes}
    return json.dumps({key: value for key, value in body.items() if value is not ...}).encode()


BAD_PRESSES: dict[str, list[bytes]] = {
    "bad_json": [
        b"{",
        b"",
        b"tolong",
        b'{"kind": "panic.press", "kind": "panic.hold"}',
        b'{"boot": NaN}',
        b"[" * 50_000,
    ],
    "bad_utf8": [b"\xff\xfe\x00"],
    "wrong_type": [
        b"[1, 2]",
        b"null",
        _press(boot="7"),
        _press(boot=7.0),
        _press(boot=-7),
        _press(boot=True),
        _press(seq=2**53 + 1),
        _press(seq=[1]),
        _press(kind="heartbeat", attrs="none"),
        _press(kind="heartbeat", attrs={"deep": {"er": 1}}),
        _press(kind=["panic.press"]),
    ],
    "missing_field": [_press(seq=...), _press(boot=...), _press(kind=...)],
    "unknown_kind": [_press(kind="dance"), _press(kind="")],
    "too_large": [_press(attrs={"text": "a" * 1_000_000})],
}


def test_a_message_that_makes_no_sense_is_counted_by_its_reason_and_the_next_press_goes_through(town: Town) -> None:
    button = town.button("btn-4")
    before = {reason: town.rejected(reason) for reason in BAD_PRESSES}
    for payloads in BAD_PRESSES.values():
        for payload in payloads:
            assert button.radio.say(EVENT, payload)
    seq = button.press()
    incident = button.wait(seq, "delivered")["incident"]
    counted = {reason: town.rejected(reason) - before[reason] for reason in BAD_PRESSES}
    assert counted == {reason: len(payloads) for reason, payloads in BAD_PRESSES.items()}
    answers = [body for message in button.radio.heard("/confirm") if (body := message.body)]
    assert {body["stage"] for body in answers if body["boot"] != button.boot} == {"refused"}
    told = town.officer.wait_incident(incident)
    assert (told["count"], len(told["evidence"])) == (1, 1)


def test_what_a_button_says_wrongly_beside_its_press_does_not_cost_the_press(town: Town) -> None:
    button = town.button("btn-5")
    wrongs: list[dict[str, Any]] = [{"attrs": "none"}, {"attrs": {"deep": {"er": 1}}}, {"kind": "panic.dance"}]
    for seq, wrong in enumerate(wrongs, 501):
        assert button.radio.say("kentongan/btn-5/event", _press(boot=77, seq=seq, **wrong))

    def arrived() -> bool:
        answers = [message.body for message in button.radio.heard("/confirm")]
        return {body["seq"] for body in answers if (body["boot"], body["stage"]) == (77, "delivered")} == {
            501,
            502,
            503,
        }

    eventually(arrived, "not all three presses came to the precinct")


def test_a_device_that_nobody_has_entered_is_refused_and_told_once(town: Town) -> None:
    stranger = town.button("stranger-9")
    for _ in range(3):
        answer = stranger.wait(stranger.press(), "refused")
        assert (answer["incident"], answer["reason"]) == (None, "unknown_device")

    def told() -> list[dict[str, Any]]:
        return [found for found in town.officer.incidents() if found["incident"] == "device.unknown"]

    (incident,) = eventually(told, town.logs)
    assert (incident["severity"], incident["certainty"]) == ("high", "possible")
    assert "stranger-9" in incident["title"]
    real = town.button("btn-5")
    real.wait(real.press(), "delivered")  # what was sent after it has arrived: nothing more is under way
    assert [found["count"] for found in told()] == [1]


def test_a_press_without_any_quality_of_service_counts(town: Town) -> None:
    button = town.button("btn-6")
    button.radio.say("kentongan/btn-6/event", button.message(1), qos=0)
    answer = eventually(lambda: button.confirms(1), "the press was not confirmed")[0]
    incident = town.officer.wait_incident(answer["incident"])
    assert incident["place"]["zone"] == "gerbang"


def test_a_press_that_a_broker_remembers_is_no_press(broker_kind: Kind, tmp_path: Path) -> None:
    town = Town(tmp_path, broker_kind)
    town.start_brokers()
    old = town.button("btn-1", boot=1)
    assert old.radio.say("kentongan/btn-1/event", old.message(1), retain=True)
    with living(town):
        town.wait_metric('kentongan_rejected_total{reason="retained"}', lambda refused: refused >= 1)
        for start in (1, 2):
            fresh = town.button("btn-2", boot=start)
            fresh.wait(fresh.press(), "delivered")
            assert ["btn-2" in found["title"] for found in town.officer.incidents()] == [True]
            assert old.confirms(1) == []
            town.post.kill()
            town.post.start()
            town.wait_post()


# --- between post and precinct ---------------------------------------------------------------------------------------


def test_an_alert_that_is_not_ours_to_believe_is_counted_and_stays_off_the_board(town: Town) -> None:
    officer, forger = town.officer, town.uplink_radio(POST_ID)
    wrong: dict[str, dict[str, Any]] = {
        'rejected_total{reason="unknown_version"}': {"v": 2},
        'rejected_total{reason="wrong_type"}': {"rev": "1"},
        'alerts_total{outcome="foreign"}': {"post": "pos-07"},
    }
    for name, change in wrong.items():
        metric = f"kentongan_precinct_{name}"
        before = officer.metric(metric)
        forger.say(f"{TOPICS}/{POST_ID}/alert", {**_alert(), **change})
        eventually(lambda metric=metric, before=before: officer.metric(metric) == before + 1, metric)  # type: ignore[misc]
    assert officer.incident("forged") == {}
    button = town.button("btn-5", boot=2)
    button.wait(button.press(), "delivered")


def _alert() -> dict[str, Any]:
    return {
        "v": 1,
        "id": "forged",
        "rev": 1,
        "post": POST_ID,
        "rule": "floor",
        "incident": "panic",
        "severity": "critical",
        "title": "Tombol panik",
        "place": {"kelurahan": "krendang", "zone": "meja", "lat": None, "lon": None},
        "opened_at": "2026-11-24T20:00:00Z",
        "clock": "trusted",
        "age_s": 0,
        "age": "exact",
        "count": 1,
        "evidence": [{"event": "e1", "kind": "panic.press", "device": "btn-1", "at": "2026-11-24T20:00:00Z"}],
        "instance": "f" * 16,
        "exercise": False,
    }


def test_a_receipt_that_makes_no_sense_is_counted_and_changes_no_lamp(town: Town) -> None:
    button = town.button("btn-5", boot=3)
    seq = button.press()
    incident = button.wait(seq, "delivered")["incident"]
    good = {"v": 1, "id": incident, "rev": 1, "stage": "acknowledged", "by": "0000", "at": "2026-11-24T20:00:00Z"}
    wrong: dict[str, list[dict[str, Any] | bytes]] = {
        "unknown_incident": [{**good, "id": "nobody-knows-it"}],
        "unknown_stage": [{**good, "stage": "celebrated"}, {**good, "stage": "saved"}],
        "wrong_type": [{**good, "rev": "1"}, {**good, "rev": 1.0}, {**good, "rev": -1}, {**good, "rev": True}, b"[]"],
        "missing_field": [{key: value for key, value in good.items() if key != "rev"}],
        "unknown_version": [{**good, "v": 2}, {**good, "v": "1"}, {key: good[key] for key in good if key != "v"}],
        "bad_json": [b"{", b""],
    }
    before = {reason: town.rejected(reason) for reason in wrong}
    forger = town.uplink_radio("kentongan-precinct")
    for bodies in wrong.values():
        for body in bodies:
            forger.say(f"{TOPICS}/{POST_ID}/receipt", body)

    def counted() -> dict[str, float]:
        return {reason: town.rejected(reason) - before[reason] for reason in wrong}

    expected = {reason: len(bodies) for reason, bodies in wrong.items()}
    eventually(lambda: counted() == expected, lambda: f"{counted()} instead of {expected}")
    assert button.stages(seq)[-1] == "delivered"
    assert town.lamp.now == "delivered"
    town.officer.do(incident, "acknowledge")
    assert button.wait(seq, "acknowledged")["by"] == town.officer.badge
