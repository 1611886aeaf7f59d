"""The floor: a press gets its incident, whatever the rules say. No matcher, no rule file, no clock of its own."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from dispatcher.domain.events import Event, is_floor, is_press
from dispatcher.domain.ids import floor_incident_id
from dispatcher.domain.incident import Evidence, PlaceOfIncident, Severity, Stage
from dispatcher.domain.site import Site
from dispatcher.domain.stamp import Stamp
from dispatcher.incidents import titles
from dispatcher.incidents.copies import Identity, first_seen, is_fresh, seen_again
from dispatcher.incidents.model import (
    CONFIG_RULE,
    FLOOR_RULE,
    MATCHER_RULE,
    UNAPPLIED_RULE,
    UNKNOWN_RULE,
    Confirm,
    Copy,
    Decision,
    Incident,
    PutIncident,
    PutUnknown,
    Reason,
)
from dispatcher.incidents.stages import confirm
from dispatcher.incidents.state import PostState

JOIN_MS = 600_000  # a press joins its device's open incident up to 10 min after that one's last press
MAX_UNKNOWN_TOLD = 20  # unknown devices told in that time: who can invent names must not fill the officer's board
UNKNOWN_AGAIN_MS = 600_000  # an unknown device is told at most once in 10 min, the end included
MAX_SENSOR_EVIDENCE = 200
MAX_EVIDENCE = 500  # presses kept with an incident; older ones that were delivered make room


@dataclass(frozen=True, slots=True)
class Context:
    """What decisions need to know besides the state: the post's own id and the site."""

    post: str
    site: Site
    _by_role: dict[str, tuple[str, ...]] = field(default_factory=dict, compare=False)

    def devices_of(self, role: str, post: str) -> tuple[str, ...]:
        """Return the ids of a post's devices of a role, those without a post included. A site has hundreds."""
        key = f"{post}/{role}"
        found = self._by_role.get(key)
        if found is None:
            devices = self.site.devices.values()
            found = tuple(one.id for one in devices if one.role == role and one.post in (post, None))
            self._by_role[key] = found
        return found


def decide_event(
    context: Context, state: PostState, event: Event, identity: Identity, known: str | None = None
) -> Decision:
    """Return what one event leads to before any rule is asked.

    A copy is answered again. An event of the floor opens or joins its device's incident. Any other is noted, and
    answered if its device counts. ``event.arrived`` is now. ``known`` is the incident that the event's record names:
    a replay that lost the first press of an incident must not give the later ones another.
    """
    if identity.copy is not None:
        return _answer_copy(state, event, identity, identity.copy)
    if is_floor(event):
        return _press(context, state, event, identity, known)
    if not identity.key:
        return _NOTED
    return Decision(Reason.NOTED, (first_seen(identity, event, ""),), _answer(event, None, Stage.SAVED))


_NOTED = Decision(Reason.NOTED)


def _answer(
    event: Event, incident: str | None, stage: Stage, reason: str | None = None, *, again: bool = False
) -> tuple[Confirm, ...]:
    if event.device is None or event.boot is None or event.seq is None:
        return ()
    return (Confirm(event.device, event.boot, event.seq, incident, stage, reason=reason, again=again),)


def _answer_copy(state: PostState, event: Event, identity: Identity, copy: Copy) -> Decision:
    changes = (seen_again(identity, event.arrived),)
    incident = state.incidents.get(copy.incident)
    entries = incident.evidence if incident is not None else ()
    entry = next((entry for entry in entries if entry.event == copy.event), None)
    if incident is None or entry is None:
        # What made room in memory was delivered before; the press itself is as saved as it ever was.
        saved = _answer(event, copy.incident or None, Stage.SAVED, again=True)
        return Decision(Reason.COPY, changes, saved, copy.incident or None)
    answer = confirm(entry, incident)
    return Decision(Reason.COPY, changes, (replace(answer, again=True),) if answer else (), incident.id)


def _press(context: Context, state: PostState, event: Event, identity: Identity, known: str | None) -> Decision:
    joined = _told_of(state, event) or _joinable(state, event) if known is None else state.incidents.get(known)
    incident = _open(context, state, event, known) if joined is None else join(joined, event)
    changes = (PutIncident(incident), first_seen(identity, event, incident.id))
    answer = confirm(incident.evidence[-1], incident)
    reason = _reason(identity, event.arrived, joined is not None)
    return Decision(reason, changes, (answer,) if answer else (), incident.id, ((Stage.SAVED, event.arrived),))


def _reason(identity: Identity, now: Stamp, joined: bool) -> Reason:
    if identity.event is not None and identity.reused:
        fresh = any(is_fresh(copy, now) for copy in identity.known)
        return Reason.CONFLICTING_COPY if fresh else Reason.COUNTER_REUSED
    return Reason.JOINED if joined else Reason.OPENED


def _told_of(state: PostState, event: Event) -> Incident | None:
    """Return the incident of before an unsaved run that tells of a press although the press's own record is lost."""
    sealed = (state.incidents.get(id_) for id_ in state.sealed)
    holds = (one for one in sealed if one is not None and any(entry.event == event.id for entry in one.evidence))
    return next(holds, None)


def _joinable(state: PostState, event: Event) -> Incident | None:
    incident = None if event.device is None else state.open_incident_of(event.device)
    if incident is None or event.arrived.run_ms - incident.last_event.run_ms > JOIN_MS:
        return None
    return incident


def evidence_of(event: Event) -> Evidence:
    """Return the event as evidence that no revision carries yet."""
    return Evidence(event.id, event.kind, event.device, event.arrived, event.boot, event.seq)


