"""``clear_when``: it ends the alert condition of its own group."""

from dispatcher.domain.stamp import Stamp
from dispatcher.rules.engine.build import Built
from dispatcher.rules.engine.completion import Completion
from dispatcher.rules.engine.gate import mark_of
from dispatcher.rules.engine.grouping import key_of
from dispatcher.rules.engine.hours import Hourly
from dispatcher.rules.engine.outcome import Outcome, Reason, Told
from dispatcher.rules.engine.rosters import DailySilence, Silence
from dispatcher.rules.engine.state import RuleState
from dispatcher.rules.engine.states import Becoming


def clear(own: RuleState, built: Built, done: Completion, now: Stamp, out: Outcome) -> bool:
    """End the conditions that a complete ``clear_when`` is for; return that its events are spent."""
    mark = mark_of(built.rule)
    ended = [group for group in _ended(own, built, done, mark) if mark + group in own.conditions]
    if done.unknown or not ended:
        return True
    groups = tuple((group, own.conditions.pop(mark + group)) for group in ended)
    for group in ended:
        own.incidents.pop(group, None)
    everywhere = [groups] if done.everywhere else [(one,) for one in groups]
    for some in everywhere:
        out.told.append(_told(built, done, now, some))
    return True


def _told(built: Built, done: Completion, now: Stamp, groups: tuple[tuple[str, str | None], ...]) -> Told:
    key = groups[0][0]  # as an alert of a rule with a condition has it
    return Told(Reason.CLEARED, built.rule, done.subject, now, groups=groups, everywhere=done.everywhere, key=key)


def _ended(own: RuleState, built: Built, done: Completion, mark: str) -> list[str]:
    """Return the groups that a clearing is for."""
    of_shadow = bool(mark)
    open_ = {key.removeprefix(mark): at for key, at in own.conditions.items() if key.startswith("~") is of_shadow}
    if built.expected is not None and not isinstance(built.clear, Becoming | Hourly):
        entries = [done.entry] if done.entry is not None else built.expected.speakers(done.subject)
        return [key_of([name]) for name in entries]
    if isinstance(built.clear, Silence | DailySilence):
        group = built.grouping.group(done.subject)
        return [group] if group is not None else []
    if isinstance(built.clear, Becoming | Hourly):
        posts = {post for _, post in done.groups}
        return [group for group, post in open_.items() if done.everywhere or None in posts or post in posts]
    return [group for group, _ in done.groups]
