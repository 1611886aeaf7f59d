"""The web application: pages, API, health and metrics over one board."""

import logging
from collections.abc import Iterable
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from dispatcher.precinct.board import Board
from dispatcher.precinct.metrics import exposition
from dispatcher.precinct.web.api import Api
from dispatcher.precinct.web.guard import Guard
from dispatcher.precinct.web.pages import Pages
from dispatcher.precinct.web.pulse import Pulse

STATIC = Path(__file__).parent / "static"

_log = logging.getLogger(__name__)


def create_app(board: Board, *, token: str | None = None, hosts: Iterable[str] = ()) -> Starlette:
    """Return the application.

    ``token``: what the API asks for as a bearer; None leaves it open, which is right on loopback only (``serve``
    refuses any other address). ``hosts``: names beside the loopback ones under which a browser may reach it.
    """

    pulse = Pulse(board.changes)

    async def healthz(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def ready(_request: Request) -> Response:
        return PlainTextResponse("ready\n") if board.ready else PlainTextResponse("no broker\n", 503)

    async def metrics(_request: Request) -> Response:
        return PlainTextResponse(exposition(board), media_type="text/plain; version=0.0.4")

    app = Starlette(
        routes=[
            *Pages(board, pulse).routes(),
            Mount("/api/v1", routes=Api(board, pulse, token).routes()),
            Route("/healthz", healthz),
            Route("/ready", ready),
            Route("/metrics", metrics),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        middleware=[Middleware(Guard, hosts=tuple(hosts))],
        exception_handlers={Exception: _failed},
    )
    app.state.board = board
    return app


async def _failed(request: Request, error: Exception) -> Response:
    _log.error("request_failed", extra={"method": request.method, "route": request.url.path[:80]}, exc_info=error)
    return PlainTextResponse("internal error\n", 500)
