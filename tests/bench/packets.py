"""Just enough MQTT 3.1.1 for a load: a whole client library would take the processor that is being measured."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass

CONNACK, PUBLISH, PUBACK, SUBACK = 2, 3, 4, 9
READ_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Message:
    """One PUBLISH that arrived; ``mid`` is 0 at QoS 0."""

    topic: str
    payload: bytes
    mid: int


def publish(topic: str, payload: bytes, mid: int) -> bytes:
    """Return a PUBLISH at QoS 1."""
    return _packet(0x32, _text(topic) + struct.pack("!H", mid) + payload)


def puback(mid: int) -> bytes:
    """Return the answer to a PUBLISH at QoS 1."""
    return struct.pack("!BBH", 0x40, 2, mid)


def _packet(head: int, body: bytes) -> bytes:
    return bytes([head]) + _length(len(body)) + body


def _text(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("!H", len(raw)) + raw


def _length(size: int) -> bytes:
    out = bytearray()
    while True:
        size, digit = divmod(size, 128)
        out.append(digit | (128 if size else 0))
        if not size:
            return bytes(out)


class Client:
    """A connected, blocking socket that speaks MQTT. Raises OSError when the broker refuses or is gone."""

    def __init__(self, port: int, name: str, user: str, password: str) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = bytearray()
        self._mid = 0
        body = _text("MQTT") + bytes([4, 0xC2]) + struct.pack("!H", 0) + _text(name) + _text(user) + _text(password)
        self.sock.sendall(_packet(0x10, body))
        self._expect(CONNACK)
        self.sock.settimeout(None)

    def next_mid(self) -> int:
        """Return the next message id of this connection."""
        self._mid = self._mid % 65_535 + 1
        return self._mid

    def subscribe(self, topic: str) -> None:
        """Subscribe at QoS 1 and wait for the broker's word."""
        self.sock.sendall(_packet(0x82, struct.pack("!H", self.next_mid()) + _text(topic) + b"\x01"))
        self._expect(SUBACK)

    def publish(self, topic: str, payload: bytes) -> None:
        """Send one message at QoS 1; its acknowledgement arrives among the packets."""
        self.sock.sendall(publish(topic, payload, self.next_mid()))

    def _expect(self, sort: int) -> None:
        for head, body in self.packets():
            if head >> 4 == sort:
                if body[-1] > 1:
                    raise ConnectionRefusedError(f"the broker answered {body.hex()}")
                return
        raise ConnectionError("the broker hung up")

    def packets(self) -> Iterator[tuple[int, bytes]]:
        """Yield packets until the connection ends."""
        while data := self.sock.recv(READ_BYTES):
            yield from self.feed(data)

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Return the packets that these bytes complete: first byte, and body."""
        self._rest += data
        buffer, at, found = self._rest, 0, []
        while (span := _span(buffer, at)) is not None:
            start, end = span
            found.append((buffer[at], bytes(buffer[start:end])))
            at = end
        del buffer[:at]
        return found

    def close(self) -> None:
        """Say goodbye and close; a socket that is gone already is no matter."""
        try:
            self.sock.sendall(b"\xe0\x00")
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()


def _span(buffer: bytearray, at: int) -> tuple[int, int] | None:
    """Return where the body of the packet at ``at`` begins and ends, None while it is not complete."""
    size = shift = 0
    for index in range(at + 1, min(at + 5, len(buffer))):
        size |= (buffer[index] & 127) << shift
        shift += 7
        if buffer[index] < 128:
            end = index + 1 + size
            return (index + 1, end) if end <= len(buffer) else None
    return None


def read_publish(head: int, body: bytes) -> Message:
    """Return the message of a PUBLISH."""
    size = struct.unpack_from("!H", body)[0]
    at = 2 + size
    mid = 0
    if head & 0x06:
        mid = struct.unpack_from("!H", body, at)[0]
        at += 2
    return Message(body[2 : 2 + size].decode(), body[at:], mid)
