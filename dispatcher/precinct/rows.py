"""Rows of the database as frozen values, and back. The only place that knows the columns' names."""

from typing import Any, Protocol

from dispatcher.domain.incident import PlaceOfIncident, Severity, Stage
from dispatcher.precinct.intake import opened_ms
from dispatcher.precinct.model import Entry, EvidenceRow, Incident
from dispatcher.precinct.standing import LADDER, Standing
from dispatcher.wire.alert import Alert


class Row(Protocol):
    """A row of the database."""

    def __getitem__(self, name: str, /) -> Any: ...


EVIDENCE = "event, kind, device, at, boot, seq, rev"
ENTRIES = "at_ms, what, rev, officer, unit, disposition, text"


def standing(row: Row) -> Standing:
    """Return the revision numbers of an incident's row."""
    reached = {stage: int(row[str(stage)]) for stage in LADDER}
    return Standing(row["held"], row["top"], row["alarm"], Severity(row["severity"]), reached)


def incident(row: Row) -> Incident:
    """Return an incident's row as the board knows it."""
    return Incident(
        id=row["id"],
        post=row["post"],
        rule=row["rule"],
        kind=row["kind"],
        severity=Severity(row["severity"]),
        title=row["title"],
        place=PlaceOfIncident(row["kelurahan"], row["zone"], row["lat"], row["lon"]),
        opened_at=row["opened_at"],
        opened_ms=row["opened_ms"],
        age=row["age"],
        clock=row["clock"],
        certainty=row["certainty"],
        count=row["count"],
        exercise=bool(row["exercise"]),
        received_ms=row["received_ms"],
        updated_ms=row["updated_ms"],
        standing=standing(row),
        officer=row["officer"],
        unit=row["unit"],
        disposition=row["disposition"],
        conflicts=row["conflicts"],
        own=bool(row["own"]),
    )


def told(alert: Alert, at: int) -> dict[str, Any]:
    """Return the columns that an alert sets: what the post says of the incident as of this revision."""
    return {
        "rule": alert.rule,
        "kind": alert.incident,
        "title": alert.title,
        "kelurahan": alert.place.kelurahan,
        "zone": alert.place.zone,
        "lat": alert.place.lat,
        "lon": alert.place.lon,
        "opened_at": alert.opened_at,
        "opened_ms": opened_ms(alert, at),
        "age": alert.age,
        "clock": alert.clock,
        "certainty": alert.certainty,
        "count": alert.count,
        "exercise": int(alert.exercise),
    }


def numbers(after: Standing) -> dict[str, Any]:
    """Return the columns that hold a standing."""
    reached = {str(stage): after.reached.get(stage, 0) for stage in LADDER}
    return {
        "held": after.held,
        "top": after.top,
        "alarm": after.alarm,
        "severity": str(after.severity),
        "open": int(after.is_open),
        **reached,
    }


def entry(row: Row) -> Entry:
    """Return one line of a timeline."""
    return Entry(*(row[name] for name in ENTRIES.split(", ")))


def evidence(row: Row) -> EvidenceRow:
    """Return one event of an incident."""
    return EvidenceRow(*(row[name] for name in EVIDENCE.split(", ")))


def is_stage(word: str) -> Stage | None:
    """Return the officers' stage that a timeline word stands for, if any."""
    return next((stage for stage in LADDER if stage == word), None)
