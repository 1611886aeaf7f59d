"""The kept state: bounded, journaled, and the same after a checkpoint."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.devices import Change, DeviceStates
from dispatcher.devices.state import MAX_DEVICES, MAX_SLOTS

CHANGES = st.lists(
    st.builds(
        Change,
        st.sampled_from(["a", "b", "c"]),
        st.sampled_from(["motion", "smoke"]),
        st.none() | st.booleans() | st.integers(0, 2**53) | st.text(max_size=5),
    ),
    max_size=20,
)


@given(CHANGES)
def test_a_checkpoint_as_json_restores_the_same_state_in_the_same_order(changes: list[Change]) -> None:
    states = DeviceStates()
    states.apply(changes)
    restored = DeviceStates.from_plain(json.loads(json.dumps(states.to_plain())))
    assert restored.to_plain() == states.to_plain()


@given(CHANGES)
def test_changes_survive_the_journal(changes: list[Change]) -> None:
    assert [Change.from_plain(json.loads(json.dumps(change.to_plain()))) for change in changes] == changes


def test_none_forgets_a_slot() -> None:
    states = DeviceStates()
    states.apply([Change("a", "s", 1), Change("a", "s", None)])
    assert states.to_plain() == []


def test_the_device_that_changed_longest_ago_makes_room() -> None:
    states = DeviceStates()
    states.apply(Change(f"d{n}", "s", 1) for n in range(MAX_DEVICES))
    states.apply([Change("d0", "s", 2), Change("new", "s", 1)])
    assert states.get("d0", "s") == 2
    assert states.get("d1", "s") is None
    assert len(states.to_plain()) == MAX_DEVICES


def test_one_device_cannot_fill_the_memory() -> None:
    states = DeviceStates()
    states.apply(Change("a", f"s{n}", n) for n in range(MAX_SLOTS + 10))
    assert states.get("a", "s0") is None
    assert states.get("a", f"s{MAX_SLOTS + 9}") == MAX_SLOTS + 9


@pytest.mark.parametrize("plain", [None, {}, [1], [["a"]], [["a", {"s": None}]], [["a", {"s": []}]], [[1, {}]]])
def test_anything_that_is_no_checkpoint_is_refused(plain: object) -> None:
    with pytest.raises(ValueError, match=r"entry|slots|list"):
        DeviceStates.from_plain(plain)


@pytest.mark.parametrize("plain", [None, [], ["a", "s"], ["a", "s", []], [1, "s", 1]])
def test_anything_that_is_no_change_is_refused(plain: object) -> None:
    with pytest.raises(ValueError, match="change"):
        Change.from_plain(plain)
