from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from dispatcher.demo import words
from dispatcher.demo.button import FIRST_REPEAT_S, SILENCE_S
from dispatcher.demo.devices import BUTTON, LAMP, Fleet
from dispatcher.demo.messages import Message
from dispatcher.demo.page import app
from dispatcher.demo.traffic import Traffic

HOME = "http://127.0.0.1:9301"
SAME = {"origin": HOME}


class Stand:
    """A page whose devices speak into a list."""

    def __init__(self) -> None:
        self.said: list[Message] = []
        self.online = True
        self.now = 100.0
        self.fleet = Fleet(7, self.said.append, lambda: self.now)
        self.traffic = Traffic(lambda: 1000.0)
        self.pos = app.Pos(
            name="Pos <b>03</b>",
            post="pos-03",
            port=9301,
            board="http://127.0.0.1:9300/",
            fleet=self.fleet,
            traffic=self.traffic,
            evening=None,
            connected=lambda: self.online,
            closing=lambda: True,
        )
        self.client = TestClient(app.build(self.pos), base_url=HOME)


@pytest.fixture
def stand() -> Iterator[Stand]:
    one = Stand()
    with one.client:
        yield one


def test_the_page_is_indonesian_unless_english_is_asked_for(stand: Stand) -> None:
    assert 'lang="id"' in stand.client.get("/").text
    assert "PANIK" in stand.client.get("/?lang=xx").text
    english = stand.client.get("/?lang=en").text
    assert 'lang="en"' in english
    assert "PANIC" in english


def test_the_page_loads_nothing_from_elsewhere_and_runs_no_inline_script(stand: Stand) -> None:
    answer = stand.client.get("/")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "style=" not in answer.text
    assert "https://" not in answer.text
    for asset in ("pos.js", "pos.css", "mark.svg"):
        assert f"/static/{asset}" in answer.text
        assert stand.client.get(f"/static/{asset}").status_code == 200


@pytest.mark.parametrize("stage", sorted(words.STAGES))
def test_every_stage_has_an_icon_a_blink_and_a_drawn_pattern_of_its_own(stand: Stand, stage: str) -> None:
    page, style = stand.client.get("/").text, stand.client.get("/static/pos.css").text
    assert f'<symbol id="i-{stage}"' in page
    assert f'<use href="#i-{stage}"' in page
    assert f'[data-stage="{stage}"] .s-{stage}' in style
    if stage != "dark":
        assert f'[data-stage="{stage}"] .glow' in style
        assert f'[data-stage="{stage}"] .pattern' in style


def test_names_are_escaped(stand: Stand) -> None:
    assert "Pos &lt;b&gt;03&lt;/b&gt;" in stand.client.get("/").text


def test_a_press_on_the_page_is_said_by_the_button(stand: Stand) -> None:
    assert stand.client.post(f"/devices/{BUTTON}/press", headers=SAME).status_code == 204
    (message,) = stand.said
    assert message.topic == f"kentongan/{BUTTON}/event"


@pytest.mark.parametrize("origin", [{}, {"origin": "http://evil.example"}, {"origin": "null"}])
def test_another_site_cannot_press(stand: Stand, origin: dict[str, str]) -> None:
    assert stand.client.post(f"/devices/{BUTTON}/press", headers=origin).status_code == 403
    assert stand.said == []


def test_a_name_that_was_pointed_at_this_machine_is_not_answered(stand: Stand) -> None:
    for host in ("evil.example", "evil.example:9301", "127.0.0.1:9999", ""):
        assert stand.client.get("/", headers={"host": host}).status_code == 421
    assert stand.client.get("/", headers={"host": "localhost:9301"}).status_code == 200


@pytest.mark.parametrize("path", ["/devices/x/press", f"/devices/{BUTTON}/open", f"/devices/{LAMP}/press"])
def test_an_unknown_device_or_action_is_not_found(stand: Stand, path: str) -> None:
    assert stand.client.post(path, headers=SAME).status_code == 404


def test_a_press_is_a_post(stand: Stand) -> None:
    assert stand.client.get(f"/devices/{BUTTON}/press").status_code == 405


def test_without_a_broker_a_device_that_forgets_is_refused_aloud(stand: Stand) -> None:
    stand.online = False
    answer = stand.client.post("/devices/pintu-pos/open", headers=SAME)
    assert answer.status_code == 503
    assert "broker" in answer.text
    assert stand.said == []


def test_without_a_broker_a_press_is_kept_and_said_again_until_the_post_confirms_it(stand: Stand) -> None:
    stand.online = False
    assert stand.client.post(f"/devices/{BUTTON}/press", headers=SAME).status_code == 204
    stand.said.clear()  # nobody heard it
    stand.now += FIRST_REPEAT_S
    stand.fleet.tick()
    (again,) = stand.said
    answer = {"boot": 7, "seq": json.loads(again.payload)["seq"], "incident": "abc", "stage": "saved"}
    stand.fleet.heard(f"kentongan/{BUTTON}/confirm", json.dumps(answer).encode())
    stand.now += SILENCE_S
    stand.fleet.tick()
    assert stand.said == [again]
    assert app.state(stand.pos, "en")["button"]["state"] == "saved"


def test_a_press_without_any_confirm_for_ten_seconds_says_use_the_radio(stand: Stand) -> None:
    stand.online = False
    stand.client.post(f"/devices/{BUTTON}/press", headers=SAME)
    assert app.state(stand.pos, "id")["button"]["state"] == "waiting"
    stand.now += SILENCE_S
    assert "pos diam. Pakai radio" in app.state(stand.pos, "id")["button"]["line"]
    assert "the post is silent. Use the radio" in app.state(stand.pos, "en")["button"]["line"]


def test_the_page_shows_the_lamp_the_answer_and_the_traffic(stand: Stand) -> None:
    order = {"command": "lamp.stage", "args": {"stage": "acknowledged", "ttl_s": 15, "by": "aiptu-114"}}
    stand.fleet.heard(f"kentongan/{LAMP}/command", json.dumps(order).encode())
    stand.traffic.heard("post", "zigbee2mqtt/sos_gate", b"{}")
    shown: dict[str, Any] = app.state(stand.pos, "id")
    assert shown["lamp"]["stage"] == "acknowledged"
    assert "aiptu-114" in shown["lamp"]["by"]
    assert shown["traffic"][0]["topic"] == "zigbee2mqtt/sos_gate"
    assert 'data-stage="acknowledged"' in stand.client.get("/").text


def test_the_news_ends_with_the_demo(stand: Stand) -> None:
    with stand.client.stream("GET", "/stream") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert list(answer.iter_lines()) == []
