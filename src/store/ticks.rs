//! What happened in each of the last hours, for many problems or agents at once.

use std::collections::HashMap;

use rusqlite::params;
use serde_json::json;

use super::{Db, StoreError};
use crate::domain::ticks::{HOUR_MILLIS, HOURS, Ticks};
use crate::domain::timestamp::Timestamp;

/// The signals of each fingerprint. One that had none is left out.
///
/// # Errors
/// The database refuses.
pub fn of_fingerprints(
    db: &Db,
    fingerprints: &[&str],
    now: Timestamp,
) -> Result<HashMap<String, Ticks>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT fingerprint, (?2 - happened_at) / ?3 AS ago, count(*) FROM signals \
         WHERE fingerprint IN (SELECT value FROM json_each(?1)) AND happened_at > ?4 \
         GROUP BY fingerprint, ago",
    )?;
    let values = params![
        json!(fingerprints).to_string(),
        now.as_millis(),
        HOUR_MILLIS,
        Ticks::since(now).as_millis()
    ];
    gather(&mut statement, values)
}

/// In which hours each agent was heard: one for each hour, since how often it reports is its own
/// choice. One that was not heard is left out.
///
/// # Errors
/// The database refuses.
pub fn of_agents(
    db: &Db,
    agents: &[&str],
    now: Timestamp,
) -> Result<HashMap<String, Ticks>, StoreError> {
    let hours: Vec<usize> = (0..HOURS).collect();
    let mut statement = db.prepare_cached(
        "SELECT agent.value, hour.value, 1 FROM json_each(?1) AS agent, json_each(?2) AS hour \
         WHERE EXISTS (SELECT 1 FROM signals WHERE heartbeat = 1 AND agent_id = agent.value \
         AND happened_at > ?3 - (hour.value + 1) * ?4 AND happened_at <= ?3 - hour.value * ?4)",
    )?;
    let values = params![
        json!(agents).to_string(),
        json!(hours).to_string(),
        now.as_millis(),
        HOUR_MILLIS
    ];
    gather(&mut statement, values)
}

/// Rows of whose it is, how many hours ago, and how often.
fn gather(
    statement: &mut rusqlite::Statement<'_>,
    values: impl rusqlite::Params,
) -> Result<HashMap<String, Ticks>, StoreError> {
    let mut found: HashMap<String, Ticks> = HashMap::new();
    let mut rows = statement.query(values)?;
    while let Some(row) = rows.next()? {
        let ticks = found.entry(row.get(0)?).or_default();
        ticks.add(row.get(1)?, row.get(2)?);
    }
    Ok(found)
}
