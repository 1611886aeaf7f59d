"""What other threads leave for the link's thread, and how they wake it."""

import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence

from dispatcher.mqtt.model import Token
from dispatcher.mqtt.outgoing import Outgoing, Queue
from dispatcher.mqtt.waker import Waker


class Mailbox:
    """Queues of acknowledgements and publishes, the wanted filters, and the wish to stop."""

    def __init__(self, filters: Sequence[str]) -> None:
        self.acks: deque[Token] = deque()
        self.queue = Queue()
        self.filters = tuple(filters)
        self.waker = Waker()
        self._refilter = False
        self._stopping = threading.Event()
        self._flush_until = 0.0

    # --- for any thread

    def leave_acks(self, tokens: Iterable[Token]) -> None:
        """Leave tokens to be acknowledged, in order; `Loop.push` sees to them."""
        self.acks.extend(tokens)

    def leave_publish(self, item: Outgoing) -> bool:
        """Leave a publish for `Loop.push`, or return False when there is no room."""
        return not self._stopping.is_set() and self.queue.put(item)

    def leave_filters(self, filters: Sequence[str]) -> None:
        """Leave a new list of filters."""
        self.filters = tuple(filters)
        self._refilter = True
        self.waker.wake()

    def ask_to_stop(self, flush_s: float) -> None:
        """Ask the loop to end, and to spend at most ``flush_s`` seconds on what is on its way."""
        self._flush_until = time.monotonic() + flush_s
        self._stopping.set()
        self.waker.wake()

    @property
    def stopping(self) -> bool:
        """Whether somebody asked."""
        return self._stopping.is_set()

    # --- for the link's thread

    @property
    def flush_is_over(self) -> bool:
        """Whether the time for what is on its way has passed."""
        return time.monotonic() >= self._flush_until

    def take_filters(self) -> tuple[str, ...] | None:
        """Return the list if it has changed since the last call."""
        if not self._refilter:
            return None
        self._refilter = False  # before reading: a change in between is then seen twice rather than never
        return self.filters

    def has_work(self, *, room: bool) -> bool:
        """Look at the queues, after telling producers that from now on they must wake us. ``room``: for a publish."""
        self.waker.going_to_sleep()
        return bool(self.acks) or self._refilter or (room and len(self.queue) > 0)
