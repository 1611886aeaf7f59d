"""What the rules keep in the precinct's store: inputs still to be judged, the engine's memory, and what it led to.

Everything here happens inside a commit of the store, together with what caused it or what came of it. What writes is
for the store's thread.
"""

from collections import deque
from collections.abc import Iterable

from dispatcher.domain.stamp import Stamp
from dispatcher.precinct.database import Database, Row
from dispatcher.precinct.rules.effects import Judged, Order
from dispatcher.precinct.rules.inputs import Input, decode, encode
from dispatcher.wire.command import encode as command_bytes
from dispatcher.wire.watch import OpenWatch

HEARD_MS = 7 * 86_400_000  # an event that a post sends again is known for so long
MAX_HEARD = 200_000  # and not more than these: a post repeats for minutes, and after days only what was never answered
MAX_HELD = 10_000
MAX_KEYS = 20_000
EVERYWHERE = ""  # how the table writes a watch that is for every kelurahan


class Ledger:
    """The rules' tables."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._write = database.writer
        self._held: deque[Input] = deque(maxlen=MAX_HELD)

    # --- inputs

    def put(self, one: Input) -> None:
        """Write an input down, and before it all that were held: what is on the disk has no gap in time."""
        self._insert((*self._held, one))

    def hold(self, one: Input) -> None:
        """Remember an input that is not worth a write of its own, since its like comes again in seconds."""
        self._held.append(one)

    def _insert(self, inputs: Iterable[Input]) -> None:
        rows = [(one.n, one.at.run_ms, one.at.wall_ms, *encode(one.body)) for one in inputs]
        self._write.executemany("INSERT OR IGNORE INTO rule_inputs VALUES (?, ?, ?, ?, ?)", rows)

    def pending(self) -> tuple[tuple[Input, ...], int]:
        """Return the inputs that were not judged, in order, and the number of those that nobody can read."""
        found, unreadable = [], 0
        for row in self._database.read("SELECT * FROM rule_inputs ORDER BY n", ()):
            try:
                body = decode(row["sort"], bytes(row["body"]))
            except ValueError:
                unreadable += 1
                continue
            found.append(Input(row["n"], Stamp(row["run_ms"], row["wall_ms"], trusted=True), body))
        return tuple(found), unreadable

    def top(self) -> int:
        """Return the highest number that an input has, 0 where there is none."""
        row = self._one("SELECT max(n) AS top FROM rule_inputs")
        return 0 if row is None else int(row["top"] or 0)

    # --- the engine's memory

    def parts(self) -> dict[str, bytes]:
        """Return the memory as it was kept last."""
        return {row["part"]: bytes(row["body"]) for row in self._database.read("SELECT * FROM rule_memory", ())}

    def keep(self, judged: Judged) -> None:
        """Keep the memory, and forget the inputs that are in it."""
        self._write.executemany("INSERT OR REPLACE INTO rule_memory VALUES (?, ?)", judged.parts.items())
        self._write.executemany("DELETE FROM rule_memory WHERE part = ?", [(name,) for name in judged.gone])
        self._write.execute("DELETE FROM rule_inputs WHERE n <= ?", (judged.upto,))
        while self._held and self._held[0].n <= judged.upto:
            self._held.popleft()

    def born(self, store: str, now_ms: int) -> int:
        """Return since when this store has been filled, in Unix milliseconds; one put back from a copy begins anew."""
        query = "SELECT value FROM meta WHERE key = 'rules_born'"
        row = self._write.execute(query).fetchone()
        of, _, since = (str(row["value"]) if row is not None else "").partition(" ")
        if of == store and since.isdecimal():
            return int(since)
        self._write.execute("INSERT OR REPLACE INTO meta VALUES ('rules_born', ?)", (f"{store} {now_ms}",))
        return now_ms

    # --- the incidents of rules

    def incident_of(self, key: tuple[str, str]) -> str | None:
        """Return the incident that repeats of a rule's firing join."""
        row: Row | None = self._one("SELECT id FROM rule_incidents WHERE rule = ? AND key = ?", *key)
        return None if row is None else str(row["id"])

    def is_named(self, incident: str, rule: str) -> bool:
        """Return whether a rule other than ``rule`` has put its words on an incident."""
        return self._one("SELECT 1 FROM rule_incidents WHERE id = ? AND rule <> ?", incident, rule) is not None

    def remember(self, key: tuple[str, str], incident: str) -> None:
        """Note the incident that later repeats join."""
        self._write.execute("INSERT OR REPLACE INTO rule_incidents VALUES (?, ?, ?)", (*key, incident))

    # --- what posts pass on

    def is_heard(self, post: str, id_: str, at: int) -> bool:
        """Return whether an event of a post was taken before; from now on it is."""
        taken = self._write.execute("INSERT OR IGNORE INTO heard_events VALUES (?, ?, ?)", (post, id_, at)).rowcount
        return taken < 1

    def last_heard(self, who: str, id_: str, at: int) -> int | None:
        """Return when a device said this last, None for never; from now on it did at ``at``."""
        row = self._one("SELECT at_ms FROM heard_events WHERE post = ? AND id = ?", who, id_)
        self._write.execute("INSERT OR REPLACE INTO heard_events VALUES (?, ?, ?)", (who, id_, at))
        return None if row is None else int(row["at_ms"])

    def tidy(self, at: int) -> None:
        """Forget what nobody repeats any more."""
        self._write.execute("DELETE FROM heard_events WHERE at_ms < ?", (at - HEARD_MS,))
        for table, most in (("heard_events", MAX_HEARD), ("rule_incidents", MAX_KEYS)):
            query = f"DELETE FROM {table} WHERE rowid <= (SELECT max(rowid) FROM {table}) - ?"
            self._write.execute(query, (most,))

    # --- commands

    def order(self, order: Order, at: int) -> None:
        """Keep a command until it was handed to the broker's link."""
        row = (order.command.id, order.post, command_bytes(order.command), at)
        self._write.execute("INSERT OR IGNORE INTO orders VALUES (?, ?, ?, ?)", row)

    def orders(self) -> list[tuple[str, str, bytes, int]]:
        """Return the commands that may not have been handed over: id, post, message, and when they were given."""
        rows = self._database.read("SELECT * FROM orders ORDER BY at_ms", ())
        return [(row["id"], row["post"], bytes(row["payload"]), row["at_ms"]) for row in rows]

    def handed_over(self, ids: Iterable[str]) -> None:
        """Forget commands that were handed to the link."""
        self._write.executemany("DELETE FROM orders WHERE id = ?", [(id_,) for id_ in ids])

    # --- watches

    def open_watch(self, watch: OpenWatch, by: str, at: int) -> None:
        """Keep a watch; another of this kind and place is replaced."""
        row = (watch.kind, watch.kelurahan or EVERYWHERE, watch.until_ms, by, at)
        self._write.execute("INSERT OR REPLACE INTO watches VALUES (?, ?, ?, ?, ?)", row)

    def close_watch(self, kind: str, kelurahan: str | None) -> bool:
        """Forget a watch; returns whether there was one."""
        place = kelurahan or EVERYWHERE
        return self._write.execute("DELETE FROM watches WHERE kind = ? AND kelurahan = ?", (kind, place)).rowcount > 0

    def watches(self) -> tuple[OpenWatch, ...]:
        """Return the watches that were not closed, those whose time is over too."""
        rows = self._database.read("SELECT * FROM watches ORDER BY at_ms, kind, kelurahan", ())
        return tuple(OpenWatch(row["kind"], row["kelurahan"] or None, row["until_ms"]) for row in rows)

    def _one(self, query: str, *values: object) -> Row | None:
        found: Row | None = self._write.execute(query, values).fetchone()
        return found
