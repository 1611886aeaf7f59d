from __future__ import annotations

from dataclasses import replace

import pytest

from dispatcher.demo import view, words
from dispatcher.demo.button import Press
from dispatcher.demo.devices import SENSORS, SIREN, Snapshot
from dispatcher.demo.things import LAMP_STAGES
from dispatcher.demo.traffic import Row
from dispatcher.domain.faults import Text

ALL = sorted({*LAMP_STAGES, "dark"})


def snapshot(lamp: str, *, press: Press | None = None, by: str | None = None, unanswered: bool = False) -> Snapshot:
    return Snapshot(lamp, by, press, unanswered, dict.fromkeys([*SENSORS, SIREN], False))


@pytest.mark.parametrize("language", words.LANGUAGES)
@pytest.mark.parametrize("stage", ALL)
def test_every_stage_of_the_lamp_has_its_word_blink_and_meaning(stage: str, language: str) -> None:
    lamp = view.devices(snapshot(stage), language)["lamp"]
    assert lamp["stage"] == stage
    assert all(lamp[key] for key in ("word", "blink", "meaning"))


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_no_two_stages_share_a_word_or_a_blink(language: str) -> None:
    lamps = [view.devices(snapshot(stage), language)["lamp"] for stage in ALL]
    for key in ("word", "blink", "meaning"):
        assert len({lamp[key] for lamp in lamps}) == len(ALL)


@pytest.mark.parametrize("stage", ["dark", "undelivered", "unattended", "refused"])
def test_a_stage_in_which_nobody_will_come_says_use_the_radio(stage: str) -> None:
    assert "radio" in view.devices(snapshot(stage), "id")["lamp"]["meaning"].lower()
    assert "radio" in view.devices(snapshot(stage), "en")["lamp"]["meaning"].lower()


def test_who_answered_is_named_once_somebody_has() -> None:
    press = Press(1, 0.0, 1.0, 1.0, stage="delivered", by="aiptu-114")
    assert view.devices(snapshot("acknowledged", press=press), "id")["lamp"]["by"] == "Dijawab oleh aiptu-114"
    assert view.devices(snapshot("delivered", press=press), "id")["lamp"]["by"] == ""


def test_a_shared_lamp_that_waits_for_another_call_says_that_ours_was_answered() -> None:
    press = Press(1, 0.0, 1.0, 1.0, stage="acknowledged", by="aiptu-114")
    shown = view.devices(snapshot("delivered", press=press), "en")
    assert shown["lamp"]["stage"] == "delivered"
    assert shown["lamp"]["by"].startswith("Your call is answered (aiptu-114).")
    assert shown["trail"]["acknowledged"] == "now"


def test_a_dark_or_idle_lamp_claims_no_answer() -> None:
    press = Press(1, 0.0, 1.0, 1.0, stage="acknowledged", by="aiptu-114")
    assert all(view.devices(snapshot(lamp, press=press), "id")["lamp"]["by"] == "" for lamp in ("dark", "idle"))


def test_the_trail_shows_what_is_done_where_we_are_and_what_is_to_come() -> None:
    trail = view.devices(snapshot("delivered"), "id")["trail"]
    assert list(trail.values()) == ["done", "done", "now", "ahead", "ahead", "ahead"]
    assert set(view.devices(snapshot("idle"), "id")["trail"].values()) == {"ahead"}
    assert view.devices(snapshot("undelivered"), "id")["trail"]["delivered"] == "ahead"


def test_the_button_says_how_often_it_called_and_when_the_post_is_silent() -> None:
    press = Press(3, 0.0, 1.0, 1.0, sent=4)
    assert "4 kali" in view.devices(snapshot("idle", press=press), "id")["button"]["line"]
    assert "radio" in view.devices(snapshot("dark", press=press, unanswered=True), "id")["button"]["line"]


def test_the_strip_is_newest_first_in_the_sites_own_time() -> None:
    rows = [Row(number, "post", "t", "{}", 1_700_000_000.0 + number, 1_700_000_099.0) for number in (1, 2)]
    assert [line["at"] for line in view.traffic(rows, "id")] == ["05:13:22", "05:13:21"]


def test_the_evenings_card_says_what_happened_last_or_that_there_is_none() -> None:
    assert view.evening(Text("Asap.", "Smoke."), "ESP32", True, "en") == {"text": "Smoke.", "source": "ESP32"}
    assert view.evening(None, "", True, "id") != view.evening(None, "", False, "id")


def test_every_device_of_the_page_has_a_card() -> None:
    assert set(words.CARDS) == {*SENSORS, SIREN}
    cards = view.devices(snapshot("idle"), "en")["cards"]
    assert cards["pintu-pos"] == {"active": False, "word": "closed"}


def test_a_lamp_tells_of_the_posts_own_trouble_beside_its_stage_and_a_dark_one_of_nothing() -> None:
    def meaning(lamp: str, trouble: str) -> str:
        return str(view.devices(replace(snapshot(lamp), trouble=trouble), "en")["lamp"]["meaning"])

    assert meaning("idle", "unsaved").startswith("The post cannot save: call a technician. The post is ready.")
    assert "cannot save" not in meaning("dark", "unsaved")
    assert meaning("idle", "something-new").startswith("The post is ready.")
