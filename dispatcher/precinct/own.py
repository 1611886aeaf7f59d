"""The precinct's own incidents: those of its rules, and the floor's about a device that stands at the precinct itself.

They lie in the same store and in the same form as those of the posts, so board and officers know no difference. No
post knows of them, so none is sent a receipt.
"""

from dataclasses import dataclass

from dispatcher.domain.events import Event, is_floor
from dispatcher.domain.firing import Said
from dispatcher.domain.ids import floor_incident_id
from dispatcher.domain.incident import Stage
from dispatcher.domain.site import Site
from dispatcher.incidents.floor import JOIN_MS
from dispatcher.incidents.model import FLOOR_RULE, Confirm
from dispatcher.precinct import rows
from dispatcher.precinct.intake import Note
from dispatcher.precinct.model import Incident
from dispatcher.precinct.rules.effects import Raised
from dispatcher.precinct.rules.raised import calling, joining, naming, new_id, opening, revisions
from dispatcher.precinct.store import Store
from dispatcher.wire.alert import Alert, encode


@dataclass(frozen=True, slots=True)
class Own:
    """Opens and joins them, inside a batch of the store. ``at`` is Unix milliseconds."""

    store: Store
    precinct: str
    site: Site

    # --- rules

    def raise_incident(self, raised: Raised, at: int) -> str | None:
        """Open the incident of a rule, or let a repeat join it; return it, None where that changes nothing."""
        repeat = raised.firing.said is Said.REPEATED
        call = self._call_of(raised.subject)
        if call is not None:
            return None if repeat else self._name(call, raised, at)
        id_ = self.store.rules.incident_of(raised.key) if repeat else new_id(self.precinct, raised)
        return None if id_ is None else self._add(id_, raised, at)

    def _add(self, id_: str, raised: Raised, at: int) -> str | None:
        row = self.store.row(id_)
        if row is not None and not row["own"]:
            return None
        fresh = [event for event in raised.evidence if not self.store.has_event(id_, event.id)]
        if row is None:
            before = opening(id_, raised, self.precinct, self.site)
        else:
            before = joining(rows.incident(row), raised.firing.escalate, self.precinct)
        made = tuple(revisions(before, fresh))
        for alert in made:
            self._keep(alert, at)
        if row is None:
            self.store.rules.remember(raised.key, id_)
        return id_ if made else None

    def _keep(self, alert: Alert, at: int) -> None:
        row = self.store.row(alert.id)
        self.store.keep(encode(alert), alert, at, row)
        if row is None:
            self.store.update(alert.id, {"own": 1})

    def end_condition(self, key: tuple[str, str], at: int) -> str | None:
        """Note in the timeline that what a rule had told of is over; return the incident. People close it."""
        id_ = self.store.rules.incident_of(key)
        row = None if id_ is None else self.store.row(id_)
        if id_ is None or row is None or not row["open"]:
            return None
        self.store.update(id_, {"updated_ms": at})
        self.store.note(id_, at, Note.CLEARED, row["held"])
        return id_

    # --- the floor

    def take_call(self, event: Event, at: int) -> str:
        """Open the floor's incident about an event at the precinct itself, or let it join its device's open one."""
        key = (FLOOR_RULE, event.device or event.kind)
        id_ = self._joinable(key, at) or floor_incident_id(self.precinct, key[1], event.id)
        row = self.store.row(id_)
        if row is None:
            before = calling(id_, event, self.precinct, self.site)
        else:
            before = joining(rows.incident(row), (), self.precinct)
        for alert in revisions(before, [event]):
            self._keep(alert, at)
        self.store.rules.remember(key, id_)
        return id_

    def _joinable(self, key: tuple[str, str], at: int) -> str | None:
        id_ = self.store.rules.incident_of(key)
        row = None if id_ is None else self.store.row(id_)
        if id_ is None or row is None or not row["open"]:
            return None
        return id_ if at - self.store.last_evidence_ms(id_) <= JOIN_MS else None

    def _call_of(self, event: Event) -> Incident | None:
        """Return the floor's incident that holds an event, None where there is none of ours."""
        if not is_floor(event) or event.device is None:
            return None
        id_ = self.store.rules.incident_of((FLOOR_RULE, event.device))
        row = None if id_ is None else self.store.row(id_)
        return rows.incident(row) if row is not None and self.store.has_event(row["id"], event.id) else None

    def _name(self, call: Incident, raised: Raised, at: int) -> str:
        """Let a rule add its words to the incident of the press that it matches: rules share it."""
        first = not self.store.rules.is_named(call.id, FLOOR_RULE)
        self._keep(naming(call, raised, self.precinct, first=first), at)
        self.store.rules.remember(raised.key, call.id)
        return call.id

    def confirms(self, incident: str, *, attended: bool) -> tuple[Confirm, ...]:
        """Return how far each press has come that a device at the precinct itself has counted."""
        row = self.store.row(incident)
        if row is None or not row["own"] or row["rule"] != FLOOR_RULE:
            return ()
        known = rows.incident(row)
        return tuple(
            Confirm(device, boot, seq, incident, *_stage(known, rev, attended))
            for device, boot, seq, rev in self.store.counted(incident)
        )


def _stage(known: Incident, rev: int, attended: bool) -> tuple[Stage, str | None]:
    stage = known.standing.stage_of(rev)
    if stage is not Stage.DELIVERED:
        return stage, known.officer
    return (Stage.DELIVERED if attended else Stage.UNATTENDED), None
