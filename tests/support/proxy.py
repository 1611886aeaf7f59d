"""A wire that can be cut: a TCP proxy between a daemon and its broker.

A wire that carries nothing *holds* what was sent, as the kernels at both ends would (TCP sends it again once the way
is clear); what is lost for good is lost with its connection, by `reset`.
"""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

Way = Literal["up", "down"]
"""``up``: from the daemon to the broker."""

LOOK_S = 0.05
BUFFER = 65_536


@dataclass
class Gate:
    """One direction of the wire. ``rate`` is in bytes a second, 0: as fast as it goes."""

    is_open: bool = True
    rate: int = 0
    passed: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)

    def wait_open(self) -> bool:
        """Wait a little, and return whether bytes may pass."""
        with self.changed:
            return self.changed.wait_for(lambda: self.is_open, LOOK_S)

    def set(self, *, is_open: bool, rate: int) -> None:
        """Change what passes."""
        with self.changed:
            self.is_open, self.rate = is_open, rate
            self.changed.notify_all()

    def drag(self, stopped: threading.Event) -> int:
        """Return how many bytes may pass now, after the time that they take on a slow wire."""
        if not self.rate:
            return BUFFER
        stopped.wait(LOOK_S)
        return max(1, int(self.rate * LOOK_S))


class Proxy:
    """Listens on a port of its own from the beginning; ``close`` it at the end."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(LOOK_S)
        self.port: int = self._listener.getsockname()[1]
        self._gates: dict[Way, Gate] = {"up": Gate(), "down": Gate()}
        self._closed = threading.Event()
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._lock = threading.Lock()
        self.connections = 0
        self._thread = threading.Thread(target=self._accept, name="proxy", daemon=True)
        self._thread.start()

    # --- what a test does to it

    def heal(self) -> None:
        """Carry everything again."""
        self._both(is_open=True)

    def hold(self, way: Way | None = None) -> None:
        """Carry nothing any more, in one direction or in both; connections are still accepted."""
        for name, gate in self._gates.items():
            if way in (None, name):
                gate.set(is_open=False, rate=0)

    def crawl(self, rate: int) -> None:
        """Carry so many bytes a second each way."""
        self._both(is_open=True, rate=rate)

    def reset(self) -> None:
        """Break every connection there is, losing what was under way."""
        with self._lock:
            pairs = list(self._pairs)
        for pair in pairs:
            _break(pair)

    def passed(self, way: Way) -> int:
        """Return how many bytes went that way so far."""
        return self._gates[way].passed

    def _both(self, *, is_open: bool, rate: int = 0) -> None:
        for gate in self._gates.values():
            gate.set(is_open=is_open, rate=rate)

    def close(self) -> None:
        """Break everything and end the threads."""
        self._closed.set()
        self._listener.close()
        self.reset()
        self._thread.join(10)

    # --- its threads

    def _accept(self) -> None:
        while not self._closed.is_set():
            with suppress(TimeoutError, OSError):
                near, _ = self._listener.accept()
                self._connect(near)

    def _connect(self, near: socket.socket) -> None:
        self.connections += 1
        try:
            far = socket.create_connection(self._target, timeout=5)
        except OSError:
            near.close()
            return
        pair = (near, far)
        for end in pair:
            end.settimeout(LOOK_S)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            self._pairs.add(pair)
        for source, sink, way in ((near, far, "up"), (far, near, "down")):
            threading.Thread(
                target=self._pump, args=(pair, source, sink, way), name=f"proxy-{way}", daemon=True
            ).start()

    def _pump(
        self, pair: tuple[socket.socket, socket.socket], source: socket.socket, sink: socket.socket, way: Way
    ) -> None:
        gate = self._gates[way]
        try:
            while not self._closed.is_set() and (data := self._read(source, gate)) is not None:
                while data and not gate.wait_open():
                    if self._closed.is_set() or source.fileno() < 0:
                        return
                _send_all(sink, data, self._closed)
                gate.passed += len(data)
        except OSError:
            pass
        finally:
            _break(pair)
            with self._lock:
                self._pairs.discard(pair)

    def _read(self, source: socket.socket, gate: Gate) -> bytes | None:
        """Return what came, nothing while there is nothing, None at the end."""
        if not gate.wait_open():
            return b"" if source.fileno() >= 0 else None
        try:
            return source.recv(gate.drag(self._closed)) or None
        except TimeoutError:
            return b""


def _send_all(sink: socket.socket, data: bytes, closed: threading.Event) -> None:
    view = memoryview(data)
    while view and not closed.is_set():
        with suppress(TimeoutError):
            view = view[sink.send(view) :]


def _break(pair: tuple[socket.socket, socket.socket]) -> None:
    for end in pair:
        with suppress(OSError):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # RST, not FIN
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
