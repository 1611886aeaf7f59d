"""What a rule uses: its clauses, kinds and fields, wherever in it they stand."""

from collections.abc import Iterator

from dispatcher.rules.language import (
    AbsentForm,
    AllForm,
    AnyForm,
    CountForm,
    Cross,
    EventForm,
    FullRule,
    SequenceForm,
    Step,
    When,
)
from dispatcher.rules.model import AllOf, AnyOf, Clause, Compare, Condition, Not


def clauses_of(when: When) -> tuple[Clause, ...]:
    """Return every clause of a ``when``, in the order in which the file has them."""
    match when.form:
        case EventForm(clause=clause) | CountForm(clause=clause):
            return (clause,)
        case AnyForm(clauses=clauses):
            return clauses
        case AllForm(steps=steps, unless=unless):
            return (*(step.clause for step in steps), *(part.clause for part in unless))
        case SequenceForm(parts=parts):
            return tuple(part.clause for part in parts)
        case AbsentForm(clause=clause, after=after):
            return (*(trigger_clauses(after.trigger) if after else ()), clause)
        case _:
            return ()


def trigger_clauses(trigger: Step | SequenceForm | CountForm) -> tuple[Clause, ...]:
    """Return the clauses of what begins the waits of an ``after``."""
    if isinstance(trigger, SequenceForm):
        return tuple(part.clause for part in trigger.parts)
    return (trigger.clause,)


def kinds_of(when: When) -> tuple[str, ...]:
    """Return every kind (or prefix) that a ``when`` names."""
    return tuple(kind for clause in clauses_of(when) for kind in clause.kinds)


def both_of(rule: FullRule) -> tuple[When, ...]:
    """Return ``when``, and ``clear_when`` where there is one."""
    return (rule.when,) if rule.clear_when is None else (rule.when, rule.clear_when)


def completing(when: When) -> tuple[Clause, ...]:
    """Return the clauses of which an event can complete the form; for ``absent``, ``state`` and ``schedule`` none."""
    match when.form:
        case SequenceForm(parts=parts):
            last = [part for part in parts if isinstance(part, Step)][-1:]
            return tuple(step.clause for step in last)
        case AllForm(steps=steps):
            return tuple(step.clause for step in steps)
        case AbsentForm():
            return ()
        case _:
            return clauses_of(when)


def comparisons(condition: Condition) -> Iterator[Compare]:
    """Yield every comparison, those with earlier events included."""
    match condition:
        case AllOf(parts=parts) | AnyOf(parts=parts):
            for part in parts:
                yield from comparisons(part)
        case Not(part=part):
            yield from comparisons(part)
        case Compare():
            yield condition


def demands(condition: Condition) -> Iterator[Compare]:
    """Yield the comparisons that every matching event satisfies for certain."""
    match condition:
        case AllOf(parts=parts):
            for part in parts:
                yield from demands(part)
        case Compare() if not isinstance(condition, Cross):
            yield condition
