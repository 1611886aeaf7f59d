"""The post's three connections: panic lane, rest lane, precinct."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from dispatcher.devices import Normaliser
from dispatcher.domain.events import Lane
from dispatcher.domain.stamp import Stamp
from dispatcher.mqtt import Delivery, Endpoint, Link, LinkState, Phase, Token, Will
from dispatcher.post.exits import BAD_CONFIG, CannotStart
from dispatcher.post.inbox import Connected, Inbox, Listening, Sent
from dispatcher.post.standing import MAX_TEXT
from dispatcher.post.standing import Broker as BrokerLine
from dispatcher.post.watchdog import probe_topic
from dispatcher.settings.station import Broker, PostSettings
from dispatcher.telemetry.log import Logger
from dispatcher.telemetry.metrics import PostMetrics
from dispatcher.wire.topics import DOWN, topic

AFTER_YOU_S = 0.002
"""The rest lane hears a press too, to skip it; after a lull it lets the panic lane's way to the disk go first."""

STEP_ASIDE_S = 0.001
"""As long does the panic lane's own thread, once the pipeline has a press: they share one interpreter's lock."""


class Links:
    """Makes, starts and stops them, and passes acknowledgements to the one a message came by."""

    def __init__(
        self,
        settings: PostSettings,
        normaliser: Normaliser,
        inbox: Inbox,
        stamp: Callable[[], Stamp],
        will: bytes,
        tell: "Teller",
    ) -> None:
        post, precinct = settings.post, settings.precinct
        panic_topics = frozenset(normaliser.panic_topics())
        local = _endpoint("broker", settings.broker)
        self.panic = Link(
            name="panic",
            client_id=f"kentongan-{post}-panic",
            endpoint=local,
            lane=Lane.PANIC,
            filters=[*sorted(panic_topics), probe_topic(post)],
            stamp=stamp,
            deliver=lambda delivery: _hand_over(inbox, delivery),
            on_state=tell.about("panic", lambda: inbox.notice(Listening())),
        )
        self.rest = Link(
            name="rest",
            client_id=f"kentongan-{post}-rest",
            endpoint=local,
            lane=Lane.REST,
            filters=normaliser.rest_filters(),
            stamp=stamp,
            deliver=inbox.rest,
            on_state=tell.about("rest"),
            # While the panic lane does not hear, what is pressed comes through this one and is promoted.
            skip=lambda topic: topic in panic_topics and self.panic.subscribed,
            after_you_s=AFTER_YOU_S,
        )
        self.precinct = Link(
            name="precinct",
            client_id=f"kentongan-{post}",
            endpoint=_endpoint("precinct.broker", precinct.broker),
            lane=Lane.PRECINCT,
            filters=[topic(precinct.id, post, channel) for channel in DOWN],
            stamp=stamp,
            deliver=inbox.receipt,
            on_state=tell.about("precinct", lambda: inbox.notice(Connected())),
            on_published=lambda tag: _sent(inbox, tag),
            will=Will(topic(precinct.id, post, "status"), will),
        )
        self._tell = tell
        self.all = (self.panic, self.rest, self.precinct)
        self._by_name = {link.name: link for link in self.all}

    def start(self) -> None:
        """Connect them all; none waits for another."""
        for link in self.all:
            link.start()

    def acknowledge(self, tokens: Iterable[Token]) -> None:
        """Acknowledge messages that are saved."""
        by_link: dict[str, list[Token]] = {}
        for token in tokens:
            by_link.setdefault(token.link, []).append(token)
        for name, of_link in by_link.items():
            self._by_name[name].ack_all(of_link)

    @property
    def hears_devices(self) -> bool:
        """Return whether both lanes are subscribed at the local broker."""
        return self.panic.subscribed and self.rest.subscribed

    def lines(self) -> tuple[BrokerLine, ...]:
        """Return how each connection stands. For any thread."""
        return tuple(self._line(link) for link in self.all)

    def _line(self, link: Link) -> BrokerLine:
        notes, counters = self._tell.notes(link.name), link.counters
        refused = counters.refused_topics
        return BrokerLine(
            link.name,
            str(link.state.phase),
            max(0, int(time.monotonic() - notes.since_s)),
            "" if notes.up else notes.detail[:MAX_TEXT],
            notes.ever,
            counters.reconnects,
            counters.refused_publishes,
            counters.dropped_publishes,
            tuple(topic[:MAX_TEXT] for topic in refused),
            int(time.monotonic() - max(refused.values())) if refused else None,
        )


def _endpoint(key: str, broker: Broker) -> Endpoint:
    """Return where a broker listens. Raises CannotStart (78) when its password cannot be read."""
    try:
        return Endpoint.of(broker.endpoint())
    except (OSError, UnicodeDecodeError) as error:
        raise CannotStart(BAD_CONFIG, f"{key}.password_file: {broker.password_file}: {error}") from None


def _hand_over(inbox: Inbox, delivery: Delivery) -> None:
    """Hand over a press; once for each time that the pipeline slept, not for each press of a burst, step aside."""
    if inbox.panic(delivery):
        time.sleep(STEP_ASIDE_S)


def _sent(inbox: Inbox, tag: object) -> None:
    if isinstance(tag, tuple):
        inbox.notice(Sent(*tag))


@dataclass(frozen=True, slots=True)
class LinkNotes:
    """Whether a link hears everything it asked for, since when (monotonic), whether it ever did, and the last trouble.

    A link that cannot connect goes back and forth between its phases: that it is away is what matters, and since when.
    """

    up: bool
    since_s: float
    ever: bool = False
    detail: str = ""

    def told(self, state: LinkState, now_s: float) -> "LinkNotes":
        """Return what is known after a state."""
        up = state.phase is Phase.SUBSCRIBED
        since_s = self.since_s if up is self.up else now_s
        return LinkNotes(up, since_s, self.ever or up, state.detail or self.detail)


class Teller:
    """Turns link states into metrics, log lines, and what an onlooker is told."""

    def __init__(self, metrics: PostMetrics, log: Logger) -> None:
        self._metrics = metrics
        self._log = log
        self._began_s = time.monotonic()
        self._notes: dict[str, LinkNotes] = {}

    def notes(self, role: str) -> LinkNotes:
        """Return what is known of a link."""
        return self._notes.get(role, LinkNotes(up=False, since_s=self._began_s))

    def about(self, role: str, on_subscribed: Callable[[], None] = lambda: None) -> Callable[[LinkState], None]:
        """Return the listener of one link."""

        def listen(state: LinkState) -> None:
            self._notes[role] = self.notes(role).told(state, time.monotonic())
            self._metrics.connected.labels(role).set(state.phase in (Phase.CONNECTED, Phase.SUBSCRIBED))
            level = self._log.warning if state.phase in (Phase.REFUSED, Phase.UNREACHABLE) else self._log.info
            level("mqtt", role=role, phase=str(state.phase), detail=state.detail)
            if state.phase is Phase.SUBSCRIBED:
                on_subscribed()

        return listen
