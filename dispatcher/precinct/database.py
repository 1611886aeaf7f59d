"""The file itself: two SQLite connections, commits that are on disk, and what may go wrong with either."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dispatcher.precinct import schema

Connection = sqlite3.Connection
Row = sqlite3.Row
StoreError = sqlite3.Error
"""What a failing disk or file raises; the station then confirms nothing more."""

MessageError = (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.InterfaceError, sqlite3.ProgrammingError)
"""What one message that does not fit raises; the disk is not to blame."""


class ForeignFile(Exception):
    """The file is another program's, or of a newer version; it was not touched."""


class Database:
    """One connection for the one writing thread, one for all that read."""

    def __init__(self, path: Path) -> None:
        """Open or create ``path``. Raises ForeignFile, StoreError, OSError."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.writer = _connect(path)
        try:
            _prepare(self.writer)
        except Exception:
            self.writer.close()
            raise
        self._reader = _connect(path)
        self._reader.execute("PRAGMA query_only = ON")
        self._reading = threading.Lock()

    def close(self) -> None:
        """Close both connections."""
        with self._reading:
            self._reader.close()
        self.writer.close()

    def read(self, query: str, values: tuple[object, ...]) -> list[Row]:
        """Return every row of a question."""
        with self._reading:
            return self._reader.execute(query, values).fetchall()

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Everything inside shares one commit, which is on disk when this returns."""
        self.writer.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.writer.execute("COMMIT")
        except BaseException:
            if self.writer.in_transaction:
                self.writer.execute("ROLLBACK")
            raise

    @contextmanager
    def one(self) -> Iterator[None]:
        """One message within a batch: all of it or, when something raises, nothing."""
        self.writer.execute("SAVEPOINT one")
        try:
            yield
        except Exception:
            if self.writer.in_transaction:
                self.writer.execute("ROLLBACK TO one")
            raise
        finally:
            if self.writer.in_transaction:
                self.writer.execute("RELEASE one")


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    owner = connection.execute("PRAGMA application_id").fetchone()[0]
    if version == 0 and not connection.execute("SELECT 1 FROM sqlite_master").fetchone():
        connection.execute("PRAGMA journal_mode = WAL")
    elif owner != schema.APPLICATION_ID or not 1 <= version <= schema.VERSION:
        raise ForeignFile(f"application_id {owner:#x}, version {version}, expected {schema.VERSION}")
    if version < schema.VERSION:
        head = f"PRAGMA application_id = {schema.APPLICATION_ID}; PRAGMA user_version = {schema.VERSION};"
        connection.executescript(f"BEGIN; {''.join(schema.STEPS[version:])} {head} COMMIT;")
