from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from dispatcher.demo import button as buttons
from dispatcher.demo.button import LONGEST_REPEAT_S, MAX_OPEN, SILENCE_S, Button
from dispatcher.demo.messages import Confirm

BOOT = 7


def counters(payload: bytes) -> tuple[int, int]:
    body = json.loads(payload)
    return body["boot"], body["seq"]


def pressed(times: int = 1) -> Button:
    button = Button("tombol", BOOT)
    for _ in range(times):
        button, _ = buttons.press(button, 0.0)
    return button


def test_a_press_says_its_kind_and_counters_on_our_topic() -> None:
    _, message = buttons.press(Button("tombol", BOOT), 0.0)
    assert message.topic == "kentongan/tombol/event"
    assert json.loads(message.payload) == {"kind": "panic.press", "boot": BOOT, "seq": 1, "attrs": {}}
    assert message.qos == 1


def test_an_unanswered_press_is_repeated_with_the_same_counters_after_one_second() -> None:
    button = pressed()
    assert buttons.due(button, 0.9)[1] == ()
    _, (again,) = buttons.due(button, 1.0)
    assert counters(again.payload) == (BOOT, 1)


def test_repeats_come_ever_slower_but_never_slower_than_five_seconds() -> None:
    button, said = pressed(), []
    for tenth in range(1, 601):
        button, repeats = buttons.due(button, tenth / 10)
        said += [tenth / 10] * len(repeats)
    gaps = [round(later - earlier, 3) for earlier, later in zip([0.0, *said], said, strict=False)]
    assert gaps == sorted(gaps)
    assert LONGEST_REPEAT_S <= max(gaps) <= LONGEST_REPEAT_S + 0.1
    assert len(said) > 10


def test_any_stage_for_this_boot_and_seq_ends_the_repeating() -> None:
    for stage in ("saved", "sent", "delivered", "refused", "a word of next year"):
        button = buttons.confirmed(pressed(), Confirm(BOOT, 1, stage))
        assert buttons.due(button, 60.0)[1] == ()


def test_a_confirm_of_another_boot_or_seq_ends_nothing() -> None:
    button = pressed()
    for answer in (Confirm(BOOT - 1, 1, "saved"), Confirm(BOOT, 2, "saved")):
        assert buttons.confirmed(button, answer) == button


def test_later_stages_are_shown_with_who_answered_and_the_name_is_kept() -> None:
    button = buttons.confirmed(pressed(), Confirm(BOOT, 1, "saved", "abc"))
    button = buttons.confirmed(button, Confirm(BOOT, 1, "acknowledged", None, "aiptu-114"))
    button = buttons.confirmed(button, Confirm(BOOT, 1, "dispatched"))
    assert button.latest is not None
    assert (button.latest.stage, button.latest.incident, button.latest.by) == ("dispatched", "abc", "aiptu-114")


def test_a_second_press_has_the_next_seq_while_the_first_goes_on_repeating() -> None:
    button = pressed(2)
    _, repeats = buttons.due(button, 1.0)
    assert [counters(message.payload) for message in repeats] == [(BOOT, 1), (BOOT, 2)]


def test_a_full_memory_says_the_oldest_press_again_instead_of_forgetting_one() -> None:
    button, message = buttons.press(pressed(MAX_OPEN), 0.5)
    assert counters(message.payload) == (BOOT, 1)
    assert [press.seq for press in button.presses] == list(range(1, MAX_OPEN + 1))


def test_a_press_without_any_answer_for_ten_seconds_is_said_to_be_unanswered() -> None:
    button = pressed()
    assert not buttons.unanswered(button, SILENCE_S - 0.1)
    assert buttons.unanswered(button, SILENCE_S)
    assert not buttons.unanswered(buttons.confirmed(button, Confirm(BOOT, 1, "saved")), SILENCE_S)


@given(st.lists(st.one_of(st.just("press"), st.floats(0, 30), st.integers(1, 40)), max_size=60))
def test_whatever_happens_no_unconfirmed_press_is_forgotten(steps: list[str | float | int]) -> None:
    button, confirmed, now = Button("tombol", BOOT), set(), 0.0
    for step in steps:
        if step == "press":
            button, _ = buttons.press(button, now)
        elif isinstance(step, int):
            confirmed.add(step)
            button = buttons.confirmed(button, Confirm(BOOT, step, "saved"))
            confirmed &= set(range(1, button.seq + 1))
        elif isinstance(step, float):
            now += step
            button, _ = buttons.due(button, now)
    waiting = {press.seq for press in button.presses if press.stage is None}
    assert waiting == set(range(1, button.seq + 1)) - confirmed
