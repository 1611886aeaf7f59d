"""The pages: the board, one incident, and the forms on them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from dispatcher.precinct.board import Board
from dispatcher.precinct.intake import instant_ms
from dispatcher.precinct.model import DISPOSITIONS, Action, History, Reply
from dispatcher.precinct.standing import Verb
from dispatcher.precinct.web import view
from dispatcher.precinct.web.acting import STATUS, perform
from dispatcher.precinct.web.pulse import Pulse
from dispatcher.precinct.web.stream import EventStream, frame
from dispatcher.precinct.web.texts import DEFAULT, Texts

TEMPLATES = Path(__file__).parent / "templates"
_YEAR_S = 31_536_000


class Pages:
    """Renders; each change is rendered once per language, however many boards look."""

    def __init__(self, board: Board, pulse: Pulse) -> None:
        self._board = board
        self._pulse = pulse
        self._pieces: dict[str, tuple[int, dict[str, Any]]] = {}
        self._templates = Environment(
            loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
            lstrip_blocks=True,
        )  # fmt: skip
        self._templates.globals["duration"] = view.duration
        self._templates.globals["Verb"] = Verb
        self._templates.globals["dispositions"] = DISPOSITIONS

    def routes(self) -> list[BaseRoute]:
        """Return the routes of the pages."""
        return [
            Route("/", self._index),
            Route("/events", self._events),
            Route("/incidents/{incident}", self._incident),
            Route("/incidents/{incident}/{verb}", self._act, methods=["POST"]),
        ]

    def _render(self, name: str, texts: Texts, **context: Any) -> str:
        return self._templates.get_template(name).render(
            t=texts,
            lang=texts.language,
            precinct=self._board.precinct.replace("-", " ").replace("_", " ").title(),
            timezone=self._board.site.timezone,
            **context,
        )

    async def _index(self, request: Request) -> Response:
        texts = texts_of(request)
        page = self._render("board.html", texts, **view.board_context(self._board, texts))
        return _with_language(request, HTMLResponse(page))

    async def _events(self, request: Request) -> EventStream:
        texts = texts_of(request)
        return EventStream(self._board, self._pulse, lambda _topics: [frame("board", self._fragments(texts))])

    def _fragments(self, texts: Texts) -> dict[str, Any]:
        held = self._pieces.get(texts.language)
        if held is not None and held[0] >= self._pulse.version:
            return {**held[1], "now": self._board.now_ms()}
        version = self._board.changes.version
        context = view.board_context(self._board, texts)
        pieces = {
            "version": version,
            "sounding": context["sounding"],
            "html": {name: self._render(f"_{name}.html", texts, **context) for name in ("desk", "incidents", "posts")},
        }
        self._pieces[texts.language] = (version, pieces)
        return {**pieces, "now": context["now_ms"]}

    async def _incident(self, request: Request) -> Response:
        texts = texts_of(request)
        history = self._board.history(request.path_params["incident"])
        if history is None:
            page = self._render("missing.html", texts, **self._plain_desk())
            return HTMLResponse(page, 404)
        page = self._render("incident.html", texts, **self._history(history, texts))
        return _with_language(request, HTMLResponse(page))

    def _history(self, history: History, texts: Texts) -> dict[str, Any]:
        site, incident = self._board.site, history.incident
        silent = frozenset(line.id for line in self._board.posts() if line.silent)
        began = [("opened", incident.opened_ms, None)]
        return {
            "card": view.card(incident, site, silent, texts),
            "incident": incident,
            "began": began,
            "entries": history.entries,
            "evidence": history.evidence,
            "local": lambda ms, date=False: view.local_time(ms, site, date),
            "local_iso": lambda text: _local_iso(text, lambda ms: view.local_time(ms, site, date=True)),
            **self._plain_desk(),
        }

    def _plain_desk(self) -> dict[str, Any]:
        board = self._board
        return {"now_ms": board.now_ms(), "ready": board.ready, "twins": [], "notices": board.notices}

    async def _act(self, request: Request) -> Response:
        texts = texts_of(request)
        action = await _action_of(request)
        reply = await perform(self._board, action)
        status = 503 if reply is None else STATUS.get(reply.refusal, 200)
        said = said_of(reply, action.verb, texts, self._board)
        if reply is not None and reply.refusal is None and "hx-request" not in request.headers:
            return RedirectResponse("/", 303)
        return HTMLResponse(self._render("_said.html", texts, said=said, good=status == 200), status)


def said_of(reply: Reply | None, verb: Verb, texts: Texts, board: Board) -> str:
    """Return the sentence that answers an action; None stands for a store that failed."""
    if reply is None:
        return texts("no_store")
    incident = reply.incident
    officer = (incident and incident.officer) or "?"
    if reply.refusal is not None:
        stage = texts(f"stage_{incident.standing.stage}") if incident else ""
        return texts(f"no_{reply.refusal}", officer=officer, stage=stage)
    post = board.site.posts.get(incident.post) if incident else None
    own = "_own" if incident is not None and incident.own and verb is not Verb.NOTE else ""  # no lamp knows of it
    said = texts(f"said_{verb}{own}", post=post.name if post else incident and incident.post)
    still = incident is not None and incident.standing.unanswered and verb is not Verb.NOTE
    return f"{said} {texts('said_still')}" if still else said


async def _action_of(request: Request) -> Action:
    try:
        verb = Verb(request.path_params["verb"])
    except ValueError:
        raise HTTPException(404) from None
    async with request.form(max_files=0, max_fields=16) as form:
        fields = {name: value.strip() for name, value in form.items() if isinstance(value, str)}
    rev = fields.get("rev", "")
    return Action(
        incident=request.path_params["incident"],
        verb=verb,
        by=fields.get("by", ""),
        rev=int(rev) if rev.isascii() and rev.isdecimal() and len(rev) < 17 else (0 if rev else None),
        unit=fields.get("unit") or None,
        disposition=fields.get("disposition") or None,
        text=fields.get("text") or None,
    )


def texts_of(request: Request) -> Texts:
    """Return the texts in the language that was asked for, else the one that was kept, else Indonesian."""
    return Texts(request.query_params.get("lang") or request.cookies.get("lang") or DEFAULT)


def _with_language(request: Request, response: Response) -> Response:
    asked = request.query_params.get("lang")
    if asked is not None:
        response.set_cookie("lang", Texts(asked).language, max_age=_YEAR_S, httponly=True, samesite="lax")
    return response


def _local_iso(text: str, local: Callable[[int], str]) -> str:
    moment = instant_ms(text)
    try:
        return text if moment is None else local(moment)
    except (ValueError, OverflowError, OSError):  # a year that the zone's rules do not reach
        return text
