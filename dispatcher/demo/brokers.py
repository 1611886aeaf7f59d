"""A broker that pip installs, run as a child process: for the demo and for tests, never for a post.

The broker (`iotcore`, which wraps rumqttd) keeps everything in memory: what it has acknowledged is gone when it stops.
A post and a precinct run mosquitto instead, with the files under `config/mosquitto/`.

MQTT 3.1.1 and MQTT 5 are spoken on a port each, and both see the same messages: the broker cannot tell the two apart on
one port.
"""

from __future__ import annotations

import errno
import socket
import tempfile
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

    from iotcore import Broker

SEGMENT_BYTES = 128 * 1024 * 1024
"""Room for one topic's messages in one segment. The broker drops the oldest silently when its segments are full."""

SEGMENTS = 10

MAX_PAYLOAD_BYTES = 2 * 1024 * 1024
"""Larger than anything we accept, so that a payload that is too large reaches us and is refused with a reason."""

MAX_INFLIGHT = 64


class PortTaken(Exception):
    """Another program listens on the port already. `host` and `port` say where."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(f"port {port} on {host} is taken by another program")
        self.host = host
        self.port = port


class BrokerNotStarted(Exception):
    """The child ended, or accepted no connection in time; the message says which."""


class IotcoreBroker:
    """One broker in a child process, which ends with this process whatever happens to it.

    `port` speaks MQTT 3.1.1 and `port_v5` MQTT 5. With `credentials` (user name to password) nobody else may connect;
    without them anybody on this machine may.
    """

    def __init__(self, port: int, port_v5: int, *, credentials: Mapping[str, str] | None = None) -> None:
        self.host = "127.0.0.1"  # never the network: this broker has no access rules
        self.port = port
        self.port_v5 = port_v5
        self._credentials = dict(credentials or {})
        self._broker: Broker | None = None

    def start(self, timeout_s: float = 10.0) -> None:
        """Start, and return once both ports accept connections.

        Raises `PortTaken`, or `BrokerNotStarted` after `timeout_s` seconds or when the child ends early.
        """
        from iotcore import Broker  # an extra: the rest of the demo can say that it is missing

        self._require_free_ports()
        with tempfile.TemporaryDirectory(prefix="kentongan-broker-") as folder:
            config = Path(folder) / "broker.toml"
            config.write_text(self._config(), encoding="utf-8")
            broker = Broker(config_path=str(config))
            try:
                broker.start(timeout=timeout_s)
            except (OSError, RuntimeError) as problem:
                self._require_free_ports()  # somebody may have been quicker
                raise BrokerNotStarted(str(problem)) from problem
        self._broker = broker

    def stop(self) -> None:
        """Stop and free the ports; every message and session is forgotten. Safe to call twice."""
        broker, self._broker = self._broker, None
        if broker is not None:
            broker.stop()

    def _require_free_ports(self) -> None:
        for port in (self.port, self.port_v5):
            _require_free(self.host, port)

    def _config(self) -> str:
        listeners = (("v4", self.port), ("v5", self.port_v5))
        return _ROUTER + "".join(self._listener(version, port) for version, port in listeners)

    def _listener(self, version: str, port: int) -> str:
        text = _LISTENER.format(version=version, host=self.host, port=port)
        return text + (self._auth(version) if self._credentials else "")

    def _auth(self, version: str) -> str:
        lines = [f"{_quoted(user)} = {_quoted(password)}" for user, password in self._credentials.items()]
        return "\n".join([f"[{version}.1.connections.auth]", *lines, ""])

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


_ROUTER = f"""\
id = 0
[router]
id = 0
max_connections = 2000
max_outgoing_packet_count = 200
max_segment_size = {SEGMENT_BYTES}
max_segment_count = {SEGMENTS}
"""

_LISTENER = f"""\
[{{version}}.1]
name = "{{version}}"
listen = "{{host}}:{{port}}"
next_connection_delay_ms = 1
[{{version}}.1.connections]
connection_timeout_ms = 10000
max_payload_size = {MAX_PAYLOAD_BYTES}
max_inflight_count = {MAX_INFLIGHT}
dynamic_filters = true
"""


def _quoted(text: str) -> str:
    """Return `text` as a TOML basic string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _require_free(host: str, port: int) -> None:
    """Raise `PortTaken` when another program listens on `port`."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # A port of a broker that has just stopped lingers in TIME_WAIT; it is free all the same.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as problem:
            if problem.errno == errno.EADDRINUSE:
                raise PortTaken(host, port) from problem
            raise
