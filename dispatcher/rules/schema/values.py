"""Durations, times, kinds, names of fields: the values that many keys take."""

from collections.abc import Iterable, Mapping

from dispatcher.domain.catalogue import KINDS, OPEN_PREFIXES
from dispatcher.domain.events import EVENT_FIELDS
from dispatcher.domain.faults import Text
from dispatcher.domain.schema import Schema, both, one_of, one_or_many, pattern, ref, short
from dispatcher.rules.duration import DURATION
from dispatcher.rules.kinds import UNKNOWN_KIND
from dispatcher.rules.parse_time import BAD_DURATION, BAD_TIME, DAYS, TIME, ZERO
from dispatcher.rules.where import SLIP

_OPEN_WORD = "[_-]*[A-Za-z0-9][A-Za-z0-9_-]*"
_LONGEST_KIND = 64
_REPORT = "report."
_REPORTED = [name.removeprefix(_REPORT) for name in KINDS if name.startswith(_REPORT)]
_DAY_WORDS = ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu")
_DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

PREFIX = Text("semua jenis di bawah ini", "every kind below it")


def duration(*, positive: bool = False) -> Schema:
    """Return ``60s``; ``positive`` refuses zero."""
    regex = f"(?=0*[1-9]){DURATION.pattern}" if positive else DURATION.pattern
    return pattern(regex, ZERO if positive else BAD_DURATION)


def time_of_day() -> Schema:
    """Return ``"22:00"``."""
    return pattern(TIME.pattern, BAD_TIME)


def span() -> Schema:
    """Return ``["22:00", "05:00"]``."""
    return {"type": "array", "items": time_of_day(), "minItems": 2, "maxItems": 2}


def days() -> Schema:
    """Return one weekday or some."""
    return one_or_many(one_of(dict(zip(DAYS, map(Text, _DAY_WORDS, _DAY_NAMES), strict=True))), least=1)


# --- kinds -----------------------------------------------------------------------------------------------------------


def kind_words() -> dict[str, Text]:
    """Return every kind that has a name of its own, and each prefix."""
    below = {f"{name.rsplit('.', 1)[0]}.*" for name in KINDS if "." in name} | {f"{one}*" for one in OPEN_PREFIXES}
    words = {name: kind.title for name, kind in KINDS.items()}
    return words | dict.fromkeys(sorted(below), PREFIX)


def kind() -> Schema:
    """Return one kind, a prefix (``door.*``), or a coined word (``report.x``)."""
    prefixes = "|".join(one.rstrip(".") for one in OPEN_PREFIXES)
    regex = rf"(?!report[.]{slips(_REPORTED)})(?:{prefixes})\.{_OPEN_WORD}"
    coined = pattern(regex, UNKNOWN_KIND_HERE) | {"maxLength": _LONGEST_KIND}
    return {"anyOf": [one_of(kind_words(), UNKNOWN_KIND_HERE), coined]}


UNKNOWN_KIND_HERE = Text(UNKNOWN_KIND.id.replace(" {key}", " ini"), UNKNOWN_KIND.en.replace(" {key}", ""))


# --- names of fields -------------------------------------------------------------------------------------------------


def slips(names: Iterable[str]) -> str:
    """Return a regular expression for what is one typing slip away from a name of four letters or more."""
    each = [one for name in sorted(names) if len(name) >= 4 for one in _slips_of(name)]
    return f"(?:{'|'.join(each)})$"


def _slips_of(name: str) -> list[str]:
    letters = [letter.replace(".", "[.]") for letter in name]
    places = range(len(name))
    other = ["".join([*letters[:at], f"[^{name[at]}]", *letters[at + 1 :]]) for at in places]
    less = ["".join([*letters[:at], *letters[at + 1 :]]) for at in places]
    more = ["".join([*letters[:at], ".", *letters[at:]]) for at in range(len(name) + 1)]
    swapped = ["".join([*letters[:at], letters[at + 1], letters[at], *letters[at + 2 :]]) for at in places[:-1]]
    itself = "".join(letters)
    return [one for one in dict.fromkeys([*other, *less, *more, *swapped]) if one != itself]


def no_slip(names: Iterable[str] = EVENT_FIELDS) -> Schema:
    """Return a text that is not one slip away from a known name."""
    return {"pattern": f"^(?!{slips(names)})", "patternErrorMessage": short(_NEAR)}


_NEAR = Text(
    SLIP.id.format(key="ini", nearest="yang dikenal"), SLIP.en.format(key="", nearest="a known one").replace("  ", " ")
)


def field_name() -> Schema:
    """Return the name of a field."""
    return ref("field")


def field_names() -> Schema:
    """Return one name of a field or some."""
    return one_or_many(field_name())


def definitions() -> dict[str, Schema]:
    """Return what other schemas name."""
    return {"field": {"type": "string", **no_slip(), "minLength": 1}, "kind": kind()}


def explained(keys: Iterable[str], words: Mapping[str, Text], schemas: Mapping[str, Schema]) -> dict[str, Schema]:
    """Return the properties of a mapping: for each key of the parser its schema and its sentence."""
    return {key: {**schemas[key], "description": both(words[key])} for key in words if key in set(keys)} | {
        key: {**schemas[key], "description": both(words[key])} for key in keys if key not in words
    }
