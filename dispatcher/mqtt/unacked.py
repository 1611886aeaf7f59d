"""Messages that wait for their acknowledgement, and when there are too many of them to read on.

MQTT has a word for that, the receive maximum, and it cannot be relied on: mosquitto 2.0.11 keeps to it until the first
acknowledgements come, and then sends all it has, 4,900 of 5,000 messages to a reader that saves one each millisecond.
What is left is not to read. The kernel's buffers fill, and the broker keeps what is its own to keep.
"""

HIGH_WATER = 256
"""Messages. Above any receive maximum of ours, so that a broker that keeps to it is never made to wait."""

HIGH_BYTES = 8 * 1024 * 1024
"""The same in bytes of payload: 256 of the largest messages would be all the memory of a post eight times over."""


class Unacked:
    """The messages of one connection, in order. Full at the mark, and until it has sunk below half of it.

    PUBACKs leave in the order in which the messages came [MQTT-4.6.0-2]; there are brokers that hang up on any other.
    """

    def __init__(self) -> None:
        self._held: dict[int, tuple[int, int]] = {}
        self._settled: set[int] = set()
        self._bytes = 0
        self.full = False

    def __len__(self) -> int:
        return len(self._held)

    def came(self, mid: int, qos: int, size: int) -> None:
        """Note a message of QoS 1 or 2 with a payload of ``size`` bytes."""
        self._bytes += size - self._held.get(mid, (0, 0))[1]
        self._held[mid] = qos, size
        if len(self._held) >= HIGH_WATER or self._bytes >= HIGH_BYTES:
            self.full = True

    def settle(self, mid: int) -> bool:
        """Note that a message is saved; return False for one that is not held, or settled already."""
        if mid not in self._held or mid in self._settled:
            return False
        self._settled.add(mid)
        return True

    def next_ready(self) -> tuple[int, int] | None:
        """Take the oldest message off, as (mid, QoS), if it is settled. One that is ready early waits."""
        mid = next(iter(self._held), None)
        if mid is None or mid not in self._settled:
            return None
        qos, size = self._held.pop(mid)
        self._settled.remove(mid)
        self._bytes -= size
        if len(self._held) < HIGH_WATER // 2 and self._bytes < HIGH_BYTES // 2:
            self.full = False
        return mid, qos
