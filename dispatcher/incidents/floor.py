"""The floor: a press gets its incident, whatever the rules say. No matcher, no rule file, no clock of its own."""

import json
from dataclasses import dataclass, replace

from dispatcher.domain.events import Event, is_press
from dispatcher.domain.ids import digest, floor_incident_id
from dispatcher.domain.incident import Evidence, PlaceOfIncident, Severity, Stage
from dispatcher.domain.site import Site
from dispatcher.domain.stamp import Stamp
from dispatcher.incidents import titles
from dispatcher.incidents.model import (
    FLOOR_RULE,
    UNKNOWN_RULE,
    Confirm,
    Copy,
    Decision,
    Incident,
    PutCopies,
    PutIncident,
    PutUnknown,
    Reason,
)
from dispatcher.incidents.stages import confirm
from dispatcher.incidents.state import COPY_MEMORY_MS, PostState

JOIN_MS = 600_000  # a press joins its device's open incident up to 10 min after that one's last press
UNKNOWN_AGAIN_MS = 600_000  # an unknown device is told at most once in 10 min, the end included
MAX_EVIDENCE = 500  # presses kept with an incident; older ones that were delivered make room


@dataclass(frozen=True, slots=True)
class Context:
    """What decisions need to know besides the state: the post's own id and the site."""

    post: str
    site: Site


def decide_press(context: Context, state: PostState, event: Event) -> Decision:
    """Open or join the incident of the event's device, or recognise a copy. The event is one of the floor."""
    if event.boot is None or event.seq is None or event.device is None:
        return _new_press(context, state, event, Reason.OPENED, ())
    key = counter_key(event.device, event.boot, event.seq)
    known = state.copies.get(key, ())
    copy = find_copy(known, body_digest(event), event.arrived)
    if copy is not None:
        return _answer_copy(state, event, key, known, copy)
    return _new_press(context, state, event, _reason(known, event.arrived), known)


def counter_key(device: str, boot: int, seq: int) -> str:
    """Return the key under which copies of a counted press are kept."""
    return f"{boot}/{seq}/{device}"


def body_digest(event: Event) -> str:
    """Return what makes two messages with one counter the same message."""
    return digest(event.kind, json.dumps(dict(event.attrs), sort_keys=True), str(event.happened_ms))


def find_copy(known: tuple[Copy, ...], body: str, now: Stamp) -> Copy | None:
    """Return the press that this one repeats, if it is within an hour of the last copy."""
    return next((copy for copy in known if copy.body == body and _is_fresh(copy, now)), None)


def _is_fresh(copy: Copy, now: Stamp) -> bool:
    return now.run_ms - copy.last_run_ms <= COPY_MEMORY_MS


def _reason(known: tuple[Copy, ...], now: Stamp) -> Reason:
    if not known:
        return Reason.OPENED
    return Reason.CONFLICTING_COPY if any(_is_fresh(copy, now) for copy in known) else Reason.COUNTER_REUSED


def _answer_copy(state: PostState, event: Event, key: str, known: tuple[Copy, ...], copy: Copy) -> Decision:
    seen = replace(copy, last_run_ms=event.arrived.run_ms)
    copies = tuple(seen if other is copy else other for other in known)
    incident = state.incidents.get(copy.incident)
    answer = _confirm_copy(event, copy, incident)
    return Decision(Reason.COPY, (PutCopies(key, copies),), (answer,) if answer else (), copy.incident)


def _confirm_copy(event: Event, copy: Copy, incident: Incident | None) -> Confirm | None:
    if incident is None or event.device is None or event.boot is None or event.seq is None:
        return None
    entry = next((entry for entry in incident.evidence if entry.event == copy.event), None)
    if entry is not None:
        return confirm(entry, incident)
    # Its evidence made room for newer presses, which happens only once it was delivered.
    delivered = Evidence(copy.event, event.kind, event.device, event.arrived, event.boot, event.seq, rev=1)
    return confirm(delivered, incident)


def _new_press(context: Context, state: PostState, event: Event, reason: Reason, known: tuple[Copy, ...]) -> Decision:
    joined = _joinable(state, event)
    incident = _open(context, event) if joined is None else join(joined, event)
    changes: list[PutIncident | PutCopies] = [PutIncident(incident)]
    if event.boot is not None and event.seq is not None and event.device is not None:
        fresh = tuple(copy for copy in known if _is_fresh(copy, event.arrived))
        copy = Copy(event.id, incident.id, body_digest(event), event.arrived.run_ms, next_generation(known))
        changes.append(PutCopies(counter_key(event.device, event.boot, event.seq), (*fresh, copy)))
    answer = confirm(incident.evidence[-1], incident)
    if joined is not None and reason is Reason.OPENED:
        reason = Reason.JOINED
    return Decision(reason, tuple(changes), (answer,) if answer else (), incident.id)


def next_generation(known: tuple[Copy, ...]) -> int:
    """Return which press under a reused counter comes next, from 0."""
    return max((copy.generation for copy in known), default=-1) + 1


def _joinable(state: PostState, event: Event) -> Incident | None:
    incident = None if event.device is None else state.open_incident_of(event.device)
    if incident is None or event.arrived.run_ms - incident.last_event.run_ms > JOIN_MS:
        return None
    return incident


def evidence_of(event: Event) -> Evidence:
    """Return the event as evidence that no revision carries yet."""
    return Evidence(event.id, event.kind, event.device, event.arrived, event.boot, event.seq)


def join(incident: Incident, event: Event) -> Incident:
    """Add an event to an incident; it is told in the next revision."""
    evidence = _make_room((*incident.evidence, evidence_of(event)), incident.delivered_rev)
    return replace(incident, evidence=evidence, count=incident.count + 1, last_event=event.arrived)


def _make_room(evidence: tuple[Evidence, ...], delivered_rev: int) -> tuple[Evidence, ...]:
    surplus = len(evidence) - MAX_EVIDENCE
    if surplus <= 0:
        return evidence
    old = tuple(entry for entry in evidence[:surplus] if entry.rev == 0 or entry.rev > delivered_rev)
    return old + evidence[surplus:]


def _open(context: Context, event: Event) -> Incident:
    device = event.device or event.kind
    return new_incident(
        context,
        event,
        id_=floor_incident_id(context.post, device, event.id),
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
    answer = _refusal(event)
    last = state.unknown.get(device)
    if last is not None and event.arrived.run_ms - last <= UNKNOWN_AGAIN_MS:
        return Decision(Reason.UNKNOWN_DEVICE_AGAIN, (), answer)
    incident = replace(
        new_incident(
            context,
            event,
            id_=floor_incident_id(context.post, UNKNOWN_RULE, event.id),
            kind=UNKNOWN_RULE,
            rule=UNKNOWN_RULE,
            severity=Severity.HIGH,
            title=titles.unknown_title(event, context.site),
        ),
        certainty="possible",
    )
    changes = (PutUnknown(device, event.arrived.run_ms), PutIncident(incident))
    return Decision(Reason.UNKNOWN_DEVICE, changes, answer, incident.id)


def _refusal(event: Event) -> tuple[Confirm, ...]:
    if event.device is None or event.boot is None or event.seq is None:
        return ()
    return (Confirm(event.device, event.boot, event.seq, None, Stage.REFUSED, reason="unknown_device"),)
