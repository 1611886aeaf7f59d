"""``alert``: one revision of an incident, on its way up. A second content for one (id, rev) is a conflict."""

import json
from dataclasses import dataclass, field
from typing import Any

from dispatcher.domain.events import RejectReason
from dispatcher.domain.incident import PlaceOfIncident, Severity
from dispatcher.wire import fields
from dispatcher.wire.fields import Malformed, clip, clip_optional, clip_required, clip_words

MAX_EVIDENCE = 100  # entries in one revision
MAX_ALERT_BYTES = 32 * 1024
NAME, DEVICE, RULE, INSTANT, WORD = 64, 128, 128, 40, 32  # longest texts, in characters
CLOCKS = frozenset({"trusted", "doubtful"})
AGES = frozenset({"exact", "at_least"})
_SEVERITIES = frozenset(Severity)


@dataclass(frozen=True, slots=True)
class AlertEvidence:
    """One event as the alert tells it; ``at`` is ISO 8601."""

    event: str
    kind: str
    device: str | None
    at: str
    boot: int | None = None
    seq: int | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """A revision. ``age_s`` is how long before sending the first event came, in seconds."""

    id: str
    rev: int
    post: str
    rule: str
    incident: str
    severity: Severity
    title: str
    place: PlaceOfIncident
    opened_at: str
    clock: str
    age_s: int
    age: str
    count: int
    evidence: tuple[AlertEvidence, ...]
    instance: str
    exercise: bool = False
    labels: tuple[str, ...] = field(default=())
    certainty: str | None = None
    escalate: tuple[str, ...] = ()  # whom the rule calls; empty is the precinct
    cleared_at: str | None = None  # ISO 8601: the condition that was told is over, by ``clear_when``


def encode(alert: Alert) -> bytes:
    """Return the alert as it goes over the wire. Texts are made into what ``decode`` takes: no name, however long,
    and none that is missing, may make the precinct refuse a call for help.
    """
    body: dict[str, Any] = {
        "v": fields.VERSION,
        "id": alert.id,
        "rev": alert.rev,
        "post": clip_required(alert.post, NAME),
        "rule": clip_required(alert.rule, RULE),
        "incident": clip_required(alert.incident, NAME),
        "severity": str(alert.severity),
        "title": clip_required(alert.title, fields.MAX_TEXT),
        "place": _place_body(alert.place),
        "opened_at": alert.opened_at,
        "clock": alert.clock,
        "age_s": alert.age_s,
        "age": alert.age,
        "count": alert.count,
        "evidence": [_evidence_body(entry) for entry in alert.evidence],
        "instance": alert.instance,
        "exercise": alert.exercise,
    }
    if labels := clip_words(alert.labels, RULE, MAX_EVIDENCE):
        body["labels"] = labels
    if alert.certainty is not None:
        body["certainty"] = clip(alert.certainty, WORD)
    if (escalate := clip_words(alert.escalate, NAME, MAX_EVIDENCE)) not in ([], ["precinct"]):
        body["escalate"] = escalate
    if alert.cleared_at is not None:
        body["cleared_at"] = alert.cleared_at
    return fields.dump(body)


def _place_body(place: PlaceOfIncident) -> dict[str, Any]:
    return {
        "kelurahan": clip_optional(place.kelurahan, NAME),
        "zone": clip_optional(place.zone, NAME),
        "lat": place.lat,
        "lon": place.lon,
    }


def _evidence_body(entry: AlertEvidence) -> dict[str, Any]:
    body: dict[str, Any] = {
        "event": entry.event,
        "kind": clip_required(entry.kind, NAME),
        "device": clip_optional(entry.device, DEVICE),
        "at": entry.at,
    }
    if entry.boot is not None:
        body["boot"] = entry.boot
    if entry.seq is not None:
        body["seq"] = entry.seq
    return body


