"""``state``: a named state becomes a value, at one post or everywhere at once, and stays so."""
# ruff: noqa: ARG002 - every machine is asked in the same way, whatever its form needs of it

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dispatcher.domain.events import Value
from dispatcher.domain.site import Site
from dispatcher.domain.stamp import Stamp
from dispatcher.rules.engine.completion import NEVER, Completion, Judge, Machine, Now
from dispatcher.rules.engine.cross import same
from dispatcher.rules.engine.state import EngineState, MachineState, Pending, StateValue
from dispatcher.rules.engine.verdict import Subject, kelurahan_of, timer_event
from dispatcher.rules.language import StateForm

EVERYWHERE = "*"  # what posts that the site does not list have, after a state was set for all
MAX_POSTS = 5_000


@dataclass(frozen=True, slots=True)
class Change:
    """A state was set. ``left`` maps each post whose value changed to the old value; ``everywhere``: all were set."""

    name: str
    value: object
    left: dict[str, object]
    everywhere: bool


@dataclass(frozen=True, slots=True)
class Becoming(Machine):
    """``state``."""

    rule: str
    form: StateForm
    site: Site
    group: Callable[[str | None], str]

    def change(self, state: MachineState, change: Change, now: Stamp) -> None:
        """Note that a state was set."""
        if change.name != self.form.name:
            return
        self._leave(state, [post for post, old in change.left.items() if same(old, self.form.value)])
        if same(change.value, self.form.value) and change.left:
            self._enter(state, list(change.left), change.everywhere, now)

    def _leave(self, state: MachineState, posts: list[str]) -> None:
        for pending in state.pending:
            pending.posts = [post for post in pending.posts if post not in posts]
        state.pending = [pending for pending in state.pending if pending.posts]

    def _enter(self, state: MachineState, posts: list[str], everywhere: bool, now: Stamp) -> None:
        if everywhere:
            state.pending.append(Pending(now.run_ms, posts, everywhere=True, anew=now.run_ms == state.edge))
        else:
            state.pending += [Pending(now.run_ms, [post], anew=now.run_ms == state.edge) for post in posts]

    def due(self, state: MachineState, now: Now, judge: Judge) -> None:
        """Tell each state that has stayed so long enough."""
        ready = [one for one in state.pending if one.since + self.form.for_ms <= now.run]
        state.pending = [one for one in state.pending if one.since + self.form.for_ms > now.run]
        for pending in ready:
            self._tell(pending, now.stamp, judge)

    def _tell(self, pending: Pending, now: Stamp, judge: Judge) -> None:
        posts: list[str | None] = [None if post == EVERYWHERE else post for post in pending.posts]
        one = None if pending.everywhere else posts[0]
        subject = Subject(one, kelurahan_of(self.site, one))
        event = timer_event(self.rule, "state", subject, pending.since + self.form.for_ms, now)
        groups = tuple((self.group(post), post) for post in posts)
        judge(Completion(event, groups, everywhere=pending.everywhere))

    def alarm(self, state: MachineState) -> int:
        """Return when the first has stayed so long enough."""
        return min((one.since + self.form.for_ms for one in state.pending), default=NEVER)

    def next_due(self, state: MachineState, now: Stamp) -> int | None:
        """Return when the first has stayed so long enough."""
        due = self.alarm(state)
        return None if due == NEVER else due

    def resume(self, state: MachineState, values: Mapping[str, StateValue], now: Stamp) -> None:
        """Begin in the middle: what became so before this rule was loaded is told when it has stayed so long enough.

        What was set for all at once is told once, too.
        """
        together: dict[tuple[int, bool], list[str]] = {}
        for post in [post for post in values if post != EVERYWHERE] or list(values):
            known = values[post]
            if not same(known.value, self.form.value) or known.since + self.form.for_ms <= now.run_ms:
                continue
            if known.everywhere:
                together.setdefault((known.since, known.anew), []).append(post)
            else:
                state.pending.append(Pending(known.since, [post], anew=known.anew))
        state.pending += [
            Pending(since, posts, everywhere=True, anew=anew) for (since, anew), posts in together.items()
        ]

    def woken(self, state: MachineState, now: Stamp) -> None:
        """Give up what had stayed so long enough while the rule was off."""
        state.pending = [one for one in state.pending if one.since + self.form.for_ms > now.run_ms]


def put_state(state: EngineState, name: str, value: Value, posts: list[str] | None, site: Site, now: Stamp) -> Change:
    """Set a state at some posts, or (None) at all; return what changed."""
    values = state.states.setdefault(name, {})
    everywhere = posts is None
    wanted = [*site.posts, *(post for post in values if post not in site.posts and post != EVERYWHERE)]
    if posts is not None:
        wanted = posts
    elif not wanted:
        wanted = [EVERYWHERE]
    left: dict[str, object] = {}
    for post in wanted[:MAX_POSTS]:
        old = value_at(state, name, post, site)
        if not same(old, value):
            left[post] = old
            values[post] = StateValue(value, now.run_ms, everywhere, now.run_ms == state.edge)
    if everywhere:
        values[EVERYWHERE] = StateValue(value, now.run_ms, everywhere, now.run_ms == state.edge)
    return Change(name, value, left, everywhere)


def value_at(state: EngineState, name: str, post: str | None, site: Site) -> object:
    """Return what a state is at a post; None while it is unset."""
    values = state.states.get(name, {})
    known = values.get(post or "")
    if known is None and post not in site.posts:
        known = values.get(EVERYWHERE)
    return known.value if known is not None else None
