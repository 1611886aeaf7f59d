"""Serving the app on loopback, and stopping within 5 s although boards hold their streams open for hours."""

import ipaddress
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn
from starlette.applications import Starlette

from dispatcher.precinct.board import Board
from dispatcher.precinct.web.patience import PATIENCE_S, protocol

DEAD_PEER_MS = 20_000  # a peer that acknowledges nothing for this long is gone: its board is no attendance


class NotLoopback(ValueError):
    """The address is reachable from other machines, and there are no accounts yet."""


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket on a loopback address. Raises NotLoopback, OSError (port taken, no such address)."""
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    if not ipaddress.ip_address(address[0]).is_loopback:
        raise NotLoopback(
            f"{host} is reachable from other machines; without accounts the board listens on loopback only "
            "(127.0.0.1, ::1). Put a TLS proxy with a login before it."
        )
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Inherited by every accepted connection: without it a shut laptop would hold its stream for 15 minutes.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, DEAD_PEER_MS)
        listener.bind(address)
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


def serve(
    app: Starlette,
    host: str,
    port: int,
    on_listening: Callable[[str, int], None] = lambda _host, _port: None,
    *,
    stop: threading.Event | None = None,
    patience_s: float = PATIENCE_S,
) -> None:
    """Serve until SIGTERM or SIGINT (in the main thread) or until ``stop`` is set; prints nothing.

    ``on_listening`` gets the address and the port that were bound (port 0 picks a free one). A connection that has
    sent no complete request after ``patience_s`` seconds is closed. Raises NotLoopback, OSError.
    """
    listener = bind(host, port)
    bound = listener.getsockname()
    config = _config(app, patience_s)
    server = _Server(config, app.state.board, stop or threading.Event(), lambda: on_listening(bound[0], bound[1]))
    server.run(sockets=[listener])


def _config(app: Starlette, patience_s: float) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        loop="asyncio",
        http=protocol(patience_s),
        ws="none",
        limit_concurrency=400,
        timeout_graceful_shutdown=3,
    )


class _Server(uvicorn.Server):
    def __init__(
        self, config: uvicorn.Config, board: Board, stop: threading.Event, listening: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._board = board
        self._stop = stop
        self._listening = listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._board.changes.open()
        await super().startup(sockets)
        self._listening()

    async def on_tick(self, counter: int) -> bool:
        return await super().on_tick(counter) or self._stop.is_set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # A stream ends only when we end it; uvicorn would wait for it.
        self._board.changes.close()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on a signal and return; uvicorn's own would raise it again and end the process with -15, not 0."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._asked) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _asked(self, _number: int, _frame: FrameType | None) -> None:
        self.should_exit = True
