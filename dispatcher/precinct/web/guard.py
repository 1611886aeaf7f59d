"""What every request passes before a page sees it: whose host, whose page, how much, and which headers go back.

The board has no accounts yet and so lives on loopback. That keeps other machines out, but not the other pages in the
officer's own browser: they could name us by a host of theirs (DNS rebinding) or post a form here. Hence the Host list,
and the browser's own word (Sec-Fetch-Site, Origin) on where a request comes from.
"""

import hmac
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
MAX_BODY = 16 * 1024
SAFE = frozenset({"GET", "HEAD"})

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def refusal(method: str, headers: Headers, hosts: frozenset[str]) -> str | None:
    """Return why a request is refused, or None."""
    host = headers.get("host", "")
    if _name(host) not in hosts:
        return "host"
    site = headers.get("sec-fetch-site")
    navigation = method in SAFE and headers.get("sec-fetch-mode") == "navigate"
    if site is not None and site not in ("same-origin", "none") and not navigation:
        return "cross-site"
    origin = headers.get("origin")
    if method not in SAFE and origin is not None and urlsplit(origin).netloc != host:
        return "origin"
    return None


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def is_bearer(headers: Headers, token: str) -> bool:
    """Return whether the request carries the token, in time that does not depend on where it differs."""
    scheme, _, given = headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())


class Guard:
    """ASGI middleware around everything."""

    def __init__(self, app: ASGIApp, hosts: Iterable[str] = ()) -> None:
        self._app = app
        self._hosts = LOOPBACK_HOSTS | frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":  # the server's own start and stop; there is no websocket here
            await self._app(scope, receive, send)
            return
        sender = _with_headers(send)
        headers = Headers(scope=scope)
        reason = refusal(scope["method"], headers, self._hosts)
        if reason is not None:
            await PlainTextResponse(f"refused: {reason}\n", 421 if reason == "host" else 403)(scope, receive, sender)
        elif _too_long(headers):
            await PlainTextResponse("too large\n", 413)(scope, receive, sender)
        else:
            await self._app(scope, receive, sender)


def _too_long(headers: Headers) -> bool:
    # A body without a length would have to be counted while it comes; no browser and no client of ours sends one.
    if "transfer-encoding" in headers:
        return True
    length = headers.get("content-length", "0")
    return not length.isdecimal() or len(length) > 9 or int(length) > MAX_BODY  # Python reads 4,300 digits at most


def _with_headers(send: Send) -> Send:
    async def sender(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sender
