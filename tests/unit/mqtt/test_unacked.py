from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.mqtt.unacked import HIGH_BYTES, HIGH_WATER, Unacked


def ready(unacked: Unacked) -> list[int]:
    """Take off what may be acknowledged now."""
    mids = []
    while (one := unacked.next_ready()) is not None:
        mids.append(one[0])
    return mids


@pytest.mark.parametrize("size", [0, HIGH_BYTES // 8])
def test_it_is_full_at_the_mark_and_until_it_has_sunk_below_half_of_it(size: int) -> None:
    mark = 8 if size else HIGH_WATER
    unacked = Unacked()
    for mid in range(1, mark + 1):
        assert not unacked.full
        unacked.came(mid, 1, size)
    assert unacked.full
    for mid in range(1, mark + 1):
        assert unacked.full == (mid <= mark // 2 + 1)
        assert unacked.settle(mid)
        assert unacked.next_ready() == (mid, 1)
    assert not unacked.full


def test_a_message_that_is_none_of_ours_or_settled_already_is_told_as_such() -> None:
    unacked = Unacked()
    unacked.came(1, 1, 10)
    unacked.came(2, 1, 10)
    assert not unacked.settle(3)
    assert unacked.settle(2)
    assert not unacked.settle(2)
    assert ready(unacked) == []
    assert unacked.settle(1)
    assert ready(unacked) == [1, 2]
    assert not unacked.settle(1)


@given(st.permutations(range(1, 40)), st.integers(0, HIGH_BYTES))
def test_whatever_the_order_of_saving_acknowledgements_leave_in_that_of_arrival(order: list[int], size: int) -> None:
    unacked = Unacked()
    for mid in range(1, 40):
        unacked.came(mid, 1, size)
    left: list[int] = []
    for mid in order:
        assert unacked.settle(mid)
        left += ready(unacked)
    assert left == list(range(1, 40))
    assert (len(unacked), unacked.full) == (0, False)
