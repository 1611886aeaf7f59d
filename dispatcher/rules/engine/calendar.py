"""Local wall time: times of day, weekdays, and the days on which summer time begins and ends."""

from datetime import UTC, date, datetime, timedelta, tzinfo

MINUTE_MS = 60_000
DAY_MS = 86_400_000
MAX_KNOWN = 4_096  # instants that are remembered: the same few are asked for all day
MAX_DAYS = 8  # deadlines that a jump passed over longer ago than this are nobody's news


class Calendar:
    """Wall times (Unix milliseconds) in one timezone. ``tz`` must be a zone of rules, such as ``ZoneInfo``."""

    def __init__(self, tz: tzinfo) -> None:
        self._tz = tz
        self._known: dict[tuple[date, int], int] = {}

    def local(self, wall_ms: int) -> datetime:
        """Return the local date and time."""
        return datetime.fromtimestamp(wall_ms // 1000, UTC).astimezone(self._tz)

    def minute(self, wall_ms: int) -> int:
        """Return the minute of the local day."""
        local = self.local(wall_ms)
        return local.hour * 60 + local.minute

    def weekday(self, wall_ms: int) -> int:
        """Return the local weekday, 0 is Monday."""
        return self.local(wall_ms).weekday()

    def instant(self, day: date, minute: int) -> int:
        """Return when a local time is: in a gap the first instant after it, in a fold its first occurrence."""
        known = self._known.get((day, minute))
        if known is None:
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            known = self._known[day, minute] = self._instant(day, minute)
        return known

    def _instant(self, day: date, minute: int) -> int:
        naive = datetime(day.year, day.month, day.day, minute // 60, minute % 60)
        first = naive.replace(tzinfo=self._tz, fold=0)
        instant = first.astimezone(UTC)
        if instant.astimezone(self._tz).replace(tzinfo=None) == naive:
            return _ms(instant)
        return self._end_of_gap(_ms(naive.replace(tzinfo=self._tz, fold=1).astimezone(UTC)), _ms(instant))

    def _end_of_gap(self, before: int, after: int) -> int:
        low, high = sorted((before // 1000, after // 1000))
        old = self.local(low * 1000).utcoffset()
        while high - low > 1:
            middle = (low + high) // 2
            if self.local(middle * 1000).utcoffset() == old:
                low = middle
            else:
                high = middle
        return high * 1000

    def occurrences(self, minute: int, after: int, until: int) -> list[tuple[str, int]]:
        """Return the date and instant of a local time on each day, where the instant lies in (after, until]."""
        if after // MINUTE_MS == until // MINUTE_MS:
            return []  # a local time is a whole minute, and none lies here
        after = max(after, until - MAX_DAYS * DAY_MS)
        day = self.local(after).date() - timedelta(days=1)
        last = self.local(until).date()
        found = []
        while day <= last:
            instant = self.instant(day, minute)
            if after < instant <= until:
                found.append((day.isoformat(), instant))
            day += timedelta(days=1)
        return found

    def next(self, minute: int, after: int, days: tuple[int, ...] = ()) -> int:
        """Return the first instant after ``after`` at which it is that local time, on one of ``days`` if given."""
        day = self.local(after).date() - timedelta(days=1)
        while True:
            instant = self.instant(day, minute)
            if instant > after and (not days or day.weekday() in days):
                return instant
            day += timedelta(days=1)


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
