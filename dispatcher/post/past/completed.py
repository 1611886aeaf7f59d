"""How a rule's ``when`` was complete, in one sentence, for each form."""

from dispatcher.domain.events import Event
from dispatcher.domain.firing import Firing
from dispatcher.post.past.chronicle import Saying
from dispatcher.post.past.sentences import DAYS, Local, Sentence, clause, listed, minute, say, span, value
from dispatcher.rules.language import (
    AbsentForm,
    AllForm,
    AnyForm,
    CountForm,
    EventForm,
    FullRule,
    ScheduleForm,
    SequenceForm,
    StateForm,
    Step,
    When,
)


def how_complete(rule: FullRule, saying: Saying, local: Local) -> Sentence:
    """Return what completed a rule, by what it said then."""
    event, when = saying.event, rule.when
    at = local.at(saying.when)
    match when.form:
        case EventForm() | AnyForm():
            return say("event", "{event} pukul {at}", "{event} at {at}", event=_short(event), at=at)
        case CountForm() as form:
            return _count(form, when, max(form.at_least, _number(saying)))  # a repeat names what is new only
        case AllForm(steps=steps):
            return _steps("all", steps, when)
        case SequenceForm() as form:
            return _steps("sequence", form.steps, when)
        case AbsentForm() as form:
            return _absent(form, when, event)
        case StateForm() as form:
            return _state(form)
        case ScheduleForm() as form:
            days = listed(DAYS[day] for day in form.days)
            on = say("days", " pada {days}", " on {days}", days=days) if days else ""
            return say("schedule", "pukul {hour}{on}", "it was {hour}{on}", hour=minute(form.at), on=on)


def _short(event: Event | None) -> str:
    return "?" if event is None else f"{event.kind} {event.device or event.post or ''}".rstrip()


def _number(saying: Saying) -> int:
    said = saying.said
    return (said.count or len(said.evidence) + 1) if isinstance(said, Firing) else 0


def _count(form: CountForm, when: When, number: int) -> Sentence:
    values = {
        "count": number, "clause": clause(form.clause), "within": span(when.within_ms), "least": form.at_least,
        "field": form.distinct or "",
    }  # fmt: skip
    if form.distinct is not None:
        return say(
            "count",
            "{clause} dengan {least} {field} yang berbeda dalam {within}",
            "{clause} with {least} different {field} within {within}",
            **values,
        )
    return say(
        "count",
        "{count} {clause} dalam {within} (perlu {least})",
        "{count} {clause} within {within} ({least} are needed)",
        **values,
    )


def _steps(key: str, steps: tuple[Step, ...], when: When) -> Sentence:
    joint = " -> " if key == "sequence" else " + "
    names = joint.join(
        f"{step.at_least}x {clause(step.clause)}" if step.at_least > 1 else clause(step.clause) for step in steps
    )
    return say(key, "{clauses} dalam {within}", "{clauses} within {within}", clauses=names, within=span(when.within_ms))


def _absent(form: AbsentForm, when: When, event: Event | None) -> Sentence:
    who = (event.device or event.post or "?") if event is not None else "?"
    values = {"clause": clause(form.clause), "who": who}
    if form.for_ms is not None:
        return say(
            "absent_for",
            "tidak ada {clause} dari {who} selama {length}",
            "no {clause} from {who} for {length}",
            length=span(form.for_ms),
            **values,
        )
    if form.between is not None:
        hours = f"{minute(form.between.start)}-{minute(form.between.end)}"
        return say(
            "absent_between",
            "tidak ada {clause} dari {who} antara {hours}",
            "no {clause} from {who} between {hours}",
            hours=hours,
            **values,
        )
    return say(
        "absent_after",
        "sesudah {event} tidak ada {clause} dalam {within}",
        "after {event} no {clause} within {within}",
        event=_short(event),
        within=span(when.within_ms),
        **values,
    )


def _state(form: StateForm) -> Sentence:
    values = {"name": form.name, "value": value(form.value), "length": span(form.for_ms)}
    if not form.for_ms:
        return say("state", "keadaan {name} menjadi {value}", "state {name} became {value}", **values)
    return say(
        "state",
        "keadaan {name} menjadi {value} dan bertahan {length}",
        "state {name} became {value} and stayed so for {length}",
        **values,
    )
