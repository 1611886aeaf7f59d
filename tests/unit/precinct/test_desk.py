"""Devices that stand at the precinct itself: what they say is stored, answered, and a call is an incident at once."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from dispatcher.domain.events import Lane, RawMessage
from dispatcher.domain.incident import Severity
from dispatcher.domain.stamp import Stamp
from dispatcher.precinct.model import Action
from dispatcher.precinct.standing import Verb
from tests.unit.precinct.builders import NOW, PRECINCT, until
from tests.unit.precinct.ruled import Ruled

TEXT = """
- id: siber
  runs_at: precinct
  when: {event: report.tawuran, where: {role: cyber}}
  then: {escalate: precinct, incident: tawuran, severity: critical, message: "Ajakan tawuran, {kelurahan}"}
- id: siaga
  when: {event: alert.tawuran}
  then: {escalate: precinct, incident: siaga, severity: medium}
"""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Ruled]:
    """A precinct with a cyber patrol's desk and a button of its own."""
    found = Ruled(tmp_path / "polsek", TEXT)
    yield found
    found.station.stop()


def said(device: str, kind: str, seq: int | None = None, *, dup: bool = False, **attrs: object) -> RawMessage:
    body: dict[str, object] = {"kind": kind, "attrs": attrs}
    body |= {} if seq is None else {"boot": 1, "seq": seq}
    topic = f"kentongan/{device}/event"
    return RawMessage(Lane.PRECINCT, topic, json.dumps(body).encode(), 1, False, dup, Stamp(0, NOW, True), seq or 1)


def confirmed(desk: Ruled, device: str) -> list[dict[str, object]]:
    topic = f"kentongan/{device}/confirm"
    return [json.loads(body) for name, body in desk.link.log if name == topic and isinstance(body, bytes)]


def test_the_topics_are_exactly_those_of_the_devices_without_a_post(desk: Ruled) -> None:
    assert desk.station.device_topics == ("kentongan/siber-1/event", "kentongan/tombol-polsek/event")


def test_a_press_at_the_precinct_is_an_incident_at_once_and_is_answered_to_the_end(desk: Ruled) -> None:
    desk.hear(said("tombol-polsek", "panic.press", 1))
    found = desk.one("floor")
    assert (found.kind, found.severity, found.post, found.own) == ("panic", Severity.CRITICAL, PRECINCT, True)
    assert found.standing.unanswered
    stages = [one["stage"] for one in confirmed(desk, "tombol-polsek")]
    assert stages == ["saved", "delivered"]
    desk.station.act(Action(found.id, Verb.ACKNOWLEDGE, "4021")).result(10)
    last = confirmed(desk, "tombol-polsek")[-1]
    assert last == {"boot": 1, "seq": 1, "incident": found.id, "stage": "acknowledged", "by": "4021"}


def test_a_press_that_is_repeated_is_confirmed_again_and_counted_once(desk: Ruled) -> None:
    for _ in range(3):
        desk.hear(said("tombol-polsek", "panic.press", 1))
    assert desk.one("floor").count == 1
    assert [one["stage"] for one in confirmed(desk, "tombol-polsek")] == ["saved", "delivered"] * 3
    desk.hear(said("tombol-polsek", "panic.press", 2))
    assert desk.one("floor").count == 2


def test_a_counter_that_comes_back_after_an_hour_is_a_new_press(desk: Ruled) -> None:
    desk.hear(said("tombol-polsek", "panic.press", 1))
    desk.hands.pass_s(3601)
    desk.hear(said("tombol-polsek", "panic.press", 1))
    until(lambda: len(desk.of("floor")) == 2)


def test_a_press_without_a_counter_is_a_copy_only_where_the_broker_repeats_it(desk: Ruled) -> None:
    desk.hear(said("tombol-polsek", "panic.press"))
    desk.hear(said("tombol-polsek", "panic.press", dup=True))
    assert desk.one("floor").count == 1
    desk.hands.pass_s(1)
    desk.hear(said("tombol-polsek", "panic.press"))
    assert desk.one("floor").count == 2


def test_a_press_long_after_the_last_is_an_incident_of_its_own(desk: Ruled) -> None:
    desk.hear(said("tombol-polsek", "panic.press", 1))
    desk.hands.pass_s(601)
    desk.hear(said("tombol-polsek", "panic.press", 2))
    assert len(desk.of("floor")) == 2


def test_a_critical_report_is_the_floors_and_the_rule_that_matches_it_adds_its_words(desk: Ruled) -> None:
    desk.hear(said("siber-1", "report.tawuran", 1, severity="critical", kelurahan="krendang"))
    until(lambda: desk.one("floor").title == "Ajakan tawuran, krendang")
    found = desk.one("floor")
    assert (found.kind, found.count, found.place.kelurahan) == ("tawuran", 1, "krendang")
    assert not desk.of("siber")
    assert desk.one("siaga").count == 1  # one alert, though floor and rule have both told of it


def test_a_report_that_is_not_critical_is_the_rules_affair(desk: Ruled) -> None:
    desk.hear(said("siber-1", "report.tawuran", 1, kelurahan="angke"))
    assert desk.one("siber").title == "Ajakan tawuran, angke"
    assert not desk.of("floor")
    assert [one["stage"] for one in confirmed(desk, "siber-1")] == ["saved"]


def test_what_cannot_be_read_is_refused_with_a_reason(desk: Ruled) -> None:
    desk.hear(said("siber-1", "alert.panic", 7))
    assert confirmed(desk, "siber-1") == [
        {"boot": 1, "seq": 7, "incident": None, "stage": "refused", "reason": "unknown_kind"}
    ]


def test_an_empty_desk_is_told_to_the_button_too(desk: Ruled) -> None:
    desk.hear(said("tombol-polsek", "panic.press", 1))
    desk.hands.pass_s(31)
    desk.wake()
    until(lambda: confirmed(desk, "tombol-polsek")[-1]["stage"] == "unattended")
    desk.station.enter()
    until(lambda: confirmed(desk, "tombol-polsek")[-1]["stage"] == "delivered")
