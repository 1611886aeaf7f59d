"""The bare loop: the least that could answer a press. JSON in, an `if`, JSON out; paho, TCP_NODELAY, and no disk.

It keeps nothing, so what it was at when it dies is gone; that is the price of its speed, and row 4 shows it.
Run as `python -m tests.bench.bare PORT USER PASSWORD TOPIC`.
"""

from __future__ import annotations

import json
import socket
import sys

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

LIMIT = 90


def without_delay(_client: mqtt.Client, _data: object, sock: object) -> None:
    """Send small packets at once, as the post does."""
    if isinstance(sock, socket.socket):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def main(port: int, user: str, password: str, topic: str) -> None:
    """Answer until killed."""

    def heard(client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        event = json.loads(message.payload)
        device = message.topic.split("/")[1]
        kind = event.get("kind")
        if kind == "panic.press":
            answer = {"rule": "panic", "device": device, "boot": event["boot"], "seq": event["seq"]}
            client.publish(topic, json.dumps(answer), qos=1)
        elif kind == "reading.temperature" and event["attrs"]["value"] > LIMIT:
            client.publish(topic, json.dumps({"rule": "hot", "device": device}), qos=1)

    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="bare-loop", clean_session=True)
    client.username_pw_set(user, password)
    client.on_socket_open = without_delay
    client.on_connect = lambda client, *_: client.subscribe("kentongan/+/event", qos=1)
    client.on_message = heard
    client.connect("127.0.0.1", port)
    client.loop_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:5])
