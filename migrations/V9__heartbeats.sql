-- In which hours an agent was heard, for the strip beside its name.
CREATE INDEX signals_heartbeats ON signals (agent_id, happened_at) WHERE heartbeat = 1;
