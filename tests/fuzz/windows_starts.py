"""When and where random nights begin: in a zone without summer time, or about a gap or a fold of one that has it."""

from dataclasses import dataclass

from tests.fuzz.windows_known import Turn

HOUR = 3600


@dataclass(frozen=True, slots=True)
class Start:
    """The local ``minute`` of the day, ``weekday`` 0 for Monday, at which a night begins, and the turn near it.

    ``turn`` counts seconds from that day's midnight, by the clock that the wall shows at the start.
    """

    at: str
    timezone: str
    minute: int
    weekday: int
    turn: Turn | None = None

    @property
    def shift(self) -> int:
        """Return by how many minutes the clock on the wall turns."""
        return 0 if self.turn is None else (self.turn.after - self.turn.before) // 60


PLAIN = [
    Start("2026-11-24T21:59:00+07:00", "Asia/Jakarta", 21 * 60 + 59, 1),
    Start("2026-11-24T21:59:00+07:00", "Asia/Jakarta", 21 * 60 + 59, 1),
    Start("2026-11-26T23:58:00+07:00", "Asia/Jakarta", 23 * 60 + 58, 3),
]
SUMMER = [
    # Berlin: 02:00 becomes 03:00 in March, 03:00 becomes 02:00 in October.
    Start("2026-03-29T01:59:00+01:00", "Europe/Berlin", 119, 6, Turn(2 * HOUR, 0, HOUR)),
    Start("2026-10-25T02:59:00+02:00", "Europe/Berlin", 179, 6, Turn(3 * HOUR, 0, -HOUR)),
    Start("2026-10-25T02:01:00+01:00", "Europe/Berlin", 121, 6, Turn(2 * HOUR, HOUR, 0)),
    # Beirut turns at midnight: in autumn one day comes twice to its last hour.
    Start("2026-03-28T23:59:00+02:00", "Asia/Beirut", 1439, 5, Turn(24 * HOUR, 0, HOUR)),
    Start("2026-10-24T23:59:00+03:00", "Asia/Beirut", 1439, 5, Turn(24 * HOUR, 0, -HOUR)),
    # Lord Howe turns by half an hour.
    Start("2026-10-04T01:59:00+10:30", "Australia/Lord_Howe", 119, 6, Turn(2 * HOUR, 0, HOUR // 2)),
    Start("2026-04-05T01:59:00+11:00", "Australia/Lord_Howe", 119, 6, Turn(2 * HOUR, 0, -HOUR // 2)),
]
