"""MQTT as far as promises hang on it: sessions that outlive connections, a window in flight, ids that are used again.

The broker answers a publisher *before* it has saved anything (facts: mosquitto does), and loses what it had not saved.
Acknowledgements are taken by the link's real code, which knows one connection's message id from another's.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

from dispatcher.domain.events import Lane, RawMessage
from dispatcher.domain.stamp import Stamp
from dispatcher.mqtt import Delivery, Token
from dispatcher.mqtt.loop import Loop
from dispatcher.mqtt.tally import Tally
from tests.simulation.world import Action, Violation, World

WINDOW = 20  # mosquitto's default for messages in flight
KEEPALIVE_MS = 15_000  # one and a half of it: so long after the last sign a broker takes a client for dead


@dataclass(frozen=True, slots=True)
class Message:
    """What a publisher gave, or a broker had kept. ``ident`` tells two publishes with the same bytes apart; no program
    sees it.
    """

    topic: str
    payload: bytes
    ident: object = None
    retain: bool = False


@dataclass(slots=True)
class Session:
    """What a broker keeps for one client."""

    wants: Callable[[str], bool]
    queue: deque[Message] = field(default_factory=deque)
    in_flight: dict[int, Message] = field(default_factory=dict)
    client: "Client | None" = None
    epoch: int = 0
    will: Message | None = None  # of the connection that is there, or that was and did not say goodbye


class Broker:
    """One broker. ``up`` false: nobody answers. Publishers are answered whether or not somebody has subscribed."""

    def __init__(self, world: World, name: str, *, low_ids: bool) -> None:
        self.world = world
        self.name = name
        self.up = True
        self.sessions: dict[str, Session] = {}
        self.listeners: list[Callable[[Message], None]] = []  # devices without a session
        self.retained: dict[
            str, list[Message]
        ] = {}  # topic -> what it keeps, and before it what a crash may bring back
        self._low_ids = low_ids
        self._last_id = 0

    # --- publishing

    def publish(self, message: Message) -> bool:
        """Take a message and return whether it was taken, which is all that a PUBACK says."""
        if not self.up:
            return False
        if message.retain:
            self.retained[message.topic] = [*self.retained.get(message.topic, [])[-1:], message]
            message = replace(message, retain=False)  # who is there already hears it as any other
        for session in self.sessions.values():
            if session.wants(message.topic):
                session.queue.append(message)
                self._pump(session)
        for listener in self.listeners:
            self.world.later(self.world.between(0, 3), partial(listener, message))
        return True

    def _pump(self, session: Session) -> None:
        client = session.client
        while client is not None and session.queue and len(session.in_flight) < WINDOW:
            mid = self._free_id(session)
            session.in_flight[mid] = session.queue.popleft()
            client.down(mid, session.in_flight[mid], dup=False)

    def _free_id(self, session: Session) -> int:
        if not self._low_ids:
            self._last_id += 1
            return self._last_id
        return next(mid for mid in range(1, WINDOW + 2) if mid not in session.in_flight)

    # --- sessions

    def attach(self, client: "Client") -> None:
        """Let a client come back to its session: first what was in flight, marked as perhaps a copy, then the rest.

        What is retained comes with a subscription that is new, and to a process that has just started and asks for it.
        """
        is_new = client.session not in self.sessions or client.epoch == 1
        session = self.sessions.setdefault(client.session, Session(client.wants))
        before = session.client
        if before is not None and before is not client:
            before.broken()  # there is one connection for each name: the older one is closed
        self._execute(session, session.will, "will told when its client's name came again")
        session.client, session.epoch, session.will = client, client.epoch, client.will
        for mid, message in session.in_flight.items():
            client.down(mid, message, dup=True)
        if is_new:
            session.queue.extend(self._kept(session))
        self._pump(session)

    def _kept(self, session: Session) -> Iterator[Message]:
        for topic, kept in self.retained.items():
            if session.wants(topic):
                self.world.seen["retained message given"] += 1
                yield replace(kept[-1], ident=("kept", kept[-1].ident))

    def detach(self, client: "Client", dead_after_ms: int = 0) -> None:
        """Forget a connection, keep the session. It said no goodbye: its will is told after ``dead_after_ms``."""
        session = self.sessions.get(client.session)
        if session is None or session.client is not client:
            return
        session.client = None
        if session.will is not None:
            self.world.later(dead_after_ms, partial(self._execute, session, session.will, "will told"))

    def goodbye(self, client: "Client", will: Message | None) -> None:
        """Hear that a connection ends in order: its will is void."""
        session = self.sessions.get(client.session)
        if self.up and session is not None and session.will is will:
            session.will = None

    def _execute(self, session: Session, will: Message | None, how: str) -> None:
        if will is not None and session.will is will and self.up:
            session.will = None
            self.world.seen[how] += 1
            self.world.tell(self.name, how)
            self.publish(will)

    def acknowledged(self, client: "Client", epoch: int, mid: int) -> None:
        """Take a PUBACK of the connection that is alive."""
        session = self.sessions.get(client.session)
        if self.up and session is not None and session.client is client and session.epoch == epoch:
            session.in_flight.pop(mid, None)
            self._pump(session)

    # --- faults

    def crash(self, *, empty: bool) -> list[Message]:
        """Die and return what is lost: of each queue a tail that was not saved yet or, ``empty``, all and everybody."""
        self.up = False
        lost: list[Message] = []
        for session in self.sessions.values():
            kept = 0 if empty else self.world.luck.randint(0, len(session.queue))
            lost += list(session.queue)[kept:]
            session.queue = deque(list(session.queue)[:kept])
            if empty:
                lost += session.in_flight.values()
            client, session.client, session.will = session.client, None, None
            if client is not None:
                client.broken()
        self._forget_retained(all_of_it=empty)
        if empty:
            self.sessions.clear()
        return lost

    def _forget_retained(self, *, all_of_it: bool) -> None:
        """Lose what was retained, or of each topic perhaps the last word: then the one before it is there again."""
        for topic, kept in list(self.retained.items()):
            if all_of_it or (self.world.chance(0.3) and len(kept) == 1):
                del self.retained[topic]
            elif len(kept) > 1 and self.world.chance(0.3):
                self.world.seen["older retained message came back"] += 1
                kept.pop()


@dataclass(slots=True)
class Path:
    """A way to a broker. ``out`` and ``back`` say whether anything gets through; delays in milliseconds."""

    low_ms: int
    high_ms: int
    out: bool = True
    back: bool = True

    @property
    def open(self) -> bool:
        """Return whether a connection can be made."""
        return self.out and self.back


class Client:
    """One client of a broker: connections, one after the other, each with its epoch.

    Named as the link's loop names things where its real code is used (``_mail``, ``_tally``, ``_epoch``).
    """

    def __init__(
        self,
        world: World,
        broker: Broker,
        path: Path,
        name: str,
        wants: Callable[[str], bool],
        *,
        lane: Lane = Lane.PRECINCT,
        stamp: Callable[[], Stamp] = lambda: Stamp(0, 0, trusted=False),
        deliver: Callable[[Delivery, Message], None],
        skip: Callable[[str], bool] = lambda _topic: False,
        on_connected: Action = lambda: None,
        on_published: Callable[[object], None] = lambda _tag: None,
        retry_ms: tuple[int, int] = (200, 2_000),
        post: int = 0,
        session: str = "",
        will: Message | None = None,
    ) -> None:
        self.world, self.broker, self.path, self.name, self.wants = world, broker, path, name, wants
        self.lane, self.stamp, self.deliver, self.skip = lane, stamp, deliver, skip
        self.on_connected, self.on_published, self.retry_ms = on_connected, on_published, retry_ms
        self.post, self.session, self._will = post, session or name, will
        self.will: Message | None = None  # of this connection
        self.online = False
        self.alive = True
        self._mail = SimpleNamespace(acks=deque())
        self._tally = Tally()
        self._epoch = 0
        self._outstanding: dict[int, Message] = {}
        self._given: set[int] = set()  # messages that may be acknowledged now
        self._heard: dict[tuple[int, int], Message] = {}
        self._out_ms = self._back_ms = 0  # nothing overtakes within a connection

    @property
    def epoch(self) -> int:
        """Return the number of this connection."""
        return self._epoch

    # --- connections

    def connect(self) -> None:
        """Try to connect; try again later."""
        if not self.alive or self.online:
            return
        if not (self.broker.up and self.path.open):
            self.world.later(self.world.between(*self.retry_ms), self.connect)
            return
        self._epoch += 1
        self.will = replace(self._will) if self._will else None
        self._outstanding.clear()
        self.online = True
        self._out_ms = self._back_ms = 0
        self.world.tell(self.name, f"connected ({self._epoch})")
        self.broker.attach(self)
        self.on_connected()
        self.world.passes(f"{self.name}.connected", self.post)

    def broken(self) -> None:
        """The connection is gone, and both sides know."""
        if self.online:
            self.world.tell(self.name, "connection lost")
            self.online = False
            self.broker.detach(self, self._noticed_ms())
            self.world.later(self.world.between(*self.retry_ms), self.connect)

    def die(self, *, silently: bool = False) -> None:
        """The process is gone; the kernel closes its sockets, unless it is gone as well."""
        self.alive = self.online = False
        self.broker.detach(self, KEEPALIVE_MS if silently else self._noticed_ms())

    def leave(self) -> None:
        """Say goodbye, behind all that was sent, and be gone."""
        if self.online:
            self._left = self._epoch
            self._out_ms = max(self._out_ms, self.world.now)
            if self.path.out:
                self.world.later(self._out_ms - self.world.now, partial(self.broker.goodbye, self, self.will))
        self.alive = self.online = False
        self.broker.detach(self, KEEPALIVE_MS)

    _left = 0

    def _noticed_ms(self) -> int:
        return self.world.between(0, 50) if self.path.open else KEEPALIVE_MS

    # --- to the broker

    def publish(self, message: Message, tag: object = None) -> bool:
        """Send, without knowing whether it arrives; ``on_published(tag)`` tells that the broker has it."""
        if not self.online or not self.alive:
            return False
        epoch = self._epoch
        self._out_ms = max(self._out_ms, self.world.now + self.world.between(self.path.low_ms, self.path.high_ms))
        if self.path.out:
            self.world.later(self._out_ms - self.world.now, lambda: self._arrive(message, tag, epoch))
        return True

    def _arrive(self, message: Message, tag: object, epoch: int) -> None:
        # A packet that was on its way when its connection broke may still be read by the broker, late, or be lost.
        if (epoch != self._epoch or not self.online) and epoch != self._left:
            if self.world.chance(0.5):
                return
            self.world.tell(self.broker.name, f"late packet of connection {epoch} of {self.name}")
        if self.broker.publish(message) and tag is not None and self.path.back:
            self.world.later(self.path.low_ms, lambda: self._puback(tag, epoch))

    def _puback(self, tag: object, epoch: int) -> None:
        if epoch == self._epoch and self.online and self.alive:
            self.on_published(tag)

    # --- from the broker

    def down(self, mid: int, message: Message, *, dup: bool) -> None:
        """Take a message that the broker sends on this connection."""
        epoch = self._epoch
        self._back_ms = max(self._back_ms, self.world.now + self.world.between(self.path.low_ms, self.path.high_ms))
        if self.path.back:
            self.world.later(self._back_ms - self.world.now, lambda: self._hear(mid, message, dup, epoch))

    def _hear(self, mid: int, message: Message, dup: bool, epoch: int) -> None:
        if epoch != self._epoch or not self.online or not self.alive:
            return
        self._outstanding[mid] = message
        if self.skip(message.topic):
            self._given.add(id(message))
            self.ack(mid)
            return
        self._heard[epoch, mid] = message
        raw = RawMessage(self.lane, message.topic, message.payload, 1, message.retain, dup, self.stamp(), mid)
        self.deliver(Delivery(raw, Token(self.name, epoch, mid, 1)), message)
        self.world.passes(f"{self.name}.heard", self.post)

    # --- acknowledgements

    def acknowledge(self, tokens: list[Token]) -> None:
        """Acknowledge, through the link's real code, as connections come and go."""
        self._given.update(id(self._heard[token.epoch, token.mid]) for token in tokens)
        self._mail.acks.extend(tokens)
        Loop._take_acks(cast(Any, self), cast(Any, self))

    def ack(self, mid: int) -> bool:
        """Send a PUBACK for a message of this connection, once."""
        message = self._outstanding.pop(mid, None)
        if message is None:
            return False
        if id(message) not in self._given:
            raise Violation("wrong acknowledgement", f"at {self.world.now / 1000}: {self.name}, {message.topic}")
        epoch = self._epoch
        if self.path.out:
            self.world.later(self.path.low_ms, lambda: self._acked(epoch, mid))
        return True

    def _acked(self, epoch: int, mid: int) -> None:
        if epoch == self._epoch and self.online:
            self.broker.acknowledged(self, epoch, mid)
