"""Durations, times of day and weekdays in a rule file."""

import re

from dispatcher.domain.faults import Text
from dispatcher.domain.tree import Node, Sequence
from dispatcher.rules.duration import parse_duration
from dispatcher.rules.language import TimeSpan
from dispatcher.rules.reader import Reader, describe

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MAX_DURATION_MS = 3_650 * 86_400_000
TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")

BAD_DURATION = Text(
    "lama waktu ditulis angka dan satuan tanpa spasi (30s detik, 10m menit, 2h jam, 1d hari), bukan {found}",
    "a duration is digits and a unit without a space (30s, 10m, 2h, 1d), not {found}",
)
ZERO = Text("lama waktu ini harus lebih dari nol, bukan {found}", "this duration must be longer than zero, not {found}")
BAD_TIME = Text(
    'jam ditulis "HH:MM", "00:00" sampai "23:59", bukan {found}',
    'a time of day is "HH:MM", "00:00" to "23:59", not {found}',
)
SAME_TIMES = Text("awal dan akhir tidak boleh sama ({found})", "start and end must differ ({found})")


def duration_of(reader: Reader, node: Node | None, *, positive: bool = False) -> int | None:
    """Return milliseconds; ``positive`` refuses zero."""
    if node is None:
        return None
    value = getattr(node, "value", None)
    duration = parse_duration(value) if isinstance(value, str) else None
    if duration is None or duration > MAX_DURATION_MS:
        reader.fault(node.place, "bad-duration", BAD_DURATION, found=describe(node))
        return None
    if positive and duration == 0:
        reader.fault(node.place, "zero-duration", ZERO, found=describe(node))
        return None
    return duration


def time_of(reader: Reader, node: Node | None) -> int | None:
    """Return minutes of the day."""
    if node is None:
        return None
    value = getattr(node, "value", None)
    match = TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        reader.fault(node.place, "bad-time", BAD_TIME, found=describe(node))
        return None
    return int(match[1]) * 60 + int(match[2])


def span_of(reader: Reader, node: Node) -> TimeSpan | None:
    """Return ``["HH:MM", "HH:MM"]``."""
    if not isinstance(node, Sequence) or len(node.items) != 2:
        reader.expected(node, '["HH:MM", "HH:MM"]')
        for item in node.items if isinstance(node, Sequence) else ():
            time_of(reader, item)
        return None
    start, end = (time_of(reader, item) for item in node.items)
    if start is None or end is None:
        return None
    if start == end:
        reader.fault(node.place, "empty-span", SAME_TIMES, found=describe(node.items[0]))
        return None
    return TimeSpan(start, end)


def days_of(reader: Reader, node: Node) -> tuple[int, ...]:
    """Return weekdays, 0 is Monday, sorted and each once."""
    items = node.items if isinstance(node, Sequence) else (node,)
    if not items:
        reader.expected(node, ", ".join(DAYS))
    words = (reader.choice(item, DAYS) for item in items)
    return tuple(sorted({DAYS.index(word) for word in words if word is not None}))
