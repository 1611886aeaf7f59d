"""A sensor gone mad: thousands of readings a second at QoS 1, by a client of a few lines (tests/bench/packets.py)."""

from __future__ import annotations

import json
import selectors
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.bench.packets import PUBACK, READ_BYTES, Client, publish
from tests.support.brokers import Broker
from tests.support.waiting import eventually

SLICE_S = 0.02


class Flood:
    """Sends from ``start`` until ``stop``; ``sent`` and ``acked`` count readings. Over a restart it ends, ``broken``."""

    def __init__(self, broker: Broker, device: str, body: dict[str, Any], rate: int) -> None:
        login = broker.login(device)
        self._client = Client(broker.port, f"{device}-flood", login.username, login.password)
        self._topic = f"kentongan/{device}/event"
        self._body = json.dumps(body).encode()
        self._rate = rate
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="flood", daemon=True)
        self.sent = self.acked = 0
        self.broken = False

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Send no more, wait until the broker has taken everything, and disconnect."""
        self._over.set()
        self._thread.join()
        self._client.close()

    def _run(self) -> None:
        try:
            self._pour()
        except OSError:
            self.broken = True

    def _pour(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._client.sock, selectors.EVENT_READ)
            began = time.monotonic()
            while not self._over.is_set():
                self._send_until(int((time.monotonic() - began) * self._rate))
                self._listen(selector, SLICE_S)
            while self.acked < self.sent:
                self._listen(selector, SLICE_S)

    def _send_until(self, due: int) -> None:
        # A machine that is slow sends fewer; it does not send them later, all at once.
        count = min(max(0, due - self.sent), 4 * int(self._rate * SLICE_S))
        packets = (publish(self._topic, self._body, self._client.next_mid()) for _ in range(count))
        self._client.sock.sendall(b"".join(packets))
        self.sent += count

    def _listen(self, selector: selectors.BaseSelector, seconds: float) -> None:
        if selector.select(seconds):
            data = self._client.sock.recv(READ_BYTES)
            if not data:
                raise ConnectionError("the broker hung up on the flood")
            self.acked += sum(1 for head, _ in self._client.feed(data) if head >> 4 == PUBACK)


@contextmanager
def flooding(broker: Broker, device: str, body: dict[str, Any], rate: int, at_least: int) -> Iterator[Flood]:
    """Flood while the block runs, and until at least so many readings were sent."""
    flood = Flood(broker, device, body, rate)
    flood.start()
    try:
        yield flood
        eventually(lambda: flood.sent >= at_least, lambda: f"{flood.sent} readings sent", patience_s=120)
    finally:
        flood.stop()
    assert not flood.broken, "the broker hung up on the flood"
