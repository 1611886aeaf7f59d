"""What the board and the API ask of the store. Any thread; never waits for the writer's disk."""

from dispatcher.precinct import rows
from dispatcher.precinct.database import Database, Row
from dispatcher.precinct.model import History, Incident
from dispatcher.wire.status import Status


class Reading:
    """Questions, each answered from what is committed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def _all(self, query: str, *values: object) -> list[Row]:
        return self._database.read(query, values)

    def open_incidents(self) -> tuple[Incident, ...]:
        """Return every open incident, oldest arrival first."""
        return tuple(map(rows.incident, self._all("SELECT * FROM incidents WHERE open = 1 ORDER BY received_ms")))

    def incidents(self, limit: int) -> tuple[Incident, ...]:
        """Return the incidents that last changed, open or not, newest first."""
        return tuple(
            map(rows.incident, self._all("SELECT * FROM incidents ORDER BY updated_ms DESC, id LIMIT ?", limit))
        )

    def closed_incidents(self, limit: int) -> tuple[Incident, ...]:
        """Return the closed incidents that last changed, newest first."""
        query = "SELECT * FROM incidents WHERE open = 0 ORDER BY updated_ms DESC, id LIMIT ?"
        return tuple(map(rows.incident, self._all(query, limit)))

    def incident(self, incident: str) -> Incident | None:
        """Return one incident."""
        found = self._all("SELECT * FROM incidents WHERE id = ?", incident)
        return rows.incident(found[0]) if found else None

    def history(self, incident: str) -> History | None:
        """Return everything about one incident."""
        found = self.incident(incident)
        if found is None:
            return None
        entries = self._all(f"SELECT {rows.ENTRIES} FROM actions WHERE id = ? ORDER BY n", incident)
        evidence = self._all(f"SELECT {rows.EVIDENCE} FROM evidence WHERE id = ? ORDER BY rev, rowid", incident)
        return History(found, tuple(map(rows.entry, entries)), tuple(map(rows.evidence, evidence)))

    def revision(self, incident: str, rev: int) -> bytes | None:
        """Return a revision's bytes as they were received."""
        found = self._all("SELECT payload FROM revisions WHERE id = ? AND rev = ?", incident, rev)
        return bytes(found[0]["payload"]) if found else None

    def posts(self) -> dict[str, Status]:
        """Return the last state of every post that ever spoke (without outbox figures, which are not kept)."""
        return {
            row["id"]: Status(row["state"], row["instance"], row["version"], row["rules"], row["clock"])
            for row in self._all("SELECT * FROM posts ORDER BY id")
        }

    def counters(self) -> dict[tuple[str, str], int]:
        """Return every counter by (name, label)."""
        return {(row["name"], row["label"]): row["value"] for row in self._all("SELECT * FROM counters")}
