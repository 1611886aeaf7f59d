"""What the store hands out and takes in: frozen rows, actions and their answers."""

import re
from dataclasses import dataclass

from dispatcher.domain.incident import PlaceOfIncident, Receipt, Severity
from dispatcher.precinct.intake import Outcome
from dispatcher.precinct.standing import Refusal, Standing, Verb

DISPOSITIONS = ("real", "false", "drill", "unclear")
MAX_TEXT = 500
_OFFICER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,31}")
_UNIT = re.compile(r"[\w][\w ./-]{0,31}")


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident as the board shows it. Times are Unix milliseconds on the precinct's clock.

    ``own``: a rule of the precinct raised it. Its post, where it has one, does not know of it.
    """

    id: str
    post: str
    rule: str
    kind: str
    severity: Severity
    title: str
    place: PlaceOfIncident
    opened_at: str
    opened_ms: int
    age: str
    clock: str
    certainty: str | None
    count: int
    exercise: bool
    received_ms: int
    updated_ms: int
    standing: Standing
    officer: str | None = None
    unit: str | None = None
    disposition: str | None = None
    conflicts: int = 0
    own: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a timeline: a Note, or the stage that an officer's action reached, or ``note``."""

    at_ms: int
    what: str
    rev: int
    officer: str | None = None
    unit: str | None = None
    disposition: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """One distinct event of an incident, as the post told it."""

    event: str
    kind: str
    device: str | None
    at: str
    boot: int | None
    seq: int | None
    rev: int


@dataclass(frozen=True, slots=True)
class History:
    """Everything about one incident."""

    incident: Incident
    entries: tuple[Entry, ...]
    evidence: tuple[EvidenceRow, ...]


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of an alert, the incident it belongs to, and the ids of the alerts in it that are news to the rules.

    Each of these is named once only, however often the alert comes.
    """

    outcome: Outcome
    incident: str
    news: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Action:
    """What an officer does. ``rev`` is the revision on the screen, None for the latest."""

    incident: str
    verb: Verb
    by: str
    rev: int | None = None
    unit: str | None = None
    disposition: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to an action. ``refusal`` None: done. ``incident`` is how it stands now, with who has it."""

    refusal: Refusal | None
    incident: Incident | None = None
    receipts: tuple[Receipt, ...] = ()


def is_officer(text: str) -> bool:
    """Return whether this may be a badge or role id."""
    return _OFFICER.fullmatch(text) is not None


def fault_in(action: Action) -> Refusal | None:
    """Return what is wrong with an action in itself, before anything is looked up."""
    if not is_officer(action.by):
        return Refusal.NO_OFFICER
    if action.unit is not None and _UNIT.fullmatch(action.unit) is None:
        return Refusal.BAD_UNIT
    if action.verb is Verb.CLOSE and action.disposition not in DISPOSITIONS:
        return Refusal.BAD_DISPOSITION
    if not _text_fits(action):
        return Refusal.BAD_TEXT
    return None


def _text_fits(action: Action) -> bool:
    text = action.text or ""
    if action.verb is Verb.NOTE and not text.strip():
        return False
    return len(text) <= MAX_TEXT and all(char.isprintable() or char in "\n\t" for char in text)
