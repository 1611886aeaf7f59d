"""The post's side of the link to the precinct: alerts with back-off, status, sync, and the goodbye."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from dispatcher import __version__
from dispatcher.domain.site import Site
from dispatcher.domain.stamp import Stamp
from dispatcher.incidents.model import Incident
from dispatcher.incidents.stages import least_advanced
from dispatcher.incidents.state import PostState
from dispatcher.post.memory import Memory
from dispatcher.relay import Schedule, Sending, Words
from dispatcher.wire import alert, status, sync, topics
from dispatcher.wire import event as event_wire
from dispatcher.wire.status import Status

STATUS_MS = 15_000
SYNC_MS = 60_000


class Publisher(Protocol):
    """The precinct's broker as an output. With a ``tag`` nothing is kept: the outbox is ours."""

    def publish(
        self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False, tag: object = None
    ) -> bool: ...


def status_of(memory: Memory, now: Stamp, state: str, instance: str, *, saves: bool, disk: str = "") -> Status:
    """Return how the post is; ``state`` is online or offline, ``disk`` how its disk is."""
    waiting = memory.state.unfinished()
    made = [revision.made.run_ms for incident in waiting for revision in incident.outbox]
    pending = sum(incident.pending for incident in waiting)
    return Status(
        state="unsaved" if state == "online" and not saves else state,
        instance=instance,
        version=__version__,
        rules=memory.rulebook.using.versions[0],
        clock="trusted" if now.trusted else "doubtful",
        outbox_depth=len(made) + pending,
        oldest_s=max(0, now.run_ms - min(made)) // 1000 if made else 0,
        disk=disk,
    )


class Upstream:
    """Sends what is due. Every time is running time in milliseconds."""

    def __init__(
        self,
        publisher: Publisher,
        precinct: str,
        post: str,
        schedule: Schedule,
        words: Words | None = None,
        run: str = "",
    ) -> None:
        self._publisher = publisher
        self._topics = {channel: topics.topic(precinct, post, channel) for channel in topics.UP}
        self._schedule = schedule
        self.words = words or Words(1_000, 60_000)
        self._run, self._told = run, 0
        self._status_ms: int | None = None
        self._sync_ms: int | None = None
        self._owes_all = False
        self._said_waiting = False  # the precinct was told that something waits; when nothing does, it is told at once

    def connected(self) -> None:
        """A new connection: tell everything again."""
        self._schedule.reconnected()
        self.words.reconnected()
        self._status_ms = self._sync_ms = None

    def see(self, id_: str, incident: Incident | None) -> None:
        """Learn how an incident stands now; None: it is no more."""
        self._schedule.see(id_, incident)

    def send_alerts(self, run_ms: int, standstill_ms: int | None) -> list[Sending]:
        """Send the revisions that are due and return those that the link took.

        An incident from before ``standstill_ms`` is at least as old as its running time says.
        """
        due = self._schedule.due(run_ms)
        since = -math.inf if standstill_ms is None else standstill_ms
        return [sending for sending in due if self._send(sending, run_ms - sending.age_ms < since)]

    def _send(self, sending: Sending, stood_still: bool) -> bool:
        revision = sending.revision
        body = alert.with_age(revision.body, sending.age_ms // 1000, "at_least" if stood_still else "exact")
        return self._publisher.publish(self._topics["alert"], body, tag=(revision.incident, revision.rev))

    def pass_on(self, run_ms: int, site: Site) -> None:
        """Send the events that are due, for the precinct's own rules."""
        for event in self.words.due(run_ms):
            device = site.devices.get(event.device or "")
            age_s = max(0, run_ms - event.arrived.run_ms) // 1000
            body = event_wire.forward(event, age_s, happened=device is not None and device.clock_trusted)
            self._publisher.publish(self._topics["event"], event_wire.encode(body), tag=event.id)

    def keep_in_touch(self, state: PostState, current: Callable[[], Status], run_ms: int, *, any_open: bool) -> None:
        """Send status and sync when they are due. ``any_open``: an incident is."""
        emptied = self._said_waiting and not state.waiting
        if emptied or self._status_ms is None or run_ms - self._status_ms >= STATUS_MS:
            self._status_ms = run_ms
            now = current()
            self._said_waiting = now.outbox_depth > 0
            self.send_status(now)
        if self._sync_ms is None or (run_ms - self._sync_ms >= SYNC_MS and any_open):
            self._sync_ms = run_ms
            self._send_sync(state)
        elif self._owes_all and not state.waiting:
            self._owes_all = False
            self._send_known([incident for incident in state.incidents.values() if incident.rev > 0])

    def store_changed(self) -> None:
        """The precinct lost its store: once it holds everything again, tell it what its officers had answered."""
        self._owes_all = True

    def send_status(self, now: Status) -> None:
        """Send one status, retained."""
        self._told += 1
        said = replace(now, run=self._run, told=self._told)
        self._publisher.publish(self._topics["status"], status.encode(said), retain=True)

    def _send_sync(self, state: PostState) -> None:
        made = [incident for incident in state.incidents.values() if incident.rev > 0]
        # The last one is named in any case: a precinct whose store was lost, or put back from a copy, does not have it,
        # and its answer tells.
        told = [one for one in made if one.is_open or one.outbox or one is made[-1]]
        self._send_known(told)

    def _send_known(self, told: list[Incident]) -> None:
        known = [sync.Known(incident.id, incident.rev, least_advanced(incident)) for incident in told]
        for start in range(0, len(known), sync.MAX_ENTRIES) or (0,):
            self._publisher.publish(self._topics["sync"], sync.encode(tuple(known[start : start + sync.MAX_ENTRIES])))
