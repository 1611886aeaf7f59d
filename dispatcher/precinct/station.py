"""The precinct at work: one thread that stores, commits, sends receipts and only then acknowledges to the broker.

The order in ``Station._round`` is the promise. A kill after the commit costs a message that comes again and is a copy;
a receipt before the commit could name what a power cut then takes away.
"""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Protocol

from dispatcher.domain.events import Rejected, RejectReason
from dispatcher.domain.incident import Receipt
from dispatcher.domain.site import Site
from dispatcher.precinct.changes import DESK, POSTS, Changes
from dispatcher.precinct.clock import Clock
from dispatcher.precinct.database import MessageError, StoreError
from dispatcher.precinct.inbox import Delivery, Inbox, Job
from dispatcher.precinct.intake import Note, Outcome
from dispatcher.precinct.liveness import Attendance, Heard, hear, silent_posts
from dispatcher.precinct.mail import Parcel, unpack
from dispatcher.precinct.model import Action, Reply
from dispatcher.precinct.receipts import Speaker
from dispatcher.precinct.store import Store
from dispatcher.telemetry.log import Allowance
from dispatcher.wire import receipt as receipt_wire
from dispatcher.wire.alert import Alert
from dispatcher.wire.status import Status
from dispatcher.wire.topics import topic

BATCH = 64
TICK_S = 1.0
FILE = "precinct.db"
LINES_PER_SECOND = 50  # of refused messages; all are counted

_log = logging.getLogger(__name__)


class Link(Protocol):
    """The broker, as the station sees it."""

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None: ...

    def ack(self, token: object) -> None: ...


class Closed(Exception):
    """The station has stopped, or its disk failed: the action was not kept."""


