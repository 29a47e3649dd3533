-- Incidents: one problem each, from opening to resolution. What senders say, what the program
-- concludes and what people enter never share a column.

CREATE TABLE incidents (
    id                   INTEGER PRIMARY KEY,

    -- Said by senders.
    site_id              TEXT NOT NULL REFERENCES sites (id),
    fingerprint          TEXT NOT NULL,
    fingerprint_of       TEXT NOT NULL,
    kind                 TEXT NOT NULL,
    summary              TEXT NOT NULL,
    source               TEXT NOT NULL,
    agent_id             TEXT,
    dedup_key            TEXT,
    severity             TEXT NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    worst_severity       TEXT NOT NULL CHECK (worst_severity IN ('info', 'warning', 'critical')),
    first_signal_id      INTEGER,
    last_signal_id       INTEGER,
    signal_count         INTEGER NOT NULL,
    opened_at            INTEGER NOT NULL,
    -- When the newest observation happened.
    last_seen_at         INTEGER NOT NULL,
    -- When an agent last listed it among its open conditions.
    confirmed_at         INTEGER,
    expires_at           INTEGER,

    -- Concluded by the program.
    state                TEXT NOT NULL
                         CHECK (state IN ('open', 'acknowledged', 'snoozed', 'resolved')),
    openings             INTEGER NOT NULL DEFAULT 1,
    flapping             INTEGER NOT NULL DEFAULT 0,
    previous_id          INTEGER,
    runbook_id           TEXT,
    resolved_at          INTEGER,
    resolution           TEXT CHECK (resolution IN
                         ('by_source', 'by_person', 'expired', 'no_longer_reported')),
    demo                 INTEGER NOT NULL DEFAULT 0,

    -- Entered by people: JSON objects {by, at, note, ...}.
    acknowledged         TEXT CHECK (acknowledged IS NULL OR json_valid(acknowledged)),
    snoozed              TEXT CHECK (snoozed IS NULL OR json_valid(snoozed)),
    snoozed_until        INTEGER,
    closed_by            TEXT CHECK (closed_by IS NULL OR json_valid(closed_by)),

    CHECK ((state = 'resolved') = (resolved_at IS NOT NULL)),
    CHECK ((state = 'resolved') = (resolution IS NOT NULL))
) STRICT;

-- The rule itself: at most one unresolved incident for each fingerprint.
CREATE UNIQUE INDEX incidents_unresolved ON incidents (fingerprint) WHERE state <> 'resolved';
CREATE INDEX incidents_by_fingerprint ON incidents (fingerprint, opened_at);
CREATE INDEX incidents_newest ON incidents (opened_at);
CREATE INDEX incidents_of_agent ON incidents (agent_id) WHERE state <> 'resolved';
CREATE INDEX incidents_by_resolution ON incidents (resolved_at) WHERE state = 'resolved';

-- What happened to an incident besides the signals that belong to it. Only ever added to.
CREATE TABLE incident_events (
    id          INTEGER PRIMARY KEY,
    incident_id INTEGER NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
    at          INTEGER NOT NULL,
    kind        TEXT NOT NULL,
    actor_kind  TEXT NOT NULL,
    actor       TEXT NOT NULL,
    signal_id   INTEGER,
    note        TEXT,
    data        TEXT CHECK (data IS NULL OR json_valid(data))
) STRICT;

CREATE INDEX incident_events_of ON incident_events (incident_id, at);

CREATE TRIGGER incident_events_are_not_changed BEFORE UPDATE ON incident_events
BEGIN
    SELECT RAISE(ABORT, 'a timeline is only added to');
END;

-- They go with their incident and not before.
CREATE TRIGGER incident_events_are_not_removed BEFORE DELETE ON incident_events
WHEN EXISTS (SELECT 1 FROM incidents WHERE id = OLD.incident_id)
BEGIN
    SELECT RAISE(ABORT, 'a timeline is only added to');
END;

-- The incident a signal belonged to when it was stored. No foreign key: retention may remove
-- either first.
ALTER TABLE signals ADD COLUMN incident_id INTEGER;
