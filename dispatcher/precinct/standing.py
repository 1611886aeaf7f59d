"""Where an incident stands at the precinct: which revisions are held, and up to which one each answer speaks.

An answer is given for what the officer saw, that is, up to a revision. So the stage of an incident is no single word:
the first press may have a patrol under way while a later press has been seen by nobody. Everything the board shows
and every receipt is derived from these few numbers, so that nothing can disagree with anything.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from dispatcher.domain.incident import Severity, Stage
from dispatcher.wire.sync import Known

LADDER = (Stage.ACKNOWLEDGED, Stage.DISPATCHED, Stage.ARRIVED, Stage.CLOSED)
_RANK = {stage: rank for rank, stage in enumerate((Stage.DELIVERED, *LADDER))}


class Verb(StrEnum):
    """What an officer can do with an incident."""

    ACKNOWLEDGE = "acknowledge"
    DISPATCH = "dispatch"
    ARRIVE = "arrive"
    CLOSE = "close"
    NOTE = "note"


STAGE_OF = {
    Verb.ACKNOWLEDGE: Stage.ACKNOWLEDGED,
    Verb.DISPATCH: Stage.DISPATCHED,
    Verb.ARRIVE: Stage.ARRIVED,
    Verb.CLOSE: Stage.CLOSED,
}

# The life cycle as a table: from the stage of what the officer saw, the verbs that move it. Skipping forward is legal
# (a patrol may stand before the door before anybody pressed "acknowledge"); going back is not.
MOVES: Mapping[Stage, frozenset[Verb]] = {
    Stage.DELIVERED: frozenset({Verb.ACKNOWLEDGE, Verb.DISPATCH, Verb.ARRIVE, Verb.CLOSE}),
    Stage.ACKNOWLEDGED: frozenset({Verb.DISPATCH, Verb.ARRIVE, Verb.CLOSE}),
    Stage.DISPATCHED: frozenset({Verb.ARRIVE, Verb.CLOSE}),
    Stage.ARRIVED: frozenset({Verb.CLOSE}),
    Stage.CLOSED: frozenset(),
}


class Refusal(StrEnum):
    """Why an action changed nothing. API, board and test use these words."""

    UNKNOWN_INCIDENT = "unknown_incident"
    ALREADY = "already"
    CLOSED = "closed"
    BAD_REV = "bad_rev"
    NO_OFFICER = "no_officer"
    BAD_UNIT = "bad_unit"
    BAD_DISPOSITION = "bad_disposition"
    BAD_TEXT = "bad_text"


@dataclass(frozen=True, slots=True)
class Standing:
    """Revision numbers of one incident.

    ``held`` is the highest revision held without a gap (0: none), ``top`` the highest held at all, ``alarm`` the
    highest one that asks for an answer, ``reached`` for each answer the highest revision that the officer had seen.
    """

    held: int = 0
    top: int = 0
    alarm: int = 0
    severity: Severity = Severity.INFO
    reached: Mapping[Stage, int] = field(default_factory=dict)

    def stage_of(self, rev: int) -> Stage:
        """Return the most advanced answer that speaks for the evidence of revision ``rev``."""
        return next((stage for stage in reversed(LADDER) if self.reached.get(stage, 0) >= max(rev, 1)), Stage.DELIVERED)

    @property
    def stage(self) -> Stage:
        """The stage of the latest revision that asks for an answer: what the board shows."""
        return self.stage_of(self.alarm)

    @property
    def unanswered(self) -> bool:
        """Whether it sounds."""
        return self.alarm > 0 and self.stage is Stage.DELIVERED

    @property
    def is_open(self) -> bool:
        """Whether it still is on the board."""
        return self.stage is not Stage.CLOSED

    @property
    def furthest(self) -> Stage:
        """The most advanced answer to any part of it (a patrol may be under way although it sounds again)."""
        return self.stage_of(1)


def contiguous(held: int, revs: Iterable[int]) -> int:
    """Return the highest revision without a gap, given the ascending revisions above ``held``."""
    for rev in revs:
        if rev != held + 1:
            break
        held = rev
    return held


def move(standing: Standing, verb: Verb, shown: int | None) -> Standing | Refusal:
    """Return the standing after an officer's ``verb`` on what was shown up to revision ``shown`` (None: all of it)."""
    rev = standing.top if shown is None else shown
    if not 1 <= rev <= standing.top:
        return Refusal.BAD_REV
    stage = standing.stage_of(min(rev, standing.alarm))
    if stage is Stage.CLOSED:
        return Refusal.CLOSED
    if verb not in MOVES[stage]:
        return Refusal.ALREADY
    return replace(standing, reached={**standing.reached, STAGE_OF[verb]: rev})


def is_further(first: Stage, second: Stage) -> bool:
    """Return whether ``first`` is a more advanced answer than ``second`` (stages that are no answers come last)."""
    return _RANK.get(first, -1) > _RANK.get(second, -1)


def is_remembered_better(known: Known, standing: Standing) -> bool:
    """Return whether the post has an officer's answer that this store has lost.

    A post learns answers from the precinct alone. So one that no officer of this store has given was given before the
    store was lost, and the nights that were closed then need not sound again.
    """
    nobody_answered = not any(standing.reached.values())
    return known.stage in LADDER and nobody_answered and known.rev == standing.held == standing.top
