"""One line of the API, and how its body is read."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from dispatcher.domain.events import RejectReason
from dispatcher.precinct.standing import Verb
from dispatcher.wire.fields import Malformed, load

Handler = Callable[[Request], Awaitable[ASGIApp | Response]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One line of the API. ``verb`` is what it does with an incident, if it does."""

    method: str
    path: str
    summary: str
    handler: Handler
    verb: Verb | None = None


async def body_of(request: Request) -> dict[str, Any]:
    """Return the JSON object of a request. Raises Malformed."""
    if request.headers.get("content-type", "").split(";")[0].strip() != "application/json":
        raise Malformed(RejectReason.WRONG_TYPE, "content-type")
    body = load(await request.body())
    if not isinstance(body, dict):
        raise Malformed(RejectReason.WRONG_TYPE, "body")
    return body
