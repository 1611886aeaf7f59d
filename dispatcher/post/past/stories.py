"""An incident, explained: why it was opened, who added to it, and what became of it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dispatcher.domain.events import is_call, is_press
from dispatcher.domain.firing import Firing, Remark, Said
from dispatcher.domain.stamp import Stamp
from dispatcher.incidents.model import FLOOR_RULE, OWN_RULES, UNKNOWN_RULE
from dispatcher.post.past.chronicle import Saying
from dispatcher.post.past.explaining import MAX_EVENTS, Explaining, trust_line
from dispatcher.post.past.incidents import Story, Turn
from dispatcher.post.past.report import Report, section
from dispatcher.post.past.sentences import Sentence, say

MAX_TURNS = 20


@dataclass(frozen=True, slots=True)
class ExplainedStory:
    """One incident's story beside what explains it."""

    story: Story
    by: Explaining

    def report(self) -> Report:
        """Return why an incident was opened, and what became of it."""
        openers = list(self._openers())
        first = self.story.alerts[0][1]
        way = section("way", self._way())
        facts: dict[str, object] = {
            "incident": self.story.id,
            "rules": list(self.story.rules),
            "count": self.story.last.count,
        }
        of_rule = openers and first.rule not in (FLOOR_RULE, UNKNOWN_RULE)
        report = self.by.saying(openers[0]) if of_rule else self._own()
        added = section("notes", self._added(openers, report))
        sections = (*report.sections, *added, *way)
        return Report(report.sentence, sections, {**facts, **report.facts})

    def _openers(self) -> Iterator[Saying]:
        """Yield the firings that opened an incident or added to it, oldest first."""
        events = set(self.story.events)
        for one in self.by.chronicle.sayings:
            said = one.said
            alerted = isinstance(said, Firing) and said.said is Said.FIRED and not said.shadow
            if alerted and said.rule in self.story.rules and _ids(said) & events:
                yield one

    def _added(self, openers: list[Saying], report: Report) -> Iterator[Sentence]:
        for one in openers:
            if one.said.rule == report.facts.get("rule") and self.by.iso(one.when) == report.facts.get("at"):
                continue
            yield say(
                "added",
                "{at} aturan {rule} menambah judul, tingkat atau tindakan (kentongan explain {rule})",
                "{at} rule {rule} added a title, a severity or actions (kentongan explain {rule})",
                at=self.by.local.at(one.when),
                rule=one.said.rule,
            )

    def _own(self) -> Report:
        """Return what the post itself told, without a rule."""
        stamp, first = self.story.alerts[0]
        events = [self.by.events[id_] for id_ in self.story.events if id_ in self.by.events]
        at = events[0].arrived if events else stamp
        sentence = self._own_sentence(at)
        lines: Iterable[Sentence | str] = [self.by.event_line(one, one.arrived) for one in events[:MAX_EVENTS]]
        if not events:
            lines = [f"{one.at} {one.kind} {one.device or ''}".rstrip() for one in first.evidence[:MAX_EVENTS]]
        sections = (*section("events", lines), *section("clock", [trust_line(at)]))
        return Report(sentence, sections, {"rule": first.rule, "at": self.by.iso(at)})

    def _own_sentence(self, at: Stamp) -> Sentence:
        first = self.story.alerts[0][1]
        device = first.evidence[0].device if first.evidence else None
        kind = first.evidence[0].kind if first.evidence else first.incident
        values = {
            "at": self.by.local.full(at),
            "device": device or "?",
            "kind": kind,
            "title": first.title,
            "rule": first.rule,
        }
        if first.rule == FLOOR_RULE and (is_press(kind) or is_call(kind, {"severity": "critical"})):
            return say(
                "floor",
                "{kind} dari {device} pada {at}: setiap panggilan seperti ini diteruskan (lantai), apa pun aturannya.",
                "{kind} from {device} at {at}: every such call is relayed (the floor), whatever the rules say.",
                **values,
            )
        if first.rule == UNKNOWN_RULE:
            return say(
                "unknown_device",
                "{device} menekan pada {at}, tetapi site.yaml tidak mengenalnya: pos memberi tahu Polsek.",
                "{device} pressed at {at}, and site.yaml does not know it: the post told the precinct.",
                **values,
            )
        if first.rule not in OWN_RULES:
            return say(
                "not_written",
                "Aturan {rule} memberi tahu pada {at}: {title}. Keputusannya tidak ada lagi di jurnal ini.",
                "Rule {rule} alerted at {at}: {title}. Its decision is in this journal no more.",
                **values,
            )
        return say(
            "post_itself",
            "Pos memberi tahu tentang dirinya sendiri ({rule}) pada {at}: {title}.",
            "The post told of itself ({rule}) at {at}: {title}.",
            **values,
        )

    def _way(self) -> Iterator[Sentence]:
        turns = self.story.turns
        for one in turns[:MAX_TURNS]:
            yield self._turn(one, turns[0].at)
        if len(turns) > MAX_TURNS:
            yield say("more", "... dan {count} lagi", "... and {count} more", count=len(turns) - MAX_TURNS)

    def _turn(self, turn: Turn, first: Stamp) -> Sentence:
        values = {
            "at": self.by.local.near(turn.at, first.wall_ms),
            "rev": turn.rev,
            "stage": turn.stage,
            "by": turn.by or "",
        }
        if turn.stage == "made":
            return say("made", "{at} revisi {rev} dibuat", "{at} revision {rev} made", **values)
        if turn.stage == "sent":
            return say("sent", "{at} revisi {rev} sent", "{at} revision {rev} sent", **values)
        if turn.by:
            return say("receipt", "{at} {stage} oleh {by}", "{at} {stage} by {by}", **values)
        return say("receipt", "{at} {stage}", "{at} {stage}", **values)


def _ids(said: Firing | Remark) -> set[str]:
    return {said.event, *(entry.event for entry in said.evidence)} if isinstance(said, Firing) else {said.event}
