"""The thread under a link: it connects, turns, waits and connects again, and does not die.

Everything that touches paho happens here, by one thread at a time: this one, or while it waits for the network one that
has something to send (`Loop.push`). That is what makes an acknowledgement safe: paho's `ack` knows no connection,
and the same message id after a reconnect is another message. A token carries its connection's number (epoch); it is
compared here, between two packets of that connection, and what is old is dropped. The broker then sends that message
again.
"""

import random
import selectors
import threading
import time
from collections.abc import Callable

from dispatcher.mqtt.backoff import STABLE_S, Backoff
from dispatcher.mqtt.client import Plan
from dispatcher.mqtt.connection import Connection
from dispatcher.mqtt.failures import LinkDown
from dispatcher.mqtt.intake import Intake
from dispatcher.mqtt.mailbox import Mailbox
from dispatcher.mqtt.model import LinkState, Phase
from dispatcher.mqtt.outgoing import Outgoing
from dispatcher.mqtt.tally import Tally
from dispatcher.mqtt.wire import Wire

TICK_S = 0.5
"""The loop turns at least this often, except while it connects."""

STOPPING_TICK_S = 0.02

LULL_S = 0.005
"""Whoever waited this long for the network was idle."""

ASK_AGAIN_S = 30.0
"""Refused filters are asked for again this often: access rules are repaired at the broker, which tells nobody."""


