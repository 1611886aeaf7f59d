"""An officer's action on its way to the store, for pages and API alike."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import Future
from typing import TypeVar

from dispatcher.precinct.board import Board
from dispatcher.precinct.model import Action, Reply
from dispatcher.precinct.standing import Refusal
from dispatcher.precinct.station import Closed
from dispatcher.precinct.watches import WatchRefusal

T = TypeVar("T")
PATIENCE_S = 10.0  # a disk that takes longer is a fault, and the officer must know

STATUS: Mapping[Refusal | None, int] = {
    Refusal.UNKNOWN_INCIDENT: 404,
    Refusal.ALREADY: 409,
    Refusal.CLOSED: 409,
    Refusal.BAD_REV: 422,
    Refusal.NO_OFFICER: 422,
    Refusal.BAD_UNIT: 422,
    Refusal.BAD_DISPOSITION: 422,
    Refusal.BAD_TEXT: 422,
}


WATCH_STATUS: Mapping[WatchRefusal, int] = dict.fromkeys(WatchRefusal, 422) | {WatchRefusal.NO_WATCH: 404}


async def kept(reply: "Future[T]") -> T | None:
    """Return a reply once what it answers is on disk; None when the store cannot say that it is."""
    try:
        return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(reply)), PATIENCE_S)
    except (Closed, TimeoutError):
        return None


async def perform(board: Board, action: Action) -> Reply | None:
    """Return the reply once the action is on disk; None when the store cannot say that it is."""
    return await kept(board.act(action))
