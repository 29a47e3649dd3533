-- Times are milliseconds since 1970-01-01T00:00:00Z. JSON is kept as text. `demo` marks rows of
-- `demo seed`, which `demo clear` removes.

CREATE TABLE sites (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    description TEXT,
    networks    TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(networks)),
    created_at  INTEGER NOT NULL,
    demo        INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE integrations (
    id           INTEGER PRIMARY KEY,
    site_id      TEXT NOT NULL REFERENCES sites (id),
    type         TEXT NOT NULL,
    endpoint     TEXT,
    status       TEXT,
    name         TEXT,
    config       TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(config)),
    -- The agent that reported it; null for one that a person declared.
    agent_id     TEXT,
    last_contact INTEGER,
    demo         INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX integrations_by_site ON integrations (site_id);
-- What an agent reports again is the same integration.
CREATE UNIQUE INDEX integrations_reported ON integrations (site_id, agent_id, type, endpoint)
    WHERE agent_id IS NOT NULL;

CREATE TABLE runbooks (
    id           TEXT PRIMARY KEY,
    -- 'builtin' came with the program and is replaced with it; 'own' is the user's.
    origin       TEXT NOT NULL CHECK (origin IN ('builtin', 'own')),
    title        TEXT NOT NULL,
    -- The file as it was written: what a runbook says is read from it.
    markdown     TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    updated_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE agents (
    id                 TEXT PRIMARY KEY,
    site_id            TEXT NOT NULL REFERENCES sites (id),
    hostname           TEXT NOT NULL,
    version            TEXT,
    interval_seconds   INTEGER,
    first_seen         INTEGER NOT NULL,
    last_seen          INTEGER NOT NULL,
    backlog            INTEGER NOT NULL DEFAULT 0,
    conditions         TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(conditions)),
    facts              TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(facts)),
    gateways           TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(gateways)),
    gateway_latency_ms REAL,
    demo               INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE INDEX agents_by_site ON agents (site_id);

CREATE TABLE signals (
    id             INTEGER PRIMARY KEY,
    site_id        TEXT NOT NULL REFERENCES sites (id),
    kind           TEXT NOT NULL,
    summary        TEXT NOT NULL,
    detail         TEXT NOT NULL,
    severity       TEXT NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    source         TEXT NOT NULL,
    status         TEXT NOT NULL CHECK (status IN ('firing', 'resolved')),
    observed_at    INTEGER NOT NULL,
    received_at    INTEGER NOT NULL,
    -- observed_at, or received_at where time_flag says that the former is not to be believed.
    happened_at    INTEGER NOT NULL,
    time_flag      TEXT CHECK (time_flag IN ('future', 'past')),
    expires_at     INTEGER,
    dedup_key      TEXT,
    agent_id       TEXT,
    fingerprint    TEXT NOT NULL,
    -- {"rule": ..., "fields": [[name, value], ...]}: why it is the same problem.
    fingerprint_of TEXT NOT NULL,
    -- The runbook that fitted best on arrival. No foreign key: a runbook may go, the fact stays.
    runbook_id     TEXT,
    redactions     INTEGER NOT NULL DEFAULT 0,
    heartbeat      INTEGER NOT NULL DEFAULT 0,
    demo           INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Newest first, and all that lists are filtered and counted by, so that the board reads no row
-- that it does not show.
CREATE INDEX signals_newest ON signals (happened_at, heartbeat, severity, site_id, runbook_id, kind);
CREATE INDEX signals_by_fingerprint ON signals (fingerprint, happened_at);
CREATE INDEX signals_of_demo ON signals (id) WHERE demo = 1;

CREATE TABLE idempotency_keys (
    -- The token (and agent) that the key counts for.
    owner      TEXT NOT NULL,
    key        TEXT NOT NULL,
    body_hash  BLOB NOT NULL,
    signal_id  INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE agent_tokens (
    id           INTEGER PRIMARY KEY,
    label        TEXT NOT NULL,
    -- SHA-256 of the token, which itself is kept nowhere.
    hash         BLOB NOT NULL UNIQUE,
    scope        TEXT NOT NULL CHECK (scope IN ('ingest', 'read', 'operate', 'admin')),
    site_id      TEXT,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    last_used_at INTEGER,
    revoked_at   INTEGER
) STRICT;

-- Browser sessions, and the one-time codes that open one.
CREATE TABLE sessions (
    hash       BLOB PRIMARY KEY,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE welcome_codes (
    hash       BLOB PRIMARY KEY,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
