from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.mqtt.outgoing import MAX_QUEUED, MAX_QUEUED_BYTES, Outgoing, Queue, check


def item(number: int = 0, *, tag: object = None, until: float = 10.0, size: int = 1) -> Outgoing:
    """Return a publish whose topic is its number."""
    return Outgoing(str(number), bytes(size), 1, False, tag, until)


def topics(queue: Queue) -> list[str]:
    """Empty the queue."""
    found = []
    while (taken := queue.take()) is not None:
        found.append(taken.topic)
    return found


def test_a_queue_gives_back_in_the_order_of_arrival() -> None:
    queue = Queue()
    assert all(queue.put(item(number)) for number in range(3))
    assert topics(queue) == ["0", "1", "2"]


def test_a_full_queue_takes_no_more() -> None:
    queue = Queue()
    assert all(queue.put(item(number)) for number in range(MAX_QUEUED))
    assert not queue.put(item())
    queue.take()
    assert queue.put(item())


def test_a_queue_is_full_by_bytes_too_and_free_again_when_they_are_gone() -> None:
    queue = Queue()
    half = MAX_QUEUED_BYTES // 2 + 1
    assert queue.put(item(size=half))
    assert not queue.put(item(size=half))
    assert queue.drop(11.0, tagged=False) == 1
    assert queue.put(item(size=half))


def test_what_is_put_back_goes_first_and_in_its_old_order() -> None:
    queue = Queue()
    queue.put(item(3))
    queue.put_back([item(1), item(2)])
    assert topics(queue) == ["1", "2", "3"]


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 20))), st.floats(0, 20))
def test_dropping_keeps_what_is_fresh_and_nobody_elses(entries: list[tuple[bool, float]], now: float) -> None:
    queue = Queue()
    for number, (tagged, until) in enumerate(entries):
        queue.put(item(number, tag="kept elsewhere" if tagged else None, until=until))
    wanted = [str(number) for number, (tagged, until) in enumerate(entries) if not tagged and until > now]
    assert queue.drop(now, tagged=True) == len(entries) - len(wanted)
    assert topics(queue) == wanted


@pytest.mark.parametrize("topic", ["", "a/+", "#", "a\0b", "x" * 65_536])
def test_a_topic_that_no_broker_takes_is_the_callers_fault(topic: str) -> None:
    with pytest.raises(ValueError, match="topic"):
        check(topic, b"", 1)


def test_qos_2_and_huge_payloads_are_the_callers_fault() -> None:
    with pytest.raises(ValueError, match="QoS"):
        check("a", b"", 2)
    with pytest.raises(ValueError, match="payload"):
        check("a", bytes(MAX_QUEUED_BYTES + 1), 1)
