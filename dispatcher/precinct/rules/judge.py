"""One step of the precinct's rules: inputs in, effects out. Neither clock nor disk; the matcher is a function here."""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from dispatcher.domain.events import Event
from dispatcher.domain.ids import digest
from dispatcher.domain.incident import Severity
from dispatcher.domain.site import Site
from dispatcher.domain.stamp import Stamp
from dispatcher.precinct.rules.effects import Effects, Ended, Order, Raised
from dispatcher.precinct.rules.inputs import Body, Closed, Input, Seen, WatchClosed, WatchOpened
from dispatcher.rules.engine.engine import Engine
from dispatcher.rules.engine.outcome import Outcome, Reason, Told
from dispatcher.rules.engine.state import EngineState
from dispatcher.rules.engine.verdict import EXERCISE, About, alert_event
from dispatcher.rules.firing import as_firing
from dispatcher.wire.command import Command

MAX_ALERTS = 200  # alerts that wake rules that alert in one instant: check refuses circles, this ends them

Ask = Callable[[Sequence[Event]], list[frozenset[str]]]
"""Which clauses each of these events satisfies."""

_SAID = {
    Reason.FIRED: "fired",
    Reason.ACTED: "fired",
    Reason.THROTTLED: "repeated",
    Reason.STILL_OPEN: "repeated",
}

OnFault = Callable[[Input, Exception], None]


class Judge:
    """The rules of the precinct and what they remember."""

    def __init__(self, engine: Engine, site: Site, ask: Ask, state: EngineState, on_fault: OnFault) -> None:
        self.state = state
        self._engine = engine
        self._site = site
        self._ask = ask
        self._on_fault = on_fault

    def take(self, inputs: Sequence[Input]) -> Effects:
        """Judge inputs in their order. One that the engine chokes on is told and passed over; the others count."""
        out = Effects()
        events = [one.body.event for one in inputs if isinstance(one.body, Seen)]
        matched = iter(self._ask(events) if events else ())
        for one in inputs:
            satisfied = next(matched) if isinstance(one.body, Seen) else frozenset[str]()
            try:
                self._step(one.body, satisfied, one.at, out)
            except Exception as error:
                self._on_fault(one, error)
        return out

    def came_back(self, stopped: Stamp, now: Stamp) -> Effects:
        """Note that the precinct was off from ``stopped`` to ``now``."""
        out = Effects()
        self._hear(self._engine.on_start(self.state, stopped, now), out)
        return out

    def catch_up(self, now: Stamp) -> Effects:
        """Judge what was due before ``now``, by the rules that run."""
        out = Effects()
        self._hear(self._engine.catch_up(self.state, now), out)
        return out

    def go_on_with(self, engine: Engine, now: Stamp) -> tuple[str, ...]:
        """Let other rules judge from here on; return those that begin anew. The others keep what they remember."""
        fresh = engine.adopt(self.state, now)
        self._engine = engine
        return tuple(fresh)

    def _step(self, body: Body, matched: frozenset[str], now: Stamp, out: Effects) -> None:
        match body:
            case Seen():
                self._hear(self._engine.catch_up(self.state, now), out)
                outcome = self._see(body.event, matched, now, body.happened_run)
                self._hear(outcome, out, _floors(body, outcome, now))
            case Closed(rule=rule, post=post):
                self._engine.close_incident(self.state, rule, post)
            case WatchOpened(kind=kind, kelurahan=kelurahan, until=until):
                self._engine.open_watch(self.state, kind, kelurahan, until)
            case WatchClosed(kind=kind, kelurahan=kelurahan):
                self._engine.close_watch(self.state, kind, kelurahan)
            case _:
                self._hear(self._engine.on_time(self.state, now), out)

    def _see(self, event: Event, matched: frozenset[str], now: Stamp, happened_run: int | None = None) -> Outcome:
        return self._engine.on_event(self.state, event, matched, now, happened_run=happened_run, at_post=False)

    def _hear(self, outcome: Outcome, out: Effects, more: Sequence[Event] = ()) -> None:
        """Note what was told, and let the rules see the alerts in it, ``more``, and those that these raise in turn."""
        waiting = deque((*self._note(outcome, out), *more))
        for _ in range(MAX_ALERTS):
            if not waiting:
                return
            event = waiting.popleft()
            (matched,) = self._ask([event])
            waiting += self._note(self._see(event, matched, event.arrived), out)
        out.counts["rule_said", "* gave_up"] += 1

    def _note(self, outcome: Outcome, out: Effects) -> list[Event]:
        alerts = []
        for told in outcome.told:
            _count(told, out.counts)
            if told.rule.shadow:
                continue
            out.deeds += self._deeds(told)
            if told.is_alert and told.rule.then.incident:
                alerts.append(_alert_event(told))
        return alerts

    def _deeds(self, told: Told) -> Iterator[Raised | Ended | Order]:
        if told.reason is Reason.CLEARED:
            yield Ended(told.rule.id, told.key, told.at)
            return
        firing = as_firing(told)
        if firing is not None and told.rule.alerts and firing.incident is not None:
            yield Raised(firing, _timed(told), _evidence(told))
        if told.reason in (Reason.FIRED, Reason.ACTED):
            yield from self._orders(told)

    def _orders(self, told: Told) -> Iterator[Order]:
        posts = {post for _, post in told.groups} if told.everywhere else {told.subject.post}
        for action in told.rule.then.actions:
            for device in self._site.devices.values():
                if device.post is not None and device.post in posts and device.role == action.split(".", 1)[0]:
                    id_ = digest("command", told.subject.id, told.rule.id, action, device.id)
                    yield Order(device.post, Command(id_, action, device.id))


def _count(told: Told, counts: Counter[tuple[str, str]]) -> None:
    said = "shadow" if told.rule.shadow else _SAID.get(told.reason, str(told.reason))
    counts["rule_said", f"{told.rule.id} {said}"] += 1
    if told.rule.shadow:
        return
    if told.reason in (Reason.FIRED, Reason.ACTED):
        counts["rule_fired", told.rule.id] += 1


def _timed(told: Told) -> Event:
    """Return the subject as of when it was told: a verdict late after its hour, or after a start, was told now."""
    return replace(told.subject, arrived=told.at)


def _evidence(told: Told) -> tuple[Event, ...]:
    found = {event.id: event for event in (*told.evidence, told.subject)}
    return tuple(found.values())


def _floors(seen: Seen, outcome: Outcome, now: Stamp) -> tuple[Event, ...]:
    """Return the floor's own alert about an event, unless a rule's alert stands for it."""
    event = seen.event
    stands = (told.is_alert and told.rule.alerts_precinct and told.subject.id == event.id for told in outcome.told)
    if seen.floor is None or any(stands):
        return ()
    about = About(seen.floor, str(Severity.CRITICAL), event.post, event.kelurahan)
    return (alert_event(digest("alert", event.id, seen.floor), about, now),)


def _alert_event(told: Told) -> Event:
    subject, then = told.subject, told.rule.then
    about = About(str(then.incident), str(then.severity), subject.post, subject.kelurahan, is_exercise(_evidence(told)))
    return alert_event(digest("alert", told.rule.id, told.key, subject.id), about, told.at)


def is_exercise(evidence: Sequence[Event]) -> bool:
    """Return whether nothing but alerts of an exercise tells of something: one that is real makes it real."""
    return bool(evidence) and all(event.attrs.get(EXERCISE) is True for event in evidence)
