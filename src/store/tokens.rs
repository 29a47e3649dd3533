//! Access tokens, known by their hashes.

use rusqlite::{OptionalExtension, Row, params};

use super::{Db, StoreError};
use crate::domain::timestamp::Timestamp;
use crate::domain::token::{Scope, TokenInfo};

const COLUMNS: &str = "id, label, scope, site_id, created_at, expires_at, last_used_at, revoked_at";

fn from_row(row: &Row<'_>) -> rusqlite::Result<TokenInfo> {
    let moment = |column: usize| -> rusqlite::Result<Option<Timestamp>> {
        Ok(row
            .get::<_, Option<i64>>(column)?
            .map(Timestamp::from_millis))
    };
    Ok(TokenInfo {
        id: row.get(0)?,
        label: row.get(1)?,
        // The column's check holds the same four words; the least of them is the safe reading.
        scope: Scope::parse(row.get_ref(2)?.as_str()?).unwrap_or(Scope::Ingest),
        site_id: row.get(3)?,
        created_at: Timestamp::from_millis(row.get(4)?),
        expires_at: moment(5)?,
        last_used_at: moment(6)?,
        revoked_at: moment(7)?,
    })
}

/// A token that is about to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken {
    /// SHA-256 of the token.
    pub hash: [u8; 32],
    /// See [`TokenInfo::label`].
    pub label: String,
    /// See [`TokenInfo::scope`].
    pub scope: Scope,
    /// See [`TokenInfo::site_id`].
    pub site_id: Option<String>,
    /// See [`TokenInfo::expires_at`].
    pub expires_at: Option<Timestamp>,
}

/// Stores a token and answers its number.
///
/// # Errors
/// The database refuses.
pub fn insert(db: &Db, token: &NewToken, now: Timestamp) -> Result<i64, StoreError> {
    db.execute(
        "INSERT INTO agent_tokens (label, hash, scope, site_id, created_at, expires_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            token.label,
            token.hash,
            token.scope.as_str(),
            token.site_id,
            now.as_millis(),
            token.expires_at.map(Timestamp::as_millis)
        ],
    )?;
    Ok(db.last_insert_rowid())
}

/// The token with this hash, live or not.
///
/// # Errors
/// The database refuses.
pub fn by_hash(db: &Db, hash: &[u8; 32]) -> Result<Option<TokenInfo>, StoreError> {
    Ok(db
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM agent_tokens WHERE hash = ?1"
        ))?
        .query_row([hash], from_row)
        .optional()?)
}

/// All tokens, oldest first.
///
/// # Errors
/// The database refuses.
pub fn all(db: &Db) -> Result<Vec<TokenInfo>, StoreError> {
    let mut statement =
        db.prepare_cached(&format!("SELECT {COLUMNS} FROM agent_tokens ORDER BY id"))?;
    let rows = statement.query_map([], from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Revokes a token. False where there is none of this number, or it was revoked before.
///
/// # Errors
/// The database refuses.
pub fn revoke(db: &Db, id: i64, now: Timestamp) -> Result<bool, StoreError> {
    let changed = db.execute(
        "UPDATE agent_tokens SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL",
        params![id, now.as_millis()],
    )?;
    Ok(changed > 0)
}

/// Remembers that a token was used.
///
/// # Errors
/// The database refuses.
pub fn used(db: &Db, id: i64, now: Timestamp) -> Result<(), StoreError> {
    db.prepare_cached("UPDATE agent_tokens SET last_used_at = ?2 WHERE id = ?1")?
        .execute(params![id, now.as_millis()])?;
    Ok(())
}
