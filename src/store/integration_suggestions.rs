//! Integrations that discovery suggests.

use rusqlite::{OptionalExtension, Row, params};

use super::hosts::{json, text};
use super::{Db, StoreError};
use crate::domain::inventory::suggestion::{Decision, Found, SuggestedIntegration};
use crate::domain::timestamp::Timestamp;

const COLUMNS: &str = "id, site_id, identity, type, name, endpoint, evidence, state, first_seen, \
     last_seen, decided_at, decided_by, integration_id";

fn from_row(row: &Row<'_>) -> rusqlite::Result<SuggestedIntegration> {
    Ok(SuggestedIntegration {
        id: row.get(0)?,
        site_id: row.get(1)?,
        identity: row.get(2)?,
        kind: row.get(3)?,
        name: row.get(4)?,
        endpoint: row.get(5)?,
        evidence: json(row, 6)?,
        state: Decision::parse(row.get_ref(7)?.as_str()?).unwrap_or(Decision::Open),
        first_seen: Timestamp::from_millis(row.get(8)?),
        last_seen: Timestamp::from_millis(row.get(9)?),
        decided_at: row.get::<_, Option<i64>>(10)?.map(Timestamp::from_millis),
        decided_by: row.get(11)?,
        integration_id: row.get(12)?,
    })
}

/// All of them, by site, type and name.
///
/// # Errors
/// The database refuses.
pub fn all(db: &Db) -> Result<Vec<SuggestedIntegration>, StoreError> {
    let sql =
        format!("SELECT {COLUMNS} FROM integration_suggestions ORDER BY site_id, type, name, id");
    let mut statement = db.prepare_cached(&sql)?;
    let rows = statement.query_map([], from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// One of them.
///
/// # Errors
/// The database refuses.
pub fn get(db: &Db, id: i64) -> Result<Option<SuggestedIntegration>, StoreError> {
    Ok(db
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM integration_suggestions WHERE id = ?1"
        ))?
        .query_row([id], from_row)
        .optional()?)
}

/// Suggests what was found, unless it is an integration of the site already, by its address or
/// through the agent on that host. A decision that was made stays.
///
/// # Errors
/// The database refuses.
pub fn suggest(db: &Db, site: &str, found: &Found, now: Timestamp) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO integration_suggestions (site_id, identity, type, name, endpoint, evidence, \
         first_seen, last_seen) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7 \
         WHERE EXISTS (SELECT 1 FROM integration_suggestions WHERE site_id = ?1 \
            AND identity = ?2 AND type = ?3) \
         OR NOT EXISTS (SELECT 1 FROM integrations WHERE site_id = ?1 AND type = ?3 \
            AND (agent_id = ?8 OR endpoint LIKE '%://' || ?9 || ':%' \
                 OR endpoint LIKE '%://' || ?9 || '/%' OR endpoint LIKE '%://' || ?9)) \
         ON CONFLICT (site_id, identity, type) DO UPDATE SET name = excluded.name, \
         endpoint = excluded.endpoint, evidence = excluded.evidence, \
         last_seen = excluded.last_seen WHERE state = 'open'",
    )?
    .execute(params![
        site,
        found.identity,
        found.kind,
        found.name,
        found.endpoint,
        text(&found.evidence),
        now.as_millis(),
        found.agent_id,
        found.address,
    ])?;
    Ok(())
}

/// Stores what somebody decided.
///
/// # Errors
/// The database refuses.
pub fn decide(
    db: &Db,
    id: i64,
    (decision, integration): (Decision, Option<i64>),
    by: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let decided = decision != Decision::Open;
    db.execute(
        "UPDATE integration_suggestions SET state = ?2, integration_id = ?3, decided_at = ?4, \
         decided_by = ?5 WHERE id = ?1",
        params![
            id,
            decision.as_str(),
            integration,
            decided.then_some(now.as_millis()),
            decided.then_some(by),
        ],
    )?;
    Ok(())
}
