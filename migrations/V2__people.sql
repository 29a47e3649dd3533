-- People with a name, a role and a password; sessions and one-time addresses are theirs.

CREATE TABLE users (
    id                  INTEGER PRIMARY KEY,
    -- 1 to 64 of a-z 0-9 . _ -
    name                TEXT NOT NULL UNIQUE,
    role                TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
    -- A PHC string: $argon2id$v=19$m=19456,t=2,p=1$salt$hash
    password_hash       TEXT NOT NULL,
    created_at          INTEGER NOT NULL,
    password_changed_at INTEGER NOT NULL,
    last_login_at       INTEGER
) STRICT;

-- The sessions of the first schema were nobody's: they end here.
DROP TABLE sessions;
DROP TABLE welcome_codes;

CREATE TABLE sessions (
    -- SHA-256 of the cookie, which itself is kept nowhere.
    hash         BLOB PRIMARY KEY,
    user_id      INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_by_user ON sessions (user_id);

CREATE TABLE welcome_codes (
    hash       BLOB PRIMARY KEY,
    -- As whom it logs in.
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX welcome_codes_by_user ON welcome_codes (user_id);
