"""Events for the precinct's own rules: sent until they are taken, and no more of them than fit."""

from dataclasses import replace

from dispatcher.domain.events import Event
from dispatcher.domain.stamp import Stamp
from dispatcher.relay import MAX_WORDS, Words

WORD = Event("e0", "check_in", "desk", None, "pos-03", None, None, "radio", "authenticated", Stamp(0, 0, True))


def words(count: int) -> list[Event]:
    return [replace(WORD, id=f"e{number}") for number in range(count)]


def sent(waiting: Words, run_ms: int) -> list[str]:
    return [event.id for event in waiting.due(run_ms)]


def test_an_event_is_sent_at_once_and_after_twice_the_wait_each_time_until_it_is_taken() -> None:
    waiting = Words(1_000, 4_000)
    waiting.put(words(1))
    assert [run_ms for run_ms in range(0, 16_000, 500) if sent(waiting, run_ms)] == [
        0,
        1_000,
        3_000,
        7_000,
        11_000,
        15_000,
    ]
    waiting.taken("e0")
    assert sent(waiting, 60_000) == []
    assert len(waiting) == 0


def test_a_new_connection_makes_everything_due_at_once() -> None:
    waiting = Words(1_000, 60_000)
    waiting.put(words(2))
    sent(waiting, 0)
    sent(waiting, 1_000)
    assert sent(waiting, 1_500) == []
    waiting.reconnected()
    assert sent(waiting, 1_500) == ["e0", "e1"]


def test_a_backlog_leaves_in_its_order_a_few_at_a_time() -> None:
    waiting = Words(1_000, 60_000)
    waiting.put(words(40))
    order = [id_ for _ in range(3) for id_ in sent(waiting, 0)]
    assert order == [f"e{number}" for number in range(40)]


def test_of_too_many_the_oldest_go_and_are_counted() -> None:
    waiting = Words(1_000, 60_000)
    waiting.put(words(MAX_WORDS + 3))
    assert (len(waiting), waiting.take_dropped(), waiting.take_dropped()) == (MAX_WORDS, 3, 0)
    assert sent(waiting, 0)[0] == "e3"


def test_the_same_event_twice_waits_once() -> None:
    waiting = Words(1_000, 60_000)
    waiting.put(words(1))
    waiting.put(words(1))
    assert sent(waiting, 0) == ["e0"]
