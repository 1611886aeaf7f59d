"""Everything that comes from the broker: taken in, judged and kept, each message by itself."""

import logging
from collections.abc import Callable

from dispatcher.domain.events import Event, RawMessage, Rejected, is_floor
from dispatcher.domain.incident import Stage
from dispatcher.domain.stamp import Stamp
from dispatcher.incidents.floor import incident_kind
from dispatcher.incidents.model import FLOOR_RULE, Confirm
from dispatcher.precinct.after import After
from dispatcher.precinct.changes import POSTS
from dispatcher.precinct.clock import Clock
from dispatcher.precinct.desk import COPY_MS, DeskDevices, Said, refusal
from dispatcher.precinct.intake import Note, Outcome
from dispatcher.precinct.liveness import Heard, hear, recall
from dispatcher.precinct.mail import Parcel, unpack
from dispatcher.precinct.own import Own
from dispatcher.precinct.receipts import Speaker
from dispatcher.precinct.rules.alerts import events, is_from_before
from dispatcher.precinct.rules.ruling import Ruling
from dispatcher.precinct.rules.words import event_of, happened_run, heartbeat_of
from dispatcher.telemetry.log import Allowance
from dispatcher.wire.alert import Alert
from dispatcher.wire.event import EventTaken, Forwarded
from dispatcher.wire.status import Status

LINES_PER_SECOND = 50  # of refused messages; all are counted

_log = logging.getLogger(__name__)


class Reception:
    """The station's door. ``speaker`` is its voice at this instant; ``heard`` is what posts said last."""

    def __init__(self, own: Own, clock: Clock, ruling: Ruling, born: int, speaker: Callable[[], Speaker]) -> None:
        self.heard: dict[str, Heard] = {}
        self.desk = DeskDevices(own.site)
        self._own = own
        self._store = own.store
        self._site = own.site
        self._clock = clock
        self._ruling = ruling
        self._born = born
        self._speaker = speaker
        self._began = clock.run_ms()
        self._lines = Allowance(LINES_PER_SECOND)

    def _attended(self) -> bool:
        return self._speaker().attended

    def take(self, raw: RawMessage, after: After) -> None:
        """Take one message inside a savepoint of its own; what waits for the disk is gathered in ``after``."""
        if self.desk.is_theirs(raw.topic):
            self._device(raw, after)
            return
        parcel = unpack(raw, self._own.precinct)
        if isinstance(parcel, Rejected):
            self.reject(parcel)
        elif isinstance(parcel.body, Alert):
            self._alert(parcel, parcel.body, after)
        elif isinstance(parcel.body, Status):
            self._status(parcel, parcel.body, after)
        elif isinstance(parcel.body, Forwarded):
            self._event(parcel.post, parcel.body, after)
        else:
            found = self._store.take_sync(parcel.post, parcel.body, self._speaker())
            after.receipts.extend((parcel.post, receipt) for receipt in found)

    def reject(self, rejected: Rejected) -> None:
        """Count a message that says nothing, and tell of it."""
        self._store.count("rejected", rejected.reason)
        if self._lines.take():
            _log.info(
                "rejected",
                extra={"reason": str(rejected.reason), "sender": rejected.device, "detail": rejected.detail},
            )

    def _alert(self, parcel: Parcel, alert: Alert, after: After) -> None:
        speaker = self._speaker()
        taken = self._store.take_alert(parcel.post, parcel.payload, alert, speaker.at)
        if taken.outcome is Outcome.FOREIGN:
            _log.warning("foreign", extra={"sender": parcel.post, "incident": alert.id})
            return
        if taken.outcome is not Outcome.COPY:
            after.changed.add(taken.incident)
        if taken.outcome in (Outcome.NEW, Outcome.GAP) and not self._attended():
            self._store.mark((taken.incident,), Note.UNATTENDED, speaker.at)
        after.receipts.extend((parcel.post, receipt) for receipt in self._store.receipts(taken.incident, speaker))
        if taken.news and not is_from_before(alert, speaker.at, self._born):
            for event in events(taken.news, alert, self._site, self._ruling.now()):
                after.judge(self._ruling.event(event))

    def _event(self, post: str, said: Forwarded, after: After) -> None:
        """Take what a post passes on. It is answered unless the rules are behind: the post then sends it again."""
        ruling = self._ruling
        if ruling.wants(said.kind):
            if ruling.is_behind:
                self._store.count("events", "behind")
                return
            if self._store.rules.is_heard(post, said.id, self._clock.wall_ms()):
                self._store.count("events", "copy")
            else:
                event = event_of(post, said, self._site, ruling.now())
                after.judge(ruling.event(event, happened_run(event, self._site)))
                self._store.count("events", "new")
        after.taken.append((post, EventTaken(said.id, self._store.id)))

    def _device(self, raw: RawMessage, after: After) -> None:
        """Take what a device at the precinct itself says. A call for help is an incident at once, rules or not."""
        said = self.desk.read(raw, self._now())
        if isinstance(said, Rejected):
            self.reject(said)
            after.confirms.extend(refusal(said))
            return
        event = self._fresh(said)
        if event is None:
            self._store.count("events", "copy")
            after.confirms.extend(self._confirmed(said.event))
            return
        self._store.count("events", "new")
        floor = self._call(event, after) if is_floor(event) else None
        after.confirms.extend(self._confirmed(event))
        after.judge(self._ruling.event(event, happened_run(event, self._site), floor))

    def _fresh(self, said: Said) -> Event | None:
        """Return the event of a message that is no copy."""
        now, device = self._clock.wall_ms(), f"/{said.event.device}"  # no post is called that
        last = self._store.rules.last_heard(device, said.key, now)
        if last is None:
            return said.event
        if said.counted:
            return None if now - last <= COPY_MS else said.renewed(now)
        return None if said.repeated and now - last <= COPY_MS else said.event

    def _call(self, event: Event, after: After) -> str:
        at = self._clock.wall_ms()
        incident = self._own.take_call(event, at)
        if not self._attended():
            self._store.mark((incident,), Note.UNATTENDED, at)
        after.changed.add(incident)
        return incident_kind(event)

    def _confirmed(self, event: Event) -> tuple[Confirm, ...]:
        """Return the answer to a device that counts: where its call stands, or that what it said is stored."""
        if event.device is None or event.boot is None or event.seq is None:
            return ()
        found = self._store.rules.incident_of((FLOOR_RULE, event.device)) if is_floor(event) else None
        calls = self._own.confirms(found, attended=self._attended()) if found is not None else ()
        own = tuple(one for one in calls if (one.boot, one.seq) == (event.boot, event.seq))
        saved = Confirm(event.device, event.boot, event.seq, found, Stage.SAVED)
        return (saved, *own)

    def _now(self) -> Stamp:
        return self._ruling.now()

    def _status(self, parcel: Parcel, status: Status, after: After) -> None:
        before = self.heard.get(parcel.post)
        now = recall(before, status, self._began) if parcel.retained else hear(before, status, self._clock.run_ms())
        self.heard = {**self.heard, parcel.post: now}
        if before is None or before.status != now.status or before.twins_ms != now.twins_ms:
            after.changed.add(POSTS)
        self._store.take_status(parcel.post, now.status, self._clock.wall_ms())
        # What the broker had kept, and the will of one that died, are no sign of life.
        if status.state != "offline" and not parcel.retained:
            after.judge(self._ruling.heartbeat(heartbeat_of(parcel.post, status, self._site, self._ruling.now())))
