"""``why-not``: what held a rule back at a time, or how near it came to being complete.

What the rule itself said at that time was written down. Only where it said nothing is looked at what came, and at what
was missing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from dispatcher.domain.firing import Firing, Said
from dispatcher.post.past.aside import Aside
from dispatcher.post.past.chronicle import Saying
from dispatcher.post.past.heldback import HeldBack
from dispatcher.post.past.nearest.forms import how_near
from dispatcher.post.past.nearest.scene import Near, Scene
from dispatcher.post.past.nearest.stage import scene_of
from dispatcher.post.past.question import AROUND_MS, Question, joined, reason_of
from dispatcher.post.past.report import Report, section
from dispatcher.post.past.sentences import Sentence, say
from dispatcher.rules.language import AbsentForm, StateForm

TICK_MS = 2_000  # a post tells a deadline a moment after it


@dataclass(frozen=True, slots=True)
class WhyNot:
    """Answers a question."""

    q: Question

    def report(self) -> Report:
        """Return the answer."""
        said = self._said()
        return self._by_events() if said is None else HeldBack(self.q).report(said)

    # --- what the rule itself said

    def _said(self) -> Saying | None:
        """Return what the rule said at that time: an alert rather than anything else, and what is nearest.

        What it said a little later counts, where an event of that time was part of it.
        """
        begin, end = self.q.moment.begin_ms, self.q.moment.end_ms
        mine = self.q.chronicle.of_rule(self.q.rule.id)
        here = [one for one in mine if begin <= one.when.wall_ms <= end + TICK_MS]
        soon = [one for one in mine if end + TICK_MS < one.when.wall_ms <= end + self.q.rule.when.within_ms]
        here = here or [one for one in soon if any(begin <= at <= end for at in _times(one))]
        middle = (begin + end) // 2
        return min(here, key=lambda one: (not _is_told(one), abs(one.when.wall_ms - middle)), default=None)

    # --- what came

    def _by_events(self) -> Report:
        scene = scene_of(self.q)
        near = how_near(self.q, scene)
        at = near.at if near.at is not None and scene.distance(near.at.run_ms) <= AROUND_MS else scene.end
        conditions = self.q.then(at).conditions(self.q.rule)
        failing = [one for one in conditions if one.holds is False]
        values = {"rule": self.q.rule.id, "asked": self.q.asked(), "near": near.sentence}
        also = (
            say("also", "; only_if juga tidak: {why}", "; nor was its only_if: {why}", why=joined(failing))
            if failing
            else ""
        )
        if near.complete:
            sentence = self._although(near, scene, values)
        else:
            sentence = say(
                "not_complete",
                "Aturan {rule} tidak terpenuhi sekitar {asked}: {near}{also}.",
                "Rule {rule} was not complete around {asked}: {near}{also}.",
                also=also,
                **values,
            )
        sections = (
            *section("near", near.lines),
            *section("only_if", (one.line() for one in conditions)),
            *section("notes", Aside(self.q).lines(scene)),
            *self.q.common(self.q.versions, self.q.rule, at),
        )
        facts = {
            "reason": "complete_but_silent" if near.complete else "not_complete",
            "nearest": {
                "key": near.sentence.key,
                "have": near.have,
                "need": near.need,
                "at": near.at and self.q.iso(near.at),
            },
        }
        return Report(sentence, sections, {**self.q.facts(self.q.versions), **facts})

    def _although(self, near: Near, scene: Scene, values: Mapping[str, object]) -> Sentence:
        """Say that it was complete by what came, and when; and what the rule said then, if it did."""
        mine = self.q.chronicle.of_rule(self.q.rule.id)
        if isinstance(self.q.rule.when.form, AbsentForm | StateForm):
            spoke = [one for one in mine if one.when.wall_ms <= self.q.moment.end_ms]
            if spoke:
                return say(
                    "told_before",
                    "Aturan {rule} tidak mengulang: {near} (jawabannya waktu itu: {word}, {at}).",
                    "Rule {rule} does not repeat itself: {near} (its word then: {word}, {at}).",
                    word=reason_of(spoke[-1]),
                    at=self.q.near(spoke[-1].when),
                    **values,
                )
        at = near.at
        if at is not None and mine and scene.distance(at.run_ms):
            word = min(mine, key=lambda one: abs(one.when.run_ms - at.run_ms))
            return say(
                "other_time",
                "Aturan {rule} tidak terpenuhi pada {asked}, tetapi pada {then}: {near} (jawabannya: {word}, {at}).",
                "Rule {rule} was not complete at {asked}, but at {then}: {near} (its word: {word}, {at}).",
                then=self.q.near(at),
                word=reason_of(word),
                at=self.q.near(word.when),
                **values,
            )
        return say(
            "unexplained",
            "Menurut kejadian di jurnal aturan {rule} terpenuhi sekitar {asked} ({near}), tetapi tidak ada jawabannya "
            "di jurnal. Lihat Juga di bawah; bila tidak ada sebabnya di sana, mohon dilaporkan.",
            "By the events in the journal rule {rule} was complete around {asked} ({near}), but the journal has no "
            "word of it. See Also below; if the reason is not there, please report it.",
            **values,
        )


def _is_told(saying: Saying) -> bool:
    return isinstance(saying.said, Firing) and saying.said.said is Said.FIRED


def _times(saying: Saying) -> list[int]:
    """Return when the events of a saying came, in wall time."""
    evidence = saying.said.evidence if isinstance(saying.said, Firing) else ()
    return [saying.when.wall_ms, *(one.at.wall_ms for one in evidence)]
