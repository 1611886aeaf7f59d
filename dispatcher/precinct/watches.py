"""Watches of the precinct: what an officer asks for, the answer, and which posts a watch concerns."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from dispatcher.domain.site import Site
from dispatcher.precinct.model import is_officer
from dispatcher.wire.watch import MAX_WATCHES, OpenWatch

_KIND = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


class WatchRefusal(StrEnum):
    """Why a watch was not opened or closed. API, log and test use these words."""

    NO_OFFICER = "no_officer"
    BAD_KIND = "bad_kind"
    UNKNOWN_KELURAHAN = "unknown_kelurahan"
    OVER = "over"
    TOO_MANY = "too_many"
    NO_WATCH = "no_watch"


@dataclass(frozen=True, slots=True)
class WatchRequest:
    """A watch to be opened (``opens``) or closed by an officer."""

    watch: OpenWatch
    by: str
    opens: bool


@dataclass(frozen=True, slots=True)
class WatchReply:
    """The watches that are open afterwards; ``refusal`` None: done."""

    refusal: WatchRefusal | None
    watches: tuple[OpenWatch, ...] = ()


def fault_in(request: WatchRequest, open_: tuple[OpenWatch, ...], site: Site, now_ms: int) -> WatchRefusal | None:
    """Return why a request is refused, or None."""
    watch = request.watch
    if not is_officer(request.by):
        return WatchRefusal.NO_OFFICER
    if _KIND.fullmatch(watch.kind) is None:
        return WatchRefusal.BAD_KIND
    if watch.kelurahan is not None and watch.kelurahan not in site.kelurahan:
        return WatchRefusal.UNKNOWN_KELURAHAN
    if not request.opens:
        return None if any(is_same(watch, one) for one in open_) else WatchRefusal.NO_WATCH
    if watch.until_ms is not None and watch.until_ms < now_ms:
        return WatchRefusal.OVER
    others = [one for one in open_ if not is_same(watch, one)]
    return WatchRefusal.TOO_MANY if len(others) >= MAX_WATCHES else None


def is_same(first: OpenWatch, second: OpenWatch) -> bool:
    """Return whether two watches are for the same kind and place."""
    return (first.kind, first.kelurahan) == (second.kind, second.kelurahan)


def current(watches: Iterable[OpenWatch], now_ms: int) -> tuple[OpenWatch, ...]:
    """Return the watches that are not over; the last instant is included."""
    return tuple(one for one in watches if one.until_ms is None or one.until_ms >= now_ms)


def by_post(watches: tuple[OpenWatch, ...], site: Site) -> Iterator[tuple[str, tuple[OpenWatch, ...]]]:
    """Yield every post of the site with the watches that concern it."""
    for post in site.posts.values():
        yield post.id, tuple(one for one in watches if one.kelurahan in (None, post.kelurahan))
