"""A link to a broker: one MQTT session with a thread of its own.

Nothing is logged. What happens is told through ``on_state`` and `Link.counters`.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence

from dispatcher.domain.events import Lane
from dispatcher.domain.stamp import Stamp
from dispatcher.mqtt.backoff import Backoff
from dispatcher.mqtt.client import Plan
from dispatcher.mqtt.intake import Intake
from dispatcher.mqtt.loop import Loop
from dispatcher.mqtt.mailbox import Mailbox
from dispatcher.mqtt.model import Counters, Delivery, Endpoint, LinkState, Phase, Token, Will
from dispatcher.mqtt.outgoing import HOLD_S, Outgoing, check
from dispatcher.mqtt.subscriptions import check_filter
from dispatcher.mqtt.tally import Tally

ALIVE_S = 30.0
"""Silence of the thread after which it is not alive. Connecting and resolving a name may block for some of it."""

FLUSH_SHARE = 0.7
"""Of the time that `stop` is given, for publishes on their way; the rest is for the goodbye."""

WEEK_S = 7 * 24 * 3600


def _nothing(_state: LinkState) -> None:
    """Stand in for a caller who does not want to know."""


class Link:
    """One MQTT session. The callbacks run on the link's thread and must not block; what they raise is counted."""

    def __init__(  # noqa: PLR0913 -- one parameter per thing that differs between the lanes, all by name
        self,
        *,
        name: str,
        client_id: str,
        endpoint: Endpoint,
        lane: Lane,
        filters: Sequence[str],
        stamp: Callable[[], Stamp],
        deliver: Callable[[Delivery], None],
        on_state: Callable[[LinkState], None] | None = None,
        on_published: Callable[[object], None] | None = None,
        will: Will | None = None,
        keepalive: int = 10,
        session_expiry_s: int = WEEK_S,
        receive_maximum: int = 64,
        skip: Callable[[str], bool] | None = None,
        backoff: Backoff | None = None,
        connect_timeout_s: float = 5.0,
        after_you_s: float = 0.0,
    ) -> None:
        """``filters`` are subscribed to at QoS 1. Raises ValueError for one that no broker could take.

        ``stamp`` is called as a message arrives. ``on_published`` gets the tag of a publish once the broker has it.
        ``skip`` names topics to acknowledge and ignore, because another lane carries them. ``after_you_s`` is how long
        the link, when a message wakes it from a lull, lets other threads go first: what woke it may have woken them.
        """
        for one in filters:
            check_filter(one)
        self.name = name
        self._tally = Tally()
        self._mail = Mailbox(filters)
        self._loop = Loop(
            Plan(
                client_id, endpoint, will, keepalive, session_expiry_s, receive_maximum, connect_timeout_s, after_you_s
            ),
            backoff or Backoff(),
            self._mail,
            Intake(link=name, lane=lane, stamp=stamp, deliver=deliver, skip=skip, tally=self._tally),
            self._tally,
            say=on_state or _nothing,
            published=on_published,
        )
        self._thread = threading.Thread(target=self._loop.run, name=f"mqtt-{name}", daemon=True)

    # --- for any thread

    def start(self) -> None:
        """Start the thread and return at once. A link is started once; after a `stop` it stays stopped."""
        if not self._mail.stopping:
            self._thread.start()

    def stop(self, timeout: float = 3.0) -> bool:
        """Finish acknowledgements and publishes, disconnect cleanly, and return whether the thread has ended.

        Takes at most ``timeout`` seconds, whatever the network does; safe to call twice, or without `start`.
        """
        self._mail.ask_to_stop(timeout * FLUSH_SHARE)
        if self._thread.ident is None:
            self._mail.waker.close()
        elif self._thread is not threading.current_thread():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def ack(self, token: Token) -> None:
        """Acknowledge a message that is saved. Dropped, and counted, when its connection is gone."""
        if token.qos:
            self._mail.leave_acks((token,))
            self._loop.push()

    def ack_all(self, tokens: Iterable[Token]) -> None:
        """Acknowledge many at once, which wakes the link once."""
        self._mail.leave_acks([token for token in tokens if token.qos])
        self._loop.push()

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False, tag: object = None) -> bool:
        """Queue a publish and return whether it was taken; what is not taken is counted.

        With a ``tag`` the caller keeps the message until ``on_published(tag)``, so it is refused without a connection
        and forgotten when that breaks: send it again after the next `Phase.SUBSCRIBED`. Without a tag it waits through
        a break of at most ten seconds. Raises ValueError for what no broker could take.
        """
        check(topic, payload, qos)
        item = Outgoing(topic, payload, qos, retain, tag, time.monotonic() + HOLD_S)
        welcome = tag is None or self._loop.online
        if welcome and self._mail.leave_publish(item):
            self._loop.push()
            return True
        self._tally.dropped()
        return False

    def set_filters(self, filters: Sequence[str]) -> None:
        """Subscribe to what is new and unsubscribe from what is gone, without a gap for the rest.

        Raises ValueError for a filter that no broker could take; then nothing changes.
        """
        for one in filters:
            check_filter(one)
        self._mail.leave_filters(filters)

    @property
    def state(self) -> LinkState:
        """The state last told."""
        return self._loop.state

    @property
    def connected(self) -> bool:
        """Whether the broker has accepted us, whatever became of the subscriptions."""
        return self._loop.online

    @property
    def subscribed(self) -> bool:
        """Whether the broker has granted every filter on this connection."""
        return self._loop.online and self._loop.state.phase is Phase.SUBSCRIBED

    @property
    def alive(self) -> bool:
        """Whether the thread runs and has turned within the last `ALIVE_S` seconds."""
        return self._thread.is_alive() and time.monotonic() - self._loop.last_turn < ALIVE_S

    @property
    def last_turn(self) -> float:
        """Monotonic second of the loop's last turn."""
        return self._loop.last_turn

    @property
    def queued(self) -> int:
        """Publishes that wait for the connection."""
        return len(self._mail.queue)

    @property
    def counters(self) -> Counters:
        """What has been counted so far."""
        return self._tally.snapshot()