def with_age(body: bytes, age_s: int, age: str) -> bytes:
    """Return an encoded alert with its age as of this sending.

    ``age_s`` and ``age`` are no part of what a revision says: a precinct that compares two contents leaves them out.
    """
    # Most alerts go at once, and carry their age as they were made. A quote after a comma can begin nothing but a key,
    # and ``encode`` writes this key once, so no title is taken for it.
    if f',"age_s":{age_s},"age":"{age}",'.encode() in body:
        return body
    return _aged(body, age_s, age)


def _aged(body: bytes, age_s: int, age: str) -> bytes:
    return fields.dump({**json.loads(body), "age_s": age_s, "age": age})


def same_content(first: bytes, second: bytes) -> bool:
    """Return whether two readable alerts say the same, whenever they were sent."""
    # Both read anew: what comes from elsewhere may have such a key anywhere.
    return first == second or _aged(first, 0, "exact") == _aged(second, 0, "exact")


def decode(payload: bytes) -> Alert | Malformed:
    """Read an alert; a Malformed names the first field that is wrong. Unknown keys are ignored."""
    try:
        return _decode(fields.load_object(payload))
    except Malformed as malformed:
        return malformed


def _decode(body: dict[str, Any]) -> Alert:
    exercise = body.get("exercise", False)
    if not isinstance(exercise, bool):
        raise Malformed(RejectReason.WRONG_TYPE, "exercise")
    return Alert(
        id=fields.identity(body, "id"),
        rev=fields.integer(body, "rev", low=1),
        post=fields.text(body, "post", NAME),
        rule=fields.text(body, "rule", RULE),
        incident=fields.text(body, "incident", NAME),
        severity=Severity(fields.choice(body, "severity", _SEVERITIES)),
        title=fields.text(body, "title"),
        place=_decode_place(body.get("place")),
        opened_at=fields.text(body, "opened_at", INSTANT),
        clock=fields.choice(body, "clock", CLOCKS),
        age_s=fields.integer(body, "age_s"),
        age=fields.choice(body, "age", AGES),
        count=fields.integer(body, "count"),
        evidence=_decode_evidence(body.get("evidence")),
        instance=fields.text(body, "instance", NAME),
        exercise=exercise,
        labels=_decode_words(body, "labels", RULE),
        certainty=fields.optional_text(body, "certainty", WORD),
        escalate=_decode_words(body, "escalate", NAME),
        cleared_at=fields.optional_text(body, "cleared_at", INSTANT),
    )


def _decode_place(value: object) -> PlaceOfIncident:
    if value is None:
        return PlaceOfIncident()
    if not isinstance(value, dict):
        raise Malformed(RejectReason.WRONG_TYPE, "place")
    return PlaceOfIncident(
        kelurahan=fields.optional_text(value, "kelurahan", NAME),
        zone=fields.optional_text(value, "zone", NAME),
        lat=fields.optional_number(value, "lat", -90, 90),
        lon=fields.optional_number(value, "lon", -180, 180),
    )


def _decode_evidence(value: object) -> tuple[AlertEvidence, ...]:
    if not isinstance(value, list) or len(value) > MAX_EVIDENCE:
        raise Malformed(RejectReason.WRONG_TYPE, "evidence")
    return tuple(_decode_entry(entry) for entry in value)


def _decode_entry(entry: object) -> AlertEvidence:
    if not isinstance(entry, dict):
        raise Malformed(RejectReason.WRONG_TYPE, "evidence")
    return AlertEvidence(
        event=fields.text(entry, "event", NAME),
        kind=fields.text(entry, "kind", NAME),
        device=fields.optional_text(entry, "device", DEVICE),
        at=fields.text(entry, "at", INSTANT),
        boot=fields.optional_integer(entry, "boot"),
        seq=fields.optional_integer(entry, "seq"),
    )


def _decode_words(body: dict[str, Any], key: str, limit: int) -> tuple[str, ...]:
    value = body.get(key)
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > MAX_EVIDENCE:
        raise Malformed(RejectReason.WRONG_TYPE, key)
    return tuple(fields.text({key: word}, key, limit) for word in value)
