"""What a past covers, at a glance: whose it is, from when to when, and which rules and sites ran when.

One pass in which only the few records are read that say so; a month takes some seconds.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from dispatcher.domain.stamp import Stamp
from dispatcher.journal import Gap, Kind, Record
from dispatcher.post import records
from dispatcher.post.past.editions import Versions
from dispatcher.post.past.source import Past

_POST = b'"o":"'


@dataclass(slots=True)
class Overview:
    """``post`` is "" where no record names it. ``versions`` are the hashes of rules and site, each with its beginning;
    ``first`` and ``last`` are the stamps of the first and last record, None for an empty past; ``whole``: the first
    record is the first that there ever was. ``lost`` counts numbers that had been durable and cannot be read.
    """

    post: str = ""
    versions: list[tuple[Stamp, Versions]] = field(default_factory=list)
    first: Stamp | None = None
    last: Stamp | None = None
    whole: bool = False
    records: int = 0
    lost: int = 0

    def newest(self) -> Versions | None:
        """Return what ran last."""
        return self.versions[-1][1] if self.versions else None


def look_over(past: Past, on_record: Callable[[Record], None] = lambda _: None) -> Overview:
    """Return what a past covers. Raises OSError, FormatTooNew, NoPast."""
    found = Overview()
    for item in past.read():
        if isinstance(item, Gap):
            found.lost += len(item) if item.durable else 0
            continue
        on_record(item)
        if found.first is None:
            found.first, found.whole = item.stamp, item.sequence == 1
        found.records += 1
        found.last = item.stamp
        _note(found, item)
    if not found.versions:
        _from_checkpoint(found, past)
    return found


def _note(found: Overview, record: Record) -> None:
    if record.kind == Kind.MESSAGE and not found.post:
        found.post = _post_in(record.body)
    if record.kind not in (Kind.START, Kind.RULES):
        return
    try:
        body = records.load(record.body)
    except ValueError:
        return  # damage; what is known of the rest is told all the same
    found.post = str(body.get("post", "")) or found.post
    found.versions.append((record.stamp, (str(body.get("rules", "empty")), str(body.get("site", "")))))


def _post_in(body: bytes) -> str:
    """Return the post that a message's event came from, without reading all of it."""
    at = body.find(_POST, max(0, body.find(b'"e":[')))
    return body[at + len(_POST) : body.find(b'"', at + len(_POST))].decode("utf-8", "replace") if at > 0 else ""


def _from_checkpoint(found: Overview, past: Past) -> None:
    """Take what the newest checkpoint ran with: no record says that it ever was something else."""
    checkpoint = past.checkpoint()
    try:
        plain = records.load(checkpoint.body).get("rules") if checkpoint is not None else None
        if plain and found.first is not None:
            found.versions.append((found.first, (str(plain["versions"][0]), str(plain["versions"][1]))))
    except (ValueError, KeyError, TypeError, IndexError):
        return
