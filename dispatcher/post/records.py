"""Bodies of the journal's records: compact JSON, short keys, one function each way.

Format 1. A key that is missing has its default; keys that are not known are ignored, so that a body can grow.
"""

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from dispatcher.devices import Change
from dispatcher.domain.events import Event, Lane
from dispatcher.domain.firing import Firing, Remark
from dispatcher.domain.stamp import Stamp
from dispatcher.incidents.model import Revision
from dispatcher.journal import Entry, Kind
from dispatcher.post.rulebook import Facts, Matches

Body = dict[str, Any]
_FIRINGS = TypeAdapter(tuple[Firing, ...])
_REMARKS = TypeAdapter(tuple[Remark, ...])
_SHORT = {
    "k": "kind", "d": "device", "r": "role", "o": "post", "z": "zone", "w": "kelurahan", "s": "source", "t": "trust",
    "a": "attrs", "b": "boot", "q": "seq", "h": "happened_ms",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Message:
    """One message as the journal keeps it: what came, what it meant, what it changed in the kept device state.

    ``incidents`` names for each event the incident that it was put into, or None; empty stands for None for each.
    """

    lane: Lane
    topic: str
    payload: bytes
    qos: int
    retain: bool
    dup: bool
    events: tuple[Event, ...] = ()
    changes: tuple[Change, ...] = ()
    rejected: str | None = None
    incidents: tuple[str | None, ...] = ()
    mid: int = 0


_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode  # json.dumps would make one each time


def dump(body: Body) -> bytes:
    """Return a body as bytes."""
    return encode(body)


def encode(plain: object) -> bytes:
    """Return a part of a body as bytes."""
    return _encode(plain).encode("ascii")


def load(data: bytes) -> Body:
    """Return a body. Raises ValueError when it is not one."""
    body = json.loads(data)
    if not isinstance(body, dict):
        raise ValueError("a record's body is an object")
    return body


def message_body(message: Message) -> bytes:
    """Return a message as a body."""
    body: Body = {"l": str(message.lane), "t": message.topic, **_payload(message.payload)}
    flags = (message.qos, int(message.retain), int(message.dup))
    if flags != (1, 0, 0):
        body["f"] = flags
    if message.mid:
        body["m"] = message.mid
    if message.events:
        incidents = message.incidents or (None,) * len(message.events)
        pairs = zip(message.events, incidents, strict=True)
        body["e"] = [event_plain(event) | ({"n": incident} if incident else {}) for event, incident in pairs]
    if message.changes:
        body["c"] = [change.to_plain() for change in message.changes]
    if message.rejected is not None:
        body["x"] = message.rejected
    return dump(body)


def _payload(payload: bytes) -> Body:
    try:
        return {"p": payload.decode("utf-8")}
    except UnicodeDecodeError:
        return {"p64": base64.b64encode(payload).decode("ascii")}


def read_message(body: Body, stamp: Stamp) -> Message:
    """Return the message of a body. Raises ValueError, KeyError or TypeError for what we did not write."""
    qos, retain, dup = body.get("f", (1, 0, 0))
    payload = body["p"].encode("utf-8") if "p" in body else base64.b64decode(body["p64"])
    return Message(
        lane=Lane(body["l"]),
        topic=body["t"],
        payload=payload,
        qos=qos,
        retain=bool(retain),
        dup=bool(dup),
        events=tuple(read_event(plain, stamp) for plain in body.get("e", ())),
        changes=tuple(Change.from_plain(plain) for plain in body.get("c", ())),
        rejected=body.get("x"),
        incidents=tuple(plain.get("n") for plain in body.get("e", ())),
        mid=body.get("m", 0),
    )


def event_plain(event: Event) -> Body:
    """Return an event as plain values, without its stamp: that is the record's."""
    plain: Body = {"i": event.id}
    for short, name in _SHORT.items():
        value = getattr(event, name)
        if value is not None and value != {}:
            plain[short] = value
    return plain


def read_event(plain: Body, stamp: Stamp) -> Event:
    """Return the event that ``event_plain`` wrote."""
    named = {name: plain.get(short) for short, name in _SHORT.items()}
    named["attrs"] = named["attrs"] or {}
    return Event(id=plain["i"], arrived=stamp, **named)  # type: ignore[arg-type]  # written by event_plain


def revision_body(revision: Revision) -> bytes:
    """Return a made revision as a body."""
    return dump({"i": revision.incident, "r": revision.rev, "b": revision.body.decode("utf-8")})


def read_revision(body: Body, stamp: Stamp) -> Revision:
    """Return the revision of a body."""
    return Revision(body["i"], body["r"], body["b"].encode("utf-8"), stamp)


def judged_plain(sequences: Iterable[int], matches: Matches) -> Body:
    """Return which messages the rules have judged, and the clauses that their events satisfy."""
    body: Body = {"n": ranges(sequences)}
    if matches:
        body["m"] = [[number, n, sorted(ids)] for number, found in matches.items() for n, ids in found.items()]
    return body


def entries_of(kind: Kind, stamp: Stamp, body: Body, facts: Facts, here: Mapping[str, Event]) -> list[Entry]:
    """Return a record with what the rules said; what does not fit into it stands in JUDGED records behind it."""
    first, *later = facts.parts(here)
    entries = [Entry(kind, stamp, dump(body | facts_plain(first)))]
    return entries + [Entry(Kind.JUDGED, stamp, dump({"n": [], **facts_plain(part)})) for part in later]


def read_judged(body: Body) -> tuple[list[int], Matches]:
    """Return the judged messages' sequence numbers and the clauses that their events satisfy."""
    matches: Matches = {}
    for number, n, ids in body.get("m", ()):
        matches.setdefault(number, {})[n] = frozenset(ids)
    return [number for first, last in body["n"] for number in range(first, last + 1)], matches


def facts_plain(facts: Facts) -> Body:
    """Return what the rules said, as a part of a body."""
    plain: Body = {}
    if facts.firings:
        plain["f"] = _FIRINGS.dump_python(facts.firings, mode="json", exclude_defaults=True)
    if facts.remarks:
        plain["k"] = _REMARKS.dump_python(facts.remarks, mode="json", exclude_defaults=True)
    return plain


def read_facts(body: Body) -> Facts:
    """Return what the rules said. Raises ValueError for what we did not write."""
    return Facts(_FIRINGS.validate_python(body.get("f", ())), _REMARKS.validate_python(body.get("k", ())))


def ranges(numbers: Iterable[int]) -> list[list[int]]:
    """Return sorted numbers as [first, last] runs."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return runs


def sent_body(incident: str, rev: int) -> bytes:
    """Return that the precinct's broker took a revision."""
    return dump({"i": incident, "r": rev})
