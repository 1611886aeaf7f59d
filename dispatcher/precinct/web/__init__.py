"""The duty officer's board and the API, over HTTP on loopback."""

from dispatcher.precinct.web.app import create_app
from dispatcher.precinct.web.server import NotLoopback, serve

__all__ = ["NotLoopback", "create_app", "serve"]
