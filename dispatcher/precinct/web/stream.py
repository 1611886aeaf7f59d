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

PING_S = 2.0  # a board that hears nothing for 4.5 s says that it lost its server
GATHER_S = 0.1  # changes within this time go out together

Frames = Callable[[frozenset[str] | None], Iterable[bytes]]

HEADERS = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-store")]


def frame(event: str, data: object) -> bytes:
    """Return one event with JSON data, which has no bare line breaks."""
    return f"event: {event}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


class EventStream:
    """An ASGI response. ``frames`` gives the events for a set of changed topics; None means everything."""

    def __init__(self, board: Board, frames: Frames, *, counts: bool = True) -> None:
        self._board = board
        self._frames = frames
        self._counts = counts

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        wake = asyncio.Event()
        loop = asyncio.get_running_loop()

        def notify() -> None:
            with suppress(RuntimeError):  # the loop closed between our end and the change
                loop.call_soon_threadsafe(wake.set)

        end = self._board.changes.listen(notify)
        gone = asyncio.create_task(_gone(receive, wake))
        if self._counts:
            self._board.enter()
        try:
            await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
            await self._run(wake, gone, send)
        except OSError:
            pass  # the reader left while we wrote
        finally:
            end()
            gone.cancel()
            if self._counts:
                self._board.leave()

    async def _run(self, wake: asyncio.Event, gone: "asyncio.Task[None]", send: Send) -> None:
        changes = self._board.changes
        seen, _ = changes.since(changes.version)
        await _write(send, b"retry: 1000\n\n" + b"".join(self._frames(None)))
        while not gone.done() and not changes.closed:
            woken = await _wait(wake)
            if woken:
                await asyncio.sleep(GATHER_S)
                wake.clear()
            now, topics = changes.since(seen)
            if now != seen and not changes.closed:
                seen = now
                await _write(send, b"".join(self._frames(topics)))
            elif not woken:
                await _write(send, frame("ping", {"now": self._board.now_ms()}))
        await send({"type": "http.response.body", "body": b""})


async def _wait(wake: asyncio.Event) -> bool:
    try:
        await asyncio.wait_for(wake.wait(), PING_S)
    except TimeoutError:
        return False
    return True


async def _gone(receive: Receive, wake: asyncio.Event) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    wake.set()


async def _write(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})
