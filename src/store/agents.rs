//! Agents: one row each, news over old news.

use rusqlite::{Row, params};
use serde_json::Value;

use super::{Db, StoreError};
use crate::domain::agent::{Agent, DEFAULT_INTERVAL_SECONDS, is_silent};
use crate::domain::timestamp::Timestamp;

const COLUMNS: &str = "id, site_id, hostname, version, interval_seconds, first_seen, last_seen, \
     backlog, conditions, facts, gateways, gateway_latency_ms, demo, unknown";

fn from_row(row: &Row<'_>, now: Timestamp) -> rusqlite::Result<Agent> {
    let json = |column: usize| -> rusqlite::Result<Value> {
        Ok(serde_json::from_str(row.get_ref(column)?.as_str()?).unwrap_or(Value::Null))
    };
    let interval_seconds = row.get(4)?;
    let last_seen = Timestamp::from_millis(row.get(6)?);
    Ok(Agent {
        id: row.get(0)?,
        site_id: row.get(1)?,
        hostname: row.get(2)?,
        version: row.get(3)?,
        interval_seconds,
        first_seen: Timestamp::from_millis(row.get(5)?),
        last_seen,
        silent: is_silent(last_seen, interval_seconds, now),
        backlog: row.get(7)?,
        conditions: json(8)?,
        facts: json(9)?,
        gateways: json(10)?,
        gateway_latency_ms: row.get(11)?,
        demo: row.get(12)?,
        unknown: json(13)?,
    })
}

/// What a heartbeat says of its agent.
#[derive(Debug, Clone, PartialEq)]
pub struct Heartbeat {
    /// See [`Agent::id`].
    pub agent_id: String,
    /// See [`Agent::site_id`].
    pub site_id: String,
    /// See [`Agent::hostname`].
    pub hostname: String,
    /// See [`Agent::version`].
    pub version: Option<String>,
    /// See [`Agent::interval_seconds`].
    pub interval_seconds: Option<u32>,
    /// See [`Agent::backlog`].
    pub backlog: u64,
    /// See [`Agent::conditions`].
    pub conditions: Value,
    /// See [`Agent::facts`].
    pub facts: Value,
    /// See [`Agent::gateways`].
    pub gateways: Value,
    /// See [`Agent::gateway_latency_ms`].
    pub gateway_latency_ms: Option<f64>,
    /// See [`Agent::unknown`].
    pub unknown: Value,
}

/// All agents, by site and host name. `now` decides which are silent.
///
/// # Errors
/// The database refuses.
pub fn all(db: &Db, now: Timestamp) -> Result<Vec<Agent>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM agents ORDER BY site_id, hostname, id");
    let mut statement = db.prepare_cached(&sql)?;
    let rows = statement.query_map([], |row| from_row(row, now))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Stores a heartbeat that was received at `now`. An agent of the demo that really reports is
/// no longer the demo's. A sender that is `bound` to its site takes over another site's agent
/// only once that one is silent (see [`is_silent`]): a host may move, and nobody may pose as one.
/// Answers whether it was stored.
///
/// # Errors
/// The database refuses.
pub fn heard(
    db: &Db,
    heartbeat: &Heartbeat,
    bound: bool,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let stored = db
        .prepare_cached(
            "INSERT INTO agents (id, site_id, hostname, version, interval_seconds, first_seen, \
         last_seen, backlog, conditions, facts, gateways, gateway_latency_ms, unknown) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7, ?8, ?9, ?10, ?11, ?14) \
         ON CONFLICT (id) DO UPDATE SET site_id = excluded.site_id, \
         hostname = excluded.hostname, version = excluded.version, \
         interval_seconds = excluded.interval_seconds, \
         last_seen = max(last_seen, excluded.last_seen), backlog = excluded.backlog, \
         conditions = excluded.conditions, facts = excluded.facts, \
         gateways = excluded.gateways, gateway_latency_ms = excluded.gateway_latency_ms, \
         unknown = excluded.unknown, demo = 0 \
         WHERE NOT ?12 OR agents.site_id = excluded.site_id OR excluded.last_seen \
         > agents.last_seen + 3000 * coalesce(agents.interval_seconds, ?13)",
        )?
        .execute(params![
            heartbeat.agent_id,
            heartbeat.site_id,
            heartbeat.hostname,
            heartbeat.version,
            heartbeat.interval_seconds,
            now.as_millis(),
            heartbeat.backlog,
            heartbeat.conditions.to_string(),
            heartbeat.facts.to_string(),
            heartbeat.gateways.to_string(),
            heartbeat.gateway_latency_ms,
            bound,
            DEFAULT_INTERVAL_SECONDS,
            heartbeat.unknown.to_string(),
        ])?;
    Ok(stored > 0)
}
