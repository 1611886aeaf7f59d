"""What an alert means for what is already held: pure decisions, each with its word."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from dispatcher.domain.events import is_press
from dispatcher.domain.incident import SEVERITY_ORDER, Stage
from dispatcher.incidents.model import FLOOR_RULE
from dispatcher.precinct.standing import LADDER, Standing
from dispatcher.wire.alert import Alert, same_content

DAY_MS = 86_400_000
OLDEST_MS = 30 * DAY_MS  # before its arrival: more is a broken clock or a lie, which must not stand above real calls
MAX_CONFLICTS = 10  # contents kept per (id, rev); a sender that makes more is counted, not stored


class Outcome(StrEnum):
    """What became of an alert. Metric, timeline and test use these words."""

    NEW = "new"
    COPY = "copy"
    CONFLICT = "conflict"
    GAP = "gap"
    FOREIGN = "foreign"  # another post's incident, or another post's name in the body: refused


class Note(StrEnum):
    """What the timeline says beside the officers' own actions."""

    RECEIVED = "received"
    GAP = "gap"
    CONFLICT = "conflict"
    SOUNDS_AGAIN = "sounds_again"
    REOPENED = "reopened"
    UNATTENDED = "unattended"
    ATTENDED = "attended"
    RESTORED = "restored"
    CLEARED = "cleared"  # the condition of a rule of the precinct has ended


@dataclass(frozen=True, slots=True)
class Verdict:
    """A new revision's outcome, the standing after it, and what the timeline notes."""

    outcome: Outcome
    standing: Standing
    notes: tuple[Note, ...]


def first_look(held: bytes | None, payload: bytes) -> Outcome:
    """Compare with what is held for the same (id, rev): new, a copy, or a conflict."""
    if held is None:
        return Outcome.NEW
    return Outcome.COPY if same_content(held, payload) else Outcome.CONFLICT


def judge(known: Standing | None, alert: Alert, held: int) -> Verdict:
    """Judge a revision that was not held before. ``held`` is the highest one without a gap, this one counted in."""
    before = known or Standing()
    again = _alarms(before, alert)
    after = replace(
        before,
        held=held,
        top=max(before.top, alert.rev),
        alarm=max(before.alarm, alert.rev) if again else before.alarm,
        severity=alert.severity if alert.rev > before.top else before.severity,
        reached=_unseen(before, alert.rev) if again else before.reached,
    )
    outcome = Outcome.GAP if alert.rev > held else Outcome.NEW
    return Verdict(outcome, after, _notes(before, after, outcome))


def _notes(before: Standing, after: Standing, outcome: Outcome) -> tuple[Note, ...]:
    notes = [Note.RECEIVED]
    if outcome is Outcome.GAP:
        notes.append(Note.GAP)
    if before.top and after.unanswered:
        if not before.is_open:
            notes.append(Note.REOPENED)
        elif not before.unanswered:
            notes.append(Note.SOUNDS_AGAIN)
    return tuple(notes)


def _alarms(before: Standing, alert: Alert) -> bool:
    """Whether this revision asks for an answer of its own.

    The first does; a press does, and any other event that the floor relays; one with news above the closed revision
    does, since it reopens (a rule's words that arrive after the close are no news); and one that is louder than what
    the officer saw, because "youths gather" was answered and not "brawl with weapons".
    """
    if _brings_a_call(alert):
        return True
    if alert.escalate and "precinct" not in alert.escalate:
        return False  # a rule's word for somebody else, a technician say: it is on the board, and wakes nobody
    if before.top == 0:
        return True
    if alert.rev <= before.top:
        return False
    closed = before.reached.get(Stage.CLOSED, 0)
    reopens = 0 < closed < alert.rev and bool(alert.evidence)
    return reopens or SEVERITY_ORDER[alert.severity] > SEVERITY_ORDER[before.severity]


def _brings_a_call(alert: Alert) -> bool:
    # A revision without evidence only says more (a rule's title); in the floor's own incidents every event is a call.
    return any(is_press(entry.kind) or alert.rule == FLOOR_RULE for entry in alert.evidence)


def _unseen(before: Standing, rev: int) -> dict[Stage, int]:
    """A press that fills a gap was not on the screen when later revisions were answered: take those answers back."""
    return {stage: min(before.reached.get(stage, 0), rev - 1) for stage in LADDER}


def opened_ms(alert: Alert, at: int) -> int:
    """Return when it began, on the precinct's clock (Unix milliseconds), given the arrival ``at``.

    ``age_s`` is measured at each sending, but a broker may have held the message since; so a trusted wall clock at the
    post wins when it says longer ago. Never in the future, and never more than 30 days ago.
    """
    measured = at - alert.age_s * 1000
    claimed = instant_ms(alert.opened_at) if alert.clock == "trusted" else None
    return max(0, at - OLDEST_MS, min(measured, at if claimed is None else claimed))


def instant_ms(text: str) -> int | None:
    """Return ISO 8601 with a zone as Unix milliseconds; None for anything else."""
    try:
        moment = datetime.fromisoformat(text)
        return None if moment.tzinfo is None else round(moment.timestamp() * 1000)
    except (ValueError, OverflowError):
        return None
