-- What a model answered about an incident. Kept by what it was asked: the same question again is
-- answered from here.
CREATE TABLE model_answers (
    id           INTEGER PRIMARY KEY,
    incident_id  INTEGER NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
    -- Names the content of the pack, whatever its boundary was.
    content_hash TEXT NOT NULL,
    model        TEXT NOT NULL,
    -- {"text": ..., "cited": [...], "unknown": [...]}
    answer       TEXT NOT NULL CHECK (json_valid(answer)),
    tokens       INTEGER NOT NULL,
    answered_at  INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX model_answers_by_content ON model_answers (content_hash, model);
CREATE INDEX model_answers_of_incident ON model_answers (incident_id, answered_at);

-- Tokens of each day in UTC, questions and answers together.
CREATE TABLE model_usage (
    day    TEXT PRIMARY KEY,
    tokens INTEGER NOT NULL,
    calls  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What changed at a site lately, for the context of a signal. The kinds are those of
-- `store::signals::changes_between`, to the letter.
CREATE INDEX signals_of_changes ON signals (site_id, happened_at)
    WHERE kind IN ('gateway_changed', 'host_new', 'host_gone', 'host_address_changed',
                   'address_conflict', 'service_new', 'service_gone');
