"""The rules that a post runs with, and what they remember: the engine's part of the fold.

A journal is folded with the rules that were running when it was written. They are kept by hash; a start that finds
other rules in the files hands their memory over, and every rule whose meaning did not change keeps what it had.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from zoneinfo import ZoneInfo

from dispatcher.domain.events import Event
from dispatcher.domain.firing import Firing, Remark
from dispatcher.domain.site import Site
from dispatcher.domain.stamp import Stamp
from dispatcher.matcher.twin import Predicate, compile_clauses, holds
from dispatcher.post.release.history import NOBODY, By
from dispatcher.rules.engine import state as engine_state
from dispatcher.rules.engine.build import Scope
from dispatcher.rules.engine.engine import Engine
from dispatcher.rules.engine.filling import Fill
from dispatcher.rules.engine.outcome import Outcome, Told
from dispatcher.rules.engine.state import EngineState, Watch
from dispatcher.rules.firing import as_firing, as_remark
from dispatcher.rules.language import FullRule, FullRuleSet
from dispatcher.rules.model import Clause
from dispatcher.wire.watch import OpenWatch

# What one record says at most: a body has a megabyte, a firing some 700 bytes, an event that it names 180.
MAX_FIRINGS = 300
MAX_REMARKS = 500
MAX_NAMED_TOGETHER = 1_000

Matches = dict[int, dict[int, frozenset[str]]]  # record -> place of the event in it -> clauses; where there are any


@dataclass(frozen=True, slots=True)
class Edition:
    """Rules and site as they were read together. ``versions`` are their hashes, ``by`` who put them there."""

    versions: tuple[str, str]
    engine: Engine
    site: Site
    by: By = NOBODY

    @property
    def post(self) -> str:
        """Return the post whose rules these are."""
        return self.engine.post or ""

    @property
    def questions(self) -> dict[str, Clause]:
        """Return the clauses that the matcher is asked about."""
        return self.engine.questions()

    @property
    def loaded(self) -> int:
        """Return how many rules run here: those that are switched on."""
        return sum(rule.enabled for rule in self.engine.rules)


def edition(rules: FullRuleSet, site: Site, post: str, site_version: str = "") -> Edition:
    """Return what a post runs with, of the rules that belong to it."""
    engine = Engine(rules, site, ZoneInfo(site.timezone), Scope(post=post))
    return Edition((rules.version, site_version), engine, site)


Kept = Callable[[tuple[str, str]], Edition | None]


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules said in one step, as it is written down: an outcome that was made is never computed anew."""

    firings: tuple[Firing, ...] = ()
    remarks: tuple[Remark, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.firings or self.remarks)

    def parts(self, here: Mapping[str, Event]) -> "list[Facts]":
        """Return these facts in parts that fit into a record each; of remarks the first few hundred.

        ``here`` are the events that the first record leads to; in a later one a firing brings its own along.
        """
        first = Facts(self.firings[:MAX_FIRINGS], self.remarks[:MAX_REMARKS])
        rest = [replace(one, about=one.about or here.get(one.event)) for one in self.firings[MAX_FIRINGS:]]
        later = [Facts(tuple(rest[at : at + MAX_FIRINGS])) for at in range(0, len(rest), MAX_FIRINGS)]
        return [first, *later]


def facts_of(told: Iterable[Told], here: Iterable[Event] = ()) -> Facts:
    """Return what was told, ready for a record; ``here`` are the events that the record itself leads to."""
    ids = {event.id for event in here}
    told = list(told)
    firings = (as_firing(one, ids) for one in told)
    remarks = (as_remark(one) for one in told)
    return Facts(
        _within([one for one in firings if one is not None]),
        tuple(one for one in remarks if one is not None),
    )


def _within(firings: list[Firing]) -> tuple[Firing, ...]:
    """Return firings that name no more events together than fit into a record; the newest of each are named."""
    if sum(len(one.evidence) for one in firings) <= MAX_NAMED_TOGETHER:
        return tuple(firings)
    share = MAX_NAMED_TOGETHER // len(firings)
    return tuple(_naming(one, share) for one in firings)


def _naming(firing: Firing, most: int) -> Firing:
    if len(firing.evidence) <= most:
        return firing
    count = firing.count or len(firing.evidence) + 1
    return replace(firing, evidence=firing.evidence[len(firing.evidence) - most :], count=count)


@dataclass(frozen=True, slots=True)
class RuleNow:
    """One rule as it is doing: its fill (None: it is off), for how long it has been loaded, and what it lost."""

    rule: FullRule
    fill: Fill | None
    known_ms: int
    ungrouped: int
    dropped: int


