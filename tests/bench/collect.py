"""The far end: what arrives at the precinct's broker, when, and a receipt for each alert so that it is not repeated."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from typing import Any

from tests.bench.packets import PUBLISH, READ_BYTES, Client, puback, publish, read_publish

Press = tuple[str, int, int]  # device, boot, seq


class Collector:
    """Listens on a thread of its own until closed. ``seen`` maps each press to the ns of its first alert."""

    def __init__(self, client: Client, topic: str, receipt_topic: str | None = None) -> None:
        self._client = client
        self._receipts = receipt_topic
        self._revisions: dict[str, set[int]] = {}
        self._ids: dict[Press, set[tuple[str, str]]] = {}
        self.seen: dict[Press, int] = {}
        self.hot: dict[str, int] = {}
        self.alerts: Counter[str] = Counter()
        self._by_boot: Counter[int] = Counter()
        self.lock = threading.Condition()
        client.subscribe(topic)
        self._thread = threading.Thread(target=self._run, name="collector", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            while data := self._client.sock.recv(READ_BYTES):
                self._take(data, time.monotonic_ns())
        except OSError:
            pass  # closed

    def _take(self, data: bytes, now_ns: int) -> None:
        out = bytearray()
        with self.lock:
            for head, body in self._client.feed(data):
                if head >> 4 == PUBLISH:
                    message = read_publish(head, body)
                    out += puback(message.mid) + self._understand(json.loads(message.payload), now_ns)
            self.lock.notify_all()
        if out:
            self._client.sock.sendall(out)

    def _understand(self, body: dict[str, Any], now_ns: int) -> bytes:
        if self._receipts is None:
            self._note_bare(body, now_ns)
            return b""
        self._note_alert(body, now_ns)
        return self._receipt(body)

    def _note_bare(self, body: dict[str, Any], now_ns: int) -> None:
        self.alerts[body["rule"]] += 1
        if body["rule"] == "panic":
            self._note_press((body["device"], body["boot"], body["seq"]), "", str(now_ns), now_ns)
        else:
            self.hot.setdefault(body["device"], now_ns)

    def _note_alert(self, alert: dict[str, Any], now_ns: int) -> None:
        self.alerts["alert"] += 1
        for entry in alert["evidence"]:
            if entry["kind"].startswith("panic."):
                key = (entry["device"], entry["boot"], entry["seq"])
                self._note_press(key, alert["id"], entry["event"], now_ns)
            else:
                self.hot.setdefault(entry["device"], now_ns)

    def _note_press(self, key: Press, incident: str, event: str, now_ns: int) -> None:
        if key not in self.seen:
            self.seen[key] = now_ns
            self._by_boot[key[1]] += 1
        self._ids.setdefault(key, set()).add((incident, event))

    def _receipt(self, alert: dict[str, Any]) -> bytes:
        held = self._revisions.setdefault(alert["id"], set())
        held.add(alert["rev"])
        rev = 0
        while rev + 1 in held:
            rev += 1
        body = {"v": 1, "id": alert["id"], "rev": rev, "stage": "delivered", "by": None, "at": None, "store": "bench"}
        assert self._receipts is not None
        payload = json.dumps({**body, "disposition": None}).encode()
        return publish(self._receipts, payload, self._client.next_mid())

    def twice(self) -> int:
        """Return how many presses came as more than one event, or in more than one incident."""
        with self.lock:
            return sum(len(ids) > 1 for ids in self._ids.values())

    def count(self, boot: int) -> int:
        """Return how many different presses of this boot number have come."""
        with self.lock:
            return self._by_boot[boot]

    def wait_count(self, boot: int, wanted: int, seconds: float) -> bool:
        """Wait until so many presses of this boot number have come."""
        with self.lock:
            return self.lock.wait_for(lambda: self._by_boot[boot] >= wanted, seconds)

    def wait_hot(self, device: str, seconds: float) -> int | None:
        """Return the ns at which an alert about this device's reading came, None when none does in time."""
        with self.lock:
            self.lock.wait_for(lambda: device in self.hot, seconds)
            return self.hot.get(device)

    def close(self) -> None:
        """Hang up and end the thread."""
        self._client.close()
        self._thread.join(5)
