"""From what the engine told to what the incidents need: the words filled in, the evidence named."""

from collections.abc import Container

from dispatcher.domain.events import EVENT_FIELDS, Event, is_floor
from dispatcher.domain.firing import Firing, Remark, Said
from dispatcher.domain.incident import Evidence
from dispatcher.rules.engine.outcome import Reason, Told
from dispatcher.rules.model import Then

MAX_TITLE = 200
MAX_NAMED = 100  # events of a window that an alert names: the newest, as many as one revision can carry

_SAID = {
    Reason.FIRED: Said.FIRED,
    Reason.ACTED: Said.FIRED,
    Reason.THROTTLED: Said.REPEATED,
    Reason.STILL_OPEN: Said.REPEATED,
    Reason.CLEARED: Said.CLEARED,
}


def as_firing(told: Told, here: Container[str] = ()) -> Firing | None:
    """Return what the incidents need to know of something that the engine told; None where no incident changes.

    ``here`` are the ids of events that are known where the firing will be read: another subject goes along whole.
    """
    said = _SAID.get(told.reason)
    if said is None:
        return None
    then, subject = told.rule.then, told.subject
    return Firing(
        rule=told.rule.id,
        event=subject.id,
        said=said,
        title=title(then, subject, told.rule.name),
        severity=then.severity,
        incident=then.incident,
        escalate=then.escalate,
        actions=then.actions if said is Said.FIRED else (),
        certainty=then.certainty,
        group=told.key,
        shadow=told.rule.shadow,
        evidence=_evidence(told),
        count=told.count if (told.count or 0) > MAX_NAMED else None,
        late=told.late,
        about=None if subject.id in here else subject,
    )


def as_remark(told: Told) -> Remark | None:
    """Return what is noted of something that changes no incident; None for what is a firing."""
    if told.reason in _SAID:
        return None
    return Remark(told.rule.id, told.subject.id, str(told.reason), told.by)


def _evidence(told: Told) -> tuple[Evidence, ...]:
    """Return the other events of a window. A call for help has an incident of its own and belongs to no second one."""
    newest = told.evidence[-MAX_NAMED:]
    return tuple(_named(event) for event in newest if event.id != told.subject.id and not is_floor(event))


def _named(event: Event) -> Evidence:
    return Evidence(event.id, event.kind, event.device, event.arrived, event.boot, event.seq)


def title(then: Then, event: Event, name: str) -> str:
    """Fill ``{field}`` in a rule's message from the event; an unknown field stays as written.

    A field that every event may have and this one lacks (a report without its kelurahan) reads ``?``.
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
    if value is None:
        return f"?{rest}" if closed and field in EVENT_FIELDS else "{" + part
    return (str(value).lower() if isinstance(value, bool) else str(value)) + rest  # true, as the files say it
