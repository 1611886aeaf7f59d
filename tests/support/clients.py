"""A patient MQTT client for tests: every step waits for the broker's answer, with a deadline."""

from __future__ import annotations

import queue
import threading
from types import TracebackType
from typing import Any, Self

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from tests.support.brokers import Broker

DEADLINE_S = 10.0
SESSION_S = 3600
V311 = MQTTProtocolVersion.MQTTv311
V5 = MQTTProtocolVersion.MQTTv5


class Refused(Exception):
    """The broker did not let the client in."""


class TalkingClient:
    """Connects on entry and disconnects on leaving.

    `keep` asks for a session that outlives the connection; `acknowledge` False leaves every message unacknowledged.
    """

    def __init__(
        self,
        broker: Broker,
        user: str | None,
        *,
        client_id: str | None = None,
        version: MQTTProtocolVersion = V5,
        keep: bool = False,
        acknowledge: bool = True,
        password: str | None = None,
    ) -> None:
        self._broker = broker
        self._version = version
        self._keep = keep
        self._acknowledge = acknowledge
        self._answers: queue.Queue[tuple[int, ReasonCode]] = queue.Queue()
        self._connected: queue.Queue[tuple[bool, ReasonCode | None]] = queue.Queue()
        self._received: queue.Queue[MQTTMessage] = queue.Queue()
        self.disconnected = threading.Event()
        self.session_present = False
        self.paho = self._make(client_id or f"{user or 'nobody'}-test")
        if user is not None:
            self.paho.username_pw_set(user, password or broker.login(user).password)

    def _make(self, client_id: str) -> Client:
        session: dict[str, Any] = {} if self._version == V5 else {"clean_session": not self._keep}
        paho = Client(CallbackAPIVersion.VERSION2, client_id, protocol=self._version, manual_ack=True, **session)
        paho.on_connect = self._on_connect
        paho.on_disconnect = self._on_disconnect
        paho.on_message = self._on_message
        paho.on_publish = self._on_answer
        paho.on_subscribe = lambda client, data, mid, reasons, properties: self._answers.put((mid, reasons[0]))
        return paho

    def connect(self) -> Self:
        """Connect; raises `Refused` with the broker's reason."""
        if self._version == V5:
            properties = Properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = SESSION_S if self._keep else 0
            options: dict[str, Any] = {"clean_start": not self._keep, "properties": properties}
        else:
            options = {}
        port = self._broker.port_v5 if self._version == V5 else self._broker.port
        self.paho.connect(self._broker.host, port, keepalive=10, **options)
        self.paho.loop_start()
        self.session_present, reason = self._connected.get(timeout=DEADLINE_S)
        if reason is None or reason.is_failure:
            self.close()
            raise Refused(str(reason))
        return self

    def close(self) -> None:
        """Disconnect in an orderly way."""
        self.paho.disconnect()
        self.paho.loop_stop()

    def vanish(self) -> None:
        """Drop the connection without a word, as a device that loses its power does."""
        self.paho.loop_stop()
        sock = self.paho.socket()
        if sock is not None:
            sock.close()

    def publish(self, topic: str, payload: bytes = b"x", *, qos: int = 1, retain: bool = False) -> str:
        """Publish, wait until it is sent (QoS 1: acknowledged), and return the reason the broker gave."""
        sent = self.paho.publish(topic, payload, qos, retain)
        return self._answer_to(sent.mid)

    def subscribe(self, topic: str) -> str:
        """Subscribe at QoS 1 and return the reason the broker gave."""
        _, mid = self.paho.subscribe(topic, qos=1)
        assert mid is not None
        return self._answer_to(mid)

    def next_message(self) -> MQTTMessage:
        """Return the next message that came."""
        return self._received.get(timeout=DEADLINE_S)

    def received_so_far(self) -> list[MQTTMessage]:
        """Return all that was routed to this client before now.

        The broker answers on one connection in order: once it has answered a subscription, what came before is here.
        """
        self.subscribe("$nothing/here")
        return [self._received.get_nowait() for _ in range(self._received.qsize())]

    def topics_until(self, last: str) -> list[str]:
        """Return the topics of what came, in order, up to and with `last`."""
        topics: list[str] = []
        while last not in topics:
            topics.append(self.next_message().topic)
        return topics

    def _answer_to(self, mid: int | None) -> str:
        while True:
            answered, reason = self._answers.get(timeout=DEADLINE_S)
            if answered == mid:
                return str(reason)

    def _on_answer(self, client: Client, data: object, mid: int, reason: ReasonCode, properties: Properties) -> None:
        self._answers.put((mid, reason))

    def _on_connect(
        self, client: Client, data: object, flags: ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        self._connected.put((flags.session_present, reason))

    def _on_disconnect(
        self, client: Client, data: object, flags: DisconnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        self.disconnected.set()
        self._connected.put((False, None))

    def _on_message(self, client: Client, data: object, message: MQTTMessage) -> None:
        if self._acknowledge:
            client.ack(message.mid, message.qos)
        self._received.put(message)

    def __enter__(self) -> Self:
        return self.connect()

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
