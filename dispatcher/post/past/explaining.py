"""``explain``: why a rule alerted, in one sentence, with all that it stood on. Nothing is judged anew."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from dispatcher.domain.events import Event
from dispatcher.domain.firing import Firing, Remark, Said
from dispatcher.domain.stamp import Stamp
from dispatcher.post.past.chronicle import Chronicle, Saying
from dispatcher.post.past.completed import how_complete
from dispatcher.post.past.conditions import Then
from dispatcher.post.past.editions import Library
from dispatcher.post.past.report import Report, Section, section
from dispatcher.post.past.sentences import Local, Sentence, listed, say
from dispatcher.post.past.sentences import event_line as written
from dispatcher.post.rulebook import happened_run
from dispatcher.rules.engine.gate import SUPPRESS_MS
from dispatcher.rules.language import AbsentForm, FullRule, StateForm

MAX_EVENTS = 20


@dataclass(frozen=True, slots=True)
class Explaining:
    """One past, ready to explain what a rule said in it."""

    chronicle: Chronicle
    library: Library
    local: Local
    events: dict[str, Event] = field(default_factory=dict)

    # --- one saying of a rule

    def saying(self, saying: Saying) -> Report:
        """Return why a rule said what it said."""
        rule = self.library.rule(saying.versions, saying.said.rule)
        sentence = self._answer(saying, rule)
        facts = {
            "rule": saying.said.rule,
            "at": self.iso(saying.when),
            "version": saying.versions[0],
            "shadow": isinstance(saying.said, Firing) and saying.said.shadow,
        }
        return Report(sentence, tuple(self._sections(saying, rule)), facts)

    def _answer(self, saying: Saying, rule: FullRule | None) -> Sentence:
        how: Sentence | str = "?" if rule is None else how_complete(rule, saying, self.local)
        values = {"rule": saying.said.rule, "at": self.local.full(saying.when), "how": how}
        said = saying.said
        if isinstance(said, Remark):
            return _remarked(said, values)
        if said.shadow:
            return say(
                "shadow",
                'Aturan {rule} (shadow) akan memberi tahu "{title}" pada {at}; tidak ada yang diberi tahu: {how}.',
                'Rule {rule} (shadow) would have alerted "{title}" at {at}, and told nobody: {how}.',
                title=said.title,
                **values,
            )
        if said.said is Said.CLEARED:
            return say("cleared", "Aturan {rule} selesai pada {at}.", "Rule {rule} cleared at {at}.", **values)
        if said.said is Said.REPEATED:
            return say(
                "repeated",
                "Aturan {rule} terpenuhi lagi pada {at} dan masuk ke kejadian yang sudah ada: {how}.",
                "Rule {rule} was complete again at {at} and joined what was open: {how}.",
                **values,
            )
        to = listed(said.escalate)
        if to == "none":
            return say(
                "acted", "Aturan {rule} bertindak pada {at}: {how}.", "Rule {rule} acted at {at}: {how}.", **values
            )
        return say(
            "fired",
            'Aturan {rule} memberi tahu {to} "{title}" pada {at}: {how}.',
            'Rule {rule} alerted {to} "{title}" at {at}: {how}.',
            to=to,
            title=said.title,
            **values,
        )

    def _sections(self, saying: Saying, rule: FullRule | None) -> Iterator[Section]:
        then = self._then(saying)
        yield from section("events", self._events_of(saying))
        if rule is not None:
            yield from section("only_if", (one.line() for one in then.conditions(rule)))
        yield from section("states", (_state(name, seen) for name, seen in then.states()))
        if rule is not None:
            yield from section("timers", self._timers(rule, saying))
            yield from section("throttle", self._throttle(rule, saying, then))
        yield from section("suppression", self._suppression(saying))
        yield from section("rule", self._rule(saying, rule))
        yield from section("clock", self._clock(saying))

    def _then(self, saying: Saying) -> Then:
        site = self.library.site_of(saying.versions[1])
        assert site is not None  # a past is opened with one
        return Then(self.chronicle, site, self.local, self.library.post, saying.when, saying.said.event)

    # --- what it stood on

    def _events_of(self, saying: Saying) -> Iterator[Sentence | str]:
        said = saying.said
        others = [one for one in said.evidence if one.event != said.event] if isinstance(said, Firing) else []
        if len(others) > MAX_EVENTS:
            yield say("more", "... {count} sebelumnya", "... {count} before", count=len(others) - MAX_EVENTS)
        for one in others[-MAX_EVENTS:]:
            known = self.events.get(one.event)
            yield (
                self.event_line(known, one.at)
                if known
                else f"{self._near(one.at, saying)} {one.kind} {one.device or ''}"
            )
        if saying.event is not None and not saying.event.kind.startswith("timer."):
            yield self.event_line(saying.event, saying.event.arrived)

    def _near(self, at: Stamp, saying: Saying) -> str:
        return self.local.near(at, saying.when.wall_ms)

    def event_line(self, event: Event, at: Stamp) -> Sentence:
        """Return an event as a line of evidence."""
        values = {"at": self.local.at(at), "event": written(event), "id": event.id, "iso": self.iso(at)}
        return say("event", "{at} {event}", "{at} {event}", **values)

    def _timers(self, rule: FullRule, saying: Saying) -> Iterator[Sentence]:
        form = rule.when.form
        if isinstance(form, StateForm) and form.for_ms:
            known = self._then(saying).state(form.name)
            yield say("since", "{name}: {state}", "{name}: {state}", name=form.name, state=known)
        if not isinstance(form, AbsentForm) or form.for_ms is None or saying.event is None:
            return
        begin = saying.when.run_ms - form.for_ms
        heard = [one for one in self.events.values() if form.clause.wants(one.kind) and one.arrived.run_ms <= begin + 1]
        if heard:
            last = max(heard, key=lambda one: one.arrived.run_ms)
            line = self.event_line(last, last.arrived)
            yield say("heard", "terakhir terdengar {event}", "last heard {event}", event=line)
        else:
            since = self.local.near(
                Stamp(begin, saying.when.wall_ms - form.for_ms, saying.when.trusted), saying.when.wall_ms
            )
            yield say(
                "counted",
                "dihitung sejak {since}: pos mulai, kembali, atau aturannya baru",
                "counted since {since}: the post began or came back, or the rule was new",
                since=since,
            )

    def _throttle(self, rule: FullRule, saying: Saying, then: Then) -> Iterator[Sentence]:
        said = saying.said
        if not isinstance(said, Firing) or rule.throttle is None or said.said is Said.CLEARED:
            return
        if said.said is Said.REPEATED:
            window = then.window_of(rule, saying)
            yield from () if window is None else (window,)
            return
        until = Stamp(0, saying.when.wall_ms + rule.throttle.once_within_ms, saying.when.trusted)
        repeats = [
            one for one in self._later(saying) if isinstance(one.said, Firing) and one.said.said is Said.REPEATED
        ]
        yield say(
            "window",
            "ulangan sampai {until} masuk ke sini: {count}{times}",
            "repeats until {until} join this: {count}{times}",
            until=self._near(until, saying),
            count=len(repeats),
            times=f" ({listed(self._near(one.when, saying) for one in repeats)})" if repeats else "",
        )

    def _later(self, saying: Saying) -> Iterator[Saying]:
        """Yield what the rule said of the same group afterwards, until it alerted anew."""
        group = saying.said.group if isinstance(saying.said, Firing) else ""
        for one in self.chronicle.of_rule(saying.said.rule):
            if one.sequence < saying.sequence or one is saying or not isinstance(one.said, Firing):
                continue
            if one.said.group == group:
                if one.said.said is Said.FIRED:
                    return
                yield one

    def _suppression(self, saying: Saying) -> Iterator[Sentence]:
        for one in self._later(saying):
            if isinstance(one.said, Firing) and one.said.said is Said.CLEARED:
                at = self._near(one.when, saying)
                yield say("cleared", "selesai (clear_when) {at}", "cleared (clear_when) {at}", at=at)
        for one in self.chronicle.sayings:
            said = one.said
            after = one.when.run_ms - saying.when.run_ms
            if isinstance(said, Remark) and said.by == saying.said.rule and 0 <= after <= SUPPRESS_MS:
                yield say(
                    "suppressed",
                    "{at} menahan {rule} (suppressed_by)",
                    "{at} held back {rule} (suppressed_by)",
                    at=self._near(one.when, saying),
                    rule=said.rule,
                )

    def _rule(self, saying: Saying, rule: FullRule | None) -> Iterator[Sentence | str]:
        version = saying.versions[0]
        if rule is None:
            yield say(
                "not_kept",
                "versi {version} tidak tersimpan di sini (folder kept/)",
                "version {version} is not kept here (folder kept/)",
                version=version or "?",
            )
            return
        yield say("place", "{place}, versi {version}", "{place}, version {version}", place=rule.place, version=version)
        if self.chronicle.known_from is not None and saying.at.run_ms < self.chronicle.known_from.run_ms:
            yield say(
                "assumed",
                "yang jalan waktu itu tidak tercatat lagi; ini versi pertama sesudahnya",
                "what ran then is written down no more; this is the first version after it",
            )
        yield from self.library.text_of(saying.versions, rule)

    def _clock(self, saying: Saying) -> Iterator[Sentence]:
        yield trust_line(saying.when)
        site = self.library.site_of(saying.versions[1])
        event = saying.event
        if event is None or event.happened_ms is None or site is None:
            return
        own = happened_run(event, site)
        claimed = self.local.near(Stamp(0, event.happened_ms, trusted=True), saying.when.wall_ms)
        if own is not None:
            yield say("own_clock", "waktu kejadian dari alatnya: {at}", "timed by the device: {at}", at=claimed)
        else:
            yield say(
                "claimed",
                "alat mengaku {at}; tidak dipakai (clock: trusted tidak ada di site.yaml)",
                "the device claims {at}; not used (site.yaml has no clock: trusted)",
                at=claimed,
            )

    def iso(self, stamp: Stamp) -> str:
        """Return a time for programs."""
        return self.local.moment(stamp.wall_ms).isoformat(timespec="milliseconds")


def trust_line(at: Stamp) -> Sentence:
    """Return whether the post's clock was believed at an instant."""
    if at.trusted:
        return say("trusted", "jam pos dipercaya waktu itu", "the post's clock was trusted then")
    return say(
        "doubtful",
        "jam pos diragukan waktu itu (tanda ?): waktu di sini mungkin salah",
        "the post's clock was doubtful then (marked ?): times here may be wrong",
    )


def _state(name: str, seen: Sentence) -> Sentence:
    return say("state", "{name}: {state}", "{name}: {state}", name=name, state=seen)


def _remarked(said: Remark, values: Mapping[str, object]) -> Sentence:
    values = {**values, "by": said.by or ""}
    match said.reason:
        case "suppressed":
            return say(
                "suppressed",
                "Aturan {rule} terpenuhi pada {at}, tetapi ditahan: {by} sudah memberi tahu ({how}).",
                "Rule {rule} was complete at {at}, but held back: {by} had alerted already ({how}).",
                **values,
            )
        case "held":
            return say(
                "held",
                "Aturan {rule} terpenuhi pada {at}, tetapi only_if tidak ({how}).",
                "Rule {rule} was complete at {at}, but its only_if was not ({how}).",
                **values,
            )
        case _:
            return say(
                "unknown",
                "Aturan {rule} pada {at}: tidak diketahui, pos mati di tengah kesunyian itu.",
                "Rule {rule} at {at}: unknown, the post was off within that silence.",
                **values,
            )
