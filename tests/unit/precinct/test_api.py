"""The API as a program gets it."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from dispatcher.precinct.board import Board
from dispatcher.precinct.standing import Verb
from dispatcher.precinct.web import create_app
from tests.unit.precinct.builders import Desk, panic, status

HERE = "http://127.0.0.1:9320"
ONE = "/api/v1/incidents/a1b2c3"


@pytest.fixture
def api(desk: Desk) -> Iterator[TestClient]:
    with TestClient(create_app(Board(desk.station)), base_url=HERE) as client:
        yield client


def test_open_incidents_are_listed_with_what_an_action_needs(desk: Desk, api: TestClient) -> None:
    desk.alert(panic())
    body = api.get("/api/v1/incidents?state=open").json()
    (found,) = body["incidents"]
    assert body["store"] == desk.station.store.id
    assert (found["id"], found["rev"], found["stage"], found["unanswered"]) == ("a1b2c3", 1, "delivered", True)
    assert found["place"] == {"kelurahan": "krendang", "zone": "Gang 5", "lat": -6.15, "lon": 106.8}


@pytest.mark.parametrize(
    "query",
    ["state=both", *(f"limit={n}" for n in ("", "0", "x", "501", "-1", "9" * 99, "9" * 5000, "0000011000", "٣"))],
    ids=lambda query: ascii(query)[:24],
)
def test_a_question_that_makes_no_sense_is_refused_with_what_would(api: TestClient, query: str) -> None:
    answer = api.get(f"/api/v1/incidents?{query}")
    assert (answer.status_code, answer.json()["error"]) == (422, "bad_query")
    assert "1 to 500" in answer.json()["message"]


@pytest.mark.parametrize("limit", ["1", "007", "500"])
def test_a_limit_within_bounds_is_taken(desk: Desk, api: TestClient, limit: str) -> None:
    desk.alert(panic())
    assert len(api.get(f"/api/v1/incidents?limit={limit}").json()["incidents"]) == 1


def test_closed_incidents_are_found_under_closed_and_all(desk: Desk, api: TestClient) -> None:
    desk.alert(panic())
    api.post(f"{ONE}/close", json={"by": "4021", "disposition": "drill"})
    found = {state: len(api.get(f"/api/v1/incidents?state={state}").json()["incidents"]) for state in
             ("open", "closed", "all")}  # fmt: skip
    assert found == {"open": 0, "closed": 1, "all": 1}


def test_an_incident_tells_its_story(desk: Desk, api: TestClient) -> None:
    desk.alert(panic())
    api.post(f"{ONE}/dispatch", json={"by": "4021", "unit": "Patroli 2"})
    api.post(f"{ONE}/note", json={"by": "4021", "text": "Dua orang, celurit"})
    body = api.get(ONE).json()
    assert [entry["what"] for entry in body["timeline"]] == ["received", "dispatched", "note"]
    assert body["evidence"][0]["event"] == "e1"
    assert body["unit"] == "Patroli 2"
    assert api.get("/api/v1/incidents/none").status_code == 404


def test_the_second_officer_gets_409_and_the_name_of_the_first(desk: Desk, api: TestClient) -> None:
    desk.alert(panic())
    assert api.post(f"{ONE}/acknowledge", json={"by": "4021", "rev": 1}).status_code == 200
    answer = api.post(f"{ONE}/acknowledge", json={"by": "5133", "rev": 1})
    assert answer.status_code == 409
    assert (answer.json()["error"], answer.json()["incident"]["by"]) == ("already", "4021")


@pytest.mark.parametrize(
    ("verb", "body", "code"),
    [
        ("acknowledge", {}, "no_officer"),
        ("acknowledge", {"by": "4021", "rev": 7}, "bad_rev"),
        ("acknowledge", {"by": "4021", "rev": True}, "bad_body"),
        ("acknowledge", {"by": 4021}, "bad_body"),
        ("acknowledge", [], "bad_body"),
        ("close", {"by": "4021"}, "bad_disposition"),
        ("close", {"by": "4021", "disposition": "boring"}, "bad_disposition"),
        ("dispatch", {"by": "4021", "unit": "-"}, "bad_unit"),
        ("note", {"by": "4021", "text": " "}, "bad_text"),
    ],
)
def test_a_wrong_field_is_named_and_changes_nothing(
    desk: Desk, api: TestClient, verb: str, body: Any, code: str
) -> None:
    desk.alert(panic())
    answer = api.post(f"{ONE}/{verb}", json=body)
    assert (answer.status_code, answer.json()["error"]) == (422, code)
    assert api.get(ONE).json()["stage"] == "delivered"


def test_a_form_of_another_page_is_no_json(desk: Desk, api: TestClient) -> None:
    desk.alert(panic())
    assert api.post(f"{ONE}/acknowledge", content=b'{"by": "4021"}').status_code == 422


def test_posts_are_listed_with_their_state(desk: Desk, api: TestClient) -> None:
    desk.status(status(depth=3))
    found = {post["id"]: post for post in api.get("/api/v1/posts").json()["posts"]}
    assert found["pos-03"]["status"]["outbox_depth"] == 3
    assert found["pos-07"]["status"] is None


def test_with_a_token_nothing_is_told_without_it(desk: Desk) -> None:
    client = TestClient(create_app(Board(desk.station), token="s3cret"), base_url=HERE)
    assert client.get("/api/v1/incidents").status_code == 401
    for wrong in ("Bearer other", "Basic s3cret", "s3cret", "Bearer sécret"):
        headers = {"Authorization": wrong.encode()}
        assert client.get("/api/v1/events", headers=headers).status_code == 401
    assert client.get("/api/v1/incidents", headers={"Authorization": "Bearer s3cret"}).status_code == 200


def test_the_description_names_every_operation_that_answers(api: TestClient) -> None:
    document = api.get("/api/v1/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]) == {
        "/api/v1/incidents",
        "/api/v1/incidents/{id}",
        "/api/v1/posts",
        "/api/v1/events",
        "/api/v1/watches",
        "/api/v1/watches/{kind}/close",
        *(f"/api/v1/incidents/{{id}}/{verb}" for verb in Verb),
    }


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(list(Verb)), st.binary(max_size=60) | st.text(max_size=40).map(lambda s: s.encode()))
def test_no_body_makes_the_server_fail(desk: Desk, api: TestClient, verb: Verb, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    assert api.post(f"{ONE}/{verb}", content=body, headers=headers).status_code == 422


@pytest.mark.parametrize("length", ["65537", "9" * 5000, "-1", "x"])
def test_a_length_that_is_no_length_or_too_long_is_refused(api: TestClient, length: str) -> None:
    headers = {"content-length": length, "content-type": "application/json"}
    assert api.post(f"{ONE}/note", content=b"{}", headers=headers).status_code == 413
