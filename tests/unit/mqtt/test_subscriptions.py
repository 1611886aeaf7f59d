from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.mqtt.subscriptions import BATCH, Ledger, batches, check_filter

GRANTED = (1, "Granted QoS 1")
NAMES = st.lists(st.sampled_from("abcdef"))


def answered(filters: list[str], answers: list[tuple[int, str]]) -> Ledger:
    """Return a ledger after one question and its answer."""
    ledger = Ledger()
    ledger.change(filters)
    ledger.asked(1, filters)
    ledger.answered(1, answers)
    return ledger


def test_a_filter_is_not_settled_before_its_answer() -> None:
    ledger = Ledger()
    ledger.change(["a"])
    ledger.asked(1, ["a"])
    before = ledger.settled
    ledger.answered(1, [GRANTED])
    assert (before, ledger.settled, ledger.refused) == (False, True, ())


def test_a_refusal_names_the_filter_and_the_reason() -> None:
    assert answered(["a", "b"], [GRANTED, (135, "Not authorized")]).refused == ("b (Not authorized)",)


def test_a_grant_at_qos_0_is_a_refusal() -> None:
    assert answered(["a"], [(0, "Granted QoS 0")]).refused == ("a (Granted QoS 0)",)


def test_an_answer_that_is_too_short_refuses_the_rest() -> None:
    assert answered(["a", "b"], [GRANTED]).refused == ("b (no answer)",)


def test_an_answer_to_nothing_changes_nothing() -> None:
    ledger = answered(["a"], [GRANTED])
    ledger.answered(99, [(135, "Not authorized")])
    assert ledger.refused == ()


def test_a_refused_filter_is_asked_for_again_and_a_granted_one_is_not() -> None:
    ledger = answered(["a", "b"], [GRANTED, (135, "Not authorized")])
    assert ledger.change(["a", "b"]) == (["b"], [])


def test_what_waited_in_the_session_is_no_stray_before_the_connection_has_asked_for_anything() -> None:
    ledger = Ledger()
    before = ledger.is_stray("a")
    ledger.change(["a"])
    assert not before
    assert not ledger.is_stray("a")
    assert ledger.is_stray("b")


def test_a_topic_that_no_filter_asks_for_is_a_stray_and_said_once() -> None:
    ledger = Ledger()
    ledger.change(["a/+", "b/#"])
    assert [ledger.is_stray(topic) for topic in ("a/x", "b/x/y", "c", "c", "a/x/y")] == [
        False,
        False,
        True,
        False,
        True,
    ]
    ledger.change(["a/+"])
    assert ledger.is_stray("b/x/y")


@given(NAMES, NAMES)
def test_a_change_asks_for_the_new_and_leaves_the_gone(old: list[str], new: list[str]) -> None:
    ledger = Ledger()
    ledger.change(old)
    ask, leave = ledger.change(new)
    assert set(ask) == set(new) - set(old)
    assert set(leave) == set(old) - set(new)
    assert len(ask) == len(set(ask))


@given(st.lists(st.text(), max_size=300))
def test_batches_hold_every_filter_once_and_are_small(filters: list[str]) -> None:
    cut = batches(filters)
    assert [name for batch in cut for name in batch] == filters
    assert all(0 < len(batch) <= BATCH for batch in cut)


@pytest.mark.parametrize("name", ["a", "a/b", "+", "#", "a/+/b", "a/#", "+/+", "/a", "a//b"])
def test_filters_of_the_standard_are_taken(name: str) -> None:
    check_filter(name)


@pytest.mark.parametrize("name", ["", "a+", "a/b#", "#/a", "a/#/b", "a\0", "x" * 65_536])
def test_filters_that_no_broker_takes_are_the_callers_fault(name: str) -> None:
    with pytest.raises(ValueError, match="filter"):
        check_filter(name)
