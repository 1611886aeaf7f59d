"""The virtual site of a test: its clocks, its posts and precinct, what is off and what is cut."""

import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from dispatcher.cli.timeline.arrivals import Arrivals, event_of
from dispatcher.cli.timeline.entries import Log
from dispatcher.cli.timeline.model import Case, Step
from dispatcher.domain.events import Event, Value
from dispatcher.domain.ids import digest
from dispatcher.domain.site import Site
from dispatcher.domain.stamp import Stamp
from dispatcher.incidents.floor import incident_kind
from dispatcher.matcher.twin import Predicate, compile_clauses
from dispatcher.rules.checks import SEEN_AT_PRECINCT
from dispatcher.rules.engine.engine import Engine
from dispatcher.rules.engine.outcome import Outcome, Told
from dispatcher.rules.engine.state import EngineState, from_plain, to_plain
from dispatcher.rules.engine.verdict import About, alert_event
from dispatcher.rules.language import RunsAt
from dispatcher.rules.model import Clause

MAX_ALERTS = 200  # alerts that wake precinct rules that alert in one instant: check refuses circles, this ends them
Seen = Callable[[str, bool], None]


@dataclass(slots=True)
class Clocks:
    """True time, the wall clock's error and running time, which lags behind after an unmeasured power cut.

    ``unmeasured`` are those cuts in true time, until somebody says how long they were; ``back`` is the running time at
    which the last of them ended.
    """

    start: int
    at: int = 0
    step: int = 0
    unmeasured: list[tuple[int, int]] = field(default_factory=list)
    back: int = 0
    trusted: bool = True

    @property
    def lag(self) -> int:
        """Return how far running time is behind true time."""
        return sum(end - since for since, end in self.unmeasured)

    def run_of(self, at: int) -> int:
        """Return the running time of an instant of true time; within a cut time stood still."""
        return at - sum(max(0, min(at, end) - since) for since, end in self.unmeasured)

    def stamp(self) -> Stamp:
        """Return now, as the program sees it."""
        return Stamp(self.at - self.lag, self.start + self.at + self.step, self.trusted)


@dataclass(slots=True)
class Off:
    """Nothing runs until ``until``; what was sent meanwhile waits at the broker."""

    since: int
    until: int
    stopped: Stamp
    power: bool
    waiting: list[Callable[[], None]] = field(default_factory=list)


