"""Server-sent events: a stream that lives as long as somebody reads it, and says so to the station.

Who reads counts as a person at a board, so the end of the reader must be noticed: by the broken connection, which the
server's socket options bring about within 20 s even when a laptop was simply shut (see server.py).
"""

import asyncio
import json
from collections.abc import Callable, Iterable
from contextlib import suppress

from starlette.types import Receive, Scope, Send

from dispatcher.precinct.board import Board
from dispatcher.precinct.web.pulse import Pulse

PING_S = 2.0  # a board that hears nothing for 4.5 s says that it lost its server

Frames = Callable[[frozenset[str] | None], Iterable[bytes]]

HEADERS = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-store")]


def frame(event: str, data: object) -> bytes:
    """Return one event with JSON data, which has no bare line breaks."""
    return f"event: {event}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


class EventStream:
    """An ASGI response. ``frames`` gives the events for a set of changed topics; None means everything."""

    def __init__(self, board: Board, pulse: Pulse, frames: Frames, *, counts: bool = True) -> None:
        self._board = board
        self._pulse = pulse
        self._frames = frames
        self._counts = counts

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        self._pulse.join()
        if self._counts:
            self._board.enter()
        gone, telling = asyncio.create_task(_gone(receive)), asyncio.create_task(self._tell(send))
        try:
            await asyncio.wait({gone, telling}, return_when=asyncio.FIRST_COMPLETED)
            if telling.done():
                with suppress(OSError):  # the reader left while we wrote
                    telling.result()
        finally:
            gone.cancel()
            telling.cancel()
            self._pulse.leave()
            if self._counts:
                self._board.leave()

    async def _tell(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        changes, pulse = self._board.changes, self._pulse
        seen = pulse.version
        await _write(send, b"retry: 1000\n\n" + b"".join(self._frames(None)))
        while not changes.closed:
            beat = pulse.version > seen or await pulse.next(PING_S)
            if beat and not changes.closed:
                _, topics = changes.since(seen)
                seen = pulse.version
                await _write(send, b"".join(self._frames(topics)))
            elif not beat:
                await _write(send, frame("ping", {"now": self._board.now_ms()}))
        await send({"type": "http.response.body", "body": b""})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _write(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})
