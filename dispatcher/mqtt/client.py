"""How paho is set up and connected: every setting that one of its defaults would get wrong is here."""

import socket
from dataclasses import dataclass
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from dispatcher.mqtt.failures import LinkDown, from_error
from dispatcher.mqtt.model import MAX_PACKET, Endpoint, Phase, Tls, Will
from dispatcher.mqtt.wire import Wire


@dataclass(frozen=True, slots=True)
class Plan:
    """What stays the same from one connection to the next. Times in seconds."""

    client_id: str
    endpoint: Endpoint
    will: Will | None
    keepalive: int
    session_expiry_s: int
    receive_maximum: int
    connect_timeout_s: float
    after_you_s: float = 0.0

    @property
    def is_v5(self) -> bool:
        """Whether MQTT 5 is spoken."""
        return self.endpoint.protocol == "5"


class WiredClient(mqtt.Client):
    """paho's client on a `Wire`."""

    wire: Wire | None = None

    def _create_socket(self) -> Wire:
        """Wrap the connected socket. The one private name of paho that we rely on; tests/contract watches it."""
        sock = super()._create_socket()
        if not isinstance(sock, socket.socket):
            raise TypeError(f"paho made a {type(sock).__name__}, not a socket")
        self.wire = Wire(sock)
        return self.wire


def make_client(plan: Plan, window: int) -> WiredClient:
    """Return a client that is not connected yet; at most ``window`` publishes are on their way at a time."""
    client = WiredClient(
        CallbackAPIVersion.VERSION2,
        plan.client_id,
        clean_session=None if plan.is_v5 else False,
        protocol=MQTTProtocolVersion.MQTTv5 if plan.is_v5 else MQTTProtocolVersion.MQTTv311,
        reconnect_on_failure=False,  # or it answers a refused version by reconnecting with an older one
        manual_ack=True,
    )
    client.connect_timeout = plan.connect_timeout_s
    client.max_inflight_messages = window
    if plan.endpoint.username is not None:
        client.username_pw_set(plan.endpoint.username, plan.endpoint.password)
    if plan.will is not None:
        client.will_set(plan.will.topic, plan.will.payload, plan.will.qos, plan.will.retain)
    # With this set paho queues and leaves the writing to us, once a turn.
    client.on_socket_register_write = lambda _client, _data, _sock: None
    return client


def connect(client: WiredClient, plan: Plan) -> Wire:
    """Connect and send CONNECT; blocks up to the connect timeout per address. Raises LinkDown."""
    endpoint = plan.endpoint
    session: dict[str, object] = {}
    if plan.is_v5:
        # Both, every time: paho's defaults wipe the session at each start of the process.
        session = {"clean_start": False, "properties": _connect_properties(plan)}
    try:
        _add_tls(client, endpoint.tls)
        client.connect(endpoint.host, endpoint.port, plan.keepalive, **session)  # type: ignore[arg-type]
    except (OSError, ValueError) as problem:
        raise from_error(problem, endpoint.host, endpoint.port) from problem
    if client.wire is None:
        raise LinkDown(Phase.UNREACHABLE, "paho opened no socket")
    return client.wire


def _connect_properties(plan: Plan) -> Properties:
    properties = Properties(PacketTypes.CONNECT)
    properties.SessionExpiryInterval = plan.session_expiry_s
    properties.ReceiveMaximum = plan.receive_maximum
    properties.MaximumPacketSize = MAX_PACKET
    return properties


def _add_tls(client: WiredClient, tls: Tls | None) -> None:
    if tls is None:
        return
    _require_readable(tls)
    # Read at each connection, so that a renewed certificate needs no restart. The empty password turns a locked key
    # into an error; without it OpenSSL would ask at a terminal that is not there.
    client.tls_set(tls.ca, tls.cert, tls.key, keyfile_password="")


def _require_readable(tls: Tls) -> None:
    """Raise an OSError that names the file; that of `ssl` does not."""
    for path in (tls.ca, tls.cert, tls.key):
        if path is not None:
            Path(path).open("rb").close()
