"""Waking a thread that waits in `select`, without a system call per item.

Producers append to a queue first and call `wake` then. A byte is written only when the loop is, or is about to be,
asleep and nobody has written one yet: while it works it will look at the queues again before it sleeps.
"""

import contextlib
import selectors
import socket


class Waker:
    """A socket pair and a flag. The flag is a plain attribute: its races cost at most one byte too many."""

    def __init__(self) -> None:
        self._here, self._there = socket.socketpair()
        self._here.setblocking(False)
        self._there.setblocking(False)
        self._no_need = False

    def register(self, selector: selectors.BaseSelector) -> None:
        """Have ``selector`` wait for us too."""
        selector.register(self._here, selectors.EVENT_READ, self)

    def going_to_sleep(self) -> None:
        """From here on a `wake` writes. The loop calls this and only then looks whether its queues are empty."""
        self._no_need = False

    def awake(self) -> None:
        """From here on a `wake` costs nothing."""
        self._no_need = True

    def drain(self) -> None:
        """Take away the byte that woke us; call it when the selector named this waker."""
        with contextlib.suppress(BlockingIOError):
            self._here.recv(4096)

    def wake(self) -> None:
        """Wake the loop, from any thread."""
        if self._no_need:
            return
        self._no_need = True
        with contextlib.suppress(OSError):  # full: it is awake soon anyway; closed: it sleeps no more
            self._there.send(b"\0")

    def close(self) -> None:
        """Release both ends."""
        self._here.close()
        self._there.close()
