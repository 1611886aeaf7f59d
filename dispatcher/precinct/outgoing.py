"""What goes down to the posts. What does not go out now goes out later: a receipt at the post's next sync."""

import logging
from collections.abc import Callable, Iterable
from typing import Protocol

from dispatcher.domain.incident import Receipt
from dispatcher.domain.site import Site
from dispatcher.incidents.model import Confirm
from dispatcher.precinct.watches import by_post
from dispatcher.wire import event as event_wire
from dispatcher.wire import receipt as receipt_wire
from dispatcher.wire import watch as watch_wire
from dispatcher.wire.event import EventTaken
from dispatcher.wire.fields import dump
from dispatcher.wire.topics import topic
from dispatcher.wire.watch import OpenWatch

ORDER_MS = 60_000  # a command that old, found at a start, is no longer given: a siren must not sound for the past

_log = logging.getLogger(__name__)


class Link(Protocol):
    """The broker, as the station sees it."""

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None: ...

    def ack(self, token: object) -> None: ...


class Outgoing:
    """Everything that the station says to the broker. Any thread."""

    def __init__(self, link: Link, precinct: str, site: Site) -> None:
        self._link = link
        self._precinct = precinct
        self._site = site

    def ack(self, token: object) -> None:
        """Acknowledge a message that is stored; one that is not comes again."""
        self._safely(self._link.ack, token)

    def receipts(self, sending: Iterable[tuple[str, Receipt]]) -> None:
        """Send receipts, each to its post."""
        for post, receipt in sending:
            self._publish(post, "receipt", receipt_wire.encode(receipt))

    def taken(self, sending: Iterable[tuple[str, EventTaken]]) -> None:
        """Tell posts that their events are kept."""
        for post, taken in sending:
            self._publish(post, "receipt", event_wire.encode_taken(taken))

    def confirms(self, confirms: Iterable[Confirm]) -> None:
        """Tell devices at the precinct itself how far their calls have come."""
        for confirm in confirms:
            self._safely(self._link.publish, f"kentongan/{confirm.device}/confirm", _confirm_body(confirm))

    def orders(self, orders: Iterable[tuple[str, str, bytes, int]], now_ms: int) -> list[str]:
        """Give commands that are not too old; return the ids of all that need not be kept any longer."""
        done = []
        for id_, post, payload, at in orders:
            if now_ms - at <= ORDER_MS:
                self._publish(post, "command", payload)
            done.append(id_)
        return done

    def watches(self, watches: tuple[OpenWatch, ...]) -> None:
        """Tell every post which watches concern it; the broker keeps that for those that are away."""
        for post, own in by_post(watches, self._site):
            self._safely(
                self._link.publish, topic(self._precinct, post, "watch"), watch_wire.encode(own), qos=1, retain=True
            )

    def _publish(self, post: str, channel: str, payload: bytes) -> None:
        self._safely(self._link.publish, topic(self._precinct, post, channel), payload)

    def _safely(self, call: Callable[..., None], *values: object, **more: object) -> None:
        try:
            call(*values, **more)
        except Exception as error:
            _log.warning("not_sent", extra={"error": repr(error)})


def _confirm_body(confirm: Confirm) -> bytes:
    more = {"by": confirm.by, "reason": confirm.reason}
    body = {"boot": confirm.boot, "seq": confirm.seq, "incident": confirm.incident, "stage": str(confirm.stage)}
    return dump({**body, **{key: value for key, value in more.items() if value is not None}})
