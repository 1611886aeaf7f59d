"""A buffered socket under paho: few system calls, nothing left unread, a goodbye that arrives.

paho reads each packet with three ``recv`` calls and writes each acknowledgement with a ``send`` of its own. Every one
of them gives up the interpreter's lock, which is what a busy link pays for most. Under paho we therefore put a socket
that reads what is there and writes what has been gathered during one turn of the loop.

It also answers what `select` cannot: whether bytes are waiting above the kernel.
"""

import contextlib
import socket
import ssl
import time

READ_BYTES = 64 * 1024
"""More than one TLS record (16 KiB): a read takes all that OpenSSL has decrypted, so nothing waits inside it unseen."""

WRITE_BYTES = 256 * 1024
"""More than this is not gathered: paho then keeps the packet, and we the back pressure."""

GOODBYE_S = 0.5

_WOULD_BLOCK = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Wire:
    """The socket that paho sees. One thread at a time uses it, as it does the connection above."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sock = sock
        self._in = b""
        self._at = 0
        self._out = bytearray()
        self._polite = False

    # What paho calls.

    def recv(self, buffer_size: int) -> bytes:
        """Return up to ``buffer_size`` bytes; b"" at the end of the stream."""
        start = self._at
        if start >= len(self._in):
            data = self._sock.recv(READ_BYTES)
            if len(data) <= buffer_size:
                return data
            self._in, start = data, 0
        self._at = start + buffer_size
        return self._in[start : self._at]

    def send(self, buffer: bytes | bytearray) -> int:
        """Gather ``buffer``; `flush` sends it. Raises BlockingIOError when too much is gathered already."""
        if len(self._out) >= WRITE_BYTES:
            self.flush()
            if len(self._out) >= WRITE_BYTES:
                raise BlockingIOError
        self._out += buffer
        return len(buffer)

    def close(self) -> None:
        """Close; after `be_polite` first send what is gathered and wait for the other side to hang up."""
        if self._polite:
            with contextlib.suppress(OSError):
                self._say_goodbye()
        self._sock.close()

    def fileno(self) -> int:
        """Return the descriptor, -1 when closed."""
        return self._sock.fileno()

    def setblocking(self, flag: bool) -> None:
        """Choose the mode of the socket below."""
        self._sock.setblocking(flag)

    # What the connection calls.

    @property
    def readable(self) -> bool:
        """Whether bytes wait above the kernel, where `select` does not see them."""
        return self._at < len(self._in)

    @property
    def unsent(self) -> int:
        """Bytes gathered and not yet taken by the kernel."""
        return len(self._out)

    def flush(self) -> bool:
        """Send as much as the kernel takes now; return whether that was anything.

        Raises OSError when the connection is broken.
        """
        before = len(self._out)
        while self._out:
            try:
                sent = self._sock.send(self._out)
            except _WOULD_BLOCK:
                break
            del self._out[:sent]
        return len(self._out) < before

    def be_polite(self) -> None:
        """Make `close` see the goodbye through.

        Closing a socket with unread bytes resets the connection, and the reset may overtake the DISCONNECT: the broker
        would then publish our will although we said goodbye.
        """
        self._polite = True

    def _say_goodbye(self) -> None:
        end = time.monotonic() + GOODBYE_S
        self._sock.settimeout(GOODBYE_S)
        if self._out:
            self._sock.sendall(self._out)
        self._sock.shutdown(socket.SHUT_WR)
        while time.monotonic() < end and self._sock.recv(READ_BYTES):
            pass
