-- Guided runs: somebody walks through a runbook for an incident.

CREATE TABLE runs (
    id            INTEGER PRIMARY KEY,
    incident_id   INTEGER NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
    -- Whose detail the values come from. No foreign key: retention may remove it first.
    signal_id     INTEGER,
    -- No foreign key either: a runbook may be removed, what was done by it stays.
    runbook_id    TEXT NOT NULL,
    content_hash  TEXT NOT NULL,
    title         TEXT NOT NULL,
    -- The runbook as it was when the run began.
    guide         TEXT NOT NULL CHECK (json_valid(guide)),
    -- What its variables stand for: [{name, value, by, at}, ...].
    filled        TEXT NOT NULL CHECK (json_valid(filled)),
    state         TEXT NOT NULL CHECK (state IN ('active', 'finished', 'abandoned')),
    -- Who: JSON objects {kind, name}.
    started_by    TEXT NOT NULL CHECK (json_valid(started_by)),
    started_at    INTEGER NOT NULL,
    finished_by   TEXT CHECK (finished_by IS NULL OR json_valid(finished_by)),
    finished_at   INTEGER,
    outcome       TEXT CHECK (outcome IN ('helped', 'did_not_help', 'not_needed')),
    what_fixed_it TEXT,

    CHECK ((state = 'active') = (finished_at IS NULL)),
    CHECK ((state = 'finished') = (outcome IS NOT NULL))
) STRICT;

-- Whoever starts it again joins the run that is under way.
CREATE UNIQUE INDEX runs_active ON runs (incident_id, runbook_id) WHERE state = 'active';
CREATE INDEX runs_of_incident ON runs (incident_id);
CREATE INDEX runs_of_runbook ON runs (runbook_id);

-- What was said of each step. A step without a row is pending; of several, the one with the highest
-- revision counts.
CREATE TABLE run_steps (
    run_id     INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    -- From 1.
    step       INTEGER NOT NULL,
    -- From 1 for each step.
    revision   INTEGER NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('pending', 'done', 'skipped', 'failed')),
    actor_kind TEXT NOT NULL,
    actor      TEXT NOT NULL,
    at         INTEGER NOT NULL,
    note       TEXT,
    output     TEXT,

    PRIMARY KEY (run_id, step, revision)
) STRICT;
