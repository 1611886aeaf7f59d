"""Sets the scene: which events a rule could see, and which a firing had used up."""

from collections.abc import Callable
from dataclasses import dataclass

from dispatcher.domain.events import Event
from dispatcher.matcher.twin import compile_clauses, satisfied
from dispatcher.post.past.nearest.scene import Scene, compiled_of
from dispatcher.post.past.question import Question, reason_of, wanted_for
from dispatcher.rules.engine.grouping import Grouping
from dispatcher.rules.engine.state import Item
from dispatcher.rules.language import AllForm, CountForm, SequenceForm

MAX_SPENT = 100  # firings that are looked at
_SPENDING = ("fired", "repeated", "shadow", "suppressed")  # one that only_if held back spends nothing


def scene_of(question: Question) -> Scene:
    """Return what came around the time asked about, as the rule saw it."""
    rule, chronicle, fresh = question.rule, question.chronicle, question.began()
    wanted = wanted_for(rule, question.moment)
    begin_ms = max(wanted.begin_ms, fresh.wall_ms) if question.is_windowed else wanted.begin_ms
    end_ms = min([wanted.end_ms, *(one.wall_ms for one in (chronicle.last, question.ended()) if one is not None)])
    compiled, questions = compiled_of(rule)
    predicates, _ = compile_clauses(questions)
    grouping = question.builder().build(rule).grouping

    def satisfies(event: Event) -> frozenset[str]:
        mine = [(id_, test) for id_, test in predicates.items() if questions[id_].wants(event.kind)]
        return satisfied(mine, event)

    return Scene(
        rule,
        grouping,
        tuple(_items(question, satisfies)),
        question.stamp(question.moment.begin_ms),
        question.stamp(question.moment.end_ms),
        question.stamp(begin_ms),
        question.stamp(end_ms),
        question.local,
        compiled,
        _spending(question, grouping),
        chronicle.last_before,
    )


def _items(question: Question, satisfies: Callable[[Event], frozenset[str]]) -> list[Item]:
    """Return the events that count, in the order in which they happened."""
    fresh, ended, items = question.began().run_ms, question.ended(), []
    for n, event in enumerate(question.chronicle.events):
        t = question.time_of(event)
        counts = t >= fresh and (ended is None or t < ended.run_ms) and not question.is_too_late(event, t)
        if counts or not question.is_windowed:
            items.append(Item(event, t, n, satisfies(event)))
    return sorted(items, key=lambda one: one.order)


def _spending(question: Question, grouping: Grouping) -> "_Spending":
    """Return which events a firing had used up before: all of its window and group, unless ``reuse``."""
    when = question.rule.when
    if when.reuse or not isinstance(when.form, CountForm | AllForm | SequenceForm):
        return _Spending((), grouping)
    spans = []
    for one in question.chronicle.of_rule(question.rule.id):
        spends = reason_of(one) in _SPENDING and one.event is not None
        if spends and one.event is not None:
            end = question.time_of(one.event)
            spans.append((end - when.within_ms, end, grouping.key(one.event)))
    return _Spending(tuple(spans[-MAX_SPENT:]), grouping)


@dataclass(frozen=True, slots=True)
class _Spending:
    """Which events lie in the window of a firing: closed at both ends."""

    spans: tuple[tuple[int, int, str | None], ...]
    grouping: Grouping

    def __call__(self, item: Item) -> bool:
        if not self.spans:
            return False
        key = self.grouping.key(item.event)
        return any(begin <= item.t <= end and group == key for begin, end, group in self.spans)