@dataclass(slots=True)
class Rulebook:
    """``edition`` is what the files say, ``using`` what the fold runs with; ``kept`` finds an older one by its hashes.

    ``state`` is None before the first start. Where an absence turns out to have been longer than was counted, the
    post makes all older stamps older and the engine moves on: ``ahead_ms`` is how far its running time is before ours.
    """

    edition: Edition
    kept: Kept = lambda _versions: None
    using: Edition = field(init=False)
    state: EngineState | None = None
    ahead_ms: int = 0
    _failure: str = ""
    fresh: tuple[str, ...] = ()  # rules that began anew at the last change of the files

    def __post_init__(self) -> None:
        self.using = self.edition

    # --- steps of the fold

    def start(self, stopped: Stamp | None, now: Stamp, versions: tuple[str, str]) -> list[Told]:
        """Begin, or go on after an absence; what was due by ``stopped`` is told as it was."""
        state = self.state
        if state is None or stopped is None:
            self.use(versions)
            self.state = self.using.engine.start(self._theirs(now))
            return []
        engine, came, back = self.using.engine, self._theirs(stopped), self._theirs(now)
        told = self._ours(lambda: engine.on_start(state, came, back))
        return told if versions == self.using.versions else told + self.switch(versions, now)

    def _theirs(self, stamp: Stamp) -> Stamp:
        return replace(stamp, run_ms=stamp.run_ms + self.ahead_ms) if self.ahead_ms else stamp

    def _ours(self, step: Callable[[], Outcome]) -> list[Told]:
        """Take a step of the engine and return what was told, with verdicts' stamps on our own running time.

        A fault of ours in one rule must not end the post, start after start: the step is given up, and told of. A
        replay gives it up in the same place.
        """
        try:
            told = step().told
        except Exception as error:
            self._failure = f"{type(error).__name__}: {error}"[:200]
            return []
        return [self._our(one) for one in told] if self.ahead_ms else told

    def take_failure(self) -> str:
        """Return, once, what went wrong in a step of the engine; empty when nothing did."""
        failure, self._failure = self._failure, ""
        return failure

    def _our(self, told: Told) -> Told:
        event = told.subject
        if not event.kind.startswith("timer."):
            return told  # an event has the stamp that we gave it
        arrived = replace(event.arrived, run_ms=event.arrived.run_ms - self.ahead_ms)
        return replace(told, subject=replace(event, arrived=arrived))

    def reload(self, edition: Edition, now: Stamp) -> list[Told]:
        """Go on with other rules: every rule whose meaning did not change keeps what it had."""
        self.edition = edition
        return self.switch(edition.versions, now)

    def switch(self, versions: tuple[str, str], now: Stamp) -> list[Told]:
        """Fold on with the rules of these versions; what was due before is told by the old ones."""
        state = self.state
        if state is None:
            self.use(versions)
            return []
        engine, when = self.using.engine, self._theirs(now)
        told = self._ours(lambda: engine.catch_up(state, when))
        self.use(versions)
        self.fresh = tuple(self.using.engine.adopt(state, when))
        return told

    def use(self, versions: tuple[str, str]) -> None:
        """Fold on with these rules; where nobody has kept them, with those of the files."""
        known = self.edition if versions == self.edition.versions else self.kept(versions)
        self.using = known if known is not None else replace(self.edition, versions=versions)

    def corrected(self, by_ms: int, back_ms: int) -> None:
        """Note that the absence from which we came back at the running time ``back_ms`` was longer than counted."""
        if self.state is not None and by_ms:
            self.using.engine.on_correction(self.state, by_ms, back_ms + self.ahead_ms)
            self.ahead_ms += by_ms

    def judge(self, events: Sequence[tuple[Event, frozenset[str]]]) -> list[Told]:
        """Judge events in the order in which they came, each with the clauses that it satisfies."""
        if self.state is None:
            return []
        told: list[Told] = []
        for event, matched in events:
            told += self._judge(self.state, event, matched)
        return told

    def _judge(self, state: EngineState, event: Event, matched: frozenset[str]) -> list[Told]:
        at = happened_run(event, self.using.site)
        happened = None if at is None else at + self.ahead_ms
        now = self._theirs(event.arrived)
        engine = self.using.engine
        return self._ours(lambda: engine.on_event(state, event, matched, now, happened_run=happened))

    def is_due(self, now: Stamp) -> bool:
        """Return whether a deadline may have come."""
        return self.state is not None and self.using.engine.is_due(self.state, self._theirs(now))

    def time(self, now: Stamp) -> list[Told]:
        """Judge the deadlines up to ``now``; every event up to then has been judged."""
        state, engine, when = self.state, self.using.engine, self._theirs(now)
        return [] if state is None else self._ours(lambda: engine.on_time(state, when))

    def catch_up(self, now: Stamp) -> list[Told]:
        """Judge the deadlines earlier than ``now``."""
        state, engine, when = self.state, self.using.engine, self._theirs(now)
        return [] if state is None else self._ours(lambda: engine.catch_up(state, when))

    def next_due(self, now: Stamp) -> int | None:
        """Return the running time at which ``time`` has something to do next, or None."""
        due = None if self.state is None else self.using.engine.next_deadline(self.state, self._theirs(now))
        return None if due is None else due - self.ahead_ms

    def closed(self, rules: Iterable[str], post: str) -> None:
        """Note that people have closed the incident of these rules."""
        for rule in rules if self.state is not None else ():
            self.using.engine.close_incident(self.state, rule, post)  # type: ignore[arg-type]  # not None: see above

    def watch(self, watches: Iterable[OpenWatch]) -> None:
        """Note which watches the precinct has open, all of them."""
        if self.state is not None:
            self.state.watches = [Watch(one.kind, one.kelurahan, one.until_ms) for one in watches]

    def watches(self) -> tuple[OpenWatch, ...]:
        """Return the watches that the precinct has open."""
        known = self.state.watches if self.state is not None else ()
        return tuple(OpenWatch(one.kind, one.kelurahan, one.until) for one in known)

    def losses(self) -> tuple[Mapping[str, int], int, int]:
        """Return what each rule gave up for want of room, how many events came too late, and searches given up."""
        if self.state is None:
            return {}, 0, 0
        return engine_state.overflow(self.state), self.state.too_late, self.state.gave_up

    def lines(self, now: Stamp) -> Iterator[RuleNow]:
        """Yield how each rule that runs here is doing; to be read bit by bit, and no further after other rules came."""
        using, state, theirs = self.using, self.state, self._theirs(now)
        for rule, own, fill in using.engine.fills(state, theirs) if state is not None else ():
            if self.using is not using:
                return
            ungrouped = state.ungrouped.get(rule.id, 0) if state is not None else 0
            dropped = own.dropped + own.when.dropped + own.clear.dropped
            yield RuleNow(rule, fill, max(0, theirs.run_ms - own.when.began), ungrouped, dropped)

    def forget(self, now: Stamp) -> None:
        """Drop what no later event can need."""
        if self.state is not None:
            self.using.engine.forget(self.state, self._theirs(now))

    # --- what nobody has asked the matcher about yet

    def match(self, events: Iterable[Event]) -> list[frozenset[str]]:
        """Return the clauses that each event satisfies, here and now: by the twin alone."""
        questions = self.using.questions
        predicates, _ = compile_clauses(questions)
        return [_satisfied(event, questions, predicates) for event in events]

    # --- checkpoint

    def dump(self) -> dict[str, Any]:
        """Return the part of a checkpoint that is the rules'."""
        plain = None if self.state is None else engine_state.to_plain(self.state)
        return {"versions": list(self.using.versions), "state": plain, "ahead": self.ahead_ms}

    def load(self, plain: Any, when: Stamp) -> None:
        """Take what ``dump`` wrote at ``when``. Raises ValueError, KeyError or TypeError for anything else."""
        if not plain or plain.get("state") is None:
            return
        rules, site = plain["versions"]
        self.ahead_ms = int(plain["ahead"])
        self.state = engine_state.from_plain(plain["state"])
        self.use((str(rules), str(site)))
        if set(self.state.rules) != {rule.id for rule in self.using.engine.rules}:
            # Rules that nobody has kept: what stands in the files takes over from here.
            self.using.engine.adopt(self.state, self._theirs(when))


def _satisfied(event: Event, questions: dict[str, Clause], predicates: dict[str, Predicate]) -> frozenset[str]:
    return frozenset(
        id_
        for id_, clause in questions.items()
        if id_ in predicates and clause.wants(event.kind) and holds(predicates[id_], event)
    )


def happened_run(event: Event, site: Site) -> int | None:
    """Return the running time that a device with a trusted clock gives for its event; None: it came when it came."""
    device = site.devices.get(event.device or "")
    if event.happened_ms is None or device is None or not device.clock_trusted or not event.arrived.trusted:
        return None
    return event.arrived.run_ms - (event.arrived.wall_ms - event.happened_ms)
