"""What a rule said at the time asked about, as it was written down, and why that was no new alert."""

from collections.abc import Iterator
from dataclasses import dataclass

from dispatcher.domain.firing import Firing, Remark
from dispatcher.domain.stamp import Stamp
from dispatcher.post.past.chronicle import Saying
from dispatcher.post.past.completed import how_complete
from dispatcher.post.past.conditions import Condition, Then
from dispatcher.post.past.nearest.stage import scene_of
from dispatcher.post.past.question import Question, joined, reach_of, reason_of
from dispatcher.post.past.report import Report, section
from dispatcher.post.past.sentences import Sentence, listed, say
from dispatcher.rules.engine.gate import SUPPRESS_MS
from dispatcher.rules.engine.state import Item
from dispatcher.rules.language import FullRule


@dataclass(frozen=True, slots=True)
class HeldBack:
    """Answers by what the rule said."""

    q: Question

    def report(self, saying: Saying) -> Report:
        """Return why what a rule said at that time was no new alert; or that it was one."""
        then = self.q.then(saying.when, saying.said.event)
        rule = self.q.library.rule(saying.versions, self.q.rule.id) or self.q.rule
        conditions = then.conditions(rule)
        sentence = self._held_by(saying, rule, then, conditions)
        sections = (
            *section("near", self._evidence(saying)),
            *section("only_if", (one.line() for one in conditions)),
            *section("throttle", self._windows(rule, saying, then)),
            *section("suppression", self._suppressors(saying, then)),
            *self.q.common(saying.versions, rule, saying.when),
        )
        facts = {"reason": reason_of(saying), "said_at": self.q.iso(saying.when)}
        return Report(sentence, sections, {**self.q.facts(saying.versions), **facts})

    def _held_by(self, saying: Saying, rule: FullRule, then: Then, conditions: list[Condition]) -> Sentence:
        at = self.q.local.full(saying.when)
        values = {"rule": rule.id, "at": at, "how": how_complete(rule, saying, self.q.local)}
        match reason_of(saying):
            case "held":
                failing = [one for one in conditions if one.holds is not True]
                return say(
                    "held",
                    "Aturan {rule} terpenuhi pada {at} ({how}), tetapi only_if tidak: {why}.",
                    "Rule {rule} was complete at {at} ({how}), but its only_if was not: {why}.",
                    why=joined(failing),
                    **values,
                )
            case "suppressed":
                by = saying.said.by if isinstance(saying.said, Remark) else None
                other = then.suppressor(by or "")
                since = self.q.near(other.when) if other is not None else "?"
                return say(
                    "suppressed",
                    "Aturan {rule} terpenuhi pada {at} ({how}), tetapi ditahan suppressed_by: kejadian {by} dari "
                    "{since} masih terbuka.",
                    "Rule {rule} was complete at {at} ({how}), but suppressed_by held it back: the incident of {by} "
                    "from {since} was still open.",
                    by=by or "?",
                    since=since,
                    **values,
                )
            case "unknown":
                return self._unknown(saying, values)
            case "repeated":
                why = then.window_of(rule, saying) or say(
                    "joined", "masuk ke yang sudah ada", "it joined what was open"
                )
                return say(
                    "repeated",
                    "Aturan {rule} terpenuhi pada {at} ({how}), tetapi bukan kejadian baru: {why}.",
                    "Rule {rule} was complete at {at} ({how}), but it was nothing new: {why}.",
                    why=why,
                    **values,
                )
            case "shadow":
                return say(
                    "shadow",
                    "Aturan {rule} terpenuhi pada {at} ({how}), tetapi mode: shadow tidak memberi tahu siapa pun.",
                    "Rule {rule} was complete at {at} ({how}), but mode: shadow tells nobody.",
                    **values,
                )
            case "cleared":
                return say("cleared", "Aturan {rule} selesai pada {at}.", "Rule {rule} cleared at {at}.", **values)
        to = listed(saying.said.escalate) if isinstance(saying.said, Firing) else ""
        if to == "none":
            return say(
                "acted",
                "Aturan {rule} menyala pada {at} ({how}); escalate: none tidak memberi tahu siapa pun.",
                "Rule {rule} fired at {at} ({how}); escalate: none tells nobody.",
                **values,
            )
        return say(
            "fired",
            "Aturan {rule} memang memberi tahu {to} pada {at}: {how} (kentongan explain {rule}).",
            "Rule {rule} did alert {to} at {at}: {how} (kentongan explain {rule}).",
            to=to,
            **values,
        )

    def _unknown(self, saying: Saying, values: dict[str, object]) -> Sentence:
        off = self.q.chronicle.off_between(saying.when.run_ms - reach_of(self.q.rule), saying.when.run_ms)
        gap = "?" if off is None else f"{self.q.near(off.stopped)}-{self.q.near(off.back)}"
        return say(
            "unknown",
            "Aturan {rule} pada {at}: tidak diketahui, pos mati {gap} di tengah kesunyian itu; waktunya dihitung lagi.",
            "Rule {rule} at {at}: unknown, the post was off {gap} within that silence; its time runs anew.",
            gap=gap,
            **values,
        )

    def _evidence(self, saying: Saying) -> Iterator[Sentence]:
        known = {event.id: event for event in self.q.chronicle.events}
        said = saying.said
        ids = [one.event for one in said.evidence] if isinstance(said, Firing) else []
        scene = scene_of(self.q)
        for id_ in [*ids, said.event]:
            event = known.get(id_)
            if event is not None:
                yield scene.line(Item(event, event.arrived.run_ms, 0, frozenset()))

    def _windows(self, rule: FullRule, saying: Saying, then: Then) -> Iterator[Sentence]:
        if reason_of(saying) == "repeated":
            window = then.window_of(rule, saying)
            yield from () if window is None else (window,)

    def _suppressors(self, saying: Saying, then: Then) -> Iterator[Sentence]:
        if isinstance(saying.said, Remark) and saying.said.by is not None:
            other = then.suppressor(saying.said.by)
            if other is not None:
                until = Stamp(0, other.when.wall_ms + SUPPRESS_MS, other.when.trusted)
                yield say(
                    "until",
                    "{by} terakhir pukul {at}; menahan sampai kejadiannya ditutup, paling lama {until}",
                    "{by} last at {at}; it holds back until its incident is closed, at the longest until {until}",
                    by=saying.said.by,
                    at=self.q.near(other.when),
                    until=self.q.near(until),
                )
