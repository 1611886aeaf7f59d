"""The API's part on watches: what the precinct looks out for, where, and until when."""

from concurrent.futures import Future
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from dispatcher.domain.events import RejectReason
from dispatcher.precinct.board import Board
from dispatcher.precinct.intake import instant_ms
from dispatcher.precinct.watches import WatchRefusal, WatchReply
from dispatcher.precinct.web.acting import WATCH_STATUS, kept
from dispatcher.precinct.web.operation import Operation, body_of
from dispatcher.wire.fields import Malformed, iso, optional_text, text
from dispatcher.wire.watch import NAME, OpenWatch

_SAID = {
    WatchRefusal.NO_OFFICER: "by is a badge or role id: letters and digits, no spaces",
    WatchRefusal.BAD_KIND: "kind is a word of a-z, 0-9, _ and -",
    WatchRefusal.UNKNOWN_KELURAHAN: "site.yaml has no such kelurahan",
    WatchRefusal.OVER: "until has passed already",
    WatchRefusal.TOO_MANY: "too many watches are open",
    WatchRefusal.NO_WATCH: "no such watch is open",
}


class Watches:
    """The handlers, over one board."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def table(self) -> tuple[Operation, ...]:
        """Return the operations."""
        return (
            Operation("GET", "/watches", "The open watches", self._list),
            Operation("POST", "/watches", "Open a watch, or set another end to one; posts are told", self._open),
            Operation("POST", "/watches/{kind}/close", "Close a watch", self._close),
        )

    async def _list(self, _request: Request) -> Response:
        return JSONResponse(self._body())

    def _body(self) -> dict[str, Any]:
        return {"watches": [watch_body(watch) for watch in self._board.watches]}

    async def _open(self, request: Request) -> Response:
        try:
            body = await body_of(request)
            kind = text(body, "kind", NAME)
            watch = OpenWatch(kind, optional_text(body, "kelurahan", NAME) or None, _until(body))
            by = optional_text(body, "by") or ""
        except Malformed as malformed:
            return _bad(malformed)
        return await self._answer(self._board.open_watch(watch, by))

    async def _close(self, request: Request) -> Response:
        try:
            body = await body_of(request)
            kelurahan = optional_text(body, "kelurahan", NAME) or None
            by = optional_text(body, "by") or ""
        except Malformed as malformed:
            return _bad(malformed)
        return await self._answer(self._board.close_watch(request.path_params["kind"], kelurahan, by))

    async def _answer(self, asked: "Future[WatchReply]") -> Response:
        reply = await kept(asked)
        if reply is None:
            return JSONResponse({"error": "not_stored"}, 503)
        if reply.refusal is None:
            return JSONResponse(self._body())
        body = {"error": str(reply.refusal), "message": _SAID[reply.refusal]}
        return JSONResponse(body, WATCH_STATUS[reply.refusal])


def watch_body(watch: OpenWatch) -> dict[str, Any]:
    """Return a watch as JSON."""
    until = None if watch.until_ms is None else iso(watch.until_ms)
    return {"kind": watch.kind, "kelurahan": watch.kelurahan, "until": until}


def _until(body: dict[str, Any]) -> int | None:
    said = optional_text(body, "until", 40)
    until = None if said is None else instant_ms(said)
    if said is not None and (until is None or until < 0):
        raise Malformed(RejectReason.WRONG_TYPE, "until")
    return until


def _bad(malformed: Malformed) -> Response:
    return JSONResponse({"error": "bad_body", "field": malformed.detail}, 422)
