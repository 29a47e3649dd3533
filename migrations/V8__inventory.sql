-- What discovery found: networks, hosts, addresses, services. What agents saw, what the program
-- concluded and what people say of a host never share a column; the last lies in `host_marks`, by
-- identity, and outlives the host's row.

CREATE TABLE networks (
    id             INTEGER PRIMARY KEY,
    site_id        TEXT NOT NULL REFERENCES sites (id),
    -- 192.168.1.0/24
    cidr           TEXT NOT NULL,
    gateway        TEXT,
    gateway_mac    TEXT,
    -- "address mac" of the gateway before a change that was told and holds.
    gateway_before TEXT,
    -- Whose network it is while no gateway's hardware address is known.
    agent_id       TEXT,
    full_passes    INTEGER NOT NULL DEFAULT 0,
    baseline_at    INTEGER,
    first_seen     INTEGER NOT NULL,
    last_seen      INTEGER NOT NULL,
    -- Entered by people.
    name           TEXT,
    no_guests      INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE UNIQUE INDEX networks_known ON networks (site_id, cidr, gateway_mac)
    WHERE gateway_mac IS NOT NULL;
CREATE INDEX networks_by_site ON networks (site_id, cidr);

-- What each agent's last look at each network was like.
CREATE TABLE network_agents (
    network_id   INTEGER NOT NULL REFERENCES networks (id) ON DELETE CASCADE,
    agent_id     TEXT NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    dev          TEXT NOT NULL,
    gateway      TEXT,
    gateway_mac  TEXT,
    full_passes  INTEGER NOT NULL DEFAULT 0,
    last_pass_at INTEGER,
    gap_ms       INTEGER NOT NULL DEFAULT 0,
    -- Why the last pass could not be used.
    unusable     TEXT,
    swept        INTEGER NOT NULL DEFAULT 0,
    -- Why it asked not every address.
    not_swept    TEXT,
    PRIMARY KEY (network_id, agent_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX network_agents_by_agent ON network_agents (agent_id);

-- The last pass of each agent, whatever it saw.
CREATE TABLE passes (
    agent_id     TEXT PRIMARY KEY REFERENCES agents (id) ON DELETE CASCADE,
    -- By the agent's clock: names the pass.
    started_at   INTEGER NOT NULL,
    received_at  INTEGER NOT NULL,
    took_ms      INTEGER NOT NULL,
    senses       TEXT NOT NULL CHECK (json_valid(senses)),
    -- Passes in a row that saw no usable network.
    blind_passes INTEGER NOT NULL DEFAULT 0,
    -- The site at which that was told, while it holds.
    said_blind   TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE hosts (
    id            INTEGER PRIMARY KEY,
    network_id    INTEGER NOT NULL REFERENCES networks (id) ON DELETE CASCADE,
    -- agent:, id:, mac: or ip:, the strongest that is known.
    identity      TEXT NOT NULL,
    agent_id      TEXT,
    announced_id  TEXT,
    mac           TEXT,
    roaming       INTEGER NOT NULL DEFAULT 0,
    names         TEXT NOT NULL CHECK (json_valid(names)),
    first_seen    INTEGER NOT NULL,
    last_seen     INTEGER NOT NULL,
    stable_passes INTEGER NOT NULL DEFAULT 0,
    told          INTEGER NOT NULL DEFAULT 0,
    came_back_at  INTEGER,
    -- {kind: dedup_key} of what was said of it and is not over.
    said          TEXT NOT NULL CHECK (json_valid(said)),
    -- {agent_id: {senses: {sense: time}, last_seen, misses, missing_since, asked}}
    views         TEXT NOT NULL CHECK (json_valid(views))
) STRICT;

CREATE INDEX hosts_of_network ON hosts (network_id, identity);

CREATE TABLE host_addresses (
    host_id    INTEGER NOT NULL REFERENCES hosts (id) ON DELETE CASCADE,
    address    TEXT NOT NULL,
    mac        TEXT,
    first_seen INTEGER NOT NULL,
    last_seen  INTEGER NOT NULL,
    -- Every sense that ever saw it there.
    senses     TEXT NOT NULL CHECK (json_valid(senses)),
    PRIMARY KEY (host_id, address)
) STRICT, WITHOUT ROWID;

CREATE TABLE services (
    id               INTEGER PRIMARY KEY,
    host_id          INTEGER NOT NULL REFERENCES hosts (id) ON DELETE CASCADE,
    protocol         TEXT NOT NULL CHECK (protocol IN ('tcp', 'udp')),
    port             INTEGER NOT NULL,
    open             INTEGER NOT NULL DEFAULT 0,
    evidence         TEXT NOT NULL CHECK (json_valid(evidence)),
    product          TEXT,
    integration      TEXT,
    confidence       TEXT NOT NULL CHECK (confidence IN ('low', 'medium', 'high')),
    bears            INTEGER NOT NULL DEFAULT 0,
    certificate      TEXT CHECK (certificate IS NULL OR json_valid(certificate)),
    first_seen       INTEGER NOT NULL,
    last_seen        INTEGER NOT NULL,
    open_passes      INTEGER NOT NULL DEFAULT 0,
    came_back_at     INTEGER,
    told             INTEGER NOT NULL DEFAULT 0,
    said             TEXT NOT NULL CHECK (json_valid(said)),
    said_certificate TEXT CHECK (said_certificate IN ('info', 'warning', 'critical')),
    views            TEXT NOT NULL CHECK (json_valid(views))
) STRICT;

CREATE UNIQUE INDEX services_of_host ON services (host_id, protocol, port);

CREATE TABLE address_conflicts (
    network_id   INTEGER NOT NULL REFERENCES networks (id) ON DELETE CASCADE,
    address      TEXT NOT NULL,
    key          TEXT NOT NULL,
    last_at      INTEGER NOT NULL,
    quiet_passes INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (network_id, address)
) STRICT, WITHOUT ROWID;

-- Entered by people.
CREATE TABLE host_marks (
    site_id   TEXT NOT NULL REFERENCES sites (id),
    identity  TEXT NOT NULL,
    known     INTEGER NOT NULL DEFAULT 0,
    pinned    INTEGER NOT NULL DEFAULT 0,
    ignored   INTEGER NOT NULL DEFAULT 0,
    name      TEXT,
    -- What it was called when that was said last, for the list of what is ignored.
    called    TEXT NOT NULL,
    marked_at INTEGER NOT NULL,
    marked_by TEXT NOT NULL,
    PRIMARY KEY (site_id, identity)
) STRICT, WITHOUT ROWID;

CREATE TABLE integration_suggestions (
    id             INTEGER PRIMARY KEY,
    site_id        TEXT NOT NULL REFERENCES sites (id),
    -- The host's, so that what was ignored stays so whatever address it has.
    identity       TEXT NOT NULL,
    type           TEXT NOT NULL,
    name           TEXT NOT NULL,
    endpoint       TEXT NOT NULL,
    -- What told which product it is.
    evidence       TEXT NOT NULL CHECK (json_valid(evidence)),
    state          TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'accepted', 'ignored')),
    first_seen     INTEGER NOT NULL,
    last_seen      INTEGER NOT NULL,
    -- Entered by people.
    decided_at     INTEGER,
    decided_by     TEXT,
    -- No foreign key: what was accepted may be removed, the decision stays.
    integration_id INTEGER
) STRICT;

CREATE UNIQUE INDEX integration_suggestions_once
    ON integration_suggestions (site_id, identity, type);

-- Checks that an agent could not make at its last report.
ALTER TABLE agents ADD COLUMN unknown TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(unknown));
