"""The small HTTP server of a post: /ready, /healthz, /metrics, and what else it is told to answer.

The standard library's server, because a post has 64 MiB and these few answers need no framework.
"""

import json
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

MAX_TARGET = 256


Answer = tuple[int, str, bytes]
"""Status, content type and body."""

Asked = Callable[[], Mapping[str, object] | Answer]
"""What answers a path: with its JSON, or with a whole answer."""


@dataclass(frozen=True, slots=True)
class Health:
    """One answer: whether it is well, and what it is made of."""

    good: bool
    parts: dict[str, object]


class Server:
    """Listens on construction (raises OSError if it cannot) and answers from ``start`` to ``stop``."""

    def __init__(
        self,
        listen: tuple[str, int],
        registry: CollectorRegistry,
        ready: Callable[[], Health],
        healthz: Callable[[], Health],
        answers: Mapping[str, Asked] | None = None,
    ) -> None:
        """``answers`` are further paths, each with what answers it."""
        routes: _Routes = {
            "/ready": lambda: _health(ready()),
            "/healthz": lambda: _health(healthz()),
            "/metrics": lambda: (200, CONTENT_TYPE_LATEST, generate_latest(registry)),
        }
        for path, ask in (answers or {}).items():
            routes[path] = partial(_said, ask)
        self._server = _Server(listen, routes)
        self._thread = threading.Thread(target=self._server.serve_forever, name="http", daemon=True)

    @property
    def address(self) -> tuple[str, int]:
        """Return the host and port it listens on; the port is the one chosen where 0 was asked for."""
        host, port = self._server.server_address[:2]
        return str(host), int(port)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and close the port."""
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()


def _said(ask: Asked) -> Answer:
    said = ask()
    return said if isinstance(said, tuple) else (200, "application/json", json.dumps(said).encode())


def _health(health: Health) -> Answer:
    return (200 if health.good else 503), "application/json", json.dumps(health.parts).encode()


_Routes = dict[str, Callable[[], Answer]]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, listen: tuple[str, int], routes: _Routes) -> None:
        self.routes = routes
        self.known = (" ".join(routes) + "\n").encode()
        super().__init__(listen, _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Print nothing for a client that has hung up: nobody is left to be told, and it is no fault of ours."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # socketserver's own, untouched


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 5  # seconds; a client that says nothing does not keep a thread
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer one of the routes."""
        target = self.path[:MAX_TARGET].split("?", 1)[0]
        route = self.server.routes.get(target)
        code, kind, body = route() if route else (404, "text/plain; charset=utf-8", self.server.known)
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: a scrape every few seconds is no event."""