def join(incident: Incident, event: Event) -> Incident:
    """Add an event to an incident; it is told in the next revision. One that is in it already changes nothing."""
    return join_all(incident, (evidence_of(event),), event.arrived)


def join_all(incident: Incident, evidence: Iterable[Evidence], at: Stamp) -> Incident:
    """Add what is new of some evidence to an incident; ``at`` is when it came. Nothing new changes nothing."""
    known = {entry.event for entry in incident.evidence}
    fresh = tuple(entry for entry in evidence if entry.event not in known)
    if not fresh:
        return incident
    whole = _make_room((*incident.evidence, *fresh), incident)
    return replace(incident, evidence=whole, count=incident.count + len(fresh), last_event=at)


def _make_room(evidence: tuple[Evidence, ...], incident: Incident) -> tuple[Evidence, ...]:
    """Bound the evidence in memory. Of presses nothing goes that was not delivered; of a sensor that keeps firing the
    oldest goes (it is in the journal, and ``count`` tells of it).
    """
    surplus = len(evidence) - (MAX_EVIDENCE if incident.panic else MAX_SENSOR_EVIDENCE)
    if surplus <= 0:
        return evidence
    if not incident.panic:
        return evidence[:1] + evidence[surplus + 1 :]
    old = tuple(entry for entry in evidence[:surplus] if entry.rev == 0 or entry.rev > incident.delivered_rev)
    return old + evidence[surplus:]


def _open(context: Context, state: PostState, event: Event, known: str | None) -> Incident:
    device = event.device or event.kind
    return new_incident(
        context,
        event,
        id_=known or floor_incident_id(state.namespace(context.post), device, event.id),
        kind=incident_kind(event),
        rule=FLOOR_RULE,
        severity=Severity.CRITICAL,
        title=titles.floor_title(event, context.site),
    )


def incident_kind(event: Event) -> str:
    """Return the floor's incident kind: ``panic``, ``panel``, or the word of a report (rules-language, "Where")."""
    if is_press(event.kind):
        return "panic"
    return "panel" if event.kind == "panel.alarm" else event.kind.removeprefix("report.")


def new_incident(
    context: Context, event: Event, *, id_: str, kind: str, rule: str, severity: Severity, title: str
) -> Incident:
    """Return an incident with its first event."""
    return Incident(
        id=id_,
        kind=kind,
        rule=rule,
        device=event.device,
        post=context.post,
        severity=severity,
        title=title,
        place=_place(context.site, event),
        opened=event.arrived,
        last_event=event.arrived,
        evidence=(evidence_of(event),),
        count=1,
        panic=rule == FLOOR_RULE,
    )


def _place(site: Site, event: Event) -> PlaceOfIncident:
    post = site.posts.get(event.post or "")
    return PlaceOfIncident(
        kelurahan=event.kelurahan,
        zone=event.zone,
        lat=post.lat if post else None,
        lon=post.lon if post else None,
    )


def decide_unknown(context: Context, state: PostState, event: Event) -> Decision:
    """Answer ``refused`` to a device that the site does not know, and tell the precinct at most once in 10 min.

    ``event`` has the kind ``device.unknown``; boot and seq are what the device sent.
    """
    device = event.device or ""
    answer = _answer(event, None, Stage.REFUSED, "unknown_device", again=True)
    last = state.unknown.get(device)
    if last is not None and event.arrived.run_ms - last <= UNKNOWN_AGAIN_MS:
        return Decision(Reason.UNKNOWN_DEVICE_AGAIN, (), answer)
    lately = sum(event.arrived.run_ms - told <= UNKNOWN_AGAIN_MS for told in state.unknown.values())
    if lately >= MAX_UNKNOWN_TOLD:
        return Decision(Reason.UNKNOWN_DEVICE_AGAIN, (), answer)
    incident = replace(
        new_incident(
            context,
            event,
            id_=floor_incident_id(state.namespace(context.post), UNKNOWN_RULE, event.id),
            kind=UNKNOWN_RULE,
            rule=UNKNOWN_RULE,
            severity=Severity.HIGH,
            title=titles.unknown_title(event, context.site),
        ),
        certainty="possible",
    )
    changes = (PutUnknown(device, event.arrived.run_ms), PutIncident(incident))
    return Decision(Reason.UNKNOWN_DEVICE, changes, answer, incident.id)


def decide_fault(context: Context, state: PostState, event: Event) -> Decision:
    """Tell the precinct's technician once of trouble at this post itself: in its files, or with its matcher.

    ``event`` has one of the kinds ``OWN_RULES``, an id derived from what is told, and the attribute ``text``.
    """
    reason, again, severity = _OF_FAULT[event.kind]
    namespaces = (context.post, state.namespace(context.post))
    ids = [floor_incident_id(namespace, event.kind, event.id) for namespace in namespaces]
    known = next((id_ for id_ in ids if id_ in state.incidents), None)
    if known is not None:
        return Decision(again, incident=known)
    id_ = ids[-1]
    incident = new_incident(
        context,
        event,
        id_=id_,
        kind=event.kind,
        rule=event.kind,
        severity=severity,
        title=titles.fault_title(event, context.site),
    )
    escalated = replace(incident, escalate=("technician",))
    return Decision(reason, (PutIncident(escalated),), (), id_)


_OF_FAULT = {
    CONFIG_RULE: (Reason.CONFIG_FAULT, Reason.CONFIG_FAULT_AGAIN, Severity.MEDIUM),
    MATCHER_RULE: (Reason.MATCHER_FAULT, Reason.MATCHER_FAULT_AGAIN, Severity.MEDIUM),
    UNAPPLIED_RULE: (Reason.CONFIG_UNAPPLIED, Reason.CONFIG_UNAPPLIED_AGAIN, Severity.LOW),
}
