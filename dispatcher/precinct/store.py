"""What the precinct keeps: SQLite, one writer, everything committed before anybody is told.

Do: commit, then send the receipt, then acknowledge to the broker. A kill between any two of these costs a repetition,
and repetitions change nothing (the primary keys say so). Do not: send anything from inside a batch.
Each message is judged in its own savepoint, so that one that the code chokes on takes no other with it.
"""

import hashlib
import secrets
from dataclasses import replace
from pathlib import Path
from typing import Any

from dispatcher.domain.incident import Receipt, Stage
from dispatcher.precinct import rows
from dispatcher.precinct.database import Connection, Database, Row
from dispatcher.precinct.intake import MAX_CONFLICTS, Note, Outcome, Verdict, first_look, judge
from dispatcher.precinct.model import Action, Incident, Reply, Taken, fault_in
from dispatcher.precinct.reading import Reading
from dispatcher.precinct.receipts import Answer, Speaker
from dispatcher.precinct.rules.alerts import news
from dispatcher.precinct.rules.ledger import Ledger
from dispatcher.precinct.standing import STAGE_OF, Refusal, Standing, Verb, contiguous, is_remembered_better, move
from dispatcher.wire.alert import Alert, decode
from dispatcher.wire.status import Status
from dispatcher.wire.sync import Known


