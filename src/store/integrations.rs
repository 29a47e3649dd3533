//! Integrations: declared by a person, or reported by an agent.

use rusqlite::{OptionalExtension, Row, params};
use serde_json::Value;

use super::{Db, StoreError};
use crate::domain::integration::{Integration, IntegrationDeclaration, IntegrationReport};
use crate::domain::redact;
use crate::domain::timestamp::Timestamp;

const COLUMNS: &str =
    "id, site_id, type, endpoint, status, name, config, last_contact, agent_id, demo";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Integration> {
    let mut config = serde_json::from_str(row.get_ref(6)?.as_str()?).unwrap_or(Value::Null);
    let mut endpoint: Option<String> = row.get(3)?;
    // Here, once, so that no reader can forget it.
    redact::redact_value(&mut config);
    if let Some(url) = &mut endpoint {
        redact::redact_string(url);
    }
    Ok(Integration {
        id: row.get(0)?,
        site_id: row.get(1)?,
        kind: row.get(2)?,
        endpoint,
        status: row.get(4)?,
        name: row.get(5)?,
        config,
        last_contact: row.get::<_, Option<i64>>(7)?.map(Timestamp::from_millis),
        agent_id: row.get(8)?,
        demo: row.get(9)?,
    })
}

/// All of them, by site and name.
///
/// # Errors
/// The database refuses.
pub fn all(db: &Db) -> Result<Vec<Integration>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM integrations ORDER BY site_id, type, name, id");
    let mut statement = db.prepare_cached(&sql)?;
    let rows = statement.query_map([], from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Those of one site.
///
/// # Errors
/// The database refuses.
pub fn of_site(db: &Db, site_id: &str) -> Result<Vec<Integration>, StoreError> {
    let sql =
        format!("SELECT {COLUMNS} FROM integrations WHERE site_id = ?1 ORDER BY type, name, id");
    let mut statement = db.prepare_cached(&sql)?;
    let rows = statement.query_map([site_id], from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// One of them.
///
/// # Errors
/// The database refuses.
pub fn get(db: &Db, id: i64) -> Result<Option<Integration>, StoreError> {
    Ok(db
        .prepare_cached(&format!("SELECT {COLUMNS} FROM integrations WHERE id = ?1"))?
        .query_row([id], from_row)
        .optional()?)
}

/// Stores what an agent reported: a new row, or news of the one it reported before.
///
/// # Errors
/// The database refuses.
pub fn report(
    db: &Db,
    site_id: &str,
    agent_id: &str,
    report: &IntegrationReport,
    now: Timestamp,
) -> Result<(), StoreError> {
    let config = serde_json::to_string(&report.config).unwrap_or_else(|_| "{}".to_owned());
    db.prepare_cached(
        "INSERT INTO integrations \
         (site_id, type, endpoint, status, name, config, agent_id, last_contact) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) \
         ON CONFLICT (site_id, agent_id, type, endpoint) WHERE agent_id IS NOT NULL DO UPDATE SET \
         status = excluded.status, name = excluded.name, config = excluded.config, \
         last_contact = excluded.last_contact",
    )?
    .execute(params![
        site_id,
        report.kind,
        report.endpoint,
        report.status,
        report.name,
        config,
        agent_id,
        now.as_millis()
    ])?;
    Ok(())
}

/// Stores what a person declared, and answers its number. Its status is unknown until something
/// reports it.
///
/// # Errors
/// The database refuses.
pub fn declare(db: &Db, declared: &IntegrationDeclaration) -> Result<i64, StoreError> {
    db.execute(
        "INSERT INTO integrations (site_id, type, endpoint, status, name, config) \
         VALUES (?1, ?2, ?3, 'unknown', ?4, ?5)",
        params![
            declared.site_id,
            declared.kind,
            declared.endpoint,
            declared.name,
            Value::Object(declared.config.clone()).to_string()
        ],
    )?;
    Ok(db.last_insert_rowid())
}

/// Replaces what a person declared. False where there is no such row.
///
/// # Errors
/// The database refuses.
pub fn edit(db: &Db, id: i64, declared: &IntegrationDeclaration) -> Result<bool, StoreError> {
    let changed = db.execute(
        "UPDATE integrations SET site_id = ?2, type = ?3, endpoint = ?4, name = ?5, config = ?6, \
         demo = 0 WHERE id = ?1",
        params![
            id,
            declared.site_id,
            declared.kind,
            declared.endpoint,
            declared.name,
            Value::Object(declared.config.clone()).to_string()
        ],
    )?;
    Ok(changed > 0)
}

/// Removes one. False where there is no such row.
///
/// # Errors
/// The database refuses.
pub fn remove(db: &Db, id: i64) -> Result<bool, StoreError> {
    Ok(db.execute("DELETE FROM integrations WHERE id = ?1", [id])? > 0)
}
