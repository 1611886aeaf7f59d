"""What else may have kept a rule silent: it was new, or its events came late, twice, without a field, or not at all."""

from collections.abc import Iterator
from dataclasses import dataclass

from dispatcher.domain.events import Event
from dispatcher.post.past.nearest.scene import Scene
from dispatcher.post.past.question import Question, reason_of
from dispatcher.post.past.sentences import Sentence, listed, say, span
from dispatcher.rules.uses import clauses_of

MAX_OTHERS = 3


@dataclass(frozen=True, slots=True)
class Aside:
    """Finds what is worth a line."""

    q: Question

    def lines(self, scene: Scene) -> Iterator[Sentence]:
        """Yield it, what is likeliest to matter first."""
        yield from self._fresh(scene)
        yield from self._changed()
        yield from self._spent(scene)
        yield from self._too_late()
        yield from self._ungrouped(scene)
        yield from self._counts()
        yield from self._refused()
        yield from self._other_times()
        if self.q.rule.shadow:
            yield say("is_shadow", "mode: shadow: tidak memberi tahu siapa pun", "mode: shadow: it tells nobody")

    def _fresh(self, scene: Scene) -> Iterator[Sentence]:
        began = self.q.began()
        if self.q.is_windowed and began != self.q.chronicle.first and began.wall_ms >= scene.since.wall_ms:
            yield say(
                "fresh",
                "aturan ini baru atau berubah pada {at}: yang datang sebelumnya tidak dihitung",
                "this rule was new or changed at {at}: what came before does not count",
                at=self.q.near(began),
            )

    def _changed(self) -> Iterator[Sentence]:
        ended = self.q.ended()
        if ended is not None:
            yield say(
                "changed_later",
                "aturan ini berubah lagi pada {at}",
                "this rule changed again at {at}",
                at=self.q.near(ended),
            )

    def _spent(self, scene: Scene) -> Iterator[Sentence]:
        spent = [one for one in scene.items if one.lits and scene.spent(one)]
        if spent:
            yield say(
                "spent",
                "{count} kejadian sampai {at} terpakai oleh jawaban lain aturan ini (reuse: false)",
                "{count} events up to {at} were used up by other firings of this rule (reuse: false)",
                count=len(spent),
                at=self.q.near(spent[-1].event.arrived),
            )

    def _too_late(self) -> Iterator[Sentence]:
        late = [one for one in self.q.chronicle.events if self.q.is_too_late(one, self.q.time_of(one))]
        for event in late[:MAX_OTHERS]:
            yield say(
                "too_late",
                "{event} pukul {at} terlambat {by} (max_lateness): tidak mengubah jendela mana pun",
                "{event} at {at} came {by} late (max_lateness): it moves no window",
                event=f"{event.kind} {event.device or ''}".rstrip(),
                at=self.q.near(event.arrived),
                by=span(event.arrived.run_ms - self.q.time_of(event)),
            )

    def _ungrouped(self, scene: Scene) -> Iterator[Sentence]:
        lacking = [one for one in scene.items if one.lits and scene.grouping.key(one.event) is None]
        if lacking:
            yield say(
                "ungrouped",
                "{count} kejadian tanpa {fields}: tidak masuk kelompok mana pun",
                "{count} events without {fields}: they are in no group",
                count=len(lacking),
                fields=listed(scene.rule.when.group_by),
            )

    def _counts(self) -> Iterator[Sentence]:
        chronicle = self.q.chronicle
        copies = len([one for one in chronicle.copies if self._is_wanted(one)])
        if copies:
            yield say(
                "copies", "{count} salinan tidak dihitung lagi", "{count} copies do not count again", count=copies
            )
        unjudged = len([one for one in chronicle.events if one.id in chronicle.unjudged])
        if unjudged:
            yield say("unjudged", "{count} belum dinilai aturan", "{count} not judged by the rules yet", count=unjudged)
        shed = sum(number for _, number in chronicle.shed)
        if shed:
            yield say("shed", "{count} bacaan dibuang: terlalu banyak", "{count} readings were shed", count=shed)
        if chronicle.lost:
            yield say("lost", "{count} catatan tidak terbaca", "{count} records cannot be read", count=chronicle.lost)

    def _is_wanted(self, event: Event) -> bool:
        return any(clause.wants(event.kind) for clause in clauses_of(self.q.rule.when))

    def _refused(self) -> Iterator[Sentence]:
        for one in self.q.chronicle.refused[-MAX_OTHERS:]:
            values = {"at": self.q.near(one.at), "topic": one.topic, "reason": one.reason}
            yield say("refused", "{at} pesan ditolak: {topic} {reason}", "{at} refused: {topic} {reason}", **values)

    def _other_times(self) -> Iterator[Sentence]:
        """Yield what the rule said at other times, those nearest to the one asked about."""
        others = sorted(
            self.q.chronicle.of_rule(self.q.rule.id),
            key=lambda one: abs(one.when.wall_ms - self.q.moment.begin_ms),
        )
        for one in sorted(others[:MAX_OTHERS], key=lambda one: one.when.wall_ms):
            values = {"at": self.q.near(one.when), "reason": reason_of(one)}
            yield say("said", "{at} aturan ini: {reason}", "{at} this rule: {reason}", **values)
