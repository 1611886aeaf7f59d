"""The precinct at work: one thread that stores, commits, sends receipts and only then acknowledges to the broker.

The order in ``Station._round`` is the promise. A kill after the commit costs a message that comes again and is a copy;
a receipt before the commit could name what a power cut then takes away.
"""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

from dispatcher.domain.events import Rejected, RejectReason
from dispatcher.domain.site import Site
from dispatcher.precinct.after import After
from dispatcher.precinct.changes import DESK, POSTS, Changes
from dispatcher.precinct.clock import Clock
from dispatcher.precinct.database import MessageError, StoreError
from dispatcher.precinct.inbox import AnyJob, Delivery, Inbox, Job, RulesJob, WatchJob
from dispatcher.precinct.intake import Note
from dispatcher.precinct.liveness import Attendance, Heard, silent_posts
from dispatcher.precinct.model import Action, Incident, Reply
from dispatcher.precinct.outgoing import Link, Outgoing
from dispatcher.precinct.own import Own
from dispatcher.precinct.receipts import Speaker
from dispatcher.precinct.reception import Reception
from dispatcher.precinct.rules.effects import Judged
from dispatcher.precinct.rules.inputs import WatchClosed, WatchOpened
from dispatcher.precinct.rules.keeping import keep
from dispatcher.precinct.rules.ruling import Done, Rules, Ruling, no_rules
from dispatcher.precinct.standing import Verb
from dispatcher.precinct.store import Store
from dispatcher.precinct.watches import WatchReply, WatchRequest, current, fault_in
from dispatcher.wire.watch import OpenWatch

BATCH = 64
TICK_S = 1.0
FILE = "precinct.db"
TIDY_MS = 60_000

_log = logging.getLogger(__name__)


class Closed(Exception):
    """The station has stopped, or its disk failed: the action was not kept."""


