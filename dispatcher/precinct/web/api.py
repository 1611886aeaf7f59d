"""The API under /api/v1: one table of operations, from which both the routes and the OpenAPI document are made.

With a token every request needs ``Authorization: Bearer``. Without one the API is open, which is why the server then
listens on loopback only: whoever is on the machine is trusted, until there are accounts.
"""

from collections.abc import Iterable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from dispatcher.domain.events import MAX_COUNTER
from dispatcher.precinct.board import Board, PostLine
from dispatcher.precinct.changes import DESK, POSTS
from dispatcher.precinct.model import Action, Entry, Incident, Reply
from dispatcher.precinct.standing import LADDER, Verb
from dispatcher.precinct.web.acting import STATUS, perform
from dispatcher.precinct.web.guard import is_bearer
from dispatcher.precinct.web.openapi import document
from dispatcher.precinct.web.operation import Handler, Operation, body_of
from dispatcher.precinct.web.pages import said_of
from dispatcher.precinct.web.pulse import Pulse
from dispatcher.precinct.web.stream import EventStream, frame
from dispatcher.precinct.web.texts import Texts
from dispatcher.precinct.web.view import as_plain
from dispatcher.precinct.web.watching import Watches
from dispatcher.wire.fields import Malformed, iso, optional_integer, optional_text

MAX_LIST = 500
_STATES = ("open", "closed", "all")
_BAD_QUERY = f"state is one of {', '.join(_STATES)}; limit is a number from 1 to {MAX_LIST}"


class Api:
    """The handlers, over one board."""

    def __init__(self, board: Board, pulse: Pulse, token: str | None) -> None:
        self._board = board
        self._pulse = pulse
        self._token = token

    def table(self) -> tuple[Operation, ...]:
        """Return every operation."""
        actions = (
            Operation("POST", f"/incidents/{{id}}/{verb}", _SUMMARY[verb], self._doing(verb), verb) for verb in Verb
        )
        return (
            Operation("GET", "/incidents", "Incidents, most urgent first (state: open, closed, all)", self._incidents),
            Operation("GET", "/incidents/{id}", "One incident with its timeline and evidence", self._incident),
            *actions,
            *Watches(self._board).table(),
            Operation("GET", "/posts", "Every post, those in trouble first", self._posts),
            Operation("GET", "/events", "Changes as server-sent events (observer=1: nobody reads it)", self._events),
        )

    def routes(self) -> list[BaseRoute]:
        """Return the routes under /api/v1."""
        table = self.table()
        routes: list[BaseRoute] = [
            Route(operation.path, self._guarded(operation.handler), methods=[operation.method]) for operation in table
        ]
        described = document([(o.method, o.path, o.summary, o.verb) for o in table], secured=self._token is not None)

        async def openapi(_request: Request) -> Response:
            return JSONResponse(described)

        return [*routes, Route("/openapi.json", openapi)]

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: Request) -> ASGIApp | Response:
            if self._token is not None and not is_bearer(request.headers, self._token):
                return JSONResponse({"error": "unauthorized"}, 401, {"WWW-Authenticate": "Bearer"})
            return await handler(request)

        return guarded

    async def _incidents(self, request: Request) -> Response:
        state = request.query_params.get("state", "open")
        limit = _limit(request.query_params.get("limit", str(MAX_LIST)))
        if state not in _STATES or limit is None:
            return JSONResponse({"error": "bad_query", "message": _BAD_QUERY}, 422)
        found = {"open": self._open, "closed": self._board.closed, "all": self._board.recent}[state](limit)
        return JSONResponse({"incidents": [incident_body(entry) for entry in found], "store": self._board.store})

    def _open(self, limit: int) -> list[Incident]:
        return self._board.open_incidents()[:limit]

    async def _incident(self, request: Request) -> Response:
        history = self._board.history(request.path_params["id"])
        if history is None:
            return JSONResponse({"error": "unknown_incident"}, 404)
        body = incident_body(history.incident)
        body["timeline"] = [entry_body(entry) for entry in history.entries]
        body["evidence"] = [as_plain(row) for row in history.evidence]
        return JSONResponse(body)

    async def _posts(self, _request: Request) -> Response:
        return JSONResponse({"posts": [post_body(line) for line in self._board.posts()]})

    async def _events(self, request: Request) -> EventStream:
        observer = request.query_params.get("observer", "0") not in ("", "0")
        return EventStream(self._board, self._pulse, self._frames, counts=not observer)

    def _frames(self, topics: frozenset[str] | None) -> Iterable[bytes]:
        if topics is None:
            yield frame("hello", {"store": self._board.store, "now": iso(self._board.now_ms())})
            incidents = self._board.open_incidents()
        else:
            incidents = [found for topic in topics if (found := self._board.incident(topic))]
        yield from (frame("incident", incident_body(found)) for found in incidents)
        if topics is None or POSTS in topics:
            yield frame("posts", {"posts": [post_body(line) for line in self._board.posts()]})
        if topics is None or DESK in topics:
            yield frame("desk", {"broker": self._board.ready})

    def _doing(self, verb: Verb) -> Handler:
        async def doing(request: Request) -> Response:
            action = await action_of(request, verb)
            if isinstance(action, Malformed):
                return JSONResponse({"error": "bad_body", "field": action.detail}, 422)
            reply = await perform(self._board, action)
            return self._answer(reply, verb)

        return doing

    def _answer(self, reply: Reply | None, verb: Verb) -> Response:
        if reply is None:
            return JSONResponse({"error": "not_stored"}, 503)
        incident = incident_body(reply.incident) if reply.incident else None
        if reply.refusal is None:
            return JSONResponse({"incident": incident})
        message = said_of(reply, verb, Texts("en"), self._board)
        body = {"error": str(reply.refusal), "message": message, "incident": incident}
        return JSONResponse(body, STATUS[reply.refusal])


