-- A user's own runbook stands beside the built-in one of its id, so that removing the own one
-- brings the built-in one back.
CREATE TABLE runbooks_by_origin (
    id           TEXT NOT NULL,
    -- 'builtin' came with the program and is replaced with it; 'own' is the user's.
    origin       TEXT NOT NULL CHECK (origin IN ('builtin', 'own')),
    title        TEXT NOT NULL,
    -- The file as it was written: what a runbook says is read from it.
    markdown     TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    updated_at   INTEGER NOT NULL,
    PRIMARY KEY (id, origin)
) STRICT, WITHOUT ROWID;

INSERT INTO runbooks_by_origin (id, origin, title, markdown, content_hash, updated_at)
    SELECT id, origin, title, markdown, content_hash, updated_at FROM runbooks;
DROP TABLE runbooks;
ALTER TABLE runbooks_by_origin RENAME TO runbooks;

-- Holds id and origin too: whether anything changed is asked every other second, and no text is
-- read for it.
CREATE INDEX runbooks_by_content ON runbooks (content_hash);

-- Every text that was ever in force, by its hash. Rows stay: a run names the version it walked.
CREATE TABLE runbook_versions (
    id           TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    origin       TEXT NOT NULL CHECK (origin IN ('builtin', 'own', 'file')),
    markdown     TEXT NOT NULL,
    first_seen   INTEGER NOT NULL,
    -- Who brought it, where that is known.
    actor_kind   TEXT,
    actor_name   TEXT,
    PRIMARY KEY (id, content_hash)
) STRICT, WITHOUT ROWID;

INSERT INTO runbook_versions (id, content_hash, origin, markdown, first_seen)
    SELECT id, content_hash, origin, markdown, updated_at FROM runbooks;
