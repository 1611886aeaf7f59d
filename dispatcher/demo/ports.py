"""Which ports the demo uses: the usual ones, those that were wished for, or free ones."""

from __future__ import annotations

import errno
import socket
from contextlib import ExitStack
from dataclasses import dataclass

from dispatcher.demo.brokers import PortTaken

HOST = "127.0.0.1"
BOARD = 9300
PAGE = 9301
BROKER = 18831  # not 1883: a developer's own mosquitto may be there
BROKER_STEPS = (0, 1, 10, 11)
HIGHEST = 65535


@dataclass(frozen=True, slots=True)
class Ports:
    """Every port of one demo. Each broker speaks MQTT 3.1.1 on the first of its ports and MQTT 5 on the second."""

    board: int
    page: int
    post_http: int
    post_broker: tuple[int, int]
    precinct_broker: tuple[int, int]


def choose(board: int, page: int, broker: int) -> Ports:
    """Return the ports to use; 0 asks for free ones. ``broker`` is the first of four: it, +1, +10 and +11.

    Raises PortTaken for a wished one that is not free.
    """
    wished = [board, page, 0, *(broker + step if broker else 0 for step in BROKER_STEPS)]
    # All are held until all are known, so that no free one is handed out twice.
    with ExitStack() as held:
        got = [_port(held.enter_context(listener(port))) for port in wished]
    return Ports(got[0], got[1], got[2], (got[3], got[4]), (got[5], got[6]))


def listener(port: int) -> socket.socket:
    """Return a socket bound to ``port`` on this machine. Raises PortTaken."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # A port that was ours a moment ago lingers in TIME_WAIT; it is free all the same.
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((HOST, port))
        bound.listen()  # two sockets may be bound to one port with SO_REUSEADDR; only one may listen
    except OSError as problem:
        bound.close()
        if problem.errno == errno.EADDRINUSE:
            raise PortTaken(HOST, port) from problem
        raise
    return bound


def answers(port: int, timeout_s: float = 1.0) -> bool:
    """Return whether something accepts connections on ``port``."""
    try:
        with socket.create_connection((HOST, port), timeout=timeout_s):
            return True
    except OSError:
        return False


def _port(bound: socket.socket) -> int:
    number: int = bound.getsockname()[1]
    return number
