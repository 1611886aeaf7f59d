"""From what the engine told to the entries of a test's timeline."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from dispatcher.cli.timeline.model import Entry
from dispatcher.domain.events import EVENT_FIELDS, Event, Value
from dispatcher.domain.faults import Text
from dispatcher.domain.incident import Severity
from dispatcher.domain.site import Site
from dispatcher.incidents.floor import incident_kind
from dispatcher.incidents.model import FLOOR_RULE, UNKNOWN_RULE
from dispatcher.rules.engine.filling import Fill
from dispatcher.rules.engine.outcome import Reason, Told
from dispatcher.rules.firing import title

Fields = dict[str, Value | tuple[str, ...] | None]

_SORTS = {
    Reason.FIRED: "alert",
    Reason.UNKNOWN: "unknown",
    Reason.CLEARED: "clear",
    Reason.THROTTLED: "throttled",
    Reason.STILL_OPEN: "throttled",
    Reason.SUPPRESSED: "suppressed",
}

_WHY = {
    Reason.FIRED: Text("menyala", "fired"),
    Reason.ACTED: Text("menyala tanpa memberi tahu (escalate: none)", "fired and told nobody (escalate: none)"),
    Reason.UNKNOWN: Text("tidak diketahui, program mati saat itu", "unknown, the program was off then"),
    Reason.CLEARED: Text("selesai", "cleared"),
    Reason.THROTTLED: Text("diredam throttle", "held back by its throttle"),
    Reason.STILL_OPEN: Text("masih terbuka, clear_when belum terpenuhi", "still open, its clear_when has not come"),
    Reason.SUPPRESSED: Text("ditahan aturan {by}", "suppressed by {by}"),
    Reason.HELD: Text("ditahan only_if", "held back by only_if"),
}
_IN_SHADOW = Text("{why} (bayangan)", "{why} (shadow)")


@dataclass(slots=True)
class Log:
    """What happened, in order; ``notes`` are what led to nothing, for the answer to `why not`.

    ``rules`` are the ids of all rules that the test has seen. ``fills`` tell how far a rule was that was expected to
    alert, by its id and that time; nothing where the program was off.
    """

    entries: list[Entry] = field(default_factory=list)
    notes: list[Entry] = field(default_factory=list)
    rules: set[str] = field(default_factory=lambda: {FLOOR_RULE, UNKNOWN_RULE})
    fills: dict[tuple[str, int], Fill] = field(default_factory=dict)

    def take(self, at: int, told: Told, site: Site) -> None:
        """Note one thing that the engine told. A shadow tells nobody."""
        sort = _SORTS.get(told.reason)
        why = _why(told)
        if told.rule.shadow or sort is None:
            self.notes.append(Entry(at, told.reason, told.rule.id, {}, why))
        else:
            self.entries.append(Entry(at, sort, told.rule.id, fields_of(told), why))
        if told.reason in (Reason.FIRED, Reason.ACTED) and not told.rule.shadow:
            self.entries += commands(at, told, site)

    def floor(self, at: int, event: Event) -> None:
        """Note the floor's own alert."""
        fields = event_fields(event) | {
            "severity": str(Severity.CRITICAL),
            "incident": incident_kind(event),
            "count": 1,
        }
        self.entries.append(Entry(at, "alert", FLOOR_RULE, fields | {"escalate": ("precinct",), "late": False}))

    def unknown_device(self, at: int, event: Event) -> None:
        """Note that a device which the site does not know has called."""
        more: Fields = {"severity": str(Severity.HIGH), "certainty": "possible", "incident": UNKNOWN_RULE, "count": 1}
        self.entries.append(
            Entry(at, "alert", UNKNOWN_RULE, event_fields(event) | more | {"escalate": ("precinct",), "late": False})
        )


def event_fields(event: Event) -> Fields:
    """Return an event's own fields and attributes."""
    own: Fields = {name: event.field(name) for name in EVENT_FIELDS}
    return {**event.attrs, **own}


def fields_of(told: Told) -> Fields:
    """Return the fields of what was told: the event's, and over them what the rule says."""
    rule = told.rule
    fields = event_fields(told.subject) | {"late": told.late, "rule": rule.id, "name": rule.name}
    if told.count is not None:
        fields["count"] = told.count
    fields |= {
        "severity": str(rule.then.severity),
        "incident": rule.then.incident,
        "escalate": rule.then.escalate,
        "actions": rule.then.actions,
        "message": title(rule.then, told.subject, rule.name),
        "title": title(rule.then, told.subject, rule.name),
    }
    fields |= {} if rule.then.certainty is None else {"certainty": rule.then.certainty}
    return fields | ({} if rule.then.avs is None else {"avs": rule.then.avs})


def commands(at: int, told: Told, site: Site) -> Iterator[Entry]:
    """Yield a rule's commands: ``siren.on`` goes to every siren of the posts that it is about."""
    posts = {post for _, post in told.groups} if told.everywhere else {told.subject.post}
    for action in told.rule.then.actions:
        for device in site.devices.values():
            if device.role == action.split(".", 1)[0] and (device.post in posts or device.post is None):
                yield Entry(at, "command", action, {"device": device.id, "post": device.post, "rule": told.rule.id})


def _why(told: Told) -> Text:
    """Return the reason of a word of the engine."""
    why = _WHY[told.reason]
    why = Text(*(one.replace("{by}", told.by or "-") for one in (why.id, why.en)))
    if not told.rule.shadow:
        return why
    return Text(_IN_SHADOW.render("id", {"why": why.id}), _IN_SHADOW.render("en", {"why": why.en}))
