"""What stands at a post: a client that never gives up, and a button as its firmware would hold it."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tests.support.brokers import Broker
from tests.support.waiting import PATIENCE_S, eventually

REPEAT_S = 1.0


@dataclass(frozen=True)
class Heard:
    """One message that came."""

    topic: str
    payload: bytes
    retain: bool

    @property
    def body(self) -> dict[str, Any]:
        """The payload as a JSON object; empty for anything else."""
        with suppress(ValueError):
            body = json.loads(self.payload)
            if isinstance(body, dict):
                return body
        return {}


class Radio:
    """An MQTT 3.1.1 client that connects again by itself and remembers everything it has heard."""

    def __init__(self, broker: Broker, user: str, topics: Sequence[str] = ()) -> None:
        self._topics = [(topic, 1) for topic in topics]
        self._listening = threading.Event()
        self._messages: list[Heard] = []
        login = broker.login(user)
        # A name of its own: two clients with one name would throw each other out for ever.
        name = f"{user}-{secrets.token_hex(4)}"
        self._client = Client(CallbackAPIVersion.VERSION2, name, protocol=MQTTProtocolVersion.MQTTv311)
        self._client.username_pw_set(login.username, login.password)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: self._connected(client)
        self._client.on_disconnect = lambda *_: self._listening.clear()
        self._client.on_subscribe = lambda *_: self._listening.set()
        self._client.on_message = lambda _client, _data, message: self._messages.append(_heard(message))
        self._client.connect(broker.host, broker.port, keepalive=10)
        self._client.loop_start()
        self.wait_listening()

    def _connected(self, client: Client) -> None:
        if self._topics:
            client.subscribe(self._topics)
        else:
            self._listening.set()

    def wait_listening(self) -> None:
        """Return once the broker has answered the subscription of the present connection."""
        assert self._listening.wait(PATIENCE_S), "the broker did not answer"

    def close(self) -> None:
        """Disconnect and end the thread."""
        self._client.disconnect()
        self._client.loop_stop()

    def say(self, topic: str, payload: bytes | dict[str, Any], *, qos: int = 1, retain: bool = False) -> bool:
        """Publish and return whether the broker has taken it (QoS 0: whether it was sent)."""
        sent = self.mutter(topic, payload, qos=qos, retain=retain)
        with suppress(RuntimeError, ValueError):
            sent.wait_for_publish(PATIENCE_S)
            return bool(sent.is_published())
        return False

    def mutter(self, topic: str, payload: bytes | dict[str, Any], *, qos: int = 1, retain: bool = False) -> Any:
        """Publish without waiting for anybody."""
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        return self._client.publish(topic, data, qos, retain)

    def heard(self, end_of_topic: str = "") -> list[Heard]:
        """Return what came so far on topics that end so."""
        return [message for message in tuple(self._messages) if message.topic.endswith(end_of_topic)]


def _heard(message: MQTTMessage) -> Heard:
    return Heard(message.topic, bytes(message.payload), message.retain)


class Button:
    """A panic button of our own convention: it repeats (boot, seq) until the post confirms it."""

    def __init__(self, broker: Broker, device: str, boot: int = 1) -> None:
        self.device = device
        self.boot = boot
        self.seq = 0
        self.radio = Radio(broker, device, [f"kentongan/{device}/confirm"])
        self._spoken: dict[int, float] = {}

    def press(self, seq: int | None = None) -> int:
        """Press once: the next number, or that one again. Returns at once with the number."""
        self.seq = self.seq + 1 if seq is None else seq
        self._say(self.seq)
        return self.seq

    def _say(self, seq: int) -> None:
        self._spoken[seq] = time.monotonic()
        self.radio.mutter(f"kentongan/{self.device}/event", self.message(seq))

    def message(self, seq: int) -> dict[str, Any]:
        """Return a press as our firmware publishes it."""
        return {"kind": "panic.press", "boot": self.boot, "seq": seq, "attrs": {}}

    def confirms(self, seq: int) -> list[dict[str, Any]]:
        """Return the post's answers to one press, in order."""
        bodies = (message.body for message in self.radio.heard("/confirm"))
        return [body for body in bodies if (body.get("boot"), body.get("seq")) == (self.boot, seq)]

    def stages(self, seq: int) -> list[str]:
        """Return the stages told of one press, in order, a repeated one once."""
        told = [body["stage"] for body in self.confirms(seq)]
        return [stage for at, stage in enumerate(told) if at == 0 or told[at - 1] != stage]

    def wait(self, seq: int, stage: str, patience_s: float = PATIENCE_S) -> dict[str, Any]:
        """Return the first answer that tells this stage; unconfirmed presses are repeated meanwhile."""
        return eventually(
            lambda: next((body for body in self.confirms(seq) if body["stage"] == stage), None),
            lambda: f"{self.device} {seq} was not told {stage!r}, but {self.stages(seq)}",
            patience_s=patience_s,
            meanwhile=self.repeat_unconfirmed,
        )

    def unconfirmed(self) -> list[int]:
        """Return the numbers of presses that the post has not answered."""
        answered = {body.get("seq") for message in self.radio.heard("/confirm") if (body := message.body)}
        return [seq for seq in self._spoken if seq not in answered]

    def repeat_unconfirmed(self) -> None:
        """Say again, at most once a second each, what has no answer."""
        now = time.monotonic()
        for seq in self.unconfirmed():
            if now - self._spoken[seq] >= REPEAT_S:
                self._say(seq)
