//! Browser sessions, and the one-time codes that open one. Both are known by their hashes.

use rusqlite::{OptionalExtension, params};

use super::{Db, StoreError};
use crate::domain::timestamp::Timestamp;

/// Stores a code that opens one session until `expires_at`; sweeps out codes and sessions that
/// are over.
///
/// # Errors
/// The database refuses.
pub fn offer_code(
    db: &Db,
    hash: &[u8; 32],
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    db.execute(
        "DELETE FROM welcome_codes WHERE expires_at <= ?1",
        [now.as_millis()],
    )?;
    db.execute(
        "DELETE FROM sessions WHERE expires_at <= ?1",
        [now.as_millis()],
    )?;
    db.execute(
        "INSERT INTO welcome_codes (hash, created_at, expires_at) VALUES (?1, ?2, ?3)",
        params![hash, now.as_millis(), expires_at.as_millis()],
    )?;
    Ok(())
}

/// Takes a code: true once, and only while it is good.
///
/// # Errors
/// The database refuses.
pub fn take_code(db: &Db, hash: &[u8; 32], now: Timestamp) -> Result<bool, StoreError> {
    let taken = db.execute(
        "DELETE FROM welcome_codes WHERE hash = ?1 AND expires_at > ?2",
        params![hash, now.as_millis()],
    )?;
    Ok(taken > 0)
}

/// Opens a session.
///
/// # Errors
/// The database refuses.
pub fn open(
    db: &Db,
    hash: &[u8; 32],
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    db.execute(
        "INSERT INTO sessions (hash, created_at, expires_at) VALUES (?1, ?2, ?3)",
        params![hash, now.as_millis(), expires_at.as_millis()],
    )?;
    Ok(())
}

/// Whether a session is open at `now`.
///
/// # Errors
/// The database refuses.
pub fn is_open(db: &Db, hash: &[u8; 32], now: Timestamp) -> Result<bool, StoreError> {
    let found = db
        .prepare_cached("SELECT 1 FROM sessions WHERE hash = ?1 AND expires_at > ?2")?
        .query_row(params![hash, now.as_millis()], |_| Ok(()))
        .optional()?;
    Ok(found.is_some())
}
