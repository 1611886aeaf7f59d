"""MQTT for the virtual devices, the vendors' bridges of the evening, and the ear of the technician's strip."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from dispatcher.demo.messages import Message

Heard = Callable[[str, bytes], None]
KEEPALIVE_S = 10


class Link:
    """One client that comes back by itself when the broker does. Messages arrive on a thread of its own."""

    def __init__(self, name: str, port: int, subscriptions: Sequence[str] = (), heard: Heard | None = None) -> None:
        self._port = port
        self._subscriptions = [(topic, 1) for topic in subscriptions]
        self._heard = heard
        self._subscribed = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=name, clean_session=True)
        self._client.reconnect_delay_set(min_delay=1, max_delay=5)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message

    def start(self) -> None:
        """Begin to connect, and go on trying."""
        self._client.connect_async("127.0.0.1", self._port, keepalive=KEEPALIVE_S)
        self._client.loop_start()

    def stop(self) -> None:
        """Disconnect and end the thread."""
        self._client.disconnect()
        self._client.loop_stop()

    def ready(self, timeout_s: float) -> bool:
        """Wait until the subscriptions stand; False when they do not in time."""
        return self._subscribed.wait(timeout_s)

    @property
    def connected(self) -> bool:
        """Return whether the broker hears us."""
        return self._client.is_connected()

    def say(self, message: Message) -> None:
        """Publish, never retained. Without a broker the message is gone, as it is for a device that has no memory."""
        if self.connected:
            self._client.publish(message.topic, message.payload, qos=message.qos)

    def _on_connect(
        self, client: mqtt.Client, _data: object, _flags: mqtt.ConnectFlags, code: ReasonCode, _more: Properties | None
    ) -> None:
        if code.is_failure:
            return
        if self._subscriptions:
            client.subscribe(self._subscriptions)
        else:
            self._subscribed.set()

    def _on_subscribe(
        self, _client: mqtt.Client, _data: object, _mid: int, _codes: list[ReasonCode], _more: Properties | None
    ) -> None:
        self._subscribed.set()

    def _on_disconnect(
        self,
        _client: mqtt.Client,
        _data: object,
        _flags: mqtt.DisconnectFlags,
        _code: ReasonCode,
        _more: Properties | None,
    ) -> None:
        self._subscribed.clear()

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        if self._heard is not None:
            self._heard(message.topic, bytes(message.payload))
