"""What waits for the pipeline, and in which order it is taken."""

from dispatcher.domain.events import Lane, RawMessage
from dispatcher.domain.stamp import Stamp
from dispatcher.mqtt import Delivery, Token
from dispatcher.post.inbox import MAX_BATCH, MAX_REST, Connected, Inbox
from dispatcher.post.shelf import MAX_TOPICS, Shelf

NOW = Stamp(0, 0, trusted=False)


def delivery(topic: str, payload: bytes = b"{}", *, lane: Lane = Lane.REST, qos: int = 0, mid: int = 0) -> Delivery:
    return Delivery(RawMessage(lane, topic, payload, qos, False, False, NOW), Token(str(lane), 1, mid, qos))


def topics(taken: tuple[Delivery, ...]) -> list[str]:
    return [one.raw.topic for one in taken]


def test_a_press_is_taken_before_the_sensors_that_came_before_it() -> None:
    inbox = Inbox()
    for number in range(3):
        inbox.rest(delivery(f"s/{number}"))
    inbox.panic(delivery("b/1", lane=Lane.PANIC))
    inbox.notice(Connected())
    batch = inbox.take(0, with_rest=True)
    assert (topics(batch.panic), len(batch.notices), batch.rest) == (["b/1"], 1, ())
    assert topics(inbox.take(0, with_rest=True).rest) == ["s/0", "s/1", "s/2"]


def test_sensors_stay_outside_while_the_rules_are_behind() -> None:
    inbox = Inbox()
    inbox.rest(delivery("s/1"))
    assert inbox.take(0, with_rest=False).rest == ()
    assert topics(inbox.take(0, with_rest=True).rest) == ["s/1"]


def test_a_flood_at_qos_0_is_bounded_and_of_each_topic_the_newest_waits() -> None:
    inbox = Inbox()
    for number in range(MAX_REST + 3_000):
        inbox.rest(delivery(f"s/{number % 10}", str(number).encode()))
    assert inbox.take_shed() == 3_000 - 10
    assert inbox.take_shed() == 0
    taken: list[Delivery] = []
    while batch := inbox.take(0, with_rest=True).rest:
        assert len(batch) <= MAX_BATCH
        taken += batch
    assert len(taken) == MAX_REST + 10
    assert sorted(one.raw.payload for one in taken[-10:]) == [str(MAX_REST + 2_990 + n).encode() for n in range(10)]


def test_a_call_for_help_and_what_must_be_acknowledged_are_never_shed() -> None:
    inbox = Inbox()
    for _ in range(MAX_REST):
        inbox.rest(delivery("s/1"))
    for number in range(5):
        inbox.rest(delivery("zigbee2mqtt/x", b'{"action":"sos"}'))
        inbox.rest(delivery("s/1", qos=1, mid=number))
    assert inbox.take_shed() == 0


def test_a_shelf_is_bounded_by_its_topics() -> None:
    shelf: Shelf[str] = Shelf(lambda thing: thing)
    gone = sum(shelf.put(str(number)) for number in range(MAX_TOPICS + 5))
    assert (gone, len(shelf)) == (5, MAX_TOPICS)
    assert shelf.take(2) == ["5", "6"]
    assert shelf.take(0) == []


def test_what_waits_in_each_lane_is_told_with_the_age_of_the_first() -> None:
    inbox = Inbox()
    for number in range(MAX_REST + 2):
        inbox.rest(delivery(f"s/{number}"))
    inbox.panic(delivery("b/1", lane=Lane.PANIC))
    assert [(one.name, one.waiting, one.oldest_ms) for one in inbox.lanes(250)] == [
        ("panic", 1, 250), ("precinct", 0, 0), ("rest", MAX_REST + 2, 250),
    ]  # fmt: skip
