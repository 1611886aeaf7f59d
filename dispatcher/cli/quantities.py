"""Durations, sizes and instants as people say them, short enough for a narrow terminal."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dispatcher.cli.say import language
from dispatcher.domain.faults import Text

_UNITS = (
    (86_400, Text("hari", "d")),
    (3_600, Text("jam", "h")),
    (60, Text("mnt", "min")),
    (1, Text("dtk", "s")),
)
_SIZES = ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))
_EXACT = 10  # below so many of a unit, the next smaller one is told too


def span(seconds: float) -> str:
    """Return e.g. ``3 jam 12 mnt``, ``45 dtk``, ``12 hari``: what matters of a duration."""
    whole = max(0, int(seconds))
    for (size, unit), smaller in zip(_UNITS, (*_UNITS[1:], None), strict=True):
        count, rest = divmod(whole, size)
        if count or smaller is None:
            more = rest // smaller[0] if smaller is not None and count < _EXACT else 0
            first = f"{count} {unit.render(language(), {})}"
            return f"{first} {more} {smaller[1].render(language(), {})}" if more and smaller is not None else first
    raise AssertionError


def brief(seconds: float) -> str:
    """Return a duration in its largest unit alone: ``3 jam``, ``45 dtk``."""
    whole = max(0, int(seconds))
    size, unit = next(((size, unit) for size, unit in _UNITS if whole >= size), _UNITS[-1])
    return f"{whole // size} {unit.render(language(), {})}"


def clock_span(milliseconds: int) -> str:
    """Return a duration as a clock shows it: ``0:42``, ``12:05``, ``3:00:00``."""
    minutes, seconds = divmod(max(0, milliseconds) // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def size(count: int) -> str:
    """Return bytes as e.g. ``12.3 GiB`` (``12,3`` in Indonesian)."""
    for unit, name in _SIZES:
        if count >= unit:
            return f"{number(count / unit)} {name}"
    return f"{count} B"


def number(value: float) -> str:
    """Return a number with at most one decimal, as the language writes it."""
    text = f"{value:.1f}".removesuffix(".0")
    return text if language() == "en" else text.replace(".", ",")


def instant(wall_ms: int, timezone: str, form: str = "%d-%m-%Y %H:%M") -> str:
    """Return an instant by the clocks of the site, or of this machine where the zone is not known."""
    try:
        moment = datetime.fromtimestamp(wall_ms / 1000, UTC)
        return moment.astimezone(ZoneInfo(timezone) if timezone else None).strftime(form)
    except (ValueError, OverflowError, OSError, ZoneInfoNotFoundError):
        return "?"
