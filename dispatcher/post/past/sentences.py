"""Sentences about the past in both languages, and times, spans, events and conditions as people write them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

from dispatcher.domain.events import Event, Value
from dispatcher.domain.faults import Language, Text
from dispatcher.domain.stamp import Stamp
from dispatcher.rules.language import Cross, DayIs, OnlyIf, StateIs, TimeIs, WatchIs
from dispatcher.rules.model import AllOf, AnyOf, Clause, Compare, Condition, FieldRef, Not, Operator

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_UNITS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "m"))
_CARRIED = ("button", "input", "value", "unit", "severity", "by", "clicks", "battery", "text")
MAX_SHOWN = 40  # characters of a value


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence with its values; a value may be a sentence itself. ``key`` names what it says, for programs."""

    key: str
    text: Text
    values: Mapping[str, object] = field(default_factory=dict)

    def render(self, language: Language) -> str:
        """Return it in one language."""
        values = {name: _rendered(value, language) for name, value in self.values.items()}
        return self.text.render(language, values)


def _rendered(value: object, language: Language) -> object:
    return value.render(language) if isinstance(value, Sentence) else value


def say(key: str, id_: str, en: str, **values: object) -> Sentence:
    """Return a sentence."""
    return Sentence(key, Text(id_, en), values)


# --- times -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Local:
    """Times on the wall of a site. A time that nobody could vouch for has a question mark."""

    tz: tzinfo

    def moment(self, wall_ms: int) -> datetime:
        """Return a wall time as a local date and time."""
        return datetime.fromtimestamp(wall_ms / 1000, UTC).astimezone(self.tz)

    def at(self, stamp: Stamp) -> str:
        """Return the time of day: ``01:10:05``."""
        return f"{self.moment(stamp.wall_ms):%H:%M:%S}" + ("" if stamp.trusted else "?")

    def full(self, stamp: Stamp) -> str:
        """Return date and time: ``2026-11-25 01:10:05``."""
        return f"{self.moment(stamp.wall_ms):%Y-%m-%d %H:%M:%S}" + ("" if stamp.trusted else "?")

    def near(self, stamp: Stamp, other_ms: int) -> str:
        """Return the time of day, with its date where that is another than of ``other_ms``."""
        same_day = self.moment(stamp.wall_ms).date() == self.moment(other_ms).date()
        return self.at(stamp) if same_day else self.full(stamp)


def span(ms: int) -> str:
    """Return a duration as a person would say it: ``64 s``, ``12 m 5 s``, ``3 h 20 m``."""
    if ms < 1_000:
        return f"{ms} ms"
    if ms < 120_000:
        return f"{ms // 1000} s" if ms % 1000 == 0 or ms >= 10_000 else f"{ms / 1000:.1f} s"
    parts, left = [], ms // 1000 * 1000
    for length, unit in _UNITS:
        if left >= length:
            parts.append(f"{left // length} {unit}")
            left %= length
    parts += [f"{left // 1000} s"] if left else []
    return " ".join(parts[:2])


def minute(of_day: int) -> str:
    """Return a minute of the day: ``22:00``."""
    return f"{of_day // 60:02d}:{of_day % 60:02d}"


# --- events and values -----------------------------------------------------------------------------------------------


def value(one: object) -> str:
    """Return a value as the files say it."""
    text = str(one).lower() if isinstance(one, bool) else str(one)
    text = f'"{text}"' if isinstance(one, str) and (not one or one != one.strip()) else text
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def event_line(event: Event) -> str:
    """Return an event without its time: ``motion pir-1 zone=gang value=41``."""
    words = [event.kind, event.device or ""]
    words += [f"zone={event.zone}"] if event.zone else []
    words += [f"{name}={value(event.attrs[name])}" for name in _carried(event)]
    return " ".join(word for word in words if word)


def _carried(event: Event) -> list[str]:
    own = [name for name in _CARRIED if name in event.attrs]
    return own + [name for name in event.attrs if name not in own and name not in ("zone", "kelurahan", "post")][:4]


# --- conditions, as the files write them -----------------------------------------------------------------------------


def clause(one: Clause) -> str:
    """Return a clause: ``motion`` or ``motion {zone: gang}``."""
    kinds = one.kinds[0] if len(one.kinds) == 1 else "[" + ", ".join(one.kinds) + "]"
    parts = _parts(one.where)
    return kinds if not parts else f"{kinds} {{{', '.join(parts)}}}"


def _parts(where: Condition) -> list[str]:
    return [condition(part) for part in where.parts] if isinstance(where, AllOf) else [condition(where)]


def condition(one: Condition) -> str:
    """Return a condition on one event."""
    match one:
        case AllOf(parts=parts):
            return "all_of: [" + ", ".join(condition(part) for part in parts) + "]"
        case AnyOf(parts=parts):
            return "any_of: [" + ", ".join(condition(part) for part in parts) + "]"
        case Not(part=part):
            return f"not: {{{condition(part)}}}"
        case Cross():
            return _cross(one)
        case Compare():
            return f"{one.field}: {_wanted(one)}"


def _cross(one: Cross) -> str:
    if one.relation in ("same_as", "not_same_as"):
        return f"{one.field}: {{{one.relation}: {one.alias}.{one.other}}}"
    return f"{one.field}: {{{one.relation}: {value(one.amount)}, since: {one.alias}}}"


def _wanted(one: Compare) -> str:
    operands = [f"{{field: {o.name}}}" if isinstance(o, FieldRef) else value(o) for o in one.operands]
    if one.operator is Operator.IS:
        return operands[0]
    if one.operator is Operator.IN:
        return "[" + ", ".join(operands) + "]"
    many = one.operator in (Operator.NOT_IN, Operator.BETWEEN)
    return f"{{{one.operator}: {'[' + ', '.join(operands) + ']' if many else operands[0]}}}"


def only_if(one: OnlyIf) -> str:
    """Return one of the conditions of ``only_if``."""
    match one:
        case StateIs(name=name, value=wanted):
            return f"state {name} is {value(wanted)}"
        case TimeIs(span=hours):
            return f"between {minute(hours.start)}-{minute(hours.end)}"
        case DayIs(days=days):
            return "days " + ", ".join(DAYS[day] for day in days)
        case WatchIs(kind=kind):
            return f"watch {kind}"


def listed(words: Iterable[object]) -> str:
    """Return some words with commas, of very many the first."""
    found = [str(word) for word in words]
    return ", ".join(found[:8]) + (f", … (+{len(found) - 8})" if len(found) > 8 else "")


def shown(one: Value | None) -> Sentence:
    """Return a state's value; one that was never set says so."""
    if one is None:
        return say("unset", "belum diatur", "not set")
    return Sentence("value", Text("{value}", "{value}"), {"value": value(one)})
