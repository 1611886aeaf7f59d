"""From a rule and the event that satisfied it to a firing: the words filled in, the group worked out."""

from dispatcher.domain.events import Event
from dispatcher.domain.firing import Firing, Said
from dispatcher.rules.engine.outcome import Reason, Told
from dispatcher.rules.model import Rule, Then

MAX_TITLE = 200


def firing(rule: Rule, event: Event) -> Firing:
    """Return what ``rule`` says about ``event``, which satisfies it."""
    throttle = rule.throttle
    return Firing(
        rule=rule.id,
        event=event.id,
        title=title(rule.then, event, rule.name),
        severity=rule.then.severity,
        incident=rule.then.incident,
        escalate=rule.then.escalate,
        actions=rule.then.actions,
        certainty=rule.then.certainty,
        group=group_of(throttle.group_by, event) if throttle else "",
        once_within_ms=throttle.once_within_ms if throttle else None,
        shadow=rule.shadow,
    )


def as_firing(told: Told) -> Firing | None:
    """Return what the incidents need to know of something that the engine told; None where no incident changes."""
    said = _SAID.get(told.reason)
    if said is None:
        return None
    then = told.rule.then
    return Firing(
        rule=told.rule.id,
        event=told.subject.id,
        title=title(then, told.subject, told.rule.name),
        severity=then.severity,
        incident=then.incident,
        escalate=then.escalate,
        actions=then.actions,
        certainty=then.certainty,
        group=told.key,
        shadow=told.rule.shadow,
        said=said,
        evidence=tuple(event.id for event in told.evidence),
        count=told.count,
        late=told.late,
    )


_SAID = {
    Reason.FIRED: Said.FIRED,
    Reason.ACTED: Said.FIRED,
    Reason.THROTTLED: Said.REPEATED,
    Reason.STILL_OPEN: Said.REPEATED,
}


def group_of(fields: tuple[str, ...], event: Event) -> str:
    """Return the event's value of the group fields as one word; a missing field is a group of its own.

    A throttle without ``group_by`` is kept per post, and with it too: a rule at a post sees that post alone.
    """
    values = [event.field(name) for name in ("post", *fields)]
    return "/".join("" if value is None else f"{type(value).__name__[0]}:{value}" for value in values)


def title(then: Then, event: Event, name: str) -> str:
    """Fill ``{field}`` in a rule's message from the event; an unknown field stays as written.

    A message that comes out blank, because the event says so, gives way to the rule's name.
    """
    filled = _filled(then.message, event)
    return filled if filled.strip() else _filled(name, event)


def _filled(text: str, event: Event) -> str:
    parts = text.split("{")
    filled = [parts[0], *(_fill(part, event) for part in parts[1:])]
    whole = "".join(filled)
    return whole if len(whole) <= MAX_TITLE else whole[: MAX_TITLE - 1] + "…"


def _fill(part: str, event: Event) -> str:
    field, closed, rest = part.partition("}")
    value = event.field(field) if closed else None
    return "{" + part if value is None else f"{value}{rest}"
