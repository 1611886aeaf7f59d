from __future__ import annotations

import socket

import pytest

from dispatcher.demo import ports
from dispatcher.demo.brokers import PortTaken


def every(chosen: ports.Ports) -> list[int]:
    return [chosen.board, chosen.page, chosen.post_http, *chosen.post_broker, *chosen.precinct_broker]


def test_free_ports_are_all_different() -> None:
    numbers = every(ports.choose(0, 0, 0))
    assert len(set(numbers)) == len(numbers) == 7
    assert all(number > 1023 for number in numbers)


def test_the_usual_ports_leave_a_developers_own_broker_alone() -> None:
    usual = {ports.BOARD, ports.PAGE, *(ports.BROKER + step for step in (0, 1, 10, 11))}
    assert 1883 not in usual
    assert 8883 not in usual
    assert len(usual) == 6


def test_a_port_on_which_somebody_listens_is_taken_and_named() -> None:
    with socket.socket() as other:
        other.bind((ports.HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortTaken) as taken:
            ports.choose(0, port, 0)
    assert taken.value.port == port


def test_what_was_chosen_is_given_back_free() -> None:
    chosen = ports.choose(0, 0, 0)
    again = ports.choose(chosen.board, chosen.page, 0)
    assert (again.board, again.page) == (chosen.board, chosen.page)


def test_a_port_answers_while_somebody_listens_there() -> None:
    with ports.listener(0) as bound:
        port = bound.getsockname()[1]
        assert ports.answers(port)
    assert not ports.answers(port)
