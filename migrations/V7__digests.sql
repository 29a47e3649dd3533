-- Each day as it stood at its end: kept whole, since retention removes the rows it was made of.

CREATE TABLE digests (
    -- 2026-11-22, in the zone beside it.
    date     TEXT NOT NULL,
    timezone TEXT NOT NULL,
    digest   TEXT NOT NULL CHECK (json_valid(digest)),
    PRIMARY KEY (date, timezone)
) STRICT, WITHOUT ROWID;

-- The good copies that `db backup` made, by the moment whose data they hold.
CREATE TABLE backups (
    at    INTEGER PRIMARY KEY,
    bytes INTEGER NOT NULL
) STRICT;
