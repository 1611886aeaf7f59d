"""How far each press has come. Derived from what is known of its incident, never stored beside it.

That is why the lamp cannot contradict a receipt: there is no second copy of the truth to go stale.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from dispatcher.domain.incident import Evidence, Stage
from dispatcher.domain.stamp import Stamp
from dispatcher.incidents.model import ANSWERS, UNKNOWN_RULE, Confirm, Incident

# From "help is least near" to "help is here"; a shared lamp shows the first that any open press is at.
LAMP_ORDER = (
    Stage.UNDELIVERED,
    Stage.SAVED,
    Stage.SENT,
    Stage.UNATTENDED,
    Stage.DELIVERED,
    Stage.ACKNOWLEDGED,
    Stage.DISPATCHED,
    Stage.ARRIVED,
)
_RANK = {stage: rank for rank, stage in enumerate(LAMP_ORDER)}


def stage_of(incident: Incident, rev: int) -> Stage:
    """Return how far evidence carried by revision ``rev`` has come; 0 means that no revision carries it yet."""
    if rev == 0:
        return Stage.SAVED
    answered = next((stage for stage in ANSWERS if incident.answers.get(stage, 0) >= rev), None)
    return answered or _transport_stage(incident, rev)


def _transport_stage(incident: Incident, rev: int) -> Stage:
    if incident.delivered_rev >= rev:
        return Stage.UNATTENDED if incident.unattended_rev >= rev else Stage.DELIVERED
    if incident.undelivered_rev >= rev:
        return Stage.UNDELIVERED
    return Stage.SENT if incident.sent_rev >= rev else Stage.SAVED


def least_advanced(incident: Incident) -> Stage:
    """Return the stage of the press that help is least near to; CLOSED when there is none left."""
    stages = {stage_of(incident, entry.rev) for entry in incident.evidence}
    return least_of(stages) or Stage.CLOSED


def least_of(stages: Iterable[Stage]) -> Stage | None:
    """Return the stage that help is least near at; None when there is none that anybody waits in."""
    return min((stage for stage in stages if stage in _RANK), key=_RANK.__getitem__, default=None)


def lamp_stage(incidents: Iterable[Incident]) -> Stage | None:
    """Return what a shared lamp shows: the least advanced press of all open panics, None when there is none."""
    return least_of(least_advanced(incident) for incident in incidents if incident.panic and incident.is_open)


def confirm(entry: Evidence, incident: Incident) -> Confirm | None:
    """Return the answer to a device that counts; None for one that does not, or that was refused."""
    if incident.rule == UNKNOWN_RULE or entry.device is None or entry.boot is None or entry.seq is None:
        return None
    stage = stage_of(incident, entry.rev)
    # The officer answered what was shown then; a press that came later has been answered by nobody yet.
    by = incident.by if stage in ANSWERS else None
    return Confirm(entry.device, entry.boot, entry.seq, incident.id, stage, by)


@dataclass(frozen=True, slots=True)
class Moves:
    """The presses whose stage changed: their answers, and when each had come."""

    confirms: tuple[Confirm, ...]
    moved: tuple[tuple[Stage, Stamp], ...]


_STILL = Moves((), ())


def moves(before: Incident | None, after: Incident) -> Moves:
    """Return what changed for the presses between two versions of an incident.

    A rule's incident may name the same press as evidence; its device hears of its own incident alone.
    """
    if not after.panic:
        return _STILL
    known = {} if before is None else {entry.event: stage_of(before, entry.rev) for entry in before.evidence}
    stages = [(entry, stage_of(after, entry.rev)) for entry in after.evidence]
    changed = [(entry, stage) for entry, stage in stages if known.get(entry.event) is not stage]
    answers = (confirm(entry, after) for entry, _ in changed)
    return Moves(
        tuple(answer for answer in answers if answer is not None),
        tuple((stage, entry.at) for entry, stage in changed),
    )