class Store:
    """The precinct's memory. What writes is for one thread; ``reading`` is for any."""

    def __init__(self, path: Path) -> None:
        """Open or create ``path``. Raises ForeignFile, StoreError, OSError."""
        self._database = Database(path)
        self._write: Connection = self._database.writer
        self.batch = self._database.batch
        self.one = self._database.one
        self.reading = Reading(self._database)
        self.rules = Ledger(self._database)
        self.id = self._identity(str(path.stat().st_ino))

    def close(self) -> None:
        """Close the file; what was committed is on disk already."""
        self._database.close()

    def renew(self) -> None:
        """Draw a new id, so that every post sends its last days again: for whoever restored a copy in place."""
        with self.batch():
            self._set_meta("store", secrets.token_hex(8))
        self.id = self._meta("store") or ""

    def _identity(self, inode: str) -> str:
        # A file put back from a copy has another inode and lacks what came since the copy was made: a new id makes
        # the posts send it again. A needless renewal costs repetitions only.
        if self._meta("store") is None or self._meta("inode") != inode:
            with self.batch():
                self._set_meta("store", secrets.token_hex(8))
                self._set_meta("inode", inode)
        return self._meta("store") or ""

    def _meta(self, key: str) -> str | None:
        row = self._write.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row["value"])

    def _set_meta(self, key: str, value: str) -> None:
        self._write.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def take_alert(self, post: str, payload: bytes, alert: Alert, at: int) -> Taken:
        """Keep one revision, received from ``post`` at ``at``. Taking it again changes nothing."""
        row = self.row(alert.id)
        if alert.post != post or (row is not None and (row["post"] != post or row["own"])):
            return self._taken(Outcome.FOREIGN, alert)
        look = first_look(self._payload(alert.id, alert.rev), payload)
        if look is Outcome.CONFLICT:
            return self._keep_conflict(post, payload, alert, at)
        if look is Outcome.COPY:
            return self._taken(look, alert)
        found = self._news_in(alert, row, at)
        return self._taken(self.keep(payload, alert, at, row), alert, found)

    def _taken(self, outcome: Outcome, alert: Alert, found: tuple[str, ...] = ()) -> Taken:
        self.count("alerts", outcome)
        return Taken(outcome, alert.id, found)

    def keep(self, payload: bytes, alert: Alert, at: int, row: Row | None) -> Outcome:
        """Keep a revision that is not held; ``row`` is its incident's, None for a new one."""
        known = None if row is None else rows.standing(row)
        verdict = judge(known, alert, self._held_with(known, alert))
        self._keep_incident(alert, at, known, verdict)
        self._keep_revision(payload, alert, at, verdict)
        return verdict.outcome

    def _news_in(self, alert: Alert, row: Row | None, at: int) -> tuple[str, ...]:
        """Return the alerts in a revision, or in the part of it that is new, that the rules have not seen."""
        fresh = [entry for entry in alert.evidence if not self.has_event(alert.id, entry.event)]
        if row is None:
            return news(alert, None, fresh)
        before = row["kind"] if alert.rev > row["top"] else alert.incident
        found = news(alert, before, fresh)
        if before != alert.incident:  # a kind that goes to and fro is news once
            found = tuple(id_ for id_ in found if not self.rules.is_heard(alert.post, id_, at))
        return found

    def row(self, incident: str) -> Row | None:
        """Return an incident's row, as the writer sees it."""
        found: Row | None = self._write.execute("SELECT * FROM incidents WHERE id = ?", (incident,)).fetchone()
        return found

    def _payload(self, incident: str, rev: int) -> bytes | None:
        row = self._write.execute("SELECT payload FROM revisions WHERE id = ? AND rev = ?", (incident, rev)).fetchone()
        return None if row is None else bytes(row["payload"])

    def _held_with(self, known: Standing | None, alert: Alert) -> int:
        held = 0 if known is None else known.held
        if alert.rev != held + 1:
            return held
        above = self._write.execute(
            "SELECT rev FROM revisions WHERE id = ? AND rev > ? ORDER BY rev", (alert.id, alert.rev)
        )
        return contiguous(alert.rev, (int(row["rev"]) for row in above))

    def _keep_incident(self, alert: Alert, at: int, known: Standing | None, verdict: Verdict) -> None:
        columns = {**rows.numbers(verdict.standing), "updated_ms": at}
        if known is None:
            first = {"id": alert.id, "post": alert.post, "received_ms": at}
            self._insert("incidents", {**first, **rows.told(alert, at), **columns})
            return
        if alert.rev > known.top:  # a revision that comes late tells nothing newer
            told = rows.told(alert, at)
            began = told.pop("opened_ms")  # once trust in its clock is back, a post may know that it began earlier
            self._write.execute("UPDATE incidents SET opened_ms = min(opened_ms, ?) WHERE id = ?", (began, alert.id))
            columns |= told
        self.update(alert.id, columns)

    def _keep_revision(self, payload: bytes, alert: Alert, at: int, verdict: Verdict) -> None:
        self._insert("revisions", {"id": alert.id, "rev": alert.rev, "payload": payload, "received_ms": at})
        self._keep_evidence(alert)
        for note in verdict.notes:
            self.note(alert.id, at, note, alert.rev)
        if alert.cleared_at is not None and not self._told_before(alert, alert.cleared_at):
            self.note(alert.id, at, Note.CLEARED, alert.rev)

    def _told_before(self, alert: Alert, cleared_at: str) -> bool:
        """Return whether the revision before had told already that the condition was over then."""
        before = decode(self._payload(alert.id, alert.rev - 1) or b"")
        return isinstance(before, Alert) and before.cleared_at == cleared_at

    def _keep_evidence(self, alert: Alert) -> None:
        self._write.executemany(
            "INSERT OR IGNORE INTO evidence VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [(alert.id, e.event, e.kind, e.device, e.at, e.boot, e.seq, alert.rev) for e in alert.evidence],
        )
        # A post knows only its own count; together with what a second content brought it may be more.
        self._write.execute(
            "UPDATE incidents SET count = max(count, (SELECT count(*) FROM evidence WHERE id = ?1)) WHERE id = ?1",
            (alert.id,),
        )

    def _keep_conflict(self, post: str, payload: bytes, alert: Alert, at: int) -> Taken:
        digest = hashlib.sha256(payload).hexdigest()
        kept = self._write.execute(
            "INSERT OR IGNORE INTO conflicts SELECT ?, ?, ?, ?, ?, ? WHERE"
            " (SELECT count(*) FROM conflicts WHERE id = ? AND rev = ?) < ?",
            (alert.id, alert.rev, digest, post, payload, at, alert.id, alert.rev, MAX_CONFLICTS),
        ).rowcount
        found: tuple[str, ...] = ()
        if kept > 0:
            found = self._news_in(replace(alert, rev=0), self.row(alert.id), at)
            self.note(alert.id, at, Note.CONFLICT, alert.rev)
            self._write.execute("UPDATE incidents SET conflicts = conflicts + 1 WHERE id = ?", (alert.id,))
            self._keep_strangers(alert, at)
        return self._taken(Outcome.CONFLICT, alert, found)

    def _keep_strangers(self, alert: Alert, at: int) -> None:
        """Take in the events of a second content that the incident does not have: each may be a call for help.

        A post that ran without storage, or two that answer to one name, number different presses alike. The words of
        the first content stay; answers that were given without having seen these events are taken back.
        """
        row = self.row(alert.id)
        strangers = tuple(entry for entry in alert.evidence if not self.has_event(alert.id, entry.event))
        if row is None or not strangers:
            return
        before = rows.standing(row)
        verdict = judge(before, replace(alert, evidence=strangers), before.held)
        self.update(alert.id, {**rows.numbers(verdict.standing), "updated_ms": at})
        self._keep_evidence(alert)
        for note in verdict.notes:
            if note is not Note.RECEIVED:
                self.note(alert.id, at, note, alert.rev)

    def has_event(self, incident: str, event: str) -> bool:
        """Return whether an event is evidence of an incident."""
        found = self._write.execute("SELECT 1 FROM evidence WHERE id = ? AND event = ?", (incident, event))
        return found.fetchone() is not None

    def take_status(self, post: str, status: Status, at: int) -> bool:
        """Keep a post's last state if it changed; returns whether it did. A heartbeat alone writes nothing."""
        row = self._write.execute("SELECT * FROM posts WHERE id = ?", (post,)).fetchone()
        now = (status.state, status.instance, status.version, status.rules, status.clock)
        if row is not None and tuple(row)[1:6] == now:
            return False
        self._write.execute("INSERT OR REPLACE INTO posts VALUES (?, ?, ?, ?, ?, ?, ?)", (post, *now, at))
        return True

    def take_sync(self, post: str, known: tuple[Known, ...], speaker: Speaker) -> tuple[Receipt, ...]:
        """Return what the post does not know yet; for an incident not held, ``delivered`` 0: send it again."""
        return tuple(receipt for entry in known for receipt in self._news(post, entry, speaker))

    def _news(self, post: str, known: Known, speaker: Speaker) -> tuple[Receipt, ...]:
        row = self.row(known.id)
        if row is None:
            return (speaker.delivered(known.id, 0),)
        if row["post"] != post or row["own"]:
            return ()
        standing = rows.standing(row)
        if is_remembered_better(known, standing) and not self._answers(known.id) and not row["conflicts"]:
            self._restore(known, standing, speaker.at)
            return ()
        return self.receipts(known.id, speaker) if speaker.is_news(known, standing) else ()

    def _restore(self, known: Known, standing: Standing, at: int) -> None:
        after = replace(standing, reached={**standing.reached, known.stage: known.rev})
        self.update(known.id, {**rows.numbers(after), "updated_ms": at})
        self.note(known.id, at, Note.RESTORED, known.rev, None, None, None, str(known.stage))

    def act(self, action: Action, at: int, speaker: Speaker) -> Reply:
        """Keep an officer's action if it is legal; otherwise nothing changes and the reply says why."""
        reply = self._judged(action, at, speaker)
        self.count("actions", "done" if reply.refusal is None else reply.refusal)
        return reply

    def _judged(self, action: Action, at: int, speaker: Speaker) -> Reply:
        fault = fault_in(action)
        row = self.row(action.incident)
        if row is None:
            return Reply(fault or Refusal.UNKNOWN_INCIDENT)
        if fault is not None:
            return Reply(fault, rows.incident(row))
        if action.verb is Verb.NOTE:
            self._keep_action(action, at, "note", row["top"])
            return self._reply(action, speaker)
        return self._move(action, at, rows.incident(row), speaker)

    def _move(self, action: Action, at: int, incident: Incident, speaker: Speaker) -> Reply:
        stage = STAGE_OF[action.verb]
        after = move(incident.standing, action.verb, action.rev)
        if isinstance(after, Refusal):
            # The same officer pressing twice, or a client that did not hear the answer, is no quarrel.
            same = after is not Refusal.BAD_REV and incident.standing.stage is stage and incident.officer == action.by
            return Reply(None if same else after, incident, self.receipts(incident.id, speaker) if same else ())
        columns = {**rows.numbers(after), "officer": action.by, "updated_ms": at}
        columns |= {"unit": action.unit} if action.unit else {}
        columns |= {"disposition": action.disposition} if action.verb is Verb.CLOSE else {}
        self.update(incident.id, columns)
        self._keep_action(action, at, stage, after.reached[stage])
        return self._reply(action, speaker)

    def _keep_action(self, action: Action, at: int, what: str, rev: int) -> None:
        disposition = action.disposition if action.verb is Verb.CLOSE else None
        self.note(action.incident, at, what, rev, action.by, action.unit, disposition, action.text)

    def _reply(self, action: Action, speaker: Speaker) -> Reply:
        row = self.row(action.incident)
        receipts = () if action.verb is Verb.NOTE else self.receipts(action.incident, speaker)
        return Reply(None, None if row is None else rows.incident(row), receipts)

    def receipts(self, incident: str, speaker: Speaker) -> tuple[Receipt, ...]:
        """Return everything the post should know of an incident."""
        row = self.row(incident)
        if row is None:
            return (speaker.delivered(incident, 0),)
        if row["own"]:  # no post has it, and none asks
            return ()
        return speaker.everything(incident, rows.standing(row), self._answers(incident))

    def _answers(self, incident: str) -> dict[Stage, Answer]:
        found = self._write.execute(
            "SELECT what, officer, at_ms, disposition FROM actions WHERE id = ? AND officer IS NOT NULL ORDER BY n",
            (incident,),
        )
        stages = ((rows.is_stage(row["what"]), row) for row in found)
        return {stage: Answer(row["officer"], row["at_ms"], row["disposition"]) for stage, row in stages if stage}

    def mark(self, incidents: tuple[str, ...], note: Note, at: int) -> None:
        """Note in the timelines that the desk was found empty, or manned again."""
        for incident in incidents:
            row = self.row(incident)
            if row is not None:
                self.note(incident, at, note, row["held"])

    def count(self, name: str, label: str, by: int = 1) -> None:
        """Add to a counter that survives restarts."""
        self._write.execute(
            "INSERT INTO counters VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = value + excluded.value",
            (name, label, by),
        )

    def last_evidence_ms(self, incident: str) -> int:
        """Return when the last evidence of an incident came, in Unix milliseconds, 0 where there is none."""
        query = "SELECT max(received_ms) AS last FROM revisions JOIN evidence USING (id, rev) WHERE revisions.id = ?"
        return int(self._write.execute(query, (incident,)).fetchone()["last"] or 0)

    def counted(self, incident: str) -> list[tuple[str, int, int, int]]:
        """Return the evidence whose devices count: device, boot, seq, and the revision that brought it."""
        query = "SELECT device, boot, seq, rev FROM evidence WHERE id = ? AND boot IS NOT NULL ORDER BY rev"
        return [tuple(row) for row in self._write.execute(query, (incident,))]

    def note(self, incident: str, at: int, what: str, rev: int, *more: str | None) -> None:
        """Add a line to an incident's timeline."""
        filled = (*more, None, None, None, None)[:4]
        self._write.execute(
            f"INSERT INTO actions (id, {rows.ENTRIES}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (incident, at, str(what), rev, *filled),
        )

    def _insert(self, table: str, columns: dict[str, Any]) -> None:
        marks = ", ".join("?" * len(columns))
        self._write.execute(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", tuple(columns.values()))

    def update(self, incident: str, columns: dict[str, Any]) -> None:
        """Set columns of an incident."""
        pairs = ", ".join(f"{name} = ?" for name in columns)
        self._write.execute(f"UPDATE incidents SET {pairs} WHERE id = ?", (*columns.values(), incident))
