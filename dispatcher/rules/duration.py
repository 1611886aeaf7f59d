"""Durations: digits and one unit of ``ms s m h d``."""

import re

DURATION = re.compile(r"([0-9]{1,12})(ms|s|m|h|d)")
UNITS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def parse_duration(text: str) -> int | None:
    """Return milliseconds, None for anything that is no duration."""
    match = DURATION.fullmatch(text)
    return int(match[1]) * UNITS[match[2]] if match else None


def show_duration(ms: int) -> str:
    """Return milliseconds as a file would have them, in the largest unit that holds them whole."""
    unit = next((unit for unit, length in reversed(UNITS.items()) if ms and ms % length == 0), "s")
    return f"{ms // UNITS[unit]}{unit}"
