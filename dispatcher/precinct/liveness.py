"""Who is there: boards with an officer before them, and posts that speak. Pure: ``now`` is an argument, in ms."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from dispatcher.wire.status import Status

UNATTENDED_AFTER_MS = 30_000
SILENT_AFTER_MS = 30_000
TWIN_WINDOW_MS = 60_000
RIVALS = 4
"""Lives remembered beside the last: two installations may be started anew between each other's words."""


@dataclass(frozen=True, slots=True)
class Attendance:
    """Open boards, and since when there is none (``since_ms`` means nothing while there is one)."""

    boards: int
    since_ms: int

    def enter(self) -> "Attendance":
        """A board opened."""
        return replace(self, boards=self.boards + 1)

    def leave(self, now: int) -> "Attendance":
        """A board closed."""
        return Attendance(max(0, self.boards - 1), now if self.boards <= 1 else self.since_ms)

    def attended(self, now: int) -> bool:
        """Whether somebody may be looking: a board is open, or the last one closed less than 30 s ago."""
        return self.boards > 0 or now - self.since_ms < UNATTENDED_AFTER_MS


@dataclass(frozen=True, slots=True)
class Rival:
    """Another life of a post, heard of not long ago. ``told`` numbers its last word, and is 0 from old posts."""

    instance: str
    run: str
    seen_ms: int
    told: int

    def has_said(self, status: Status) -> bool:
        """Whether ``status`` comes late, or once more."""
        return 0 < status.told <= self.told


@dataclass(frozen=True, slots=True)
class Heard:
    """What a post last said, when, and whether a second installation answers to its name."""

    status: Status
    seen_ms: int
    rivals: tuple[Rival, ...] = ()  # the newest first
    twins_ms: int = 0

    def silent(self, now: int) -> bool:
        """Whether nothing came for 30 s, or the broker told of its death."""
        return self.status.state == "offline" or now - self.seen_ms >= SILENT_AFTER_MS

    def twins(self, now: int) -> bool:
        """Whether two instances were alive in the last minute."""
        return self.twins_ms > 0 and now - self.twins_ms < TWIN_WINDOW_MS


def hear(before: Heard | None, status: Status, now: int) -> Heard:
    """Return what is known of a post after a status.

    A new instance alone is a post that was set up anew, a new run one that was started anew. Only when the old one
    speaks again after it are there two; what it had said before, and comes late or once more, is no sign of life. The
    last will of one that was replaced says nothing about the living one.
    """
    if before is None:
        return Heard(status, now)
    if _name(before.status) == _name(status):
        return replace(before, status=_counted(status, before), seen_ms=now)
    if status.state == "offline" and not before.silent(now):
        return before
    rival = next((one for one in before.rivals if (one.instance, one.run) == _name(status)), None)
    if rival is not None and rival.has_said(status):
        return before
    again = rival is not None and now - rival.seen_ms < TWIN_WINDOW_MS
    return Heard(status, now, _others(before, rival), now if again else before.twins_ms)


def _others(before: Heard, speaking: Rival | None) -> tuple[Rival, ...]:
    """Return the lives that are not speaking now."""
    last = Rival(*_name(before.status), before.seen_ms, before.status.told)
    return (last, *(one for one in before.rivals if one is not speaking))[:RIVALS]


def recall(before: Heard | None, status: Status, began: int) -> Heard:
    """Return what is known of a post after a status that the broker had kept: how it was, and no sign of life.

    ``began`` is when we started: a post that we have not heard ourselves has had 30 s since then to speak.
    """
    if before is None:
        return Heard(status, began)
    is_newer = status.state == "offline" or status.told > before.status.told
    if _name(before.status) != _name(status) or not is_newer:
        return before
    return replace(before, status=_counted(status, before))


def _counted(status: Status, before: Heard) -> Status:
    """Return a status with the highest number that its run has said: a will has none, and old words may come late."""
    return replace(status, told=max(status.told, before.status.told))


def _name(status: Status) -> tuple[str, str]:
    return status.instance, status.run


def silent_posts(known: Iterable[str], heard: Mapping[str, Heard], started: int, now: int) -> frozenset[str]:
    """Return the posts that are silent; one never heard of is so 30 s after the precinct started."""
    patience_over = now - started >= SILENT_AFTER_MS
    return frozenset(post for post in known if (heard[post].silent(now) if post in heard else patience_over))
