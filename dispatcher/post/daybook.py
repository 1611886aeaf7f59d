"""What a post remembers of its rules and devices for the people who look after it: who was heard, and what fired.

A part of the fold, so that a restart forgets nothing of it; nothing is decided by it. It is bounded: what was not
touched for the longest goes first.
"""

from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter

from dispatcher.domain.events import is_floor
from dispatcher.domain.firing import Firing, Remark, Said
from dispatcher.domain.site import Site
from dispatcher.domain.stamp import Stamp
from dispatcher.incidents.model import UNKNOWN_RULE
from dispatcher.post.records import Message

MAX_RULES = 5_000
MAX_GONE = 200  # rules that run no more
MAX_DEVICES = 8_192
MAX_STRANGERS = 100
MAX_STARTS = 8
MAX_TEXT = 100  # characters that a stranger can make us keep
SHADOW = "shadow"

T = TypeVar("T")


@dataclass(slots=True)
class RuleNotes:
    """What one rule came to. ``today`` counts each word on the local date ``day``; ``fired`` is when it last fired.

    ``matched`` is when an event last satisfied one of its clauses.
    """

    matched: Stamp | None = None
    fired: Stamp | None = None
    shadowed: Stamp | None = None
    day: str = ""
    today: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class DeviceNotes:
    """When a device was last heard; and of its calls for help, how many came at QoS 0 since the last that did not."""

    heard: Stamp
    qos0: int = 0
    qos0_at: Stamp | None = None


@dataclass(slots=True)
class StrangerNotes:
    """A device that the site does not know, and that called for help."""

    said: str
    heard: Stamp
    count: int = 0


@dataclass(frozen=True, slots=True)
class StartNotes:
    """One start of the program. ``off_ms`` is how long it had been off, None where nobody can say."""

    at: Stamp
    program: str
    off_ms: int | None


@dataclass(slots=True)
class Daybook:
    """All of it. ``since`` is when it was begun: what was before, nobody wrote down."""

    since: Stamp | None = None
    rules: dict[str, RuleNotes] = field(default_factory=dict)
    devices: dict[str, DeviceNotes] = field(default_factory=dict)
    strangers: dict[str, StrangerNotes] = field(default_factory=dict)
    starts: list[StartNotes] = field(default_factory=list)

    def started(self, at: Stamp, body: dict[str, Any]) -> None:
        """Note a start."""
        self.since = self.since or at
        known = bool(body.get("downtime_known", True)) and body.get("stopped") is not None
        off_ms = int(body.get("downtime_ms", 0)) if known else None
        note = StartNotes(at, str(body.get("program", "")), off_ms)
        self.starts = [*self.starts[1 - MAX_STARTS :], note]

    def heard(self, site: Site, message: Message, at: Stamp) -> None:
        """Note who spoke in a message, and whether a call for help in it could have been lost on its way.

        What the broker kept from earlier is no sign of life, nor is a gateway's word that a device is away.
        """
        for event in message.events:
            if event.kind == UNKNOWN_RULE:
                note_stranger(self.strangers, event.device or "", str(event.attrs.get("said", "")), at)
            elif message.qos == 0 and is_floor(event) and event.device in site.devices:
                notes = self._device(event.device or "", at)
                notes.qos0, notes.qos0_at = notes.qos0 + 1, at
            elif is_floor(event) and event.device in self.devices:
                notes = self.devices[event.device]
                notes.qos0, notes.qos0_at = 0, None  # somebody has put it right
        for device in () if message.retain else _speakers(message):
            if device in site.devices:
                self._device(device, at).heard = at

    def _device(self, device: str, at: Stamp) -> DeviceNotes:
        notes = self.devices.get(device)
        if notes is None:
            notes = DeviceNotes(at)
            _put(self.devices, device, notes, MAX_DEVICES)
        return notes

    def matched(self, rules: Iterable[str], at: Stamp) -> None:
        """Note that an event satisfied a clause of each of these rules."""
        for rule in rules:
            notes = self.rules.get(rule)
            if notes is None:
                notes = RuleNotes()
                _put(self.rules, rule, notes, MAX_RULES)
            notes.matched = at

    def said(self, firings: Iterable[Firing], remarks: Iterable[Remark], at: Stamp, timezone: str) -> None:
        """Note what rules came to."""
        said: list[Firing | Remark] = [*firings, *remarks]
        day = date_of(at.wall_ms, timezone) if said else ""
        for one in said:
            notes = self._rule(one.rule, day)
            word = _word(one)
            notes.today[word] = notes.today.get(word, 0) + 1
            if word == Said.FIRED:
                notes.fired = at
            elif word == SHADOW:
                notes.shadowed = at

    def _rule(self, rule: str, day: str) -> RuleNotes:
        notes = self.rules.pop(rule, None) or RuleNotes()
        if notes.day != day:
            notes.day, notes.today = day, {}
        _put(self.rules, rule, notes, MAX_RULES)
        return notes

    def forget(self, running: Container[str]) -> None:
        """Drop notes of rules that run no more, but for the newest: somebody may put one back and look at it."""
        gone = [rule for rule in self.rules if rule not in running]
        for rule in gone[:-MAX_GONE]:
            del self.rules[rule]

    def today(self, rule: str, day: str) -> dict[str, int]:
        """Return how often a rule came to each word on a date."""
        notes = self.rules.get(rule)
        return dict(notes.today) if notes is not None and notes.day == day else {}

    def to_plain(self) -> Any:
        """Return it as JSON values."""
        return _BOOK.dump_python(self, mode="json", exclude_defaults=True)

    @classmethod
    def from_plain(cls, plain: object) -> "Daybook":
        """Return what ``to_plain`` made. Raises ValueError for anything else."""
        return _BOOK.validate_python(plain)


def date_of(wall_ms: int, timezone: str) -> str:
    """Return the local date of an instant, empty for one that no calendar has."""
    try:
        return datetime.fromtimestamp(wall_ms / 1000, UTC).astimezone(ZoneInfo(timezone)).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return ""


def _speakers(message: Message) -> set[str]:
    away = {event.device for event in message.events if event.kind == "device.offline"}
    spoke = {event.device for event in message.events} | {change.device for change in message.changes}
    return {device for device in spoke - away if device is not None}


def note_stranger(table: dict[str, StrangerNotes], device: str, said: str, at: Stamp) -> None:
    """Note that a device spoke that the site does not know."""
    notes = table.pop(device[:MAX_TEXT], None) or StrangerNotes("", at)
    notes.said, notes.heard, notes.count = said[:MAX_TEXT], at, notes.count + 1
    _put(table, device[:MAX_TEXT], notes, MAX_STRANGERS)


def _word(one: Firing | Remark) -> str:
    if isinstance(one, Remark):
        return one.reason
    return SHADOW if one.shadow and one.said is Said.FIRED else str(one.said)


def _put(table: dict[str, T], key: str, value: T, limit: int) -> None:
    table[key] = value
    if len(table) > limit:
        del table[next(iter(table))]


_BOOK = TypeAdapter(Daybook)
