"""From a post's memory to what is told of it: the parts of a `Standing` that the fold knows, alive or off a folder.

To be called on the thread that owns the memory. Each part is bounded, and none waits for anything.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice

from dispatcher.domain.incident import SEVERITY_ORDER
from dispatcher.domain.site import Device
from dispatcher.domain.stamp import Stamp
from dispatcher.incidents.model import Incident
from dispatcher.incidents.stages import least_advanced
from dispatcher.post.daybook import DeviceNotes, StrangerNotes, date_of
from dispatcher.post.memory import Memory
from dispatcher.post.rulebook import RuleNow
from dispatcher.post.standing import (
    MAX_DEVICES,
    MAX_INCIDENTS,
    MAX_RULES,
    MAX_TEXT,
    ClockLine,
    DeviceLine,
    IncidentLine,
    LaneLine,
    Outbox,
    RuleLine,
    RuleSet,
    Standing,
    StartLine,
    StrangerLine,
)

_NOTHING: Mapping[str, Stamp] = {}


def age_s(then: Stamp, now: Stamp) -> int:
    """Return how long ago an instant was: by the wall where it was believed at both ends, else by running time."""
    by_wall = then.trusted and now.trusted and now.wall_ms >= then.wall_ms
    between = now.wall_ms - then.wall_ms if by_wall else now.run_ms - then.run_ms
    return max(0, between) // 1000


def _age_or_none(then: Stamp | None, now: Stamp) -> int | None:
    return None if then is None else age_s(then, now)


def known_s(memory: Memory, now: Stamp) -> int:
    """Return for how long the daybook has been kept."""
    return _age_or_none(memory.book.since, now) or 0


def rules_of(memory: Memory, now: Stamp) -> Iterator[RuleLine]:
    """Yield a line for each rule that runs here, the first ``MAX_RULES``; a caller may take them bit by bit."""
    day = date_of(now.wall_ms, memory.context.site.timezone)
    for one in islice(memory.rulebook.lines(now), MAX_RULES):
        yield _rule_line(memory, one, now, day)


def _rule_line(memory: Memory, one: RuleNow, now: Stamp, day: str) -> RuleLine:
    rule, fill, notes = one.rule, one.fill, memory.book.rules.get(one.rule.id)
    fired = None if notes is None else notes.shadowed if rule.shadow else notes.fired
    line = RuleLine(
        id=rule.id,
        name=rule.name[:MAX_TEXT],
        mode="shadow" if rule.shadow else "live",
        today=memory.book.today(rule.id, day),
        fired_s=_age_or_none(fired, now),
        matched_s=_age_or_none(None if notes is None else notes.matched, now),
        known_s=min(one.known_ms // 1000, known_s(memory, now)),
        ungrouped=one.ungrouped,
        dropped=one.dropped,
        file=str(rule.place)[-MAX_TEXT:],
    )
    if fill is None:
        return replace(line, mode="off")
    group = tuple((name, value[:MAX_TEXT]) for name, value in fill.group)
    return replace(line, sort=str(fill.sort), have=fill.have, need=fill.need, ends_ms=fill.ends_ms, group=group)


def outbox_of(memory: Memory, now: Stamp) -> Outbox:
    """Return what waits for the precinct."""
    waiting = memory.state.unfinished()
    made = [revision.made.run_ms for incident in waiting for revision in incident.outbox]
    pending = sum(incident.pending for incident in waiting)
    oldest = max(0, now.run_ms - min(made)) // 1000 if made else 0
    return Outbox(len(made) + pending, oldest, len(memory.words))


def incidents_of(memory: Memory, now: Stamp) -> tuple[int, tuple[IncidentLine, ...]]:
    """Return how many incidents are open, and the loudest and newest of them."""
    found = [incident for incident in memory.state.incidents.values() if incident.is_open]
    found.sort(key=lambda one: (-SEVERITY_ORDER[one.severity], -one.last_event.run_ms, one.id))
    return len(found), tuple(_incident_line(incident, now) for incident in found[:MAX_INCIDENTS])


def _incident_line(incident: Incident, now: Stamp) -> IncidentLine:
    return IncidentLine(
        incident.id,
        incident.rule,
        incident.title[:MAX_TEXT],
        str(incident.severity),
        str(least_advanced(incident)),
        age_s(incident.opened, now),
        incident.count,
    )


def devices_of(memory: Memory, now: Stamp, murmurs: Mapping[str, Stamp] = _NOTHING) -> tuple[DeviceLine, ...]:
    """Return the devices of this post, those with trouble known of first where they are too many.

    ``murmurs``: devices that said something of which no record is kept.
    """
    post = memory.context.post
    ours = [device for device in memory.context.site.devices.values() if device.post == post]
    lines = [_device_line(device, memory.book.devices.get(device.id), murmurs.get(device.id), now) for device in ours]
    lines.sort(key=lambda line: (not line.qos0, line.heard_s is not None))  # stable: else in the site's order
    return tuple(lines[:MAX_DEVICES])


def _device_line(device: Device, notes: DeviceNotes | None, murmur: Stamp | None, now: Stamp) -> DeviceLine:
    spoke = [murmur, None if notes is None else notes.heard]
    heard_s = min((age_s(one, now) for one in spoke if one is not None), default=None)
    line = DeviceLine(device.id, device.role, device.profile, heard_s)
    return line if notes is None else replace(line, qos0=notes.qos0, qos0_s=_age_or_none(notes.qos0_at, now))


def strangers_of(strangers: Mapping[str, StrangerNotes], now: Stamp) -> tuple[StrangerLine, ...]:
    """Return the unknown devices, the newest first."""
    found = reversed([*strangers.items()])
    return tuple(StrangerLine(name, one.said, age_s(one.heard, now), one.count) for name, one in found)


def starts_of(memory: Memory, now: Stamp) -> tuple[StartLine, ...]:
    """Return the last starts, the newest first."""
    return tuple(
        StartLine(
            age_s(one.at, now),
            one.at.wall_ms,
            one.at.trusted,
            one.program,
            None if one.off_ms is None else one.off_ms // 1000,
        )
        for one in reversed(memory.book.starts)
    )


def standing_of(
    memory: Memory, now: Stamp, rules: tuple[RuleLine, ...], murmurs: Mapping[str, Stamp] = _NOTHING
) -> Standing:
    """Return all that the fold knows; ``rules`` are what ``rules_of`` yielded, ``murmurs`` those of ``devices_of``."""
    using, rulebook = memory.rulebook.using, memory.rulebook
    _, too_late, gave_up = rulebook.losses()
    count, incidents = incidents_of(memory, now)
    return Standing(
        post=memory.context.post,
        at_ms=now.wall_ms,
        timezone=memory.context.site.timezone,
        known_s=known_s(memory, now),
        clock=ClockLine(now.trusted),
        lanes=(_rules_lane(memory, now),),
        outbox=outbox_of(memory, now),
        incidents_open=count,
        incidents=incidents,
        rules=RuleSet(*using.versions, len(using.engine.rules), too_late=too_late, gave_up=gave_up, lines=rules),
        devices=devices_of(memory, now, murmurs),
        strangers=strangers_of(memory.book.strangers, now),
        starts=starts_of(memory, now),
    )


def _rules_lane(memory: Memory, now: Stamp) -> LaneLine:
    """Return what waits for the rules' word."""
    first = next(iter(memory.unjudged.values()), ())
    oldest = max(0, now.run_ms - first[0].arrived.run_ms) if first else 0
    return LaneLine("rules", len(memory.unjudged), oldest)
