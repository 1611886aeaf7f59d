"""Names with a gap, and topics made of them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.devices.patterns import template, topic_pattern


@pytest.mark.parametrize(
    ("pattern", "name", "inner"),
    [
        ("Switch1", "Switch1", ""),
        ("Switch1", "Switch10", None),
        ("Switch{n#}", "Switch10", "10"),
        ("Switch{n#}", "Switch", None),
        ("Switch{n#}", "SwitchA", None),
        ("Switch{n#}", "Switch\u0661", None),
        ("{b}_single", "left_single", "left"),
        ("{b}_single", "_single", None),
        ("ab{x}ba", "aba", None),
    ],
)
def test_a_name_fits_or_does_not(pattern: str, name: str, inner: str | None) -> None:
    assert template(pattern).match(name) == inner


@pytest.mark.parametrize("text", ["", "{", "a}", "{}", "{a}{b}", "{a b}", "a{b", "{1}"])
def test_a_name_with_a_broken_gap_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(text) or "^$"):
        template(text)


@pytest.mark.parametrize(
    ("pattern", "topic", "captures"),
    [
        ("z/{device}", "z/a", {"device": "a"}),
        ("z/{device}", "z/a/b", None),
        ("z/{device...}", "z/a/b", {"device": "a/b"}),
        ("z/{device...}", "z", None),
        ("z/{device...}/set", "z/a/b/set", {"device": "a/b"}),
        ("z/{device...}/set", "z/set", None),
        ("tele/.../{device}/LWT", "tele/x/LWT", {"device": "x"}),
        ("tele/.../{device}/LWT", "tele/a/b/x/LWT", {"device": "x"}),
        (".../{device}/tele/LWT", "x/tele/LWT", {"device": "x"}),
        ("tele/...", "tele", {}),
    ],
)
def test_a_topic_fits_or_does_not(pattern: str, topic: str, captures: dict[str, str] | None) -> None:
    assert topic_pattern(pattern).match(topic) == captures


@pytest.mark.parametrize("text", ["a/+/b", "a/#", ".../...", "{a...}/...", "x{a...}/b", "a//b"])
def test_a_topic_with_wildcards_or_two_stretching_levels_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(text) or "^$"):
        topic_pattern(text)


@given(inner=st.text(min_size=1, max_size=20))
def test_what_was_filled_in_is_found_again(inner: str) -> None:
    gap = template("a{x}b")
    assert gap.match(gap.fill({"x": inner})) == inner
