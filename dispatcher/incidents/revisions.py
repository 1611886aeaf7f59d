"""Making revisions: what the precinct is told, when, and never twice with different words."""

import json
from dataclasses import replace

from dispatcher.domain.incident import Evidence
from dispatcher.domain.stamp import Stamp
from dispatcher.incidents.model import Incident, PutIncident, Revision
from dispatcher.incidents.state import PostState
from dispatcher.wire import alert as wire
from dispatcher.wire.fields import iso

SPACING_MS = 1_000  # revision 1 goes at once, later ones at most one a second per incident


def is_due(incident: Incident, now: Stamp) -> bool:
    """Return whether a revision must be made now."""
    if not incident.pending:
        return False
    return incident.made is None or now.run_ms - incident.made.run_ms >= SPACING_MS


def due(state: PostState, now: Stamp) -> list[Incident]:
    """Return the incidents that need a revision now: panics first, then the oldest."""
    waiting = [incident for incident in state.unfinished() if is_due(incident, now)]
    return sorted(waiting, key=lambda incident: (not incident.panic, incident.opened.run_ms, incident.id))


def make(incident: Incident, now: Stamp, instance: str) -> Revision:
    """Make the next revision. Its bytes never change afterwards (but for the age, which is told at each sending)."""
    rev = incident.rev + 1
    pending = [entry for entry in incident.evidence if entry.rev == 0][: wire.MAX_EVIDENCE]
    body = _encode(incident, pending, now, instance)
    while len(body) > wire.MAX_ALERT_BYTES and len(pending) > 1:
        pending = pending[: len(pending) // 2]
        body = _encode(incident, pending, now, instance)
    return Revision(incident.id, rev, body, now)


def _encode(incident: Incident, entries: list[Evidence], now: Stamp, instance: str) -> bytes:
    return wire.encode(
        wire.Alert(
            id=incident.id,
            rev=incident.rev + 1,
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
    return PutIncident(
        replace(
            incident,
            evidence=evidence,
            rev=revision.rev,
            made=revision.made,
            changed=False,
            outbox=(*incident.outbox, revision),
        )
    )


def told_by(body: bytes) -> frozenset[str]:
    """Return the ids of the events that a revision's bytes carry; empty when they cannot be read.

    The bytes are our own: they need not be checked as those of a stranger, while a press waits for its save.
    """
    try:
        return frozenset(str(entry["event"]) for entry in json.loads(body)["evidence"])
    except (ValueError, KeyError, TypeError):
        return frozenset()
