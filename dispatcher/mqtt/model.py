"""What a link is told and what it tells: endpoints, wills, deliveries with their tokens, states and counters."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from dispatcher.domain.events import RawMessage

Protocol = Literal["5", "3.1.1"]

MAX_PACKET = 2 * 1024 * 1024
"""Bytes. Far above what we accept, so that a payload that is too large reaches us and is refused with a reason."""


@dataclass(frozen=True, slots=True)
class Tls:
    """Paths of PEM files. Without ``ca`` the system's own authorities are trusted."""

    ca: str | None = None
    cert: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a broker listens and how we name ourselves to it. The password is left out of ``repr``."""

    host: str
    port: int = 1883
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: Tls | None = None
    protocol: Protocol = "5"

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Endpoint":
        """Return the endpoint of plain values with these names; ``tls`` is a mapping or None."""
        tls = values.get("tls")
        return cls(**{**values, "tls": Tls(**tls) if tls is not None else None})


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker says for us when we vanish without a goodbye."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = True


@dataclass(frozen=True, slots=True)
class Token:
    """The right to acknowledge one message. It is good for one connection (``epoch``) of one link."""

    link: str
    epoch: int
    mid: int
    qos: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message with the token that acknowledges it once it is saved."""

    raw: RawMessage
    token: Token


class Phase(StrEnum):
    """Where a link stands. A closed list: state, metric, log and test use these words."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    SUBSCRIBED = "subscribed"
    REFUSED = "refused"
    """The broker answers and says no (password, access rule, certificate): a person must change something."""
    UNREACHABLE = "unreachable"
    """No broker answers, or the connection broke: time may heal it."""
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class LinkState:
    """A phase, with a word for the technician and the number of the connection it speaks of."""

    phase: Phase
    detail: str = ""
    epoch: int = 0


@dataclass(frozen=True, slots=True)
class Counters:
    """A snapshot of what a link has counted since it was made."""

    received: int = 0
    acked: int = 0
    skipped: int = 0
    """Acknowledged and ignored because another lane carries the topic."""
    published: int = 0
    """Handed over and, at QoS 1, acknowledged by the broker."""
    reconnects: int = 0
    stale_acks: int = 0
    """Acknowledgements that came after their connection had gone; the broker sends those messages again."""
    dropped_publishes: int = 0
    refused_publishes: int = 0
    """Publishes that the broker answered with a refusal (MQTT 5 only; a 3.1.1 broker cannot say so)."""
    refused_topics: Mapping[str, float] = field(default_factory=dict)
    """The topics that the broker refused last and has not taken since, with the monotonic second of it; a few."""
    malformed: int = 0
    """Messages whose topic is no UTF-8: acknowledged, never delivered."""
    exceptions: int = 0
