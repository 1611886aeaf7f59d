"""Alerts, messages and a broker that stands still: what the precinct's tests are made of."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from dispatcher.domain.events import Lane, RawMessage
from dispatcher.domain.incident import PlaceOfIncident, Receipt, Severity
from dispatcher.domain.site import Kelurahan, Post, Site
from dispatcher.domain.stamp import Stamp
from dispatcher.precinct.clock import Clock
from dispatcher.precinct.rules.ruling import Rules
from dispatcher.precinct.station import Station
from dispatcher.wire import alert as alert_wire
from dispatcher.wire import receipt as receipt_wire
from dispatcher.wire import status as status_wire
from dispatcher.wire.alert import Alert, AlertEvidence
from dispatcher.wire.fields import Malformed, iso
from dispatcher.wire.status import Status

PRECINCT = "polsek-tambora"
NOW = 1_795_462_800_000  # 02:40 in Jakarta
SITE = Site(
    timezone="Asia/Jakarta",
    precinct=PRECINCT,
    kelurahan={
        "krendang": Kelurahan("krendang", "31.73.04.1005", "Krendang"),
        "angke": Kelurahan("angke", "31.73.04.1007", "Angke"),
    },
    posts={
        "pos-03": Post("pos-03", "Pos Krendang Utara", "krendang", zones=("Gang 5",)),
        "pos-07": Post("pos-07", "Pos Angke Indah", "angke"),
    },
)


def press(name: str = "e1", device: str = "panik-03", seq: int = 1) -> AlertEvidence:
    return AlertEvidence(name, "panic.press", device, iso(NOW), 7, seq)


def motion(name: str) -> AlertEvidence:
    return AlertEvidence(name, "motion", "gerak-01", iso(NOW))


def panic(rev: int = 1, *evidence: AlertEvidence, **changes: object) -> Alert:
    """Revision ``rev`` of a panic at pos-03; without evidence it carries one press of its own."""
    base = Alert(
        id="a1b2c3",
        rev=rev,
        post="pos-03",
        rule="floor",
        incident="panic",
        severity=Severity.CRITICAL,
        title="Tombol panik ditekan",
        place=PlaceOfIncident("krendang", "Gang 5", -6.15, 106.8),
        opened_at=iso(NOW - 2000),
        clock="trusted",
        age_s=2,
        age="exact",
        count=rev,
        evidence=evidence or (press(f"e{rev}", seq=rev),),
        instance="i-1",
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def quiet(rev: int, **changes: object) -> Alert:
    """Revision ``rev`` that brings no call: only a sensor's event, told by a rule."""
    return panic(rev, motion(f"m{rev}"), **{"rule": "gerbang", **changes})


def raw(channel: str, payload: bytes, post: str = "pos-03", precinct: str = PRECINCT) -> RawMessage:
    topic = f"kentongan/v1/{precinct}/{post}/{channel}"
    return RawMessage(Lane.PRECINCT, topic, payload, 1, False, False, Stamp(0, NOW, True))


def status(state: str = "online", instance: str = "i-1", depth: int = 0) -> Status:
    return Status(state, instance, "0.1.0", "abc", "trusted", depth)


@dataclass
class Delivery:
    raw: RawMessage
    token: object = field(default_factory=object)


class Broker:
    """A link that remembers, in one list, what was sent and acknowledged, so that order can be told."""

    def __init__(self) -> None:
        self.log: list[tuple[str, object]] = []
        self.before_publish: Callable[[], None] = lambda: None

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        self.before_publish()
        assert qos == 1
        assert retain is topic.endswith("/watch")
        self.log.append((topic, payload))

    def ack(self, token: object) -> None:
        self.log.append(("ack", token))

    def receipts(self, post: str = "pos-03") -> list[Receipt]:
        found = [payload for topic, payload in self.log if topic == f"kentongan/v1/{PRECINCT}/{post}/receipt"]
        read = [receipt_wire.decode(payload) for payload in found if isinstance(payload, bytes)]
        return [entry for entry in read if not isinstance(entry, Malformed)]

    def said(self, post: str = "pos-03") -> list[tuple[str, int]]:
        return [(str(entry.stage), entry.rev) for entry in self.receipts(post)]

    def acked(self) -> list[object]:
        return [token for word, token in self.log if word == "ack"]


@dataclass
class Hands:
    """Clock hands that the test moves."""

    wall: int = NOW
    run: int = 0

    def clock(self) -> Clock:
        return Clock(lambda: self.wall, lambda: self.run)

    def pass_s(self, seconds: float) -> None:
        self.wall += int(seconds * 1000)
        self.run += int(seconds * 1000)


def until(condition: Callable[[], object], seconds: float = 10) -> None:
    """Wait for ``condition``, at most ``seconds``."""
    pause = threading.Event()
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        pause.wait(0.005)


class Desk:
    """A station with its broker and its clock, as the tests speak to them."""

    def __init__(
        self, data_dir: Path, site: Site = SITE, rules: Rules | None = None, hands: Hands | None = None
    ) -> None:
        self.link = Broker()
        self.hands = hands or Hands()
        self.failures: list[Exception] = []
        self.station = Station(
            PRECINCT, data_dir, site, self.link, rules=rules, clock=self.hands.clock(), on_failure=self.failures.append
        )

    def hear(self, message: RawMessage) -> None:
        """Deliver a message and wait until it is acknowledged."""
        delivery = Delivery(message)
        self.station.receive(delivery)
        until(lambda: delivery.token in self.link.acked())

    def alert(self, alert: Alert, post: str = "pos-03") -> None:
        self.hear(raw("alert", alert_wire.encode(alert), post))

    def status(self, said: Status, post: str = "pos-03") -> None:
        self.hear(raw("status", status_wire.encode(said), post))
