from __future__ import annotations

import socket
from collections.abc import Iterator

import paho.mqtt.client as mqtt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.enums import CallbackAPIVersion

from dispatcher.mqtt.client import WiredClient
from dispatcher.mqtt.wire import WRITE_BYTES, Wire


@pytest.fixture
def pair() -> Iterator[tuple[Wire, socket.socket]]:
    """A wire and the far end of its cable."""
    with connected() as (wire, far):
        yield wire, far


class connected:  # noqa: N801 -- used like a function
    """A TCP connection on this machine."""

    def __enter__(self) -> tuple[Wire, socket.socket]:
        with socket.create_server(("127.0.0.1", 0)) as server:
            near = socket.create_connection(server.getsockname())
            self._far, _ = server.accept()
        self._wire = Wire(near)
        self._wire.setblocking(False)
        return self._wire, self._far

    def __exit__(self, *_: object) -> None:
        self._wire.close()
        self._far.close()


@given(
    chunks=st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=8), sizes=st.lists(st.integers(1, 400))
)
def test_bytes_come_out_as_they_went_in_however_they_are_asked_for(chunks: list[bytes], sizes: list[int]) -> None:
    sent = b"".join(chunks)
    with connected() as (wire, far):
        for chunk in chunks:
            far.sendall(chunk)
        far.shutdown(socket.SHUT_WR)
        wire.setblocking(True)
        got = bytearray()
        for size in [*sizes, *[4096] * 8]:
            part = wire.recv(size)
            assert len(part) <= size
            got += part
        assert bytes(got) == sent
        assert wire.recv(1) == b""


def test_what_is_read_ahead_is_known_to_be_there(pair: tuple[Wire, socket.socket]) -> None:
    wire, far = pair
    far.sendall(b"abc")
    wire.setblocking(True)
    states = [(wire.readable, b"")]
    for size in (1, 1, 1):
        got = wire.recv(size)
        states.append((wire.readable, got))
    assert states == [(False, b""), (True, b"a"), (True, b"b"), (False, b"c")]


def test_nothing_leaves_before_the_flush(pair: tuple[Wire, socket.socket]) -> None:
    wire, far = pair
    far.setblocking(False)
    assert wire.send(b"one") == 3
    assert wire.send(b"two") == 3
    with pytest.raises(BlockingIOError):
        far.recv(10)
    wire.flush()
    far.setblocking(True)
    assert far.recv(10) == b"onetwo"
    assert wire.unsent == 0


def test_a_far_end_that_does_not_read_pushes_back_instead_of_filling_memory(pair: tuple[Wire, socket.socket]) -> None:
    wire, _ = pair

    def send_without_end() -> None:
        for _ in range(10_000):
            wire.send(bytes(64 * 1024))

    with pytest.raises(BlockingIOError):
        send_without_end()
    assert WRITE_BYTES <= wire.unsent < 2 * WRITE_BYTES


def test_a_goodbye_arrives_although_bytes_were_left_unread(pair: tuple[Wire, socket.socket]) -> None:
    wire, far = pair
    far.sendall(b"unread")
    wire.send(b"goodbye")
    wire.be_polite()
    far.settimeout(5)
    wire.close()
    assert far.recv(100) == b"goodbye"
    assert far.recv(100) == b""  # an orderly end, no reset


def test_paho_still_makes_its_socket_where_we_wrap_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = WiredClient(CallbackAPIVersion.VERSION2, "one")
        client.on_socket_register_write = lambda _client, _data, _sock: None
        client.connect(*server.getsockname())
        assert client.socket() is client.wire
        assert client.wire is not None
        client.loop_write()
        assert client.wire.unsent > 0  # CONNECT was gathered, not sent
        client.wire.close()
    assert issubclass(WiredClient, mqtt.Client)
