"""The rules as the station knows them: what happens at the precinct becomes their inputs, written down or held.

Everything is called on the store's thread, inside its commits, but for the reading of counters.
"""

from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from dispatcher.domain.events import Event
from dispatcher.domain.site import Site
from dispatcher.domain.stamp import Stamp
from dispatcher.matcher.port import Matcher, MatcherState, Refusal
from dispatcher.matcher.python import PythonMatcher
from dispatcher.precinct.clock import Clock
from dispatcher.precinct.rules.effects import Judged
from dispatcher.precinct.rules.inputs import Body, Closed, Input, NewRules, Seen, Tick
from dispatcher.precinct.rules.ledger import Ledger
from dispatcher.precinct.rules.work import Left, RuleWork
from dispatcher.rules.engine.build import Scope
from dispatcher.rules.engine.engine import Engine
from dispatcher.rules.engine.wanted import wanted
from dispatcher.rules.language import FullRuleSet

TICK_MS = 500  # a busy station has more rounds than that; no deadline needs them all
MAX_WAITING = 5_000  # inputs not judged yet: beyond that posts keep their events, and heartbeats are passed over


Done = Callable[[tuple[str, ...], tuple[Refusal, ...]], None]
"""Called on the rules' thread, with the rules that begin anew, or with the clauses that no matcher takes."""


def precinct_engine(rules: FullRuleSet, site: Site) -> Engine:
    """Return the engine with the rules that run at the precinct."""
    return Engine(rules, site, ZoneInfo(site.timezone), Scope(precinct=True))


@dataclass(frozen=True, slots=True)
class Rules:
    """What a station needs to judge rules: they themselves, and who answers their clauses."""

    engine: Engine
    matcher: Matcher


def no_rules(site: Site) -> Rules:
    """Return what judges nothing, and waits for rules."""
    return Rules(precinct_engine(FullRuleSet(), site), PythonMatcher())


class RunningTime:
    """Running time that goes on over restarts: the wall clock says how long the precinct was off."""

    def __init__(self, clock: Clock, stopped: Stamp | None) -> None:
        self._clock = clock
        run, wall = clock.run_ms(), clock.wall_ms()
        before = 0 if stopped is None else stopped.run_ms + max(0, wall - stopped.wall_ms)
        self._offset = before - run

    def stamp(self) -> Stamp:
        """Return now."""
        return Stamp(self._offset + self._clock.run_ms(), self._clock.wall_ms(), trusted=True)


class Ruling:
    """Made when the station opens its store. ``hand_over`` takes what was judged to the store's thread."""

    def __init__(
        self,
        rules: Rules,
        site: Site,
        ledger: Ledger,
        clock: Clock,
        hand_over: Callable[[Judged], None],
    ) -> None:
        self._use(rules)
        self._ledger = ledger
        pending, self.unreadable = ledger.pending()
        left = Left(ledger.parts(), pending, ledger.watches())
        self._time = RunningTime(clock, left.stopped)
        self._work = RuleWork(rules.engine, site, rules.matcher, left, self._time.stamp(), hand_over)
        self._n = ledger.top()
        self._ticked = self.now().run_ms

    def _use(self, rules: Rules) -> None:
        self._rules = rules
        self.wants = wanted(rules.engine)
        self.names = tuple(rule.id for rule in rules.engine.rules if rule.enabled)

    def start(self) -> None:
        """Start the rules' thread."""
        self._work.start()

    def stop(self) -> None:
        """End it."""
        self._work.stop()

    def now(self) -> Stamp:
        """Return the instant at which an input of now arrives."""
        return self._time.stamp()

    @property
    def failed(self) -> bool:
        """Whether no rule is judged any more."""
        return self._work.failure is not None

    @property
    def is_behind(self) -> bool:
        """Whether what can wait should wait outside: the rules have too much to do, or do nothing any more."""
        return self.failed or self._work.waiting > MAX_WAITING

    def matcher_state(self) -> MatcherState:
        """Return who answers, and the counters."""
        return self._rules.matcher.state()

    # --- inputs: written down, to be handed on once they are on the disk

    def event(self, event: Event, happened_run: int | None = None, floor: str | None = None) -> Input | None:
        """Write an event down, unless no rule looks at its kind, nor at the alert of the ``floor`` about it."""
        if self.wants(event.kind) or (floor is not None and self.wants(f"alert.{floor}")):
            return self._put(Seen(event, happened_run, floor), event.arrived)
        return None

    def heartbeat(self, event: Event) -> Input | None:
        """Take an event that comes again in seconds: it is written only with the next thing that is."""
        if not self.wants(event.kind) or self.is_behind:
            return None
        one = self._number(Seen(event), event.arrived)
        self._ledger.hold(one)
        return one

    def closed(self, rule: str, post: str | None) -> Input:
        """An officer closed an incident of a rule of ours."""
        return self._put(Closed(rule, post), self.now())

    def told(self, body: Body) -> Input:
        """Write down anything else."""
        return self._put(body, self.now())

    def change(self, rules: Rules, done: Done) -> Input:
        """Go on with other rules: what is written down from here on is what they look at, and theirs to judge."""
        before = self._rules
        self._use(rules)

        def told(fresh: tuple[str, ...], refusals: tuple[Refusal, ...]) -> None:
            if refusals:
                self._use(before)
            done(fresh, refusals)

        return self._number(NewRules(rules.engine, rules.matcher, told), self.now())

    def submit(self, one: Input) -> None:
        """Let the rules judge an input. Where they failed it stays on the disk, and is judged after a start."""
        if not self.failed:
            self._work.submit(one)

    def tick(self) -> None:
        """Tell the rules the time, now and then."""
        now = self.now()
        if now.run_ms - self._ticked >= TICK_MS:
            self._ticked = now.run_ms
            self.submit(Input(self._n, now, Tick()))

    def _put(self, body: Body, at: Stamp) -> Input:
        one = self._number(body, at)
        self._ledger.put(one)
        return one

    def _number(self, body: Body, at: Stamp) -> Input:
        self._n += 1
        return Input(self._n, at, body)