class Station:
    """Intake, receipts and who is there. ``start`` it, hand it deliveries, ``stop`` it.

    ``on_failure`` is called once, from the store thread, when the disk fails: nothing is confirmed from then on, and
    the process should end with 74. Raises ForeignFile, StoreError, OSError when the store cannot be opened.
    """

    def __init__(
        self,
        precinct: str,
        data_dir: Path,
        site: Site,
        link: Link,
        *,
        clock: Clock | None = None,
        on_failure: Callable[[Exception], None] = lambda _error: None,
    ) -> None:
        self.precinct = precinct
        self.site = site
        self.clock = clock or Clock()
        self.store = Store(data_dir / FILE)
        self.changes = Changes()
        self.heard: dict[str, Heard] = {}
        self.silent: frozenset[str] = frozenset()
        self.broker_up = False
        self.failure: Exception | None = None
        self._link = link
        self._on_failure = on_failure
        self._inbox = Inbox()
        self._started = self.clock.run_ms()
        self._attendance = Attendance(0, self._started)
        self._attending = threading.Lock()
        self._attended = True
        self.remembered = self.store.reading.posts()
        self._stopping = False
        self._lines = Allowance(LINES_PER_SECOND)
        self._thread = threading.Thread(target=self._work, name="precinct-store", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what is in hand, close the streams and the store."""
        self._stopping = True
        self.changes.close()
        self._inbox.poke()
        if self._thread.ident is not None:
            self._thread.join()
        self._refuse_all()
        self.store.close()

    # --- called from other threads ---

    def receive(self, delivery: Delivery) -> None:
        """Take a message from the broker's thread; never blocks."""
        self._inbox.put(delivery)

    def act(self, action: Action) -> "Future[Reply]":
        """Keep an officer's action; the future holds the reply once it is on disk, or Closed."""
        job = Job(action)
        self._inbox.ask(job)
        if self._stopping or self.failure is not None:
            self._refuse_all()
        return job.reply

    def broker(self, up: bool) -> None:
        """The broker is connected and subscribed, or it is not."""
        if self.broker_up is not up:
            self.broker_up = up
            self.changes.tell(frozenset({DESK}))

    def enter(self) -> None:
        """A board with somebody before it opened."""
        with self._attending:
            self._attendance = self._attendance.enter()
        self._inbox.poke()

    def leave(self) -> None:
        """A board closed."""
        with self._attending:
            self._attendance = self._attendance.leave(self.clock.run_ms())

    @property
    def boards(self) -> int:
        """How many boards are open."""
        return self._attendance.boards

    @property
    def attended(self) -> bool:
        """Whether somebody is at a board, as the lamps were told."""
        return self._attended

    def posts_known(self) -> frozenset[str]:
        """Return the posts of the site and all others that ever spoke."""
        return frozenset(self.site.posts) | frozenset(self.remembered) | frozenset(self.heard)

    # --- the store thread ---

    def _work(self) -> None:
        try:
            while not self._stopping:
                self._round(*self._inbox.take(BATCH, TICK_S))
                self.tick()
        except Exception as error:  # the disk failed, or we did: either way nothing more may be confirmed
            self.failure = error
            _log.critical("store_failed", extra={"error": repr(error)})
            self._refuse_all()
            self._on_failure(error)

    def _round(self, jobs: list[Job], deliveries: list[Delivery]) -> None:
        jobs = [job for job in jobs if job.reply.set_running_or_notify_cancel()]
        if not jobs and not deliveries:
            return
        sending: list[tuple[str, Receipt]] = []
        changed: set[str] = set()
        try:
            with self.store.batch():
                replies = [self._act(job, sending, changed) for job in jobs]
                for delivery in deliveries:
                    self._take(delivery, sending, changed)
        except Exception:
            _fail(jobs)
            raise
        self._send(sending)
        for delivery in deliveries:
            self._safely(self._link.ack, delivery.token)
        self.changes.tell(frozenset(changed))
        for job, reply in zip(jobs, replies, strict=True):
            _answer(job, reply)

    def _speaker(self) -> Speaker:
        return Speaker(self.store.id, self.clock.wall_ms(), self._attended)

    def _act(self, job: Job, sending: list[tuple[str, Receipt]], changed: set[str]) -> Reply | Exception:
        try:
            with self.store.one():
                reply = self.store.act(job.action, self.clock.wall_ms(), self._speaker())
        except (*MessageError, ValueError) as error:
            return error
        if reply.refusal is None and reply.incident is not None:
            sending.extend((reply.incident.post, receipt) for receipt in reply.receipts)
            changed.add(reply.incident.id)
        return reply

    def _take(self, delivery: Delivery, sending: list[tuple[str, Receipt]], changed: set[str]) -> None:
        try:
            with self.store.one():
                self._sort(delivery, sending, changed)
        except StoreError as error:
            if not isinstance(error, MessageError):
                raise
            self._reject(Rejected(RejectReason.INTERNAL, type(error).__name__))
        except Exception as error:  # a message must never stop the station; the post still has it and sends it again
            _log.exception("message_failed")
            self._reject(Rejected(RejectReason.INTERNAL, type(error).__name__))

    def _sort(self, delivery: Delivery, sending: list[tuple[str, Receipt]], changed: set[str]) -> None:
        parcel = unpack(delivery.raw, self.precinct)
        if isinstance(parcel, Rejected):
            self._reject(parcel)
        elif isinstance(parcel.body, Alert):
            sending.extend((parcel.post, receipt) for receipt in self._alert(parcel, parcel.body, changed))
        elif isinstance(parcel.body, Status):
            self._status(parcel.post, parcel.body, changed)
        else:
            found = self.store.take_sync(parcel.post, parcel.body, self._speaker())
            sending.extend((parcel.post, receipt) for receipt in found)

    def _reject(self, rejected: Rejected) -> None:
        self.store.count("rejected", rejected.reason)
        if self._lines.take():
            _log.info(
                "rejected",
                extra={"reason": str(rejected.reason), "sender": rejected.device, "detail": rejected.detail},
            )

    def _alert(self, parcel: Parcel, alert: Alert, changed: set[str]) -> tuple[Receipt, ...]:
        speaker = self._speaker()
        taken = self.store.take_alert(parcel.post, parcel.payload, alert, speaker.at)
        if taken.outcome is Outcome.FOREIGN:
            _log.warning("foreign", extra={"sender": parcel.post, "incident": alert.id})
            return ()
        if taken.outcome is not Outcome.COPY:
            changed.add(taken.incident)
        if taken.outcome in (Outcome.NEW, Outcome.GAP) and not self._attended:
            self.store.mark((taken.incident,), Note.UNATTENDED, speaker.at)
        return self.store.receipts(taken.incident, speaker)

    def _status(self, post: str, status: Status, changed: set[str]) -> None:
        before = self.heard.get(post)
        now = hear(before, status, self.clock.run_ms())
        self.heard = {**self.heard, post: now}
        if before is None or before.status != now.status or before.twins_ms != now.twins_ms:
            changed.add(POSTS)
        self.store.take_status(post, now.status, self.clock.wall_ms())

    def _send(self, sending: list[tuple[str, Receipt]]) -> None:
        for post, receipt in sending:
            name = topic(self.precinct, post, "receipt")
            self._safely(self._link.publish, name, receipt_wire.encode(receipt))

    def _safely(self, call: Callable[..., None], *values: object) -> None:
        # What does not go out now goes out at the post's next sync; what is not acknowledged comes again.
        try:
            call(*values)
        except Exception as error:
            _log.warning("not_sent", extra={"error": repr(error)})

    def tick(self) -> None:
        """Look at who is there: posts that fell silent, a desk that was left or manned again."""
        now = self.clock.run_ms()
        silent = silent_posts(self.posts_known(), self.heard, self._started, now)
        if silent != self.silent:
            self.silent = silent
            self.changes.tell(frozenset({POSTS}))
        with self._attending:
            attended = self._attendance.attended(now)
        if attended is not self._attended:
            self._attended = attended
            self._tell_attendance()

    def _tell_attendance(self) -> None:
        waiting = [found for found in self.store.reading.open_incidents() if found.standing.unanswered]
        speaker = self._speaker()
        note = Note.ATTENDED if self._attended else Note.UNATTENDED
        with self.store.batch():
            self.store.mark(tuple(found.id for found in waiting), note, speaker.at)
            sending = [(found.post, word) for found in waiting for word in self.store.receipts(found.id, speaker)]
        self._send(sending)
        self.changes.tell(frozenset({DESK, *(found.id for found in waiting)}))

    def _refuse_all(self) -> None:
        jobs, _ = self._inbox.take(0, 0)
        _fail([job for job in jobs if job.reply.set_running_or_notify_cancel()])


def _fail(jobs: list[Job]) -> None:
    for job in jobs:
        job.reply.set_exception(Closed("the precinct's store is closed"))


def _answer(job: Job, reply: Reply | Exception) -> None:
    if isinstance(reply, Exception):
        job.reply.set_exception(reply)
    else:
        job.reply.set_result(reply)