class Station:
    """Intake, receipts, the precinct's rules and who is there. ``start`` it, hand it deliveries, ``stop`` it.

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
        rules: Rules | None = None,
        clock: Clock | None = None,
        on_failure: Callable[[Exception], None] = lambda _error: None,
    ) -> None:
        self.precinct = precinct
        self.site = site
        self.clock = clock or Clock()
        self.store = Store(data_dir / FILE)
        self.changes = Changes()
        self.silent: frozenset[str] = frozenset()
        self.broker_up = False
        self.failure: Exception | None = None
        self._said: tuple[str, ...] = ()
        self.config_faults = 0  # in the files that we were to run with
        self._outgoing = Outgoing(link, precinct, site)
        self._on_failure = on_failure
        self._inbox = Inbox()
        self._own = Own(self.store, precinct, site)
        self.ruling = self._rule(rules)
        self._reception = Reception(self._own, self.clock, self.ruling, self._born, self._speaker)
        self._watches = self.store.rules.watches()
        self._tidied = self._started = self.clock.run_ms()
        self._attendance = Attendance(0, self._started)
        self._attending = threading.Lock()
        self._attended = True
        self.remembered = self.store.reading.posts()
        self._stopping = False
        self._owing = False  # whether there may be commands that were not given to the broker
        self._thread = threading.Thread(target=self._work, name="precinct-store", daemon=True)

    def _rule(self, rules: Rules | None) -> Ruling:
        with self.store.batch():
            self._born = self.store.rules.born(self.store.id, self.clock.wall_ms())
        return Ruling(rules or no_rules(self.site), self.site, self.store.rules, self.clock, self._inbox.hand_over)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()
        self.ruling.start()

    def stop(self) -> None:
        """Finish what is in hand, close the streams and the store."""
        self.ruling.stop()
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

    def open_watch(self, watch: OpenWatch, by: str) -> "Future[WatchReply]":
        """Look out for a kind of trouble: the rules and the posts concerned are told, once it is on disk."""
        return self._watch(WatchRequest(watch, by, opens=True))

    def close_watch(self, kind: str, kelurahan: str | None, by: str) -> "Future[WatchReply]":
        """End a watch."""
        return self._watch(WatchRequest(OpenWatch(kind, kelurahan), by, opens=False))

    def _watch(self, request: WatchRequest) -> "Future[WatchReply]":
        job = WatchJob(request)
        self._inbox.ask(job)
        if self._stopping or self.failure is not None:
            self._refuse_all()
        return job.reply

    def change_rules(self, rules: Rules, done: Done) -> None:
        """Go on with other rules, between two inputs; ``done`` is called from the rules' thread."""
        self._inbox.ask(RulesJob(rules, done))

    @property
    def watches(self) -> tuple[OpenWatch, ...]:
        """The watches that are open."""
        return current(self._watches, self.clock.wall_ms())

    def broker(self, up: bool) -> None:
        """The broker is connected and subscribed, or it is not."""
        if self.broker_up is not up:
            self.broker_up = up
            self.changes.tell(frozenset({DESK}))
            self._owing |= up
            self._inbox.poke()
            if up and self._watches:  # a broker that lost what it had retained
                self._outgoing.watches(self.watches)

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

    @property
    def notices(self) -> tuple[str, ...]:
        """What people at the board must know of us: words that the board has texts for."""
        return ("config_fault",) * (self.config_faults > 0) + ("rules_failed",) * self.ruling.failed

    @property
    def device_topics(self) -> tuple[str, ...]:
        """The topics on which the devices at the precinct itself report."""
        return self._reception.desk.topics

    @property
    def heard(self) -> dict[str, Heard]:
        """What each post said last, and when."""
        return self._reception.heard

    def posts_known(self) -> frozenset[str]:
        """Return the posts of the site and all others that ever spoke."""
        return frozenset(self.site.posts) | frozenset(self.remembered) | frozenset(self.heard)

    # --- the store thread ---

    def _work(self) -> None:
        try:
            while not self._stopping:
                self._round(*self._inbox.take(BATCH, TICK_S))
                self.tick()
            self._round([], [], self._inbox.take(0, 0)[2])
        except Exception as error:  # the disk failed, or we did: either way nothing more may be confirmed
            self.failure = error
            _log.critical("store_failed", extra={"error": repr(error)})
            self._refuse_all()
            self._on_failure(error)

    def _round(self, jobs: list[AnyJob], deliveries: list[Delivery], judged: list[Judged]) -> None:
        jobs = [job for job in jobs if job.reply.set_running_or_notify_cancel()]
        if not jobs and not deliveries and not judged:
            return
        after = After()
        try:
            with self.store.batch():
                replies = [self._answer(job, after) for job in jobs]
                for delivery in deliveries:
                    self._take(delivery, after)
                for one in judged:
                    self._keep(one, after)
        except Exception:
            _fail(jobs)
            raise
        self._tell(after)
        for delivery in deliveries:
            self._outgoing.ack(delivery.token)
        for job, reply in zip(jobs, replies, strict=True):
            _reply(job, reply)
        self._owing |= any(one.effects.deeds for one in judged)

    def _tell(self, after: After) -> None:
        """Do what had to wait for the disk."""
        self._outgoing.receipts(after.receipts)
        self._outgoing.taken(after.taken)
        self._outgoing.confirms(after.confirms)
        for one in after.inputs:
            self.ruling.submit(one)
        if after.watches:
            self._watches = self.store.rules.watches()
            self._outgoing.watches(self.watches)
        self.changes.tell(frozenset(after.changed))

    def _speaker(self) -> Speaker:
        return Speaker(self.store.id, self.clock.wall_ms(), self._attended)

    def _answer(self, job: AnyJob, after: After) -> Reply | WatchReply | Exception | None:
        if isinstance(job, RulesJob):
            after.judge(self.ruling.change(job.rules, job.done))
            return None
        own = After()
        try:
            with self.store.one():
                reply = self._act(job.action, own) if isinstance(job, Job) else self._set_watch(job.request, own)
        except (*MessageError, ValueError) as error:
            return error
        after.add(own)
        return reply

    def _act(self, action: Action, after: After) -> Reply:
        reply = self.store.act(action, self.clock.wall_ms(), self._speaker())
        if reply.refusal is None and reply.incident is not None:
            after.receipts.extend((reply.incident.post, receipt) for receipt in reply.receipts)
            after.changed.add(reply.incident.id)
            after.confirms.extend(self._own.confirms(reply.incident.id, attended=self._attended))
            if action.verb is Verb.CLOSE and reply.incident.own:
                self._closed(reply.incident, after)
        return reply

    def _closed(self, incident: Incident, after: After) -> None:
        if self._has_another(incident):
            return
        post = incident.post if incident.post != self.precinct else None
        after.judge(self.ruling.closed(incident.rule, post))

    def _has_another(self, closed: Incident) -> bool:
        """Return whether the same rule has an open incident left at the same post: it goes on holding others back."""
        return any(
            one.id != closed.id and (one.rule, one.post) == (closed.rule, closed.post)
            for one in self.store.reading.open_incidents()
        )

    def _set_watch(self, request: WatchRequest, after: After) -> WatchReply:
        now, watch = self.clock.wall_ms(), request.watch
        refusal = fault_in(request, self.watches, self.site, now)
        self.store.count("watches", refusal or ("opened" if request.opens else "closed"))
        if refusal is not None:
            return WatchReply(refusal, self.watches)
        if request.opens:
            self.store.rules.open_watch(watch, request.by, now)
        else:
            self.store.rules.close_watch(watch.kind, watch.kelurahan)
        opened = WatchOpened(watch.kind, watch.kelurahan, watch.until_ms)
        after.judge(self.ruling.told(opened if request.opens else WatchClosed(watch.kind, watch.kelurahan)))
        after.watches = True
        return WatchReply(None)

    def _take(self, delivery: Delivery, after: After) -> None:
        own = After()  # a message that fails half way leads to nothing
        try:
            with self.store.one():
                self._reception.take(delivery.raw, own)
            after.add(own)
        except StoreError as error:
            if not isinstance(error, MessageError):
                raise
            self._reception.reject(Rejected(RejectReason.INTERNAL, type(error).__name__))
        except Exception as error:  # a message must never stop the station; the post still has it and sends it again
            _log.exception("message_failed")
            self._reception.reject(Rejected(RejectReason.INTERNAL, type(error).__name__))

    def _keep(self, judged: Judged, after: After) -> None:
        at = self.clock.wall_ms()
        after.changed |= keep(self._own, judged, at, attended=self._attended)

    def _order(self) -> None:
        """Give the commands of rules; a kill before they are forgotten gives them again, under the same ids."""
        given = self._outgoing.orders(self.store.rules.orders(), self.clock.wall_ms())
        self._owing = False
        if given:
            with self.store.batch():
                self.store.rules.handed_over(given)

    def tick(self) -> None:
        """Look at who is there: posts that fell silent, a desk that was left or manned again."""
        now = self.clock.run_ms()
        silent = silent_posts(self.posts_known(), self.heard, self._started, now)
        if silent != self.silent:
            self.silent = silent
            self.changes.tell(frozenset({POSTS}))
        self.ruling.tick()
        if self._owing and self.broker_up:
            self._order()
        if self._said != self.notices:
            self._said = self.notices
            self.changes.tell(frozenset({DESK}))
        if now - self._tidied >= TIDY_MS:
            self._tidied = now
            self._tidy()
        with self._attending:
            attended = self._attendance.attended(now)
        if attended is not self._attended:
            self._attended = attended
            self._tell_attendance()

    def _tidy(self) -> None:
        over = len(self._watches) > len(self.watches)
        with self.store.batch():
            self.store.rules.tidy(self.clock.wall_ms())
            for watch in set(self._watches) - set(self.watches):
                self.store.rules.close_watch(watch.kind, watch.kelurahan)
        self._tell(After(watches=over))

    def _tell_attendance(self) -> None:
        waiting = [found for found in self.store.reading.open_incidents() if found.standing.unanswered]
        speaker = self._speaker()
        note = Note.ATTENDED if self._attended else Note.UNATTENDED
        with self.store.batch():
            self.store.mark(tuple(found.id for found in waiting), note, speaker.at)
            sending = [(found.post, word) for found in waiting for word in self.store.receipts(found.id, speaker)]
            calls = [one for found in waiting for one in self._own.confirms(found.id, attended=self._attended)]
        self._outgoing.receipts(sending)
        self._outgoing.confirms(calls)
        self.changes.tell(frozenset({DESK, *(found.id for found in waiting)}))

    def _refuse_all(self) -> None:
        jobs = self._inbox.take(0, 0)[0]
        _fail([job for job in jobs if job.reply.set_running_or_notify_cancel()])


def _fail(jobs: list[AnyJob]) -> None:
    for job in jobs:
        job.reply.set_exception(Closed("the precinct's store is closed"))


def _reply(job: AnyJob, reply: Reply | WatchReply | Exception | None) -> None:
    if isinstance(reply, Exception):
        job.reply.set_exception(reply)
    else:
        job.reply.set_result(reply)  # type: ignore[arg-type]  # each sort of job has its own sort of reply
