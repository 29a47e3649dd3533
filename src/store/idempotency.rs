//! Keys that make a request which is sent twice count once.

use rusqlite::{OptionalExtension, params};

use super::{Db, StoreError};
use crate::domain::timestamp::Timestamp;

/// A key, whose it is, and the body it came with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The token, and the agent, that the key counts for.
    pub owner: String,
    /// The sender's key.
    pub key: String,
    /// SHA-256 of what was sent.
    pub body_hash: [u8; 32],
}

/// What is known of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// Never seen.
    New,
    /// Seen with the same body: this signal was stored for it.
    Same(i64),
    /// Seen with another body.
    Different,
}

/// Looks a key up.
///
/// # Errors
/// The database refuses.
pub fn find(db: &Db, key: &Key) -> Result<Known, StoreError> {
    let found: Option<(Vec<u8>, i64)> = db
        .prepare_cached(
            "SELECT body_hash, signal_id FROM idempotency_keys WHERE owner = ?1 AND key = ?2",
        )?
        .query_row([&key.owner, &key.key], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(match found {
        None => Known::New,
        Some((hash, id)) if hash == key.body_hash => Known::Same(id),
        Some(_) => Known::Different,
    })
}

/// Remembers which signal was stored for a key.
///
/// # Errors
/// The database refuses.
pub fn remember(db: &Db, key: &Key, signal_id: i64, now: Timestamp) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO idempotency_keys (owner, key, body_hash, signal_id, created_at) \
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        key.owner,
        key.key,
        key.body_hash,
        signal_id,
        now.as_millis()
    ])?;
    Ok(())
}
