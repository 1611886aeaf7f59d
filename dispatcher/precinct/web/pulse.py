"""One heartbeat for all streams of a server: what changed is gathered, and every board hears of it at the same beat.

So a rendering is shared by all who look, and a thousand posts that each change a little cost a few renderings a second.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from dispatcher.precinct.changes import POSTS, Changes

GATHER_S = 0.1  # an incident is on the board within this and the rendering
GATHER_POSTS_S = 1.0  # the strip of posts may be that late


class Pulse:
    """Beats while somebody listens; ``version`` is that of the last beat. All but ``_told`` belongs to the loop."""

    def __init__(self, changes: Changes) -> None:
        self.version = changes.version
        self._changes = changes
        self._listeners = 0
        self._due: asyncio.TimerHandle | None = None
        self._beat = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end: Callable[[], None] = _nothing

    def join(self) -> None:
        """One more listens."""
        self._listeners += 1
        if self._listeners == 1:
            self._loop = asyncio.get_running_loop()
            self._beat = asyncio.Event()
            self.version = self._changes.version
            self._end = self._changes.listen(self._told)

    def leave(self) -> None:
        """One less."""
        self._listeners -= 1
        if self._listeners == 0:
            self._end()
            if self._due is not None:
                self._due.cancel()
                self._due = None

    async def next(self, timeout_s: float) -> bool:
        """Wait for the next beat; returns whether it came in time."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._beat.wait(), timeout_s)
            return True
        return False

    def _told(self) -> None:
        loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):  # the loop closed a moment ago
                loop.call_soon_threadsafe(self._schedule)

    def _schedule(self) -> None:
        if self._changes.closed:
            self._strike()
            return
        _, topics = self._changes.since(self.version)
        delay = GATHER_POSTS_S if topics == frozenset({POSTS}) else GATHER_S
        if self._loop is None or (self._due is not None and self._due.when() <= self._loop.time() + delay):
            return
        if self._due is not None:
            self._due.cancel()
        self._due = self._loop.call_later(delay, self._strike)

    def _strike(self) -> None:
        self._due = None
        self.version = self._changes.version
        self._beat.set()
        self._beat = asyncio.Event()


def _nothing() -> None:
    pass
