"""A link with an open notebook, and a cable between it and its broker that a test may cut."""

from __future__ import annotations

import socket
import threading
from collections import deque
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

from dispatcher.domain.events import Lane
from dispatcher.domain.stamp import Stamp
from dispatcher.mqtt import Backoff, Delivery, Endpoint, Link, LinkState, Phase
from dispatcher.mqtt.model import Protocol as Version
from tests.support.brokers import HOST, POST, Broker, free_port, wait_until

DEADLINE_S = 15.0
STAMP = Stamp(run_ms=1, wall_ms=2, trusted=True)
QUICK = Backoff(minimum_s=0.02, maximum_s=0.1)
EVENTS = ("kentongan/+/event",)


def port_for(broker: Broker | Cable, version: Version) -> int:
    """Return the port that speaks this version."""
    if isinstance(broker, Cable):
        return broker.port
    return broker.port_v5 if version == "5" else broker.port


def endpoint(broker: Broker | Cable, version: Version = "5", user: str = POST, password: str | None = None) -> Endpoint:
    """Return how ``user`` reaches the broker."""
    return Endpoint(HOST, port_for(broker, version), user, password or f"secret-of-{user}", protocol=version)


class _Settle:
    """The tag of a publish that only waits for its answer."""


class Ear:
    """A link, and everything it has told."""

    def __init__(
        self, where: Endpoint, *, filters: Sequence[str] = EVENTS, client_id: str = "ear", **options: Any
    ) -> None:
        self.deliveries: deque[Delivery] = deque()
        self.states: list[LinkState] = []
        self.published: list[object] = []
        self._settled: list[object] = []
        settings: dict[str, Any] = {
            "name": client_id,
            "lane": Lane.PANIC,
            "stamp": lambda: STAMP,
            "deliver": self.deliveries.append,
            "on_state": self.states.append,
            "on_published": self._on_published,
            "backoff": QUICK,
        } | options
        self.link = Link(client_id=client_id, endpoint=where, filters=filters, **settings)

    def _on_published(self, tag: object) -> None:
        (self._settled if isinstance(tag, _Settle) else self.published).append(tag)

    def __enter__(self) -> Self:
        self.link.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self.link.stop(5.0)

    def subscribed(self, epoch: int = 1) -> Self:
        """Wait until this connection, or a later one, has all its filters."""
        self.wait(lambda: self.link.subscribed and self.link.state.epoch >= epoch, "subscribed")
        return self

    def reach(self, phase: Phase) -> LinkState:
        """Wait for a state of this phase and return the first."""
        self.wait(lambda: any(state.phase is phase for state in self.states), phase)
        return next(state for state in self.states if state.phase is phase)

    def next(self) -> Delivery:
        """Wait for the next message."""
        self.wait(lambda: bool(self.deliveries), "a message")
        return self.deliveries.popleft()

    def next_saved(self) -> Delivery:
        """Wait for the next message, and acknowledge it."""
        delivery = self.next()
        self.link.ack(delivery.token)
        return delivery

    def payloads_until(self, last: bytes) -> list[bytes]:
        """Acknowledge and return what comes, up to and with ``last``."""
        payloads: list[bytes] = []
        while last not in payloads:
            payloads.append(self.next_saved().raw.payload)
        return payloads

    def acked(self, count: int) -> None:
        """Wait until so many acknowledgements have reached the broker, which answers in order."""
        self.wait(lambda: self.link.counters.acked >= count, f"{count} acknowledgements")
        mark = _Settle()
        assert self.link.publish("kentongan/btn-09/confirm", b"settled", tag=mark)
        self.wait(lambda: mark in self._settled, "answer of the broker")

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for a condition, and tell what the link did instead."""
        try:
            wait_until(condition, DEADLINE_S, "")
        except AssertionError:
            raise AssertionError(f"no {what}: {self.states[-6:]}, {self.link.counters}") from None


class Cable:
    """A TCP relay to a broker's port. `cut` resets every connection; `hold` lets nothing through to the broker."""

    def __init__(self, port: int) -> None:
        self.host = HOST
        self.port = free_port()
        self._target = port
        self._listener = socket.create_server((HOST, self.port))
        self._open: list[socket.socket] = []
        self._ends: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._flowing = threading.Event()
        self._flowing.set()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._flowing.set()
        self._listener.close()
        self.cut()
        for thread in self._threads:
            thread.join(5.0)
        for end in self._ends:
            end.close()

    def cut(self) -> None:
        """Break every connection without a word."""
        while self._open:
            end = self._open.pop()
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # the other end was quicker

    def hold(self) -> None:
        """Keep what the client says from the broker."""
        self._flowing.clear()

    def release(self) -> None:
        """Let it through again."""
        self._flowing.set()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection((HOST, self._target))
            except OSError:
                near.close()
                continue
            self._open += [near, far]
            self._ends += [near, far]
            self._start(near, far, self._flowing)
            self._start(far, near, None)

    def _start(self, source: socket.socket, sink: socket.socket, gate: threading.Event | None) -> None:
        thread = threading.Thread(target=self._pump, args=(source, sink, gate), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _pump(self, source: socket.socket, sink: socket.socket, gate: threading.Event | None) -> None:
        try:
            while data := source.recv(65536):
                if gate is not None:
                    gate.wait()
                sink.sendall(data)
        except OSError:
            pass  # cut
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # cut already
