"""Devices that press and measure, in a process of their own: `python -m tests.bench.load SPEC.json`.

Each device has its own connection and speaks on its own topic, as the shipped access rules want it. Prints
``connected``, waits for a line on stdin, sends, waits for every acknowledgement of the broker, and prints one line of
JSON. Each press is written down as ``<monotonic ns just before the send> <device> <seq>``.
"""

from __future__ import annotations

import json
import selectors
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bench.packets import PUBACK, READ_BYTES, Client, publish

HOT_EVERY = 20  # one reading in so many is above every rule's limit
SENTINEL = "sentinel"  # the device whose single reading ends a burst
BURST_SLICE = 200
DRAIN_S = 60.0


@dataclass(slots=True)
class Stream:
    """``count`` messages by ``devices`` in turn, ``rate`` a second; a rate of 0 is as fast as the sockets take them."""

    kind: str
    devices: list[str]
    rate: float
    count: int
    done: int = 0

    def due(self, elapsed: float) -> int:
        """Return how many should have been sent by now."""
        if not self.rate:
            return min(self.count, self.done + BURST_SLICE)
        return min(self.count, int(elapsed * self.rate) + 1)


@dataclass(slots=True)
class Load:
    """The connections, and what was sent."""

    clients: dict[str, Client]
    boot: int
    sent: int = 0
    acked: int = 0
    presses: list[tuple[int, str, int]] = field(default_factory=list)
    seqs: dict[str, int] = field(default_factory=dict)

    def send(self, stream: Stream, upto: int) -> None:
        """Send the messages of a stream up to its ``upto``-th, each device's in one write."""
        parts: dict[str, list[bytes]] = {}
        for index in range(stream.done, upto):
            device = stream.devices[index % len(stream.devices)]
            body = self._press(device) if stream.kind == "press" else reading(index)
            packet = publish(f"kentongan/{device}/event", body, self.clients[device].next_mid())
            parts.setdefault(device, []).append(packet)
        for device, packets in parts.items():
            if stream.kind == "press":
                last = self.seqs[device]
                now = time.monotonic_ns()
                self.presses += [(now, device, last - index) for index in reversed(range(len(packets)))]
            self.clients[device].sock.sendall(b"".join(packets))
        self.sent += upto - stream.done
        stream.done = upto

    def _press(self, device: str) -> bytes:
        self.seqs[device] = self.seqs.get(device, 0) + 1
        return press(self.boot, self.seqs[device])

    def watch(self, selector: selectors.BaseSelector, seconds: float) -> None:
        """Count acknowledgements that arrive within ``seconds``."""
        for key, _ in selector.select(seconds):
            client: Client = key.data
            data = client.sock.recv(READ_BYTES)
            if not data:
                raise ConnectionError("the broker hung up")
            self.acked += sum(1 for head, _ in client.feed(data) if head >> 4 == PUBACK)


def press(boot: int, seq: int) -> bytes:
    """Return what a button says."""
    return b'{"kind":"panic.press","boot":%d,"seq":%d,"attrs":{"battery":87}}' % (boot, seq)


def reading(index: int) -> bytes:
    """Return what a thermometer says: every twentieth time too much."""
    value = 95.5 if index % HOT_EVERY == HOT_EVERY - 1 else 20 + index % 50
    return b'{"kind":"reading.temperature","attrs":{"value":%s,"unit":"C"}}' % str(value).encode()


def alarm() -> bytes:
    """Return what the sentinel says."""
    return b'{"kind":"reading.temperature","attrs":{"value":99.5,"unit":"C"}}'


def connect(port: int, devices: Iterator[str] | list[str]) -> dict[str, Client]:
    """Return a connection for each device; the password is made from the name (tests/support/brokers.py)."""
    return {device: Client(port, device, device, f"secret-of-{device}") for device in devices}


def run(spec: dict[str, Any]) -> dict[str, object]:
    """Connect, wait for the word, send, and return what there is to say about it."""
    streams = [Stream(**one) for one in spec["streams"]]
    ends_with_sentinel = bool(spec.get("sentinel"))
    names = {device for stream in streams for device in stream.devices} | ({SENTINEL} if ends_with_sentinel else set())
    load = Load(connect(spec["port"], sorted(names)), spec["boot"])
    selector = selectors.DefaultSelector()
    for client in load.clients.values():
        selector.register(client.sock, selectors.EVENT_READ, client)
    print("connected", flush=True)
    sys.stdin.readline()
    began_ns = time.monotonic_ns()
    lag_s = _pace(load, selector, streams)
    _drain(load, selector)
    if ends_with_sentinel:  # after all else has been acknowledged: it is the last in the broker's queue, too
        load.clients[SENTINEL].publish(f"kentongan/{SENTINEL}/event", alarm())
        load.sent += 1
        _drain(load, selector)
    Path(spec["sends"]).write_text("".join(f"{ns} {device} {seq}\n" for ns, device, seq in load.presses), "ascii")
    for client in load.clients.values():
        client.close()
    wall_s = (time.monotonic_ns() - began_ns) / 1e9
    return {"began_ns": began_ns, "sent": load.sent, "acked": load.acked, "lag_ms": lag_s * 1e3, "wall_s": wall_s}


def _pace(load: Load, selector: selectors.BaseSelector, streams: list[Stream]) -> float:
    """Send all streams; return how late the latest message was, in seconds."""
    began, lag = time.monotonic(), 0.0
    paced = all(stream.rate for stream in streams)
    while any(stream.done < stream.count for stream in streams):
        elapsed = time.monotonic() - began
        for stream in streams:
            due = stream.due(elapsed)
            if due > stream.done:
                lag = max(lag, elapsed - stream.done / stream.rate) if stream.rate else lag
                load.send(stream, due)
        load.watch(selector, 0.001 if paced else 0)
    return lag


def _drain(load: Load, selector: selectors.BaseSelector) -> None:
    end = time.monotonic() + DRAIN_S
    while load.acked < load.sent and time.monotonic() < end:
        load.watch(selector, 0.05)


if __name__ == "__main__":
    print(json.dumps(run(json.loads(Path(sys.argv[1]).read_text("ascii")))), flush=True)
