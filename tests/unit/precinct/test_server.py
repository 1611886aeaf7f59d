"""The real server: streams that stay open, and a stop that does not wait for them."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from dispatcher.precinct.board import Board
from dispatcher.precinct.web import NotLoopback, create_app, serve
from dispatcher.precinct.web.patience import PATIENCE_S
from dispatcher.precinct.web.server import DEAD_PEER_MS, bind
from tests.unit.precinct.builders import Desk, panic, status, until


@contextmanager
def served(desk: Desk, patience_s: float = PATIENCE_S, **options: Any) -> Iterator[str]:
    ports: list[int] = []
    stop = threading.Event()
    app = create_app(Board(desk.station), **options)
    thread = threading.Thread(
        target=lambda: serve(
            app, "127.0.0.1", 0, lambda _host, port: ports.append(port), stop=stop, patience_s=patience_s
        )
    )
    thread.start()
    until(lambda: ports)
    try:
        yield f"http://127.0.0.1:{ports[0]}"
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


def events(lines: Iterator[str]) -> Iterator[tuple[str, Any]]:
    name = ""
    for line in lines:
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def wait_for(stream: Iterator[tuple[str, Any]], name: str) -> Any:
    return next(data for found, data in stream if found == name)


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=20) as found:
        yield found


def test_a_press_appears_on_an_open_board_without_asking(desk: Desk, client: httpx.Client) -> None:
    with served(desk) as url, client.stream("GET", f"{url}/events") as answer:
        stream = events(answer.iter_lines())
        assert wait_for(stream, "board")["sounding"] == []
        desk.alert(panic())
        board = wait_for(stream, "board")
        assert [call["key"] for call in board["sounding"]] == ["a1b2c3:1"]
        assert "Krendang · Gang 5" in board["html"]["incidents"]


def test_a_program_hears_each_change_as_json(desk: Desk, client: httpx.Client) -> None:
    with served(desk) as url, client.stream("GET", f"{url}/api/v1/events") as answer:
        stream = events(answer.iter_lines())
        assert wait_for(stream, "hello")["store"] == desk.station.store.id
        assert wait_for(stream, "desk") == {"broker": False, "notices": []}
        desk.alert(panic())
        assert wait_for(stream, "incident")["stage"] == "delivered"
        desk.station.broker(True)
        assert wait_for(stream, "desk") == {"broker": True, "notices": []}
        desk.status(status())
        posts = {post["id"]: post["status"] for post in wait_for(stream, "posts")["posts"]}
        assert posts["pos-03"]["state"] == "online"


def test_a_quiet_stream_still_says_that_it_lives(desk: Desk, client: httpx.Client) -> None:
    with served(desk) as url, client.stream("GET", f"{url}/events") as answer:
        assert wait_for(events(answer.iter_lines()), "ping")["now"] == desk.hands.wall


def test_an_open_stream_is_somebody_at_the_desk_and_a_closed_one_is_not(desk: Desk, client: httpx.Client) -> None:
    with served(desk) as url:
        with client.stream("GET", f"{url}/events") as answer:
            stream = events(answer.iter_lines())  # kept: httpx closes the connection when its iterator goes
            wait_for(stream, "board")
            assert desk.station.boards == 1
        until(lambda: desk.station.boards == 0)


def test_an_observer_is_nobody_at_the_desk(desk: Desk, client: httpx.Client) -> None:
    with served(desk) as url, client.stream("GET", f"{url}/api/v1/events?observer=1") as answer:
        stream = events(answer.iter_lines())
        wait_for(stream, "hello")
        assert desk.station.boards == 0


def test_fifty_boards_get_the_same_rendering(desk: Desk, client: httpx.Client) -> None:
    with served(desk) as url:
        opened = [client.stream("GET", f"{url}/events") for _ in range(50)]
        streams = [events(found.__enter__().iter_lines()) for found in opened]
        for stream in streams:
            wait_for(stream, "board")
        desk.alert(panic())
        boards = [wait_for(stream, "board")["html"]["incidents"] for stream in streams]
        assert len(set(boards)) == 1
        for found in opened:
            found.__exit__(None, None, None)
        until(lambda: desk.station.boards == 0)


def test_a_shut_laptop_is_noticed_because_every_connection_has_a_time_limit_for_its_peer() -> None:
    with closing(bind("127.0.0.1", 0)) as listener, closing(socket.create_connection(listener.getsockname())):
        accepted, _ = listener.accept()
        with closing(accepted):
            limit = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
    assert limit == DEAD_PEER_MS


HEAD = b"POST /api/v1/incidents/a1b2c3/note HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"


def ended(peer: socket.socket) -> bool:
    """Wait until the server has closed the connection, and return whether it did so without an answer."""
    peer.settimeout(30)
    return peer.recv(1) == b""


@pytest.mark.parametrize(
    "said",
    [b"", b"GET / HTTP/1.1\r\nHost:", HEAD + b"Content-Length: 100\r\n\r\n{"],
    ids=["nothing", "half a head", "half a body"],
)
def test_a_connection_that_never_finishes_its_request_is_closed(desk: Desk, said: bytes) -> None:
    with served(desk, patience_s=0.5) as url, closing(connected(url)) as peer:
        peer.sendall(said)
        assert ended(peer)


def test_a_request_that_drips_in_gets_no_more_time(desk: Desk) -> None:
    with served(desk, patience_s=0.5) as url, closing(connected(url)) as peer, suppress(ConnectionError):
        peer.settimeout(0.05)
        until(lambda: dripped(peer), 30)


def dripped(peer: socket.socket) -> bool:
    """Send one more letter of a head that never ends, and return whether the connection has ended."""
    peer.sendall(b"x")
    try:
        return peer.recv(1) == b""
    except TimeoutError:
        return False


def test_a_second_request_on_a_connection_has_the_same_limit(desk: Desk) -> None:
    with served(desk, patience_s=0.5) as url, closing(connected(url)) as peer:
        peer.settimeout(30)
        peer.sendall(b"GET /api/v1/posts HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET /")
        told = b""
        while part := peer.recv(65536):
            told += part
        assert told.startswith(b"HTTP/1.1 200 ")
        assert told.count(b"HTTP/1.1 ") == 1


def test_a_stream_outlives_the_silent_connections_around_it(desk: Desk, client: httpx.Client) -> None:
    with served(desk, patience_s=1) as url, client.stream("GET", f"{url}/events") as answer:
        stream = events(answer.iter_lines())
        wait_for(stream, "board")
        with closing(connected(url)) as idle:
            assert ended(idle)
        desk.alert(panic())
        assert [call["key"] for call in wait_for(stream, "board")["sounding"]] == ["a1b2c3:1"]


def connected(url: str) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7"])
def test_an_address_that_other_machines_reach_is_refused(desk: Desk, host: str) -> None:
    with pytest.raises(NotLoopback, match="loopback"):
        serve(create_app(Board(desk.station)), host, 0)


def test_a_port_that_is_taken_is_an_error_and_not_a_silence(desk: Desk) -> None:
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(OSError, match="in use"):
            serve(create_app(Board(desk.station)), "127.0.0.1", other.getsockname()[1])


PROGRAM = """
import sys
from pathlib import Path
from dispatcher.precinct.board import Board
from dispatcher.precinct.web import create_app, serve
from tests.unit.precinct.builders import Desk
desk = Desk(Path(sys.argv[1]))
desk.station.start()
serve(create_app(Board(desk.station)), "127.0.0.1", 0, lambda host, port: print(port, flush=True))
desk.station.stop()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_0_within_five_seconds_although_boards_are_open(
    tmp_path: Path, client: httpx.Client, number: signal.Signals
) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=os.getcwd()) as run:
        assert run.stdout is not None
        assert run.stderr is not None
        url = f"http://127.0.0.1:{int(run.stdout.readline())}"
        with client.stream("GET", f"{url}/events") as board, client.stream("GET", f"{url}/api/v1/events") as program:
            streams = [events(answer.iter_lines()) for answer in (board, program)]
            for stream in streams:
                next(stream)
            asked = time.monotonic()
            run.send_signal(number)
            for stream in streams:
                for _ in stream:
                    pass
        assert run.wait(10) == 0
        assert time.monotonic() - asked < 5
        assert (run.stdout.read(), run.stderr.read()) == ("", "")
