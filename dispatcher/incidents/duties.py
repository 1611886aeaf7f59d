"""When an incident wants something done by itself: its next revision, or the bad news that it is not delivered."""

from collections.abc import Iterator

from dispatcher.domain.incident import Evidence, Stage
from dispatcher.domain.stamp import Stamp
from dispatcher.incidents.model import Incident
from dispatcher.incidents.stages import stage_of

SPACING_MS = 1_000  # revision 1 goes at once, later ones at most one a second per incident
SAME_PACE = 10  # revisions of a rule's incident before they are made more seldom: by another second after each ten
MAX_SPACING_MS = 60_000
MAX_AHEAD = 8  # revisions of a rule's incident that may wait for delivery; what comes then waits for the next together
UNDELIVERED_MS = 10_000  # design, "The lamp never lies": 10 s without delivery means: use the radio
AT_ONCE = -(2**62)


def revise_at(incident: Incident) -> int | None:
    """Return the running time from which a revision must be made, None while nothing is to be told."""
    if lost_number(incident):
        return AT_ONCE
    if not incident.pending or (not incident.panic and len(incident.outbox) >= MAX_AHEAD):
        return None
    return AT_ONCE if incident.made is None else incident.made.run_ms + spacing_ms(incident)


def spacing_ms(incident: Incident) -> int:
    """Return how long after a revision the next may be made.

    A press is told within a second. A sensor that goes on firing is told ever more seldom, with more in one revision:
    each is kept for a week, and at one a second for a night they would be what fills the memory.
    """
    if incident.panic:
        return SPACING_MS
    return min(MAX_SPACING_MS, SPACING_MS * max(1, incident.rev // SAME_PACE))


def lost_number(incident: Incident) -> int:
    """Return a number whose revision was lost and that keeps a later one from being delivered, 0 if there is none."""
    if not incident.missing:
        return 0
    top = max((revision.rev for revision in incident.outbox), default=0)
    return next((rev for rev in incident.missing if incident.delivered_rev < rev < top), 0)


def overdue_at(incident: Incident) -> int | None:
    """Return the running time from which a press is overdue, None where every press was delivered or told of."""
    return min((entry.at.run_ms + UNDELIVERED_MS for entry in undelivered(incident)), default=None)


def undelivered(incident: Incident) -> Iterator[Evidence]:
    """Yield the presses that wait for their delivery and of which nobody was told so."""
    if not incident.panic or max(incident.delivered_rev, incident.undelivered_rev) >= incident.rev:
        return
    for entry in incident.evidence:
        if entry.rev > incident.undelivered_rev and stage_of(incident, entry.rev) in (Stage.SAVED, Stage.SENT):
            yield entry


def is_late(entry: Evidence, now: Stamp) -> bool:
    """Return whether a press has waited too long."""
    return now.run_ms - entry.at.run_ms >= UNDELIVERED_MS
