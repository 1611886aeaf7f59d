"""Uplink, precinct, post and broker fail in turn. What was confirmed is at the precinct in the end, and only once."""

from __future__ import annotations

from collections import defaultdict

from tests.support.radio import Button
from tests.support.town import POST_ID, Officer, Town, revisions
from tests.support.waiting import eventually

BURST = 200


def test_without_the_precincts_broker_the_lamp_says_undelivered_and_later_the_press_arrives_once(
    fresh_town: Town,
) -> None:
    town = fresh_town
    town.uplink.stop()
    button = town.button("btn-1")
    seq = button.press()
    incident = button.wait(seq, "saved")["incident"]
    town.lamp.wait("saved")
    button.wait(seq, "undelivered")
    town.lamp.wait("undelivered")
    assert town.metric("kentongan_outbox_depth") >= 1

    town.uplink.start()
    ear = town.uplink_radio("kentongan-precinct", "alert")
    assert button.wait(seq, "delivered")["incident"] == incident
    town.lamp.wait("delivered")
    assert [found["id"] for found in town.officer.incidents()] == [incident]
    assert town.officer.incident(incident)["count"] == 1
    told = eventually(lambda: revisions(ear.heard("/alert"), incident).get(1), "the alert did not pass the broker")
    assert min(alert["age_s"] for alert in told) >= 10
    assert {alert["age"] for alert in told} == {"exact"}
    town.wait_metric("kentongan_outbox_depth", lambda depth: depth == 0)


def test_a_post_that_loses_its_power_while_the_uplink_is_away_still_delivers_the_press_once(fresh_town: Town) -> None:
    town = fresh_town
    town.uplink.stop()
    button = town.button("btn-1")
    seq = button.press()
    incident = button.wait(seq, "saved")["incident"]
    town.post.kill()
    town.post.start()
    town.wait_post()
    button.press(seq)
    eventually(lambda: len(button.confirms(seq)) > 1, town.logs, meanwhile=button.repeat_unconfirmed)
    second = button.wait(button.press(), "saved")["incident"]

    town.uplink.start()
    button.wait(seq, "delivered")
    button.wait(2, "delivered")
    assert {body["incident"] for body in button.confirms(seq)} == {incident} == {second}
    assert _homes(town.officer) == {("btn-1", 1, 1): {incident}, ("btn-1", 1, 2): {incident}}
    assert town.officer.incident(incident)["count"] == 2


def test_a_precinct_that_is_killed_and_started_again_has_lost_nothing_and_has_nothing_twice(fresh_town: Town) -> None:
    town = fresh_town
    before, during = town.button("btn-1"), town.button("btn-2")
    first = before.wait(before.press(), "delivered")["incident"]
    town.officer.do(first, "acknowledge")
    before.wait(1, "acknowledged")

    town.precinct.kill()
    second = during.wait(during.press(), "saved")["incident"]
    before.wait(before.press(), "saved")
    town.precinct.start()

    during.wait(1, "delivered")
    before.wait(2, "delivered")
    assert {found["id"] for found in town.officer.incidents()} == {first, second}
    assert _homes(town.officer) == {
        ("btn-1", 1, 1): {first},
        ("btn-1", 1, 2): {first},
        ("btn-2", 1, 1): {second},
    }
    told = town.officer.wait_incident(first, lambda found: found["count"] == 2)
    assert [entry["by"] for entry in told["timeline"] if entry["what"] == "acknowledged"] == [town.officer.badge]
    town.officer.do(second, "acknowledge")
    during.wait(1, "acknowledged")


def test_a_post_killed_in_a_burst_of_presses_keeps_every_press_it_confirmed_in_one_incident(fresh_town: Town) -> None:
    town = fresh_town
    buttons = [town.button(f"btn-{n}") for n in range(1, 5)]
    for _ in range(BURST // len(buttons)):
        for button in buttons:
            button.press()
    eventually(lambda: _answered(buttons) >= BURST // 10, town.logs, meanwhile=lambda: _repeat(buttons))
    town.post.kill()
    confirmed = _confirmed(buttons)
    town.post.start()

    eventually(lambda: _answered(buttons) == BURST, town.logs, meanwhile=lambda: _repeat(buttons))
    eventually(lambda: len(_homes(town.officer)) == BURST, town.logs)
    homes = _homes(town.officer)
    assert all(len(homes[press]) == 1 for press in homes)
    for press, incidents in {**_confirmed(buttons), **confirmed}.items():
        assert homes[press] == incidents
    counts = [found["count"] for found in town.officer.incidents()]
    assert sum(counts) == BURST


def test_a_press_after_the_local_broker_was_restarted_goes_the_whole_way(fresh_town: Town) -> None:
    town = fresh_town
    button = town.button("btn-1")
    incident = button.wait(button.press(), "delivered")["incident"]
    town.local.stop()
    town.local.start()
    button.radio.wait_listening()
    seq = button.press()
    assert button.wait(seq, "delivered")["incident"] == incident
    town.officer.do(incident, "acknowledge")
    button.wait(seq, "acknowledged")
    town.lamp.wait("acknowledged")


def test_a_precinct_that_lost_its_store_is_told_the_last_days_again(fresh_town: Town) -> None:
    town = fresh_town
    old, button = town.button("btn-1"), town.button("btn-2")
    closed = old.wait(old.press(), "delivered")["incident"]
    town.officer.wait_incident(closed)
    town.officer.do(closed, "close", disposition="false")
    old.wait(1, "closed")
    open_one = button.wait(button.press(), "delivered")["incident"]
    store = town.officer.get("/incidents")["store"]

    town.precinct.kill()
    for file in town.precinct_data.glob("precinct.db*"):
        file.unlink()
    town.precinct.start()
    town.precinct.wait_ready()
    assert town.officer.get("/incidents")["store"] != store

    button.wait(button.press(), "delivered")  # the receipt names the new store
    for incident in (closed, open_one):
        town.officer.wait_incident(incident)
    told = town.officer.wait_incident(open_one, lambda found: found["count"] == 2)
    assert (told["post"], told["held"]) == (POST_ID, told["rev"])
    assert len(town.officer.incidents()) == 2
    town.wait_metric("kentongan_outbox_depth", lambda depth: depth == 0)


# --- which press is where --------------------------------------------------------------------------------------------

Press = tuple[str, int, int]


def _homes(officer: Officer) -> dict[Press, set[str]]:
    """Return in which incidents of the precinct each press stands as evidence, and fail on one that stands twice."""
    homes: dict[Press, set[str]] = defaultdict(set)
    for found in officer.incidents():
        told = officer.incident(found["id"])
        for row in told.get("evidence", ()):
            press = (row["device"], row["boot"], row["seq"])
            assert told["id"] not in homes[press], f"{press} stands twice in {told['id']}"
            homes[press].add(told["id"])
    return dict(homes)


def _confirmed(buttons: list[Button]) -> dict[Press, set[str]]:
    """Return the incidents that the confirmations of each press have named."""
    named: dict[Press, set[str]] = defaultdict(set)
    for button in buttons:
        for message in button.radio.heard("/confirm"):
            named[(button.device, message.body["boot"], message.body["seq"])].add(message.body["incident"])
    return dict(named)


def _answered(buttons: list[Button]) -> int:
    return len(_confirmed(buttons))


def _repeat(buttons: list[Button]) -> None:
    for button in buttons:
        button.repeat_unconfirmed()
