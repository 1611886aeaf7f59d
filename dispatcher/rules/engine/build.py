"""From a rule to its machines, and to the questions that the matcher is asked for it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from dispatcher.domain.events import Event
from dispatcher.domain.site import Site
from dispatcher.rules.engine.build_windows import sliding_of, trigger_of
from dispatcher.rules.engine.calendar import Calendar
from dispatcher.rules.engine.completion import Machine
from dispatcher.rules.engine.cross import Clauses
from dispatcher.rules.engine.grouping import Grouping, grouping_of, key_of
from dispatcher.rules.engine.hours import Groups, Hourly
from dispatcher.rules.engine.lateness import lateness_of
from dispatcher.rules.engine.rosters import LATE_MS, DailySilence, Expected, Silence
from dispatcher.rules.engine.states import Becoming
from dispatcher.rules.engine.verdict import Subject, kelurahan_of
from dispatcher.rules.engine.waits import Waiting
from dispatcher.rules.engine.windows import Instant, Windowed
from dispatcher.rules.language import (
    AbsentForm,
    After,
    AllForm,
    AnyForm,
    CountForm,
    EventForm,
    FullRule,
    Roster,
    RunsAt,
    ScheduleForm,
    SequenceForm,
    StateForm,
    When,
)
from dispatcher.rules.model import Clause
from dispatcher.rules.uses import trigger_clauses


@dataclass(frozen=True, slots=True)
class Scope:
    """Where an engine runs: at one post, at the precinct, or (for tests) at the whole site at once."""

    post: str | None = None
    precinct: bool = False

    @property
    def whole(self) -> bool:
        """Return whether this is the whole site."""
        return self.post is None and not self.precinct

    @property
    def late_ms(self) -> int:
        """Return how long after its time a daily verdict is late."""
        return 1 if self.whole else LATE_MS

    def runs(self, rule: FullRule) -> bool:
        """Return whether a rule is judged here."""
        return self.whole or (rule.runs_at is RunsAt.PRECINCT) is self.precinct


@dataclass(frozen=True, slots=True)
class Built:
    """One rule, ready to run. ``grouping`` is that of its ``when``; ``expected`` its roster, if it has one."""

    rule: FullRule
    when: Machine
    clear: Machine | None
    questions: Mapping[str, Clause]
    grouping: Grouping
    expected: Expected | None


@dataclass(frozen=True, slots=True)
class Builder:
    """Builds rules for one site and scope."""

    site: Site
    calendar: Calendar
    scope: Scope

    def build(self, rule: FullRule) -> Built:
        """Return a rule's machines."""
        grouping = grouping_of(rule.when, rule.runs_at, self.site)
        asked = Clauses(f"{rule.id}#")
        when = self._machine(rule, rule.when, asked, grouping)
        expected = when.expected if isinstance(when, Silence | DailySilence) else None
        clear_asked = Clauses(f"{rule.id}#c")
        clear = None
        if rule.clear_when is not None:
            clear = self._machine(rule, rule.clear_when, clear_asked, _clear_grouping(grouping, expected))
        questions = {**asked.questions, **clear_asked.questions}
        return Built(rule, when, clear, questions, grouping, expected)

    def _machine(self, rule: FullRule, when: When, asked: Clauses, grouping: Grouping) -> Machine:
        match when.form:
            case EventForm(clause=clause):
                return Instant((asked.compile(clause),), grouping)
            case AnyForm(clauses=clauses):
                return Instant(tuple(asked.compile(clause) for clause in clauses), grouping)
            case CountForm() | AllForm() | SequenceForm() as form:
                return Windowed(sliding_of(form, when, asked, grouping, self.lateness))
            case AbsentForm(after=After() as after, clause=clause):
                return self._waiting(when, after, clause, asked, grouping)
            case AbsentForm() as form:
                return self._roster(rule, form, asked)
            case StateForm() as form:
                return Becoming(
                    rule.id, form, self.site, PostKey(grouping_of(when, rule.runs_at, self.site), self.site)
                )
            case ScheduleForm() as form:
                groups, subject = self._everywhere(rule)
                return Hourly(rule.id, form, self.calendar, groups, subject, self.scope.late_ms)

    def _waiting(self, when: When, after: After, absent: Clause, asked: Clauses, grouping: Grouping) -> Machine:
        trigger = trigger_of(after, asked, grouping, self.lateness)
        return Waiting(
            clause=asked.compile(absent),
            trigger=trigger,
            grouping=grouping,
            within_ms=when.within_ms,
            lateness_ms=self.lateness((absent,)),
            begin_lateness_ms=self.lateness(trigger_clauses(after.trigger)),
            reuse=when.reuse,
        )

    # --- rosters

    def _roster(self, rule: FullRule, form: AbsentForm, asked: Clauses) -> Machine:
        expected = Expected(
            rule=rule.id,
            clause=asked.compile(form.clause),
            site=self.site,
            names=self.names(form.roster or Roster("posts"), rule.runs_at),
            per_post=rule.runs_at is RunsAt.POST,
            lateness_ms=self.lateness((form.clause,)),
        )
        if form.between is not None:
            return DailySilence(expected, form.between, self.calendar, self.scope.late_ms)
        return Silence(expected, form.for_ms or 0)

    def names(self, roster: Roster, runs_at: RunsAt) -> tuple[str, ...]:
        """Return the entries of a roster, as far as the rule's place covers them."""
        match roster.sort:
            case "posts":
                found: Iterable[str] = self.site.posts
            case "devices":
                found = self.site.devices
            case "role":
                found = (device.id for device in self.site.devices.values() if device.role == roster.role)
            case _:
                found = roster.ids
        return tuple(name for name in found if self._covers(name, runs_at))

    def _covers(self, name: str, runs_at: RunsAt) -> bool:
        device = self.site.devices.get(name)
        post = device.post if device is not None else name
        if runs_at is RunsAt.PRECINCT:
            return True
        return post is not None and self.scope.post in (None, post)

    # --- states and hours

    def _everywhere(self, rule: FullRule) -> tuple[Groups, Subject]:
        """Return the groups of an hour: once for every post, without naming one; at a single post, that post."""
        key = PostKey(Grouping(("post",), None), self.site)
        if self.scope.post is not None:
            return ((key(self.scope.post), self.scope.post),), self.subject(self.scope.post)
        if rule.runs_at is RunsAt.PRECINCT or not self.site.posts:
            return ((key_of([]) if rule.runs_at is RunsAt.PRECINCT else key(None), None),), Subject()
        return tuple((key(post), post) for post in self.site.posts), Subject()

    def subject(self, post: str) -> Subject:
        """Return a post as what a verdict is about."""
        return Subject(post, kelurahan_of(self.site, post))

    def lateness(self, clauses: Iterable[Clause]) -> int:
        """Return how late an event may be that one of the clauses could want, in milliseconds."""
        return lateness_of(clauses, self.site)


@dataclass(frozen=True, slots=True)
class PostKey:
    """The group of what belongs to a post, wherever its rule runs: a state is one post's, and not another's."""

    grouping: Grouping
    site: Site

    def __call__(self, post: str | None) -> str:
        known = {"post": post, "kelurahan": kelurahan_of(self.site, post)}
        return key_of([known.get(name) for name in self.grouping.fields])


@dataclass(frozen=True, slots=True)
class ByEntry(Grouping):
    """Groups by the entry of a roster that an event is word from."""

    expected: Expected

    def key(self, event: Event) -> str | None:
        """Return the entry's key; None for an event from nobody on the roster."""
        names = self.expected.speakers(event)
        return key_of([names[0]]) if names else None


def _clear_grouping(grouping: Grouping, expected: Expected | None) -> Grouping:
    """Return how ``clear_when`` groups: as its rule does, where neighbours were looked at by the own kelurahan."""
    if expected is not None:
        return ByEntry((), None, expected)
    return replace(grouping, near=None if grouping.near is None else {name: (name,) for name in grouping.near})
