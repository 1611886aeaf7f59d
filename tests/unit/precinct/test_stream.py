import asyncio
from typing import Any

from dispatcher.precinct.board import Board
from dispatcher.precinct.web.pulse import Pulse
from dispatcher.precinct.web.stream import EventStream
from tests.unit.precinct.builders import Desk


class Reader:
    """A client that takes what it is given only when it is let."""

    def __init__(self) -> None:
        self.may_take = asyncio.Event()
        self.bodies: asyncio.Queue[bytes] = asyncio.Queue()
        self.leaves = asyncio.Event()

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.body":
            await self.bodies.put(message["body"])
            await self.may_take.wait()

    async def receive(self) -> Any:
        await self.leaves.wait()
        return {"type": "http.disconnect"}


def test_a_slow_reader_hears_at_once_what_changed_while_it_was_slow(desk: Desk) -> None:
    async def story() -> None:
        board, reader = Board(desk.station), Reader()
        pulse = Pulse(board.changes)
        stream = EventStream(board, pulse, lambda topics: [b"everything" if topics is None else b"changed"])
        running = asyncio.create_task(stream({}, reader.receive, reader.send))
        assert b"everything" in await reader.bodies.get()
        before = pulse.version
        board.changes.tell(frozenset({"a1b2c3"}))
        while pulse.version == before:
            await pulse.next(10)
        reader.may_take.set()
        assert await reader.bodies.get() == b"changed"
        reader.leaves.set()
        await running

    asyncio.run(asyncio.wait_for(story(), 30))
    assert desk.station.boards == 0
