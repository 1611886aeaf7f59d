"""What a firing does: add to the press's incident, open or join the rule's own, act, or end what it had told."""

from collections.abc import Iterable
from dataclasses import replace

from dispatcher.domain.events import Event, is_floor
from dispatcher.domain.firing import Firing, Said
from dispatcher.domain.ids import digest, rule_incident_id
from dispatcher.domain.incident import Evidence, loudest
from dispatcher.incidents.floor import Context, evidence_of, join_all, new_incident
from dispatcher.incidents.model import (
    Change,
    Command,
    Decision,
    Incident,
    PutIncident,
    PutWindow,
    Reason,
    Window,
)
from dispatcher.incidents.state import SEALED, PostState


def decide_firing(context: Context, state: PostState, event: Event, firing: Firing) -> Decision:
    """Return what one firing changes. ``event`` is its subject.

    Whether it alerts, repeats or clears was decided by the engine; here it finds its incident.
    """
    if firing.shadow:
        return Decision(Reason.SHADOWED)
    match firing.said:
        case Said.FIRED:
            return _fired(context, state, event, firing)
        case Said.REPEATED:
            return _repeated(context, state, event, firing)
        case Said.CLEARED:
            return _cleared(state, event, firing)


def _fired(context: Context, state: PostState, event: Event, firing: Firing) -> Decision:
    commands = _commands(context, event, firing)
    if "none" in firing.escalate or firing.incident is None:
        return Decision(Reason.ACTED, (_remember(firing, event, ""),), commands)
    pressed = _incident_of_press(state, event) if is_floor(event) else None
    if pressed is not None and pressed.id in state.sealed:
        return Decision(Reason.ACTED, (_remember(firing, event, SEALED),), commands, pressed.id)
    incident = _own(context, state, event, firing) if pressed is None else _add(pressed, firing)
    changes: tuple[Change, ...] = (PutIncident(incident), _remember(firing, event, incident.id))
    return Decision(Reason.FIRED if pressed is None else Reason.ADDED, changes, commands, incident.id)


def _repeated(context: Context, state: PostState, event: Event, firing: Firing) -> Decision:
    """Let a repeat join its incident as evidence. One whose incident was forgotten opens it anew: it is never lost."""
    window = state.windows.get(_window_key(firing))
    if window is None or not window.incident or is_floor(event):
        return Decision(Reason.THROTTLED, incident=window.incident or None if window is not None else None)
    incident = state.incidents.get(window.incident)
    if incident is None:
        return replace(_fired(context, state, event, replace(firing, actions=())), reason=Reason.THROTTLED)
    joined = replace(join_all(incident, _evidence(event, firing), event.arrived), cleared=None)
    changes = (PutIncident(joined),) if joined != incident else ()
    return Decision(Reason.THROTTLED, changes, (), incident.id)


def _cleared(state: PostState, event: Event, firing: Firing) -> Decision:
    """Note that the condition is over. The incident stays open: only people close it."""
    window = state.windows.get(_window_key(firing))
    incident = state.incidents.get(window.incident) if window is not None else None
    if incident is None or incident.cleared is not None or not incident.is_open:
        return Decision(Reason.CLEARED, incident=incident.id if incident is not None else None)
    cleared = replace(incident, cleared=event.arrived, changed=True)
    return Decision(Reason.CLEARED, (PutIncident(cleared),), (), incident.id)


def lean_firing(state: PostState, firing: Firing) -> Firing:
    """Return a repeat with the evidence only that its incident does not hold yet: a full window repeats most of it."""
    window = state.windows.get(_window_key(firing)) if firing.said is Said.REPEATED else None
    incident = state.incidents.get(window.incident) if window is not None else None
    if incident is None or not firing.evidence:
        return firing
    known = {entry.event for entry in incident.evidence}
    return replace(firing, evidence=tuple(entry for entry in firing.evidence if entry.event not in known))


def _window_key(firing: Firing) -> str:
    return f"{firing.rule}/{firing.group}"


def _remember(firing: Firing, event: Event, incident: str) -> PutWindow:
    return PutWindow(_window_key(firing), Window(event.arrived.run_ms, incident))


def _evidence(event: Event, firing: Firing) -> tuple[Evidence, ...]:
    """Return all events that a firing stands on, oldest first; its subject is the last of those that came at once."""
    others = [entry for entry in firing.evidence if entry.event != event.id]
    return tuple(sorted((*others, evidence_of(event)), key=lambda entry: entry.at.run_ms))


def _holds(incident: Incident, event: Event) -> bool:
    return any(entry.event == event.id for entry in incident.evidence)


def _incident_of_press(state: PostState, event: Event) -> Incident | None:
    incident = state.incidents.get(state.by_device.get(event.device or "", ""))
    if incident is not None and _holds(incident, event):
        return incident
    return next((other for other in state.incidents.values() if other.panic and _holds(other, event)), None)


def _add(incident: Incident, firing: Firing) -> Incident:
    """Let a rule name a press: its title and kind stand once, its severity only upwards, its id as a label."""
    if firing.rule in incident.labels:
        return incident
    first = not incident.labels
    return replace(
        incident,
        title=firing.title if first else incident.title,
        kind=firing.incident or incident.kind if first else incident.kind,
        severity=loudest(incident.severity, firing.severity),
        labels=(*incident.labels, firing.rule),
        escalate=_joined(incident.escalate, firing.escalate),
        changed=True,
    )


def _joined(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    return first + tuple(word for word in second if word not in first)


def _own(context: Context, state: PostState, event: Event, firing: Firing) -> Incident:
    evidence = _evidence(event, firing)
    id_ = rule_incident_id(state.namespace(context.post), firing.rule, firing.group, evidence[0].event)
    existing = state.incidents.get(id_)
    if existing is not None:  # with `reuse` a window may fire again from the same first event
        return replace(join_all(existing, evidence, event.arrived), cleared=None)
    incident = new_incident(
        context,
        event,
        id_=id_,
        kind=firing.incident or firing.rule,
        rule=firing.rule,
        severity=firing.severity,
        title=firing.title,
    )
    return _with_words(replace(incident, evidence=(), count=0), firing, evidence)


def _with_words(incident: Incident, firing: Firing, evidence: Iterable[Evidence]) -> Incident:
    whole = join_all(incident, evidence, incident.last_event)
    return replace(
        whole,
        opened=min(whole.evidence[0].at, whole.opened, key=lambda stamp: stamp.run_ms),
        count=max(whole.count, firing.count or 0),  # of a full window an alert names the newest events only
        escalate=firing.escalate,
        certainty=firing.certainty,
        labels=(firing.rule,),
    )


def _commands(context: Context, event: Event, firing: Firing) -> tuple[Command, ...]:
    """Return an action's commands: ``siren.on`` goes to every siren of the event's post."""
    post = event.post or context.post
    return tuple(
        Command(digest("command", event.id, firing.rule, action, device), device, action)
        for action in firing.actions
        for device in context.devices_of(action.split(".", 1)[0], post)
    )
