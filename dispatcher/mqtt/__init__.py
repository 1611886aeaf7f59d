"""MQTT: two lanes in, acknowledged after they are saved; publishes out, bounded. The only place that knows paho."""

from dispatcher.mqtt.backoff import Backoff
from dispatcher.mqtt.link import Link
from dispatcher.mqtt.model import (
    Counters,
    Delivery,
    Endpoint,
    LinkState,
    Phase,
    Tls,
    Token,
    Will,
)

__all__ = ["Backoff", "Counters", "Delivery", "Endpoint", "Link", "LinkState", "Phase", "Tls", "Token", "Will"]
