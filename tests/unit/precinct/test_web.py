"""The pages as an officer gets them, and what is kept from other pages in the same browser."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from dispatcher.domain.incident import PlaceOfIncident, Severity
from dispatcher.precinct.board import Board
from dispatcher.precinct.web import create_app
from dispatcher.precinct.web.texts import _TEXTS, LANGUAGES, Texts
from dispatcher.precinct.web.view import duration
from dispatcher.wire.fields import iso
from tests.unit.precinct.builders import NOW, Desk, panic, status, until
from tests.unit.precinct.builders import press as event_of

HERE = "http://127.0.0.1:9320"
FORM = {"by": "4021", "rev": "1"}
WEB = Path(__file__).parents[3] / "dispatcher" / "precinct" / "web"


@pytest.fixture
def web(desk: Desk) -> Iterator[TestClient]:
    desk.station.broker(True)
    with TestClient(create_app(Board(desk.station)), base_url=HERE) as client:
        yield client


def press(client: TestClient, verb: str, **more: str) -> httpx.Response:
    """Press a button of the board as htmx does."""
    headers = {"HX-Request": "true", "Sec-Fetch-Site": "same-origin", "Origin": HERE}
    answer: httpx.Response = client.post(f"/incidents/a1b2c3/{verb}", data={**FORM, **more}, headers=headers)
    return answer


def places(page: str) -> list[str]:
    return re.findall(r'<h3><a href="[^"]*">([^<]*)</a></h3>', page)


def test_the_board_says_what_and_where_and_how_long_ago(desk: Desk, web: TestClient) -> None:
    desk.alert(panic())
    page = web.get("/").text
    assert places(page) == ["Krendang · Gang 5"]
    assert "TOMBOL PANIK" in page
    assert "Pos Krendang Utara" in page
    assert f'data-since="{NOW - 2000}"' in page


def test_the_board_is_indonesian_until_asked_and_remembers_the_answer(desk: Desk, web: TestClient) -> None:
    desk.alert(panic())
    assert "Menunggu jawaban" in web.get("/").text
    assert "Waiting for an answer" in web.get("/?lang=en").text
    assert "Waiting for an answer" in web.get("/").text
    assert 'lang="id"' in web.get("/?lang=xx").text


def test_the_loudest_comes_first_and_then_the_oldest(desk: Desk, web: TestClient) -> None:
    for name, severity, age in [("low", "low", 900), ("new", "critical", 1), ("old", "critical", 60)]:
        place = PlaceOfIncident("krendang", name)
        desk.alert(panic(id=name, severity=Severity(severity), place=place, age_s=age, clock="doubtful"))
    assert places(web.get("/").text) == ["Krendang · old", "Krendang · new", "Krendang · low"]


def test_what_was_answered_goes_below_what_waits(desk: Desk, web: TestClient) -> None:
    desk.alert(panic())
    desk.alert(panic(id="quiet", severity=Severity.LOW, place=PlaceOfIncident("angke")))
    press(web, "acknowledge")
    assert places(web.get("/").text) == ["Angke", "Krendang · Gang 5"]


def test_one_press_of_the_button_and_the_lamp_is_told(desk: Desk, web: TestClient) -> None:
    desk.alert(panic())
    answer = press(web, "acknowledge")
    assert (answer.status_code, "Pos Krendang Utara diberi tahu" in answer.text) == (200, True)
    assert desk.link.said()[-1] == ("acknowledged", 1)


def test_the_whole_way_from_the_call_to_the_close(desk: Desk, web: TestClient) -> None:
    desk.alert(panic())
    press(web, "acknowledge")
    press(web, "dispatch", unit="Patroli 2")
    press(web, "arrive")
    press(web, "close", disposition="real")
    assert [stage for stage, _ in desk.link.said()[-4:]] == ["acknowledged", "dispatched", "arrived", "closed"]
    assert places(web.get("/").text) == []
    timeline = web.get("/incidents/a1b2c3").text
    for words in ("Diterima", "Unit dikirim", "Patroli 2", "Unit tiba", "Ditutup", "nyata", "4021"):
        assert words in timeline


def test_the_second_officer_reads_who_has_it(desk: Desk, web: TestClient) -> None:
    desk.alert(panic())
    press(web, "acknowledge")
    answer = press(web, "acknowledge", by="5133")
    assert answer.status_code == 409
    assert "Sudah ditangani 4021: Diterima." in answer.text


def test_an_answer_to_an_old_screen_says_that_something_still_waits(desk: Desk, web: TestClient) -> None:
    desk.alert(panic(1))
    desk.alert(panic(2))
    answer = press(web, "acknowledge", rev="1")
    assert answer.status_code == 200
    assert "masih menunggu jawaban" in answer.text


def test_without_an_officer_nothing_is_done_and_the_board_says_why(desk: Desk, web: TestClient) -> None:
    desk.alert(panic())
    answer = press(web, "acknowledge", by="")
    assert (answer.status_code, "Isi nomor petugas" in answer.text) == (422, True)
    assert desk.link.said() == [("delivered", 1)]


@pytest.mark.parametrize("rev", ["0", "2", "-1", "1e3", "9" * 30, "satu", "\u0661"])
def test_a_revision_that_was_never_shown_is_refused(desk: Desk, web: TestClient, rev: str) -> None:
    desk.alert(panic())
    assert press(web, "acknowledge", rev=rev).status_code == 422


def test_a_browser_without_script_is_led_back_to_the_board(desk: Desk, web: TestClient) -> None:
    desk.alert(panic())
    answer = web.post("/incidents/a1b2c3/acknowledge", data=FORM, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_a_failed_store_is_told_and_not_hidden(desk: Desk, web: TestClient) -> None:
    desk.alert(panic())
    desk.station.failure = OSError("no space")
    answer = press(web, "acknowledge")
    assert answer.status_code == 503
    assert "TIDAK TERSIMPAN" in answer.text


def test_what_a_post_writes_is_text_and_never_markup(desk: Desk, web: TestClient) -> None:
    bad = '<img src=x onerror="alert(1)">'
    desk.alert(panic(title=bad, incident=bad, rule=bad, place=PlaceOfIncident(bad, bad)))
    for page in (web.get("/").text, web.get("/incidents/a1b2c3").text):
        assert "<img" not in page
        assert "&lt;img" in page


def test_doubt_is_shown(desk: Desk, web: TestClient) -> None:
    desk.alert(panic(1, clock="doubtful", age="at_least"))
    desk.alert(panic(1, title="Lain"))
    desk.alert(panic(3, clock="doubtful", age="at_least"))
    page = web.get("/").text
    for words in ("≥ ", "jam pos diragukan", "dua isi berbeda", "laporan yang belum tiba"):
        assert words in page


def test_an_exercise_says_so(desk: Desk, web: TestClient) -> None:
    desk.alert(panic(exercise=True))
    assert "LATIHAN" in web.get("/").text


def test_a_silent_post_and_a_lost_broker_are_on_the_board(desk: Desk, web: TestClient) -> None:
    desk.status(status(), "pos-03")
    desk.hands.pass_s(31)
    desk.status(status(), "pos-07")
    until(lambda: desk.station.silent == {"pos-03"})
    page = web.get("/").text
    assert "1 pos diam" in page
    assert page.index("Pos Krendang Utara") < page.index("Pos Angke Indah")
    assert "BROKER TERPUTUS" not in page
    desk.station.broker(False)
    assert "BROKER TERPUTUS" in web.get("/").text


@pytest.mark.parametrize(("disk", "words"), [("low", "kartu hampir penuh"), ("slow", "kartu lambat")])
def test_a_post_whose_card_is_nearly_full_or_slow_is_told_on_the_board(
    desk: Desk, web: TestClient, disk: str, words: str
) -> None:
    desk.status(replace(status(), disk="good"), "pos-03")
    assert words not in web.get("/").text
    desk.status(replace(status(), disk=disk), "pos-07")
    page = web.get("/").text
    assert words in page
    assert page.index("Pos Angke Indah") < page.index("Pos Krendang Utara"), "trouble stands first"


def test_two_devices_under_one_name_are_an_alarm(desk: Desk, web: TestClient) -> None:
    for instance in ("i-1", "i-2", "i-1"):
        desk.hands.pass_s(5)
        desk.status(status(instance=instance))
    assert "dua perangkat memakai nama pos ini" in web.get("/").text


def test_a_post_that_the_site_does_not_know_is_shown_under_its_id(desk: Desk, web: TestClient) -> None:
    desk.alert(panic(post="pos-99", place=PlaceOfIncident()), "pos-99")
    page = web.get("/").text
    assert "pos-99" in page
    assert places(page) == ["Lokasi belum diketahui"]


def test_an_incident_that_is_not_there_is_answered_in_words(web: TestClient) -> None:
    answer = web.get("/incidents/none")
    assert (answer.status_code, "Tidak ditemukan" in answer.text) == (404, True)
    assert web.post("/incidents/none/acknowledge", data=FORM).status_code == 404
    assert web.post("/incidents/none/destroy", data=FORM).status_code == 404


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[::2]", "[::1", "10.0.0.1:9320"])
def test_another_host_name_is_refused(web: TestClient, host: str) -> None:
    assert web.get("/", headers={"Host": host}).status_code == 421


@pytest.mark.parametrize("host", ["localhost:9320", "127.0.0.1", "[::1]:9320", "LOCALHOST"])
def test_the_machine_itself_is_served_under_its_own_names(web: TestClient, host: str) -> None:
    assert web.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
    ],
)
def test_another_page_in_the_officers_browser_cannot_act(desk: Desk, web: TestClient, headers: dict[str, str]) -> None:
    desk.alert(panic())
    assert web.post("/incidents/a1b2c3/acknowledge", data=FORM, headers=headers).status_code == 403
    api = "/api/v1/incidents/a1b2c3/acknowledge"
    assert web.post(api, json={"by": "4021"}, headers=headers).status_code == 403
    assert desk.link.said() == [("delivered", 1)]


def test_another_page_cannot_pass_for_a_board(web: TestClient) -> None:
    answer = web.get("/events", headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"})
    assert answer.status_code == 403


def test_a_link_from_another_page_may_open_the_board(web: TestClient) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert web.get("/", headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/", "/incidents/none", "/api/v1/incidents", "/static/board.css", "/healthz"])
def test_every_answer_carries_a_strict_policy(web: TestClient, path: str) -> None:
    headers = web.get(path).headers
    assert "script-src 'self'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


def test_no_page_holds_a_script_or_a_style_of_its_own(desk: Desk, web: TestClient) -> None:
    desk.alert(panic())
    for page in (web.get("/").text, web.get("/incidents/a1b2c3").text):
        assert re.findall(r"<script(?![^>]*(src=|application/json))", page) == []
        assert re.findall(r"\s(style|on\w+)=", page) == []


def test_nothing_comes_from_the_internet(desk: Desk, web: TestClient) -> None:
    desk.alert(panic())
    sources = [web.get("/").text, *(path.read_text() for path in WEB.glob("static/*.*"))]
    found = {url for source in sources for url in re.findall(r"https?://[^\"'\s)]+", source)}
    assert found <= {"http://www.w3.org/2000/svg"}


def test_a_body_that_is_too_long_or_of_unknown_length_is_refused(web: TestClient) -> None:
    assert web.post("/incidents/a1b2c3/note", content=b"x" * 20_000).status_code == 413
    assert web.post("/incidents/a1b2c3/note", content=iter([b"by=4021"])).status_code == 413


def test_ready_means_that_the_broker_is_subscribed(desk: Desk, web: TestClient) -> None:
    assert (web.get("/healthz").status_code, web.get("/ready").status_code) == (200, 200)
    desk.station.broker(False)
    assert (web.get("/healthz").status_code, web.get("/ready").status_code) == (200, 503)


def test_metrics_count_what_happened(desk: Desk, web: TestClient) -> None:
    desk.alert(panic())
    desk.alert(panic())
    press(web, "acknowledge")
    lines = web.get("/metrics").text.splitlines()
    for line in (
        "kentongan_incidents_open 1.0",
        "kentongan_precinct_incidents_unanswered 0.0",
        'kentongan_mqtt_connected{role="precinct"} 1.0',
        'kentongan_precinct_alerts_total{outcome="new"} 1.0',
        'kentongan_precinct_alerts_total{outcome="copy"} 1.0',
        'kentongan_precinct_actions_total{outcome="done"} 1.0',
    ):
        assert line in lines


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["acknowledge", "dispatch", "arrive", "close", "note"]),
    st.dictionaries(st.sampled_from(["by", "rev", "unit", "disposition", "text"]), st.text(max_size=40)),
)
def test_no_form_makes_the_server_fail(desk: Desk, web: TestClient, verb: str, form: dict[str, Any]) -> None:
    desk.alert(panic())
    assert web.post(f"/incidents/a1b2c3/{verb}", data=form, follow_redirects=False).status_code in (303, 409, 422)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_that_is_asked_for_is_in_the_catalogue(language: str) -> None:
    texts = Texts(language)
    asked = {
        key
        for path in [*WEB.glob("*.py"), *WEB.glob("templates/*.html")]
        for key in re.findall(r"""\b(?:t|texts)\("(\w+)"[,)]""", path.read_text())
    }
    assert asked
    assert all(texts(key) for key in asked | set(texts.for_script()))


def test_every_text_is_there_in_both_languages_with_the_same_places() -> None:
    for key, (indonesian, english) in _TEXTS.items():
        assert indonesian
        assert english
        assert set(re.findall(r"{\w+}", indonesian)) == set(re.findall(r"{\w+}", english)), key


@pytest.mark.parametrize(
    ("ms", "words"),
    [
        (-5, "0:00"),
        (7_000, "0:07"),
        (760_000, "12:40"),
        (3_723_000, "1:02:03"),
        (184_500_000, "2 d 03:15"),
        (99 * 86_400_000, "99 d 00:00"),
        (100 * 86_400_000, "99+ hari"),
        (10**18, "99+ hari"),
    ],
)
def test_an_age_is_read_at_a_glance(ms: int, words: str) -> None:
    assert duration(ms, Texts("id")) == words


def test_an_absurd_age_and_an_absurd_count_take_no_more_room_than_others(desk: Desk, web: TestClient) -> None:
    desk.alert(panic(age_s=2**53, count=10_000))
    desk.hands.pass_s(100 * 86_400)
    desk.status(status(depth=2**53 - 1))
    indonesian, english = web.get("/?lang=id").text, web.get("/?lang=en").text
    assert "99+ hari" in indonesian
    assert "9999+ bukti" in indonesian
    assert "9999+ belum terkirim" in indonesian
    assert "99+ days" in english
    assert str(2**53 - 1) not in indonesian


def test_an_absurd_age_stands_above_no_more_than_what_could_really_be_older(desk: Desk) -> None:
    day = 86_400
    desk.alert(panic(id="real", opened_at=iso(NOW), age_s=day, evidence=(event_of("e-real", seq=8),)))
    desk.hands.pass_s(31 * day)
    desk.alert(panic(id="lie", age_s=2**53, evidence=(event_of("e-lie", seq=9),)))
    assert [found.id for found in Board(desk.station).open_incidents()] == ["real", "lie"]
