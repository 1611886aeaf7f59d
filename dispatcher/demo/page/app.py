"""The page's web side. It listens on 127.0.0.1 and answers that name only, so that no other site can press for you."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from dispatcher.demo import view, words
from dispatcher.demo.devices import BUTTON, SENSORS, SIREN, Fleet
from dispatcher.demo.evening import Evening
from dispatcher.demo.traffic import Traffic
from dispatcher.domain.faults import Language

HERE = Path(__file__).parent
LOOK_S = 0.1  # how often a stream looks for news: no queue to fill, and a tenth of a second is at once to an eye
ALIVE_S = 4.0  # a stream says something at least this often; the page goes dark when it does not
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_PAGES = Environment(loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined)

Next = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Pos:
    """What the page shows and touches. ``connected`` says whether the devices have their broker."""

    name: str
    post: str
    port: int
    board: str
    fleet: Fleet
    traffic: Traffic
    evening: Evening | None
    connected: Callable[[], bool]
    closing: Callable[[], bool]


def build(pos: Pos) -> Starlette:
    """Return the application."""

    async def page(request: Request) -> Response:
        return _page(pos, _language(request))

    async def stream(request: Request) -> Response:
        return StreamingResponse(_news(pos, _language(request)), media_type="text/event-stream")

    async def act(request: Request) -> Response:
        return _act(pos, request)

    return Starlette(
        routes=[
            Route("/", page),
            Route("/stream", stream),
            Route("/devices/{device}/{action}", act, methods=["POST"]),
            Mount("/static", StaticFiles(directory=HERE / "static")),
        ],
        middleware=[Middleware(BaseHTTPMiddleware, dispatch=_guard(pos))],
    )


def state(pos: Pos, language: Language) -> dict[str, Any]:
    """Return everything that the page shows at this instant."""
    playing = pos.evening is not None
    caption, source = pos.evening.latest() if pos.evening is not None else (None, "")
    return {
        **view.devices(pos.fleet.snapshot(), language),
        "evening": view.evening(caption, source, playing, language),
        "traffic": view.traffic(pos.traffic.rows(), language),
    }


def _page(pos: Pos, language: Language) -> Response:
    template = _PAGES.get_template("page.html")
    other = "en" if language == "id" else "id"
    text = template.render(
        language=language,
        other=other,
        pos=pos,
        button=BUTTON,
        siren=SIREN,
        sensors=SENSORS,
        cards=words.CARDS,
        trail=[(step, words.STAGES[step].word.render(language, {})) for step in words.TRAIL],
        stages=sorted(words.STAGES),
        t=lambda key: words.say(key, language),
        say=lambda text: text.render(language, {}),
        now=state(pos, language),
    )
    return HTMLResponse(text)


async def _news(pos: Pos, language: Language) -> AsyncIterator[str]:
    """Send the whole state whenever it changed. Ends with the demo, not before: a browser comes back by itself."""
    told, told_at = "", 0.0
    while not pos.closing():
        now = time.monotonic()
        text = json.dumps(state(pos, language), ensure_ascii=False)
        if text != told or now - told_at >= ALIVE_S:
            told, told_at = text, now
            yield f"data: {text}\n\n"
        await asyncio.sleep(LOOK_S)


def _act(pos: Pos, request: Request) -> Response:
    device = request.path_params["device"]
    # A press is never refused: the button keeps it and repeats it until the post confirms, broker or no broker.
    if device != BUTTON and not pos.connected():
        return PlainTextResponse(words.say("failed", _language(request)), 503)
    if not pos.fleet.act(device, request.path_params["action"]):
        return PlainTextResponse("unknown device or action", 404)
    return Response(status_code=204)


def _guard(pos: Pos) -> Callable[[Request, Next], Awaitable[Response]]:
    hosts = {f"127.0.0.1:{pos.port}", f"localhost:{pos.port}"}

    async def guard(request: Request, go_on: Next) -> Response:
        host = request.headers.get("host", "")
        # A name that an attacker points at 127.0.0.1 arrives with that name as its Host.
        if host not in hosts:
            return PlainTextResponse("this page answers 127.0.0.1 only", 421, HEADERS)
        if request.method == "POST" and request.headers.get("origin") != f"http://{host}":
            return PlainTextResponse("a press comes from this page only", 403, HEADERS)
        response = await go_on(request)
        response.headers.update(HEADERS)
        return response

    return guard


def _language(request: Request) -> Language:
    return "en" if request.query_params.get("lang") == "en" else "id"
