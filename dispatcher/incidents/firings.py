"""What a firing does: add to the press's incident, open or join the rule's own, act, or be held by a throttle."""

from dataclasses import replace

from dispatcher.domain.events import Event, is_floor
from dispatcher.domain.firing import Firing, Said
from dispatcher.domain.ids import digest, rule_incident_id
from dispatcher.domain.incident import loudest
from dispatcher.incidents.floor import Context, join, new_incident
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
from dispatcher.incidents.state import PostState


def decide_firing(context: Context, state: PostState, event: Event, firing: Firing) -> Decision:
    """Return what one firing changes. ``event`` is the one that satisfied the rule."""
    if firing.shadow:
        return Decision(Reason.SHADOWED)
    window = state.windows.get(_window_key(firing))
    if firing.said is Said.REPEATED:
        return Decision(Reason.THROTTLED) if window is None else _throttled(state, event, window)
    if firing.said is None and window is not None and _is_inside(window, firing, event):
        return _throttled(state, event, window)
    commands = _commands(context, event, firing)
    if "none" in firing.escalate or firing.incident is None:
        return Decision(Reason.ACTED, _start_window(firing, event, ""), commands)
    incident = _incident(context, state, event, firing)
    reason = Reason.ADDED if is_floor(event) else Reason.FIRED
    changes = (PutIncident(incident), *_start_window(firing, event, incident.id))
    return Decision(reason, changes, commands, incident.id)


def _window_key(firing: Firing) -> str:
    return f"{firing.rule}/{firing.group}"


def _is_inside(window: Window, firing: Firing, event: Event) -> bool:
    # A repeat at exactly the end is inside (rules-language, "throttle").
    return firing.once_within_ms is not None and event.arrived.run_ms - window.since_run_ms <= firing.once_within_ms


def _start_window(firing: Firing, event: Event, incident: str) -> tuple[Change, ...]:
    if firing.once_within_ms is None and firing.said is None:
        return ()
    return (PutWindow(_window_key(firing), Window(event.arrived.run_ms, incident)),)


def _throttled(state: PostState, event: Event, window: Window) -> Decision:
    incident = state.incidents.get(window.incident)
    if incident is None or is_floor(event) or _holds(incident, event):
        return Decision(Reason.THROTTLED, incident=window.incident or None)
    return Decision(Reason.THROTTLED, (PutIncident(join(incident, event)),), (), incident.id)


def _holds(incident: Incident, event: Event) -> bool:
    return any(entry.event == event.id for entry in incident.evidence)


def _incident(context: Context, state: PostState, event: Event, firing: Firing) -> Incident:
    if is_floor(event):
        pressed = _incident_of_press(state, event)
        if pressed is not None:
            return _add(pressed, firing)
    return _own(context, state, event, firing)


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
        severity=loudest(incident.severity, firing.severity),
        labels=(*incident.labels, firing.rule),
        escalate=_joined(incident.escalate, firing.escalate),
        changed=True,
    )


def _joined(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    return first + tuple(word for word in second if word not in first)


def _own(context: Context, state: PostState, event: Event, firing: Firing) -> Incident:
    id_ = rule_incident_id(context.post, firing.rule, firing.group, event.id)
    existing = state.incidents.get(id_)
    if existing is not None:
        return existing
    incident = new_incident(
        context,
        event,
        id_=id_,
        kind=firing.incident or firing.rule,
        rule=firing.rule,
        severity=firing.severity,
        title=firing.title,
    )
    return replace(incident, escalate=firing.escalate, certainty=firing.certainty, labels=(firing.rule,))


def _commands(context: Context, event: Event, firing: Firing) -> tuple[Command, ...]:
    """Return an action's commands: ``siren.on`` goes to every siren of the event's post."""
    post = event.post or context.post
    devices = [device for device in context.site.devices.values() if device.post in (post, None)]
    return tuple(
        Command(digest("command", event.id, firing.rule, action, device.id), device.id, action)
        for action in firing.actions
        for device in devices
        if device.role == action.split(".", 1)[0]
    )
