"""One connection, from CONNECT to the end of its socket: a paho client of its own, used by one thread at a time.

A client per connection is what keeps paho's memory out of our promises. Message ids begin anew with it, so an id
belongs to one epoch and no other; nothing unsent outlives it; a callback that is late speaks of a connection that is
gone. The session itself lives at the broker, under the client id.
"""

import contextlib
import time
from collections.abc import Callable, Iterable

import paho.mqtt.client as mqtt
from paho.mqtt.client import ConnectFlags, DisconnectFlags
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from dispatcher.mqtt.client import Plan, WiredClient, connect, make_client
from dispatcher.mqtt.failures import LinkDown, from_error, from_quiet, from_reason, from_silence
from dispatcher.mqtt.model import MAX_PACKET, Phase
from dispatcher.mqtt.outgoing import Outgoing
from dispatcher.mqtt.pulse import Pulse
from dispatcher.mqtt.subscriptions import Ledger, batches
from dispatcher.mqtt.unacked import Unacked
from dispatcher.mqtt.wire import Wire

READ_PACKETS = 256
"""Packets read in one turn, so that acknowledgements and publishes are not kept waiting by a flood."""

WINDOW = 64
"""Publishes given to paho and not yet answered."""

PINGREQ = b"\xc0\x00"  # MQTT 5, 3.12. The wire takes whole packets, so it never falls into one of paho's

PACKET_OVERHEAD = 32  # bytes of headers around a topic and a payload, generously


