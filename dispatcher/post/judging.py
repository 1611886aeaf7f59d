"""The rules' part of a turn: what the matcher has answered, what did not come, and other rules from here on."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from dispatcher.domain.events import Event
from dispatcher.journal import Kind
from dispatcher.post import records
from dispatcher.post.inbox import Reloaded, Verdicts
from dispatcher.post.memory import Memory
from dispatcher.post.report import Report
from dispatcher.post.rulebook import Facts, facts_of
from dispatcher.post.turn import Turn


class Judging:
    """Lets the rules judge, and writes down what was judged with what was said, in one record.

    ``later`` is given what is to be told of it once the alerts are on their way.
    """

    def __init__(self, memory: Memory, report: Report, later: Callable[[Callable[[], None]], None]) -> None:
        self._memory = memory
        self._report = report
        self._later = later

    def verdicts(self, turn: Turn, verdicts: Verdicts) -> None:
        """Judge the events that the matcher has answered for, in the order in which they came."""
        sequences, matches = verdicts.sequences, verdicts.matches
        facts, here = self._memory.judge(sequences, matches)
        self._tell(turn, Kind.JUDGED, records.judged_plain(sequences, matches), facts, here)

    def deadlines(self, turn: Turn) -> None:
        """Let the rules say what did not come. Every event up to now must have been judged before."""
        if self._memory.unjudged or not self._memory.rulebook.is_due(turn.now):
            return
        self._tell(turn, Kind.DUE, {}, self._memory.due(turn.now), {})

    def _tell(self, turn: Turn, kind: Kind, body: records.Body, facts: Facts, here: Mapping[str, Event]) -> None:
        told = self._memory.tell(turn.now, facts, here)
        lean = replace(facts, firings=tuple(firing for firing, _ in told))
        for entry in records.entries_of(kind, turn.now, body, lean, here):
            turn.add(entry)
        for firing, decision in told:
            turn.note(decision, urgent=True)
            self._later(partial(self._report.firing, firing, decision))
        for remark in facts.remarks:
            self._later(partial(self._report.remark, remark))

    def reload(self, turn: Turn, reloaded: Reloaded) -> bool:
        """Go on with other rules: all that came before has been judged by the old ones. Return whether it was done."""
        if reloaded.refusals:  # cannot be: they were checked as they were read. The old ones go on
            self._report.refused(reloaded.refusals)
            return False
        rulebook, edition = self._memory.rulebook, reloaded.edition
        (rules, site), by = edition.versions, edition.by
        facts = facts_of(rulebook.reload(edition, turn.now))
        self._tell(turn, Kind.RULES, {"rules": rules, "site": site, "who": by.who, "how": by.how}, facts, {})
        turn.urgent = True  # somebody waits to hear that it is done
        turn.reloaded.append((edition, rulebook.fresh))
        self._later(partial(self._report.reloaded, edition, rulebook.fresh))
        return True
