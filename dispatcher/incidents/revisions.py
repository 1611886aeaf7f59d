"""Making revisions: what the precinct is told, when, and never twice with different words."""

import json
from dataclasses import replace

from dispatcher.domain.incident import Evidence
from dispatcher.domain.stamp import Stamp
from dispatcher.incidents.duties import lost_number
from dispatcher.incidents.model import FLOOR_RULE, Incident, PutIncident, Revision
from dispatcher.incidents.state import PostState
from dispatcher.wire import alert as wire
from dispatcher.wire.fields import iso

RECENT_MS = 3_600_000  # a closed incident may have had a revision not longer ago
MOST_LOST = 64  # numbers skipped for one loss; more than that is no flipped bit but a ruined card


def due(state: PostState, now: Stamp) -> list[Incident]:
    """Return the incidents that need a revision now: panics first, then the oldest."""
    waiting = state.to_revise(now)
    return sorted(waiting, key=lambda incident: (not incident.panic, incident.opened.run_ms, incident.id))


def make(incident: Incident, now: Stamp, instance: str) -> Revision:
    """Make the next revision. Its bytes never change afterwards (but for the age, which is told at each sending)."""
    gap = lost_number(incident)
    if gap:  # says nothing: what the lost one said is told again in a number that was never used
        later = sum(not 0 < entry.rev < gap for entry in incident.evidence)
        body = _encode(replace(incident, count=incident.count - later), gap, [], now, instance)
        return Revision(incident.id, gap, body, now)
    rev = incident.rev + 1
    pending = [entry for entry in incident.evidence if entry.rev == 0][: wire.MAX_EVIDENCE]
    body = _encode(incident, rev, pending, now, instance)
    while len(body) > wire.MAX_ALERT_BYTES and len(pending) > 1:
        pending = pending[: len(pending) // 2]
        body = _encode(incident, rev, pending, now, instance)
    return Revision(incident.id, rev, body, now)


def _encode(incident: Incident, rev: int, entries: list[Evidence], now: Stamp, instance: str) -> bytes:
    return wire.encode(
        wire.Alert(
            id=incident.id,
            rev=rev,
            post=incident.post,
            rule=incident.rule,
            incident=incident.kind,
            severity=incident.severity,
            title=incident.title,
            place=incident.place,
            opened_at=iso(incident.opened.wall_ms),
            clock="trusted" if incident.opened.trusted else "doubtful",
            age_s=max(0, now.run_ms - incident.opened.run_ms) // 1000,
            age="exact",
            count=incident.count,
            evidence=tuple(_entry(entry) for entry in entries),
            instance=instance,
            labels=incident.labels,
            certainty=incident.certainty,
            escalate=incident.escalate,
            cleared_at=iso(incident.cleared.wall_ms) if incident.cleared is not None else None,
        )
    )


def _entry(entry: Evidence) -> wire.AlertEvidence:
    return wire.AlertEvidence(entry.event, entry.kind, entry.device, iso(entry.at.wall_ms), entry.boot, entry.seq)


def put(incident: Incident, revision: Revision, told: frozenset[str]) -> PutIncident:
    """Return the change that a made revision is: the evidence it carries is marked, and it waits in the outbox."""
    evidence = tuple(
        replace(entry, rev=revision.rev) if entry.rev == 0 and entry.event in told else entry
        for entry in incident.evidence
    )
    lost = range(incident.rev + 1, revision.rev)
    return PutIncident(
        replace(
            incident,
            evidence=tuple(sorted(evidence, key=_told_in)),
            rev=max(incident.rev, revision.rev),
            made=revision.made,
            changed=incident.changed and revision.rev < incident.rev,
            outbox=tuple(sorted((*incident.outbox, revision), key=lambda each: each.rev)),
            missing=tuple(rev for rev in (*incident.missing, *lost) if rev != revision.rev),
        )
    )


def _told_in(entry: Evidence) -> tuple[bool, int]:
    return entry.rev == 0, entry.rev


def lose(state: PostState, records: int, now: Stamp) -> tuple[PutIncident, ...]:
    """Return what the loss of so many ``records`` changes: each may have been a revision that was sent.

    Every incident that was alive skips a number for each of them. To use one again, with other words, would be a
    conflict at the precinct, and whatever is new in those words could be overlooked there.
    """
    alive = [incident for incident in state.incidents.values() if _is_alive(incident, now)]
    return tuple(PutIncident(_skip(incident, min(records, MOST_LOST))) for incident in alive)


def _is_alive(incident: Incident, now: Stamp) -> bool:
    recent = now.run_ms - incident.last_event.run_ms <= RECENT_MS
    return recent or incident.is_open or incident.pending or bool(incident.outbox)


def _skip(incident: Incident, count: int) -> Incident:
    numbers = range(incident.rev + 1, incident.rev + 1 + count)
    return replace(incident, rev=incident.rev + count, missing=(*incident.missing, *numbers))


def restore(revision: Revision) -> Incident | None:
    """Return the incident that a revision tells of, where damage took the record that had opened it."""
    alert = wire.decode(revision.body)
    if not isinstance(alert, wire.Alert) or not alert.evidence:
        return None
    made = revision.made
    return Incident(
        id=alert.id,
        kind=alert.incident,
        rule=alert.rule,
        device=alert.evidence[0].device,
        post=alert.post,
        severity=alert.severity,
        title=alert.title,
        place=alert.place,
        opened=made,
        last_event=made,
        evidence=tuple(Evidence(e.event, e.kind, e.device, made, e.boot, e.seq) for e in alert.evidence),
        count=alert.count,
        panic=alert.rule == FLOOR_RULE,
        labels=alert.labels,
        certainty=alert.certainty,
    )


def complete(incident: Incident, revision: Revision, told: frozenset[str]) -> Incident:
    """Return the incident with what a revision ``told`` and no record behind it says any more: damage took that one."""
    known = {entry.event for entry in incident.evidence}
    restored = None if told <= known else restore(revision)
    if restored is None:
        return incident
    found = tuple(entry for entry in restored.evidence if entry.event not in known)
    return replace(incident, evidence=(*incident.evidence, *found), count=incident.count + len(found))


def told_by(body: bytes) -> frozenset[str]:
    """Return the ids of the events that a revision's bytes carry; empty when they cannot be read.

    The bytes are our own: they need not be checked as those of a stranger, while a press waits for its save.
    """
    try:
        return frozenset(str(entry["event"]) for entry in json.loads(body)["evidence"])
    except (ValueError, KeyError, TypeError):
        return frozenset()