class Loop:
    """The body of the link's thread. ``say`` and ``published`` are the link's callbacks."""

    def __init__(
        self,
        plan: Plan,
        backoff: Backoff,
        mailbox: Mailbox,
        intake: Intake,
        tally: Tally,
        *,
        say: Callable[[LinkState], None],
        published: Callable[[object], None] | None,
    ) -> None:
        self._plan = plan
        self._backoff = backoff
        self._mail = mailbox
        self._intake = intake
        self._tally = tally
        self._tell = say
        self._published = published
        self._selector = selectors.DefaultSelector()
        self._hands = threading.Lock()  # held by whoever works here: this thread, unless it waits for the network
        self._served: Connection | None = None
        self._trouble: Exception | None = None  # met by another thread that worked here
        self._epoch = 0
        self._failures = 0
        self._ask_again_at = 0.0
        self.state = LinkState(Phase.STOPPED, "not started")
        self.online = False
        self.last_turn = time.monotonic()

    def run(self) -> None:
        """Turn until the mailbox says stop."""
        self._mail.waker.register(self._selector)
        with self._hands:
            try:
                while not self._mail.stopping:
                    self._live_once()
                    self._rest()
            finally:
                self._say(Phase.STOPPED)
                self._tally.dropped(len(self._mail.queue))
                self._selector.close()
                self._mail.waker.close()

    # --- for any thread

    def push(self) -> None:
        """Send what was left for this thread: here and now if it sleeps, by waking it if not.

        A thread that is woken first waits for a core and then for the interpreter's lock, which the waker holds: about
        a millisecond of a press's way. So whoever has something to say while the loop sleeps says it himself.
        """
        slept_on = False
        if self._hands.acquire(blocking=False):
            try:
                slept_on = self._work_for_it()
            finally:
                self._hands.release()
        if not slept_on:  # awake, it looks once more before it sleeps
            self._mail.waker.wake()

    def _work_for_it(self) -> bool:
        """Do the loop's work; return whether it may sleep on, since what it waits for is what it waited for before."""
        conn = self._served
        if conn is None or self._mail.stopping or not _only_listens(conn):
            return False
        try:
            self._work(conn)
            conn.write()
        except Exception as problem:  # the loop's to deal with: the caller only left something
            self._trouble = problem
            return False
        return _only_listens(conn)

    # --- from one connection to the next

    def _live_once(self) -> None:
        """One connection, from cradle to grave. Whatever goes wrong in it, the thread goes on."""
        born = time.monotonic()
        phase, detail = Phase.UNREACHABLE, "stopped"
        conn = self._new_connection()
        try:
            self._serve(conn, conn.open())
        except LinkDown as problem:
            # The words, not the exception: that would hold this frame, and a socket whose TLS has failed with it.
            phase, detail = problem.phase, problem.detail
        except Exception as problem:
            self._tally.exceptions += 1
            detail = f"internal: {type(problem).__name__}: {problem}"
        self._bury(conn)
        self._failures = 1 if time.monotonic() - born > STABLE_S else self._failures + 1
        if not self._mail.stopping:
            self._say(phase, detail)

    def _new_connection(self) -> Connection:
        self._epoch += 1
        self._say(Phase.CONNECTING)
        first = self._tally.connections == 0
        conn = Connection(self._plan, self._intake.hear, self._answered, retained_again=first)
        self._intake.begin(self._epoch, conn.ack)
        return conn

    def _bury(self, conn: Connection) -> None:
        self.online = False
        conn.close()
        self._mail.queue.put_back(conn.unanswered())
        self._work_offline()  # drops those with a tag at once

    def _rest(self) -> None:
        """Wait before the next attempt; a stop ends it."""
        end = time.monotonic() + self._backoff.wait_s(self._failures, random.random())
        while (left := end - time.monotonic()) > 0:
            self._mail.waker.going_to_sleep()
            if self._mail.stopping:
                return
            self._sleep(min(left, TICK_S))
            self._work_offline()

    def _work_offline(self) -> None:
        self._tally.stale_acks += len(self._mail.acks)
        self._mail.acks.clear()
        self._tally.dropped(self._mail.queue.drop(time.monotonic(), tagged=True))

    # --- while connected

    def _serve(self, conn: Connection, wire: Wire) -> None:
        # By number: paho closes the socket by itself, and a closed socket has lost its number.
        number = wire.fileno()
        self._served, self._trouble = conn, None
        try:
            while not self._finished(conn):
                self._turn(conn, number)
        finally:
            self._served = None
            self._watch(number, 0)
        conn.say_goodbye()

    def _watch(self, number: int, interest: int) -> None:
        """Have the selector wait for these events of the socket; 0 for none, not even that it was closed.

        `select` would tell a closed one at once and for ever. While we do not read, writing finds out.
        """
        key = self._selector.get_map().get(number)
        if key is None:
            if interest:
                self._selector.register(number, interest)
        elif not interest:
            self._selector.unregister(number)
        elif key.events != interest:
            self._selector.modify(number, interest)

    def _finished(self, conn: Connection) -> bool:
        """Whether we are to stop, and have sent what there was to send or have no more time for it."""
        if not self._mail.stopping:
            return False
        done = conn.idle and not self._mail.queue and not self._mail.acks
        return done or not conn.accepted or self._mail.flush_is_over

    def _turn(self, conn: Connection, number: int) -> None:
        reading = selectors.EVENT_READ if conn.wants_read else 0
        self._watch(number, reading | (selectors.EVENT_WRITE if conn.wants_write else 0))
        readable = self._sleep(self._patience(conn))
        if (trouble := self._trouble) is not None:
            self._trouble = None
            raise trouble
        if readable or conn.has_unread:
            conn.read()
        self._follow(conn)
        self._work(conn)
        conn.write()
        self._now_and_then(conn, time.monotonic())

    def _patience(self, conn: Connection) -> float:
        """Seconds to wait for something to happen: none when there is work already."""
        if self._mail.has_work(room=conn.room) or conn.has_unread:
            return 0.0
        return STOPPING_TICK_S if self._mail.stopping else TICK_S

    def _sleep(self, timeout: float) -> bool:
        """Wait for the network or for another thread; return whether there is something to read."""
        began = self.last_turn = time.monotonic()
        readable = False
        for key, events in self._wait(timeout):
            if key.data is self._mail.waker:
                self._mail.waker.drain()
            else:
                readable = bool(events & selectors.EVENT_READ)
        self._mail.waker.awake()
        if readable and self._plan.after_you_s and time.monotonic() - began > LULL_S:
            time.sleep(self._plan.after_you_s)
        return readable

    def _wait(self, timeout: float) -> list[tuple[selectors.SelectorKey, int]]:
        """Select; others may work at the connection meanwhile."""
        if timeout <= 0:
            return self._selector.select(0)
        self._hands.release()
        try:
            return self._selector.select(timeout)
        finally:
            self._hands.acquire()

    def _follow(self, conn: Connection) -> None:
        """Tell what the broker's answers have changed."""
        if not conn.accepted:
            return
        if not self.online:
            self._tally.connections += 1
            self.online = True
            self._say(Phase.CONNECTED)
            conn.subscribe(self._mail.take_filters() or self._mail.filters)
        if conn.ledger.settled:
            refused = conn.ledger.refused
            self._say(Phase.REFUSED if refused else Phase.SUBSCRIBED, "; ".join(refused))

    def _work(self, conn: Connection) -> None:
        self._take_acks(conn)
        if not conn.accepted:
            return
        if (filters := self._mail.take_filters()) is not None:
            conn.subscribe(filters)
        while conn.room and (item := self._mail.queue.take()) is not None:
            conn.publish(item)

    def _take_acks(self, conn: Connection) -> None:
        acks, tally = self._mail.acks, self._tally
        while acks:
            token = acks.popleft()
            if token.epoch == self._epoch and conn.ack(token.mid):
                tally.acked += 1
            else:
                tally.stale_acks += 1

    def _now_and_then(self, conn: Connection, now: float) -> None:
        conn.tick(now)
        self._intake.retry(now)
        if not conn.ledger.refused:
            self._ask_again_at = now + ASK_AGAIN_S
        elif now >= self._ask_again_at:
            self._ask_again_at = now + ASK_AGAIN_S
            conn.subscribe(self._mail.filters)

    # --- what is told

    def _answered(self, item: Outgoing, taken: bool) -> None:
        if not taken:
            self._tally.refused(item.topic)
            return
        self._tally.accepted(item.topic)
        if item.tag is None or self._published is None:
            return
        try:
            self._published(item.tag)
        except Exception:
            self._tally.exceptions += 1

    def _say(self, phase: Phase, detail: str = "") -> None:
        state = LinkState(phase, detail, self._epoch)
        if state == self.state:
            return
        self.state = state
        try:
            self._tell(state)
        except Exception:
            self._tally.exceptions += 1


def _only_listens(conn: Connection) -> bool:
    """Whether nothing but a word from the broker can make work."""
    return conn.wants_read and not conn.has_unread and not conn.wants_write
