"""Which receipts say where an incident stands. Pure; the order matters to whoever lets the last word win."""

from collections.abc import Mapping
from dataclasses import dataclass

from dispatcher.domain.incident import Receipt, Stage
from dispatcher.precinct.standing import LADDER, Standing, is_further
from dispatcher.wire.fields import iso
from dispatcher.wire.sync import Known


@dataclass(frozen=True, slots=True)
class Answer:
    """Who last gave an answer, and when (Unix milliseconds)."""

    by: str | None
    at_ms: int
    disposition: str | None = None


@dataclass(frozen=True, slots=True)
class Speaker:
    """The precinct's voice at one instant: its store, its clock, and whether somebody is at a board."""

    store: str
    at: int
    attended: bool = True

    def delivered(self, incident: str, held: int) -> Receipt:
        """Return the receipt for what is held."""
        return Receipt(incident, held, Stage.DELIVERED, at=iso(self.at), store=self.store)

    def everything(self, incident: str, standing: Standing, answers: Mapping[Stage, Answer]) -> tuple[Receipt, ...]:
        """Return all that the post should know, from the least to the most advanced.

        No answer speaks beyond ``held``: the officer cannot have seen a revision that is missing.
        """
        found = [self.delivered(incident, standing.held)]
        if not self.attended and standing.unanswered and standing.held:
            found.append(Receipt(incident, standing.held, Stage.UNATTENDED, at=iso(self.at), store=self.store))
        for stage in LADDER:
            rev = min(standing.reached.get(stage, 0), standing.held)
            if rev:
                answer = answers.get(stage, Answer(None, self.at))
                stamp = iso(answer.at_ms)
                found.append(Receipt(incident, rev, stage, answer.by, stamp, answer.disposition, self.store))
        return tuple(found)

    def is_news(self, known: Known, standing: Standing) -> bool:
        """Return whether the post, believing ``known``, should hear anything."""
        if known.rev > standing.held or (known.stage is Stage.UNATTENDED and self.attended):
            return True
        if standing.unanswered and not self.attended:
            return known.stage is not Stage.UNATTENDED
        if standing.furthest is Stage.DELIVERED:
            return known.stage is not Stage.DELIVERED
        return is_further(standing.furthest, known.stage)
