from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dispatcher.demo.traffic import MAX_SHOWN, ROWS, SAME_S, Traffic


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_the_strip_keeps_the_last_thirty_messages_oldest_first() -> None:
    traffic = Traffic(Clock())
    for number in range(ROWS + 5):
        traffic.heard("post", "t", str(number).encode())
    assert [row.payload for row in traffic.rows()] == [str(number) for number in range(5, ROWS + 5)]


def test_a_repeat_counts_up_its_row_though_its_command_id_is_fresh() -> None:
    clock = Clock()
    traffic = Traffic(clock)
    for number in range(3):
        clock.now += 5
        traffic.heard("post", "kentongan/l/command", b'{"id": "%d", "command": "lamp.stage"}' % number)
    (row,) = traffic.rows()
    assert (row.times, row.at, row.latest) == (3, 1005.0, 1015.0)
    assert row.payload == '{"id": "2", "command": "lamp.stage"}'


def test_the_same_message_much_later_is_a_new_row() -> None:
    clock = Clock()
    traffic = Traffic(clock)
    traffic.heard("post", "zigbee2mqtt/pir", b'{"occupancy":true}')
    clock.now += SAME_S
    traffic.heard("post", "zigbee2mqtt/pir", b'{"occupancy":true}')
    assert [row.times for row in traffic.rows()] == [1, 1]


def test_the_same_message_on_the_other_broker_is_another_row() -> None:
    traffic = Traffic(Clock())
    traffic.heard("post", "t", b"x")
    traffic.heard("precinct", "t", b"x")
    assert [row.hop for row in traffic.rows()] == ["post", "precinct"]


@given(st.text(max_size=600), st.binary(max_size=4000))
def test_no_message_is_shown_at_length_or_with_control_characters(topic: str, payload: bytes) -> None:
    traffic = Traffic(Clock())
    traffic.heard("post", topic, payload)
    (row,) = traffic.rows()
    assert len(row.payload) <= MAX_SHOWN
    assert len(row.topic) <= MAX_SHOWN
    assert row.payload.isprintable()


def test_deeply_nested_json_is_only_text() -> None:
    traffic = Traffic(Clock())
    traffic.heard("post", "t", b"[" * 5000)
    assert len(traffic.rows()) == 1
