"""HTTP/1.1 whose peers must say what they want in time.

uvicorn limits the connections, and waits for ever for the first request of each. So a few hundred sockets that say
nothing, from a broken proxy or from somebody on this machine, would keep the officer out until they are closed.
"""

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

PATIENCE_S = 10.0  # from the connection, or from the last answer, to the end of the next request
_ASKING = (h11.IDLE, h11.SEND_BODY)


def protocol(patience_s: float = PATIENCE_S) -> type[H11Protocol]:
    """Return a protocol for uvicorn that closes a connection whose request is not complete after ``patience_s``.

    An answer may take as long as it likes: a stream of events lives for hours.
    """

    class Chosen(_Impatient):
        limit_s = patience_s

    return Chosen


class _Impatient(H11Protocol):
    limit_s = PATIENCE_S
    _giving_up: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._rest()

    def handle_events(self) -> None:
        super().handle_events()
        self._watch()

    def _watch(self) -> None:
        """Keep one deadline while a request is awaited; what drips in does not move it."""
        if self.conn.their_state not in _ASKING or self.transport.is_closing():
            self._rest()
        elif self._giving_up is None:
            self._giving_up = self.loop.call_later(self.limit_s, self.transport.close)

    def _rest(self) -> None:
        if self._giving_up is not None:
            self._giving_up.cancel()
            self._giving_up = None