class World:
    """Plays one case. ``reload`` makes an engine of other rules, or None where they are faulty."""

    def __init__(
        self, site: Site, engine: Engine, case: Case, reload: Callable[[Step], Engine | None], seen: Seen
    ) -> None:
        self._site = site
        self._case = case
        self._load = reload
        self._seen = seen
        self._log = Log()
        self._looks = deque(sorted(case.expect, key=lambda one: one.at))
        self._clocks = Clocks(case.start)
        self._arrivals = Arrivals(site)
        self._off: Off | None = None
        self._cuts: dict[str | None, int] = {}
        self._held: list[tuple[Event, int | None]] = []
        self._use(engine)
        self._state: EngineState = engine.start(self._clocks.stamp())

    def _use(self, engine: Engine) -> None:
        self._engine = engine
        self._log.rules.update(rule.id for rule in engine.rules)
        self._questions: Mapping[str, Clause] = engine.questions()
        predicates, refused = compile_clauses(self._questions)
        assert not refused, refused
        self._predicates: Mapping[str, Predicate] = predicates

    # --- the run

    def play(self) -> Log:
        """Play the whole case; return its timeline."""
        self._set_states(self._case.given)
        steps = list(self._case.steps)
        at: int | None = 0
        while at is not None and at <= self._case.end:
            self._clocks.at = at
            self._return_if_due()
            self._reconnect_if_due()
            while steps and steps[0].at <= at:
                step = steps.pop(0)
                _STEPS[step.action](self, step)
            self._judge_time()
            at = self._next_time(steps)
            self._note_fills(self._case.end + 1 if at is None else at)
        return self._log

    def _note_fills(self, until: int) -> None:
        """Note how far the rules are of which word is expected before anything happens again."""
        while self._looks and self._looks[0].at < until:
            one = self._looks.popleft()
            now = replace(self._clocks, at=one.at).stamp()
            if self._off is None and one.sort != "command":
                fills = self._engine.fills(self._state, now)
                self._log.fills |= {
                    (rule.id, one.at): fill for rule, _, fill in fills if fill is not None and rule.id == one.name
                }

    def _judge_time(self) -> None:
        if self._off is None:
            self._take(self._engine.on_time(self._state, self._clocks.stamp()))

    def _next_time(self, steps: list[Step]) -> int | None:
        times = [step.at for step in steps[:1]] + list(self._cuts.values())
        if self._off is not None:
            times.append(self._off.until)
        else:
            due = self._engine.next_deadline(self._state, self._clocks.stamp())
            times += [] if due is None else [max(due + self._clocks.lag, self._clocks.at + 1)]
        return min(times, default=None)

    def _when_on(self, action: Callable[[], None]) -> None:
        if self._off is None:
            action()
        else:
            self._off.waiting.append(action)

    # --- events

    def _event(self, step: Step) -> None:
        self._when_on(
            lambda: self._arrive(event_of(step, self._site, self._clocks.stamp(), self._arrivals.name()), step)
        )

    def _arrive(self, event: Event, step: Step) -> None:
        self._take(self._engine.catch_up(self._state, self._clocks.stamp()))
        verdict = self._arrivals.judge(event, self._clocks.stamp())
        if verdict.unknown_device:
            self._log.unknown_device(self._clocks.at, event)
        if not verdict.accepted:
            return
        said = step.more.get("happened")
        happened = said if isinstance(said, int) else None
        cut = event.post is not None and self._is_cut(event.post)  # what belongs to no post needs none to get through
        out = self._ask(event, happened, at_precinct=not cut)
        if cut and event.kind.startswith(SEEN_AT_PRECINCT):
            self._held.append((event, happened))
        alerts = self._take(out, wake=False)
        if verdict.floor and not any(_stands_for(told, event) for told in out.told):
            self._log.floor(self._clocks.at, event)
            alerts.append((self._alert_event(event, incident_kind(event), "critical"), True))
        self._wake(alerts)

    def _ask(
        self, event: Event, happened: int | None = None, *, at_post: bool = True, at_precinct: bool = True
    ) -> Outcome:
        return self._engine.on_event(
            self._state,
            event,
            self._matched(event),
            self._clocks.stamp(),
            happened_run=None if happened is None else self._clocks.run_of(happened),
            at_post=at_post,
            at_precinct=at_precinct,
        )

    def _matched(self, event: Event) -> frozenset[str]:
        matched = set()
        for id_, clause in self._questions.items():
            if clause.wants(event.kind):
                holds = self._predicates[id_](event)
                self._seen(id_, holds)
                if holds:
                    matched.add(id_)
        return frozenset(matched)

    # --- alerts, and the precinct's rules on them

    def _take(self, out: Outcome, *, wake: bool = True) -> list[tuple[Event, bool]]:
        """Note what the engine told; return the alerts as events, with whether a post raised them."""
        alerts = []
        for told in out.told:
            self._log.take(self._clocks.at, told, self._site)
            if told.is_alert and told.rule.then.incident:
                event = self._alert_event(told.subject, told.rule.then.incident, str(told.rule.then.severity))
                alerts.append((event, told.rule.runs_at is RunsAt.POST))
        if wake:
            self._wake(alerts)
        return alerts

    def _alert_event(self, about: Event, incident: str, severity: str) -> Event:
        id_ = digest("alert", about.id, incident, self._arrivals.name())
        return alert_event(id_, About(incident, severity, about.post, about.kelurahan), self._clocks.stamp())

    def _wake(self, alerts: list[tuple[Event, bool]]) -> None:
        """Let the precinct's rules see alerts, and the alerts that those raise in turn."""
        waiting = deque(alerts)
        for _ in range(MAX_ALERTS):
            if not waiting:
                return
            event, from_post = waiting.popleft()
            if from_post and self._is_cut(event.post):
                self._held.append((event, None))
            else:
                waiting += self._take(self._ask(event, at_post=False), wake=False)

    # --- the way to the precinct

    def _is_cut(self, post: str | None) -> bool:
        return None in self._cuts or post in self._cuts

    def _broker_down(self, step: Step) -> None:
        named = step.more.get("post")
        post = str(named) if named is not None else None
        self._cuts[post] = max(step.end, self._cuts.get(post, 0))

    def _reconnect_if_due(self) -> None:
        self._cuts = {post: until for post, until in self._cuts.items() if until > self._clocks.at}
        if self._off is not None:
            return
        arriving = [one for one in self._held if not self._is_cut(one[0].post)]
        self._held = [one for one in self._held if self._is_cut(one[0].post)]
        for event, happened in arriving:
            self._take(self._ask(event, happened, at_post=False))

    # --- power, clocks, rules

    def _go_off(self, step: Step) -> None:
        if self._off is None and step.end > step.at:
            self._judge_time()  # what was due at this instant had come due while we were on, by the clock of then
            self._off = Off(step.at, step.end, self._clocks.stamp(), step.action == "power_cut")
        elif self._off is not None:
            self._off.until = max(self._off.until, step.end)
        if step.untrusted is not None:
            self._trust(not step.untrusted)

    def _return_if_due(self) -> None:
        off = self._off
        if off is None or off.until > self._clocks.at:
            return
        self._off = None
        measured = not off.power or self._clocks.trusted
        if not measured:
            self._clocks.unmeasured.append((off.since, self._clocks.at))  # nobody can vouch for how long that was
            self._clocks.back = off.stopped.run_ms
            self._arrivals.came_back()
        self._state = from_plain(json.loads(json.dumps(to_plain(self._state))))
        self._take(self._engine.on_start(self._state, off.stopped, self._clocks.stamp(), measured=measured))
        for action in off.waiting:
            action()

    def _clock_step(self, step: Step) -> None:
        self._clocks.step += step.value if isinstance(step.value, int) else 0
        if self._off is None:  # what the jump passed over is judged before anything else of this instant
            self._take(self._engine.catch_up(self._state, self._clocks.stamp()))

    def _clock_untrusted(self, step: Step) -> None:
        self._trust(not step.value)

    def _trust(self, trusted: bool) -> None:
        self._clocks.trusted = trusted
        if trusted and self._clocks.lag:
            self._engine.on_correction(self._state, self._clocks.lag, self._clocks.back)
            self._arrivals.corrected(self._clocks.lag)
            if self._off is not None:
                stopped = self._off.stopped
                self._off.stopped = replace(stopped, run_ms=stopped.run_ms + self._clocks.lag)
            self._clocks.unmeasured.clear()
        if self._off is None:  # what waited for the clock is judged by it, before anything else of this instant
            self._take(self._engine.catch_up(self._state, self._clocks.stamp()))

    def _reload(self, step: Step) -> None:
        def reload() -> None:
            engine = self._load(step)
            if engine is not None:
                self._take(self._engine.catch_up(self._state, self._clocks.stamp()))
                self._use(engine)
                engine.adopt(self._state, self._clocks.stamp())

        self._when_on(reload)

    def _set_state(self, step: Step) -> None:
        states = step.value if isinstance(step.value, dict) else {}
        self._when_on(lambda: self._set_states(states))

    def _set_states(self, states: Mapping[str, object]) -> None:
        self._take(self._engine.catch_up(self._state, self._clocks.stamp()))
        for name, value in states.items():
            if isinstance(value, dict):
                by_value: list[tuple[Value, str]] = [(one, post) for post, one in value.items()]
                for one, post in by_value:
                    self._put_state(name, one, [post])
            elif isinstance(value, str | int | float | bool):
                self._put_state(name, value, None)

    def _put_state(self, name: str, value: Value, posts: list[str] | None) -> None:
        self._take(self._engine.set_state(self._state, name, value, posts, self._clocks.stamp()))

    def _watch(self, step: Step) -> None:
        kind, places, until = step.value if isinstance(step.value, tuple) else ("", (), None)
        wall = None if until is None else self._case.start + until
        for place in places:
            self._engine.open_watch(self._state, kind, place, wall)

    def _duplicate(self, _step: Step) -> None:
        """Do nothing: the same id was seen, so each is a copy; a device that the site does not know has been told."""

    def _advance(self, _step: Step) -> None:
        """Do nothing: the test runs on until the step has passed."""


def _stands_for(told: Told, event: Event) -> bool:
    return told.is_alert and told.rule.alerts_precinct and told.subject.id == event.id


_STEPS: dict[str, Callable[[World, Step], None]] = {
    "event": World._event,
    "broker_down": World._broker_down,
    "power_cut": World._go_off,
    "restart": World._go_off,
    "clock_step": World._clock_step,
    "clock_untrusted": World._clock_untrusted,
    "reload": World._reload,
    "set_state": World._set_state,
    "watch": World._watch,
    "duplicate": World._duplicate,
    "advance": World._advance,
}
