"""A question about a rule and a time, with what the journal says of both, and what every answer needs of it."""

from collections.abc import Iterator
from dataclasses import dataclass

from dispatcher.domain.events import Event
from dispatcher.domain.firing import Remark, Said
from dispatcher.domain.site import Site
from dispatcher.domain.stamp import Stamp
from dispatcher.post.past.chronicle import Chronicle, Saying, Wanted
from dispatcher.post.past.conditions import Condition, Then
from dispatcher.post.past.editions import Library, Versions
from dispatcher.post.past.moments import Moment
from dispatcher.post.past.report import Section, section
from dispatcher.post.past.sentences import Local, Sentence, say
from dispatcher.post.rulebook import happened_run
from dispatcher.rules.engine.build import Builder, Scope
from dispatcher.rules.engine.calendar import Calendar
from dispatcher.rules.engine.rosters import Expected
from dispatcher.rules.fingerprint import fingerprint
from dispatcher.rules.language import AbsentForm, AnyForm, EventForm, FullRule
from dispatcher.rules.uses import clauses_of

AROUND_MS = 600_000  # what is looked at beside the window of the rule
MAX_BACK_MS = 31 * 86_400_000


def wanted_for(rule: FullRule, moment: Moment) -> Wanted:
    """Return what of a past is needed to answer for a rule and a time."""
    kinds = clauses_of(rule.when)
    back = min(MAX_BACK_MS, reach_of(rule) + AROUND_MS)
    return Wanted(
        frozenset((rule.id, *rule.suppressed_by)),
        moment.begin_ms - back,
        moment.end_ms + min(back, 2 * rule.when.within_ms + AROUND_MS),
        lambda event: any(clause.wants(event.kind) for clause in kinds),
        lambda kind: any(clause.wants(kind) for clause in kinds),
    )


def reach_of(rule: FullRule) -> int:
    """Return how far back the events lie that a rule may look at, in milliseconds."""
    form = rule.when.form
    if not isinstance(form, AbsentForm):
        return 2 * rule.when.within_ms
    inner = (form.after.within_ms or 0) if form.after is not None else 0
    return (form.for_ms or 0) + 2 * (rule.when.within_ms + inner) + (86_400_000 if form.between else 0)


@dataclass(frozen=True, slots=True)
class Question:
    """Why a rule did not alert at a time. ``versions`` ran then, on ``site``."""

    rule: FullRule
    moment: Moment
    chronicle: Chronicle
    library: Library
    site: Site
    versions: Versions
    local: Local

    @property
    def is_windowed(self) -> bool:
        """Return whether what came before the rule began, or too late, counts for nothing."""
        return not isinstance(self.rule.when.form, EventForm | AnyForm)

    def common(self, versions: Versions, rule: FullRule, at: Stamp) -> Iterator[Section]:
        """Yield the sections that every answer has: the rule as it was, and a doubtful clock."""
        place = say(
            "place", "{place}, versi {version}", "{place}, version {version}", place=rule.place, version=versions[0]
        )
        yield from section("rule", (place, *self.library.text_of(versions, rule)))
        if not at.trusted:
            doubt = say("doubtful", "jam pos diragukan waktu itu", "the post's clock was doubtful then")
            yield from section("clock", (doubt,))

    def stamp(self, wall_ms: int) -> Stamp:
        """Return a wall time as a stamp, as well as the journal can say."""
        found = self.chronicle.stamp_at(wall_ms)
        return found if found is not None else Stamp(wall_ms, wall_ms, trusted=True)

    def then(self, at: Stamp, event: str = "") -> Then:
        """Return the post at an instant."""
        return Then(self.chronicle, self.site, self.local, self.library.post, at, event)

    def began(self) -> Stamp:
        """Return since when the rule has run with the meaning that it had then: a changed rule starts afresh."""
        mine = fingerprint(self.rule)
        began = self.chronicle.first or Stamp(0, 0, trusted=False)
        before = ""
        for stamp, versions in self.chronicle.versions:
            if stamp.wall_ms > self.moment.end_ms:
                break
            rule = self.library.rule(versions, self.rule.id)
            print_ = fingerprint(rule) if rule is not None else ""
            if print_ == mine != before and before != mine:
                began = stamp
            before = print_
        return began

    def ended(self) -> Stamp | None:
        """Return when the rule changed its meaning again, or went; None if it did not."""
        mine = fingerprint(self.rule)
        for stamp, versions in self.chronicle.versions:
            rule = self.library.rule(versions, self.rule.id)
            if stamp.wall_ms > self.moment.end_ms and (rule is None or fingerprint(rule) != mine):
                return stamp
        return None

    def asked(self) -> str:
        """Return the time asked about, for people."""
        return self.local.full(self.stamp(self.moment.begin_ms))

    def near(self, stamp: Stamp) -> str:
        """Return a time, with its date if it is of another day than the one asked about."""
        return self.local.near(stamp, self.moment.begin_ms)

    def iso(self, stamp: Stamp) -> str:
        """Return a time for programs."""
        return self.local.moment(stamp.wall_ms).isoformat(timespec="milliseconds")

    def facts(self, versions: Versions) -> dict[str, object]:
        """Return what programs get with every answer."""
        asked = self.stamp(self.moment.begin_ms)
        return {"rule": self.rule.id, "asked": self.iso(asked), "version": versions[0], "shadow": self.rule.shadow}

    def builder(self) -> Builder:
        """Return what builds rules as this post did."""
        return Builder(self.site, Calendar(self.local.tz), Scope(post=self.library.post))

    def expected(self) -> Expected:
        """Return the rule's roster."""
        expected = self.builder().build(self.rule).expected
        assert expected is not None  # the two forms of a roster have one
        return expected

    def time_of(self, event: Event) -> int:
        """Return the running time that an event has for windows."""
        own = happened_run(event, self.site)
        return event.arrived.run_ms if own is None else min(own, event.arrived.run_ms)

    def is_too_late(self, event: Event, t: int) -> bool:
        """Return whether an event came later than the site allows."""
        return event.arrived.run_ms - t > self.builder().lateness(clauses_of(self.rule.when))


def reason_of(saying: Saying) -> str:
    """Return the word for what a rule said: as it is counted, or the reason of a remark."""
    said = saying.said
    if isinstance(said, Remark):
        return said.reason
    return "shadow" if said.shadow and said.said is Said.FIRED else str(said.said)


def joined(conditions: list[Condition]) -> Sentence:
    """Return conditions and what they came to as one phrase."""
    text = say("none", "-", "-")
    for number, one in enumerate(conditions):
        part = say("condition", "{written}: {seen}", "{written}: {seen}", written=one.written, seen=one.seen)
        text = part if not number else say("conditions", "{first}, {part}", "{first}, {part}", first=text, part=part)
    return text
