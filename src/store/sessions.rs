//! Browser sessions, and the one-time codes that open one. Both are known by their hashes, and
//! each is somebody's.

use rusqlite::{OptionalExtension, params};

use super::{Db, StoreError, users};
use crate::domain::timestamp::Timestamp;
use crate::domain::user::Role;

/// How long a one-time code is good, in milliseconds: a day.
pub const CODE_MS: i64 = 24 * 60 * 60 * 1000;

/// An open session, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Number of the account.
    pub user_id: i64,
    /// Name of the account.
    pub name: String,
    /// What they may do now.
    pub role: Role,
    /// When it was last used, to some minutes.
    pub last_used_at: Timestamp,
}

/// Stores a code that logs somebody in once until `expires_at`; sweeps out codes and sessions
/// that are over.
///
/// # Errors
/// The database refuses.
pub fn offer_code(
    db: &Db,
    hash: &[u8; 32],
    user_id: i64,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    for table in ["welcome_codes", "sessions"] {
        db.execute(
            &format!("DELETE FROM {table} WHERE expires_at <= ?1"),
            [now.as_millis()],
        )?;
    }
    db.execute(
        "INSERT INTO welcome_codes (hash, user_id, created_at, expires_at) VALUES (?1, ?2, ?3, ?4)",
        params![hash, user_id, now.as_millis(), expires_at.as_millis()],
    )?;
    Ok(())
}

/// Takes a code: answers whose it is once, and only while it is good.
///
/// # Errors
/// The database refuses.
pub fn take_code(db: &Db, hash: &[u8; 32], now: Timestamp) -> Result<Option<i64>, StoreError> {
    Ok(db
        .prepare_cached(
            "DELETE FROM welcome_codes WHERE hash = ?1 AND expires_at > ?2 RETURNING user_id",
        )?
        .query_row(params![hash, now.as_millis()], |row| row.get(0))
        .optional()?)
}

/// Opens a session for somebody who has just proved who they are.
///
/// # Errors
/// The database refuses; also where the account went meanwhile.
pub fn open(
    db: &Db,
    hash: &[u8; 32],
    user_id: i64,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    db.execute(
        "INSERT INTO sessions (hash, user_id, created_at, expires_at, last_used_at) \
         VALUES (?1, ?2, ?3, ?4, ?3)",
        params![hash, user_id, now.as_millis(), expires_at.as_millis()],
    )?;
    users::logged_in(db, user_id, now)
}

/// The session with this hash, if it is open at `now`.
///
/// # Errors
/// The database refuses.
pub fn by_hash(db: &Db, hash: &[u8; 32], now: Timestamp) -> Result<Option<Session>, StoreError> {
    Ok(db
        .prepare_cached(
            "SELECT users.id, users.name, users.role, sessions.last_used_at \
             FROM sessions JOIN users ON users.id = sessions.user_id \
             WHERE sessions.hash = ?1 AND sessions.expires_at > ?2",
        )?
        .query_row(params![hash, now.as_millis()], |row| {
            Ok(Session {
                user_id: row.get(0)?,
                name: row.get(1)?,
                role: Role::parse(row.get_ref(2)?.as_str()?).unwrap_or(Role::Viewer),
                last_used_at: Timestamp::from_millis(row.get(3)?),
            })
        })
        .optional()?)
}

/// Remembers that a session was used.
///
/// # Errors
/// The database refuses.
pub fn used(db: &Db, hash: &[u8; 32], now: Timestamp) -> Result<(), StoreError> {
    db.prepare_cached("UPDATE sessions SET last_used_at = ?2 WHERE hash = ?1")?
        .execute(params![hash, now.as_millis()])?;
    Ok(())
}

/// How many sessions somebody has open at `now`.
///
/// # Errors
/// The database refuses.
pub fn count_of(db: &Db, user_id: i64, now: Timestamp) -> Result<u64, StoreError> {
    Ok(db.query_row(
        "SELECT count(*) FROM sessions WHERE user_id = ?1 AND expires_at > ?2",
        params![user_id, now.as_millis()],
        |row| row.get(0),
    )?)
}

/// Ends one session. The cookie opens nothing from now on, whoever kept a copy.
///
/// # Errors
/// The database refuses.
pub fn end(db: &Db, hash: &[u8; 32]) -> Result<(), StoreError> {
    db.execute("DELETE FROM sessions WHERE hash = ?1", [hash])?;
    Ok(())
}

/// Ends all sessions and one-time codes of somebody.
///
/// # Errors
/// The database refuses.
pub fn end_all_of(db: &Db, user_id: i64) -> Result<(), StoreError> {
    for table in ["sessions", "welcome_codes"] {
        db.execute(
            &format!("DELETE FROM {table} WHERE user_id = ?1"),
            [user_id],
        )?;
    }
    Ok(())
}
