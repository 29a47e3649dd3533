//! The last pass of discovery of each agent.

use std::collections::HashMap;

use rusqlite::{OptionalExtension, Row, params};

use super::hosts::{json, text};
use super::{Db, StoreError};
use crate::domain::inventory::pass::SenseReport;
use crate::domain::timestamp::Timestamp;

const COLUMNS: &str =
    "agent_id, started_at, received_at, took_ms, senses, blind_passes, said_blind";

/// One agent's last pass, whatever it saw.
#[derive(Debug, Clone, PartialEq)]
pub struct LastPass {
    /// The agent.
    pub agent_id: String,
    /// When it began, by the agent's clock.
    pub started_at: Timestamp,
    /// When the server had it.
    pub received_at: Timestamp,
    /// How long it took.
    pub took_ms: u64,
    /// How each sense fared.
    pub senses: Vec<SenseReport>,
    /// Passes in a row that saw no usable network.
    pub blind_passes: u32,
    /// The site at which that was told, while it holds.
    pub said_blind: Option<String>,
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<LastPass> {
    Ok(LastPass {
        agent_id: row.get(0)?,
        started_at: Timestamp::from_millis(row.get(1)?),
        received_at: Timestamp::from_millis(row.get(2)?),
        took_ms: row.get(3)?,
        senses: json(row, 4)?,
        blind_passes: row.get(5)?,
        said_blind: row.get(6)?,
    })
}

/// One agent's.
///
/// # Errors
/// The database refuses.
pub fn of_agent(db: &Db, agent_id: &str) -> Result<Option<LastPass>, StoreError> {
    Ok(db
        .prepare_cached(&format!("SELECT {COLUMNS} FROM passes WHERE agent_id = ?1"))?
        .query_row([agent_id], from_row)
        .optional()?)
}

/// All of them, by agent.
///
/// # Errors
/// The database refuses.
pub fn all(db: &Db) -> Result<HashMap<String, LastPass>, StoreError> {
    let mut statement = db.prepare_cached(&format!("SELECT {COLUMNS} FROM passes"))?;
    let rows = statement.query_map([], from_row)?;
    rows.map(|row| row.map(|pass| (pass.agent_id.clone(), pass)))
        .collect::<Result<_, _>>()
        .map_err(StoreError::from)
}

/// Stores one over the one before.
///
/// # Errors
/// The database refuses.
pub fn save(db: &Db, pass: &LastPass) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO passes (agent_id, started_at, received_at, took_ms, senses, blind_passes, \
         said_blind) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
         ON CONFLICT (agent_id) DO UPDATE SET started_at = excluded.started_at, \
         received_at = excluded.received_at, took_ms = excluded.took_ms, \
         senses = excluded.senses, blind_passes = excluded.blind_passes, \
         said_blind = excluded.said_blind",
    )?
    .execute(params![
        pass.agent_id,
        pass.started_at.as_millis(),
        pass.received_at.as_millis(),
        // Beyond what the column holds is beyond every clock.
        i64::try_from(pass.took_ms).unwrap_or(i64::MAX),
        text(&pass.senses),
        pass.blind_passes,
        pass.said_blind,
    ])?;
    Ok(())
}