_SUMMARY = {
    Verb.ACKNOWLEDGE: "Answer a call; 409 and who has it when somebody else did",
    Verb.DISPATCH: "Send a unit",
    Verb.ARRIVE: "The unit is there",
    Verb.CLOSE: "Close with a disposition: real, false, drill or unclear",
    Verb.NOTE: "Add a note to the timeline; moves nothing",
}


def _limit(text: str) -> int | None:
    # The length comes first: Python refuses to read a number of some thousands of digits.
    if len(text) > len(str(MAX_LIST)) or not (text.isascii() and text.isdecimal()):
        return None
    return int(text) if 1 <= int(text) <= MAX_LIST else None


async def action_of(request: Request, verb: Verb) -> Action | Malformed:
    """Read a JSON action; a Malformed names the field that is wrong."""
    try:
        body = await body_of(request)
        return Action(
            incident=request.path_params["id"],
            verb=verb,
            by=optional_text(body, "by") or "",
            rev=optional_integer(body, "rev", high=MAX_COUNTER),
            unit=optional_text(body, "unit"),
            disposition=optional_text(body, "disposition"),
            text=optional_text(body, "text"),
        )
    except Malformed as malformed:
        return malformed


def incident_body(incident: Incident) -> dict[str, Any]:
    """Return an incident as JSON. ``rev`` is the highest revision held: send it back with an action."""
    standing = incident.standing
    return {
        "id": incident.id,
        "rev": standing.top,
        "held": standing.held,
        "post": incident.post,
        "rule": incident.rule,
        "incident": incident.kind,
        "severity": str(incident.severity),
        "title": incident.title,
        "place": as_plain(incident.place),
        "opened_at": iso(incident.opened_ms),
        "age": incident.age,
        "clock": incident.clock,
        "certainty": incident.certainty,
        "count": incident.count,
        "exercise": incident.exercise,
        "received_at": iso(incident.received_ms),
        "updated_at": iso(incident.updated_ms),
        "state": "open" if standing.is_open else "closed",
        "stage": str(standing.stage),
        "unanswered": standing.unanswered,
        "answered_rev": {str(stage): standing.reached.get(stage, 0) for stage in LADDER},
        "by": incident.officer,
        "unit": incident.unit,
        "disposition": incident.disposition,
        "conflicts": incident.conflicts,
        "raised_at": "precinct" if incident.own else "post",
    }


def entry_body(entry: Entry) -> dict[str, Any]:
    """Return one line of a timeline as JSON."""
    return {
        "at": iso(entry.at_ms),
        "what": entry.what,
        "rev": entry.rev,
        "by": entry.officer,
        "unit": entry.unit,
        "disposition": entry.disposition,
        "text": entry.text,
    }


def post_body(line: PostLine) -> dict[str, Any]:
    """Return a post as JSON."""
    return {
        "id": line.id,
        "name": line.name,
        "kelurahan": line.kelurahan,
        "silent": line.silent,
        "twins": line.twins,
        "seen_at": None if line.seen_ms is None else iso(line.seen_ms),
        "status": None if line.status is None else as_plain(line.status),
    }
