"""The tables. A change is one more step; a file of a newer version is not touched."""

APPLICATION_ID = 0x4B4E5447  # "KNTG": `file` names it, and another program's database is refused

_FIRST = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE incidents (
    id TEXT PRIMARY KEY, post TEXT NOT NULL, rule TEXT NOT NULL, kind TEXT NOT NULL, severity TEXT NOT NULL,
    title TEXT NOT NULL, kelurahan TEXT, zone TEXT, lat REAL, lon REAL, opened_at TEXT NOT NULL,
    opened_ms INTEGER NOT NULL, age TEXT NOT NULL, clock TEXT NOT NULL, certainty TEXT, count INTEGER NOT NULL,
    exercise INTEGER NOT NULL, received_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL,
    held INTEGER NOT NULL, top INTEGER NOT NULL, alarm INTEGER NOT NULL,
    acknowledged INTEGER NOT NULL DEFAULT 0, dispatched INTEGER NOT NULL DEFAULT 0,
    arrived INTEGER NOT NULL DEFAULT 0, closed INTEGER NOT NULL DEFAULT 0,
    open INTEGER NOT NULL, officer TEXT, unit TEXT, disposition TEXT,
    conflicts INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX incidents_open ON incidents (received_ms) WHERE open = 1;
CREATE INDEX incidents_updated ON incidents (updated_ms);
CREATE TABLE revisions (
    id TEXT NOT NULL REFERENCES incidents, rev INTEGER NOT NULL, payload BLOB NOT NULL, received_ms INTEGER NOT NULL,
    PRIMARY KEY (id, rev)
) STRICT;
CREATE TABLE evidence (
    id TEXT NOT NULL REFERENCES incidents, event TEXT NOT NULL, kind TEXT NOT NULL, device TEXT, at TEXT NOT NULL,
    boot INTEGER, seq INTEGER, rev INTEGER NOT NULL,
    PRIMARY KEY (id, event)
) STRICT;
CREATE TABLE conflicts (
    id TEXT NOT NULL, rev INTEGER NOT NULL, digest TEXT NOT NULL, post TEXT NOT NULL, payload BLOB NOT NULL,
    received_ms INTEGER NOT NULL,
    PRIMARY KEY (id, rev, digest)
) STRICT;
CREATE TABLE actions (
    n INTEGER PRIMARY KEY, id TEXT NOT NULL REFERENCES incidents, at_ms INTEGER NOT NULL, what TEXT NOT NULL,
    rev INTEGER NOT NULL, officer TEXT, unit TEXT, disposition TEXT, text TEXT
) STRICT;
CREATE INDEX actions_of ON actions (id, n);
CREATE TABLE posts (
    id TEXT PRIMARY KEY, state TEXT NOT NULL, instance TEXT NOT NULL, version TEXT NOT NULL, rules TEXT NOT NULL,
    clock TEXT NOT NULL, changed_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE counters (name TEXT NOT NULL, label TEXT NOT NULL, value INTEGER NOT NULL, PRIMARY KEY (name, label))
    STRICT, WITHOUT ROWID;
"""

_RULES = """
ALTER TABLE incidents ADD COLUMN own INTEGER NOT NULL DEFAULT 0;
CREATE TABLE rule_inputs (
    n INTEGER PRIMARY KEY, run_ms INTEGER NOT NULL, wall_ms INTEGER NOT NULL, sort TEXT NOT NULL, body BLOB NOT NULL
) STRICT;
CREATE TABLE rule_memory (part TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT;
CREATE TABLE rule_incidents (
    rule TEXT NOT NULL, key TEXT NOT NULL, id TEXT NOT NULL REFERENCES incidents, PRIMARY KEY (rule, key)
) STRICT;
CREATE TABLE heard_events (post TEXT NOT NULL, id TEXT NOT NULL, at_ms INTEGER NOT NULL, PRIMARY KEY (post, id)) STRICT;
CREATE INDEX heard_at ON heard_events (at_ms);
CREATE TABLE orders (id TEXT PRIMARY KEY, post TEXT NOT NULL, payload BLOB NOT NULL, at_ms INTEGER NOT NULL) STRICT;
CREATE TABLE watches (
    kind TEXT NOT NULL, kelurahan TEXT NOT NULL, until_ms INTEGER, officer TEXT NOT NULL, at_ms INTEGER NOT NULL,
    PRIMARY KEY (kind, kelurahan)
) STRICT;
"""

STEPS = (_FIRST, _RULES)
"""What makes version n of version n - 1; a new file takes them all."""

VERSION = len(STEPS)
