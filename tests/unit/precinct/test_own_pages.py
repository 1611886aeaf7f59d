"""What the board's pages and the metrics say of the precinct's own incidents, and of its own trouble."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from dispatcher.precinct.board import Board
from dispatcher.precinct.metrics import exposition
from dispatcher.precinct.web import create_app
from tests.unit.precinct.ruled import NEAR, Ruled, brawl, report

FLOOD = """
- id: banjir
  when: {event: report.banjir}
  runs_at: precinct
  clear_when: {event: report.surut}
  then: {escalate: precinct, incident: banjir, severity: high, message: "Banjir"}
"""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Ruled]:
    """A precinct with rules."""
    found = Ruled(tmp_path / "polsek", NEAR + FLOOD)
    yield found
    found.station.stop()


@pytest.fixture
def web(desk: Ruled) -> Iterator[TestClient]:
    """A browser at its board."""
    with TestClient(create_app(Board(desk.station)), base_url="http://127.0.0.1:9320") as client:
        yield client


def test_an_officer_who_answers_an_incident_of_our_own_is_not_told_of_a_lamp(desk: Ruled, web: TestClient) -> None:
    desk.say(report("banjir", "r1"))
    found = desk.one("banjir")
    headers = {"HX-Request": "true", "Origin": "http://127.0.0.1:9320"}
    said = web.post(f"/incidents/{found.id}/acknowledge", data={"by": "4021"}, headers=headers)
    assert "Diterima." in said.text
    assert "Lampu" not in said.text


def test_the_page_of_an_incident_of_our_own_tells_the_whole_story(desk: Ruled, web: TestClient) -> None:
    desk.hands.pass_s(31)
    desk.wake()
    desk.say(report("banjir", "r1"))
    desk.say(report("surut", "r2"))
    desk.settle()
    page = web.get(f"/incidents/{desk.one('banjir').id}?lang=en").text
    assert "The condition has ended, says the rule" in page
    assert "the lamp is told" not in page


def test_the_evidence_of_an_incident_of_our_own_names_the_alerts_and_their_posts(desk: Ruled, web: TestClient) -> None:
    desk.alert(brawl("pos-03"), "pos-03")
    desk.alert(brawl("pos-07"), "pos-07")
    page = web.get(f"/incidents/{desk.one('tawuran-sekitar').id}").text
    assert page.count("alert.tawuran") == 2
    assert "pos-03" in page


def test_a_faulty_file_stands_on_the_board_until_it_is_mended(desk: Ruled, web: TestClient) -> None:
    assert "dipakai salinan baik terakhir" not in web.get("/").text
    desk.station.config_faults = 1
    assert "dipakai salinan baik terakhir" in web.get("/").text
    assert "kentongan_config_faults 1.0" in exposition(Board(desk.station)).decode()


def test_the_metrics_know_every_rule_before_it_fires(desk: Ruled) -> None:
    text = exposition(Board(desk.station)).decode()
    assert 'kentongan_rule_fired_total{rule="tawuran-sekitar"} 0.0' in text
    assert 'kentongan_matcher_state{state="twin"} 1.0' in text
    desk.say(report("banjir", "r1"))
    desk.settle()
    text = exposition(Board(desk.station)).decode()
    assert 'kentongan_rule_fired_total{rule="banjir"} 1.0' in text
    assert 'kentongan_rule_said_total{rule="banjir",said="fired"} 1.0' in text
    assert 'kentongan_precinct_events_total{outcome="new"} 2.0' in text