class Connection:
    """Call `open` once, then `read`, `write` and `tick` whenever there is something to do, and `close` at the end."""

    def __init__(
        self,
        plan: Plan,
        hear: Callable[[mqtt.MQTTMessage], None],
        answered: Callable[[Outgoing, bool], None],
        *,
        retained_again: bool,
    ) -> None:
        """``hear`` gets each message, ``answered`` each publish and whether the broker took it; neither may raise.

        ``retained_again`` asks for the retained messages of filters that the session holds already (MQTT 5; a 3.1.1
        broker sends them at every subscription).
        """
        self._plan = plan
        self._hear = hear
        self._answered = answered
        self._retain_handling = 0 if retained_again else 1
        self._client = make_client(plan, WINDOW)
        self._listen_to(self._client)
        self._wire: Wire | None = None
        self._down: LinkDown | None = None
        self._deadline = time.monotonic() + plan.connect_timeout_s
        self._sent: dict[int, Outgoing] = {}
        self._window = WINDOW
        self._max_packet = MAX_PACKET
        self.ledger = Ledger()
        self.accepted = False
        self._unacked = Unacked()
        self._pulse = Pulse(plan.keepalive, time.monotonic())

    # --- life

    def open(self) -> Wire:
        """Connect and send CONNECT; blocks up to the connect timeout per address. Raises LinkDown."""
        self._wire = connect(self._client, self._plan)
        self._deadline = time.monotonic() + self._plan.connect_timeout_s
        return self._wire

    def close(self) -> None:
        """Drop the connection without a word; safe to call twice. The broker keeps the session and sends the will."""
        if self._wire is not None:
            self._wire.close()

    def say_goodbye(self) -> None:
        """Send DISCONNECT after all that is gathered, and close. The session stays at the broker; no will is sent."""
        if self._wire is None or not self.accepted:
            return
        self._wire.be_polite()
        with contextlib.suppress(OSError, ValueError):
            self._client.disconnect()
            self._client.loop_write()

    # --- turns of the loop

    def read(self) -> None:
        """Handle what has arrived, a bounded number of packets. Raises LinkDown."""
        wire = self._need_wire()
        self._pulse.heard(time.monotonic())
        for _ in range(READ_PACKETS):
            self._check(self._client.loop_read())
            if self._unacked.full or not wire.readable:
                return

    @property
    def wants_read(self) -> bool:
        """Whether to listen: not while too many messages are unacknowledged."""
        return not self._unacked.full

    @property
    def has_unread(self) -> bool:
        """Whether `read` has something to do that the selector does not know of."""
        return self.wants_read and self._wire is not None and self._wire.readable

    @property
    def wants_write(self) -> bool:
        """Whether the kernel has not taken all of it: wait until it is writable."""
        return self._wire is not None and (self._wire.unsent > 0 or self._client.want_write())

    def write(self) -> None:
        """Send what paho and the wire have gathered. Raises LinkDown."""
        wire = self._need_wire()
        if self._client.want_write():
            self._check(self._client.loop_write())
        try:
            if wire.flush():
                self._pulse.said(time.monotonic())
        except OSError as problem:
            raise self._lost(problem) from problem

    def tick(self, now: float) -> None:
        """Keep alive, and give up on a broker that does not answer. Raises LinkDown."""
        if self.accepted:
            self._excuse_silence(now)
            self._keep_alive(now)
        waiting = not self.accepted or not self.ledger.settled
        if waiting and now > self._deadline:
            raise LinkDown(
                Phase.UNREACHABLE, "the broker does not answer " + ("SUBSCRIBE" if self.accepted else "CONNECT")
            )

    def _excuse_silence(self, now: float) -> None:
        """Do not blame the broker while its answer may stand behind what we have not read."""
        if not self.wants_read:
            self._pulse.heard(now)
        if not self.wants_read or self.has_unread:
            self._deadline = now + self._plan.connect_timeout_s

    def _keep_alive(self, now: float) -> None:
        """Ask for a sign of life when it is time. Not by paho's `loop_misc`; `pulse` says why."""
        if self._pulse.is_gone(now):
            raise from_quiet()
        if self._pulse.must_ask(now):
            self._pulse.asked(now)
            with contextlib.suppress(BlockingIOError):  # so much is gathered that one packet more says nothing new
                self._need_wire().send(PINGREQ)

    # --- what the link asks for

    def ack(self, mid: int) -> bool:
        """Acknowledge a message of this connection, once: a second PUBACK might meet a new message of that id.

        One that is ready early waits for those before it.
        """
        known = self._unacked.settle(mid)
        while (ready := self._unacked.next_ready()) is not None:
            self._check(self._client.ack(*ready))
        return known

    def subscribe(self, filters: Iterable[str]) -> None:
        """Make ``filters`` the list: subscribe to the new ones, unsubscribe from the gone."""
        new, gone = self.ledger.change(filters)
        for batch in batches(gone):
            self._client.unsubscribe(batch)
        for batch in batches(new):
            _, mid = self._client.subscribe(self._asking(batch))
            if mid is not None:
                self.ledger.asked(mid, batch)
        self._deadline = time.monotonic() + self._plan.connect_timeout_s

    @property
    def room(self) -> bool:
        """Whether paho may get one more publish."""
        return self.accepted and len(self._sent) < self._window

    @property
    def idle(self) -> bool:
        """Whether every publish has been answered and sent."""
        return not self._sent and not self.wants_write

    def publish(self, item: Outgoing) -> None:
        """Hand over one publish; one that the broker would hang up over counts as refused."""
        if item.size + PACKET_OVERHEAD > self._max_packet:
            self._answered(item, False)
            return
        info = self._client.publish(item.topic, item.payload, item.qos, item.retain)
        self._sent[info.mid] = item

    def unanswered(self) -> list[Outgoing]:
        """Take back, in order, what the broker has not answered."""
        items = list(self._sent.values())
        self._sent.clear()
        return items

    # --- paho

    def _listen_to(self, client: WiredClient) -> None:
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_message = self._on_message

    def _asking(self, filters: list[str]) -> list[tuple[str, int]] | list[tuple[str, SubscribeOptions]]:
        if not self._plan.is_v5:
            return [(name, 1) for name in filters]
        options = SubscribeOptions(qos=1, retainHandling=self._retain_handling)
        return [(name, options) for name in filters]

    def _on_connect(
        self,
        _client: mqtt.Client,
        _data: object,
        _flags: ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            self._down = from_reason(reason, when="refused by the broker")
            return
        self.accepted = True
        self._pulse.keepalive = getattr(properties, "ServerKeepAlive", self._plan.keepalive)
        self._window = min(WINDOW, getattr(properties, "ReceiveMaximum", WINDOW))
        self._max_packet = min(MAX_PACKET, getattr(properties, "MaximumPacketSize", MAX_PACKET))

    def _on_disconnect(
        self,
        _client: mqtt.Client,
        _data: object,
        flags: DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if self._down is not None:
            return
        if flags.is_disconnect_packet_from_server:
            self._down = from_reason(reason, when="ended by the broker")
        else:
            self._down = from_silence(accepted=self.accepted)

    def _on_subscribe(
        self,
        _client: mqtt.Client,
        _data: object,
        mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        self.ledger.answered(mid, [(reason.value, str(reason)) for reason in reasons])

    def _on_publish(
        self, _client: mqtt.Client, _data: object, mid: int, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        item = self._sent.pop(mid, None)
        if item is not None:
            self._answered(item, not reason.is_failure)

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        if message.qos:
            self._unacked.came(message.mid, message.qos, len(message.payload))
        self._hear(message)
        with contextlib.suppress(UnicodeDecodeError):
            if self.ledger.is_stray(message.topic):
                # Delivered, as nothing is lost on a suspicion, but no more of it. Helps for filters without wildcards.
                self._client.unsubscribe(message.topic)

    # --- ends

    def _need_wire(self) -> Wire:
        if self._wire is None:
            raise LinkDown(Phase.UNREACHABLE, "not connected")
        return self._wire

    def _check(self, result: MQTTErrorCode) -> None:
        if self._down is not None:
            raise self._down
        if result != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise LinkDown(Phase.UNREACHABLE, f"connection lost: {mqtt.error_string(result)}")

    def _lost(self, problem: OSError) -> LinkDown:
        endpoint = self._plan.endpoint
        return from_error(problem, endpoint.host, endpoint.port)
