"""A rule's incident as revisions that the precinct makes itself: the same form as a post's, and so one store."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from dispatcher.domain.events import Event
from dispatcher.domain.ids import rule_incident_id
from dispatcher.domain.incident import PlaceOfIncident, Severity
from dispatcher.domain.site import Site
from dispatcher.incidents.floor import incident_kind
from dispatcher.incidents.model import FLOOR_RULE
from dispatcher.incidents.titles import floor_title
from dispatcher.precinct.model import Incident
from dispatcher.precinct.rules.effects import Raised
from dispatcher.wire.alert import MAX_EVIDENCE, Alert, AlertEvidence
from dispatcher.wire.fields import iso

MAX_REVISIONS = 1_000  # of one incident: a rule that fires without end adds no more than that


def new_id(precinct: str, raised: Raised) -> str:
    """Return the id of the incident that a firing opens: the same after a kill in the middle of it."""
    return rule_incident_id(precinct, *raised.key, raised.subject.id)


def opening(id_: str, raised: Raised, precinct: str, site: Site) -> Alert:
    """Return the incident that a firing opens, before its first revision."""
    firing, subject = raised.firing, raised.subject
    return Alert(
        id=id_,
        rev=0,
        post=subject.post or precinct,
        rule=firing.rule,
        incident=firing.incident or firing.rule,
        severity=firing.severity,
        title=firing.title,
        place=_place(site, subject),
        opened_at=iso(subject.arrived.wall_ms),
        clock="trusted",
        age_s=0,
        age="exact",
        count=0,
        evidence=(),
        instance=precinct,
        labels=(firing.rule,),
        certainty=firing.certainty,
        escalate=firing.escalate,
    )


def calling(id_: str, event: Event, precinct: str, site: Site) -> Alert:
    """Return the floor's incident about an event at the precinct itself, before its first revision."""
    return Alert(
        id=id_,
        rev=0,
        post=event.post or precinct,
        rule=FLOOR_RULE,
        incident=incident_kind(event),
        severity=Severity.CRITICAL,
        title=floor_title(event, site),
        place=_place(site, event),
        opened_at=iso(event.arrived.wall_ms),
        clock="trusted",
        age_s=0,
        age="exact",
        count=0,
        evidence=(),
        instance=precinct,
    )


def naming(known: Incident, raised: Raised, precinct: str, *, first: bool) -> Alert:
    """Return the next revision of the floor's incident, in which a rule adds its words to it: its title if ``first``.

    Its severity stands: the floor's is the loudest.
    """
    before = joining(known, raised.firing.escalate, precinct)
    title = raised.firing.title if first else before.title
    return replace(before, rev=before.rev + 1, title=title, labels=(raised.firing.rule,))


def joining(known: Incident, escalate: tuple[str, ...], precinct: str) -> Alert:
    """Return the incident that a repeat joins, as it stands: a repeat brings evidence, and no other words."""
    return Alert(
        id=known.id,
        rev=known.standing.top,
        post=known.post,
        rule=known.rule,
        incident=known.kind,
        severity=known.severity,
        title=known.title,
        place=known.place,
        opened_at=known.opened_at,
        clock=known.clock,
        age_s=0,
        age=known.age,
        count=known.count,
        evidence=(),
        instance=precinct,
        exercise=known.exercise,
        labels=(known.rule,),
        certainty=known.certainty,
        escalate=escalate,
    )


def revisions(before: Alert, fresh: Sequence[Event]) -> Iterator[Alert]:
    """Yield what to keep after ``before``: the evidence that the incident does not have yet, in as many as it takes."""
    alert = before
    for start in range(0, len(fresh), MAX_EVIDENCE):
        part = tuple(_entry(event) for event in fresh[start : start + MAX_EVIDENCE])
        if alert.rev >= MAX_REVISIONS:
            return
        alert = replace(alert, rev=alert.rev + 1, count=alert.count + len(part), evidence=part)
        yield alert


def _entry(event: Event) -> AlertEvidence:
    # An alert comes from no device: what tells it apart from the next one is its post.
    device = event.device or event.post
    return AlertEvidence(event.id, event.kind, device, iso(event.arrived.wall_ms), event.boot, event.seq)


def _place(site: Site, subject: Event) -> PlaceOfIncident:
    post = site.posts.get(subject.post or "")
    lat, lon = (post.lat, post.lon) if post is not None else (None, None)
    return PlaceOfIncident(subject.kelurahan, subject.zone, lat, lon)
