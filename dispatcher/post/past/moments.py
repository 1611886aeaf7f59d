"""Moments of the past as people write them: ``01:10``, ``2026-11-25 01:10:05``, ``3h`` (ago)."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from dispatcher.rules.duration import parse_duration

DAY_MS = 86_400_000
ABOUT_MS = 30_000
_TIMES = ("%H:%M", "%H:%M:%S")
_SECONDS = re.compile(r"[T ]\d\d:?\d\d:?\d\d")


@dataclass(frozen=True, slots=True)
class Moment:
    """Wall time from ``begin_ms`` to ``end_ms``, both included, in Unix milliseconds.

    It is a whole minute where no second is given. ``start_ms`` is from when on somebody means who says "since".
    """

    begin_ms: int
    end_ms: int

    @property
    def start_ms(self) -> int:
        """Return what "since" this moment means."""
        return self.begin_ms


@dataclass(frozen=True, slots=True)
class Ago(Moment):
    """So long before the end: about a minute, for nobody counts it out to the second."""

    @property
    def start_ms(self) -> int:
        """Return the very instant."""
        return self.end_ms - ABOUT_MS


def parse_moment(text: str, tz: tzinfo, end_ms: int) -> Moment | None:
    """Return what a person means by a text, in local time, None for none.

    A time of day is the last one before ``end_ms``; a duration is so long before ``end_ms``; a date alone is its whole
    day.
    """
    text = text.strip()
    ago = parse_duration(text)
    if ago is not None:
        return Ago(end_ms - ago - ABOUT_MS, end_ms - ago + ABOUT_MS)
    return _time_of_day(text, tz, end_ms) or _date(text, tz)


def _time_of_day(text: str, tz: tzinfo, end_ms: int) -> Moment | None:
    for form in _TIMES:
        try:
            wanted = datetime.strptime(text.replace(".", ":"), form).time()
        except ValueError:
            continue
        day = datetime.fromtimestamp(end_ms / 1000, tz).date()
        moment = datetime.combine(day, wanted, tz)
        if moment.timestamp() * 1000 > end_ms:
            moment = datetime.combine(day - timedelta(days=1), wanted, tz)
        return _lasting(moment, "%S" in form)
    return None


def _date(text: str, tz: tzinfo) -> Moment | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=tz)
    if len(text) <= len("2026-11-25"):
        begin = int(moment.timestamp() * 1000)
        return Moment(begin, begin + DAY_MS - 1)
    return _lasting(moment, _SECONDS.search(text) is not None)


def _lasting(moment: datetime, to_the_second: bool) -> Moment:
    begin = int(moment.timestamp() * 1000)
    return Moment(begin, begin + (999 if to_the_second else 59_999))
