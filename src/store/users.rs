//! People with an account.

use rusqlite::{OptionalExtension, Row, params};

use super::{Db, StoreError, sessions};
use crate::domain::timestamp::Timestamp;
use crate::domain::user::{Role, User};

const COLUMNS: &str = "id, name, role, created_at, password_changed_at, last_login_at";

fn from_row(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        id: row.get(0)?,
        name: row.get(1)?,
        // The column's check holds the same three words; the least of them is the safe reading.
        role: Role::parse(row.get_ref(2)?.as_str()?).unwrap_or(Role::Viewer),
        created_at: Timestamp::from_millis(row.get(3)?),
        password_changed_at: Timestamp::from_millis(row.get(4)?),
        last_login_at: row.get::<_, Option<i64>>(5)?.map(Timestamp::from_millis),
    })
}

/// An account that is about to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUser {
    /// As [`crate::domain::user::name`] answers it.
    pub name: String,
    /// See [`User::role`].
    pub role: Role,
    /// A PHC string.
    pub password_hash: String,
}

/// What became of a change that must leave an admin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is made.
    Done,
    /// There is nobody of this name.
    Nobody,
    /// They are the last admin; nothing was changed.
    LastAdmin,
}

/// Makes an account and answers its number; none where the name is taken.
///
/// # Errors
/// The database refuses.
pub fn insert(db: &Db, user: &NewUser, now: Timestamp) -> Result<Option<i64>, StoreError> {
    let made = db.execute(
        "INSERT INTO users (name, role, password_hash, created_at, password_changed_at) \
         VALUES (?1, ?2, ?3, ?4, ?4) ON CONFLICT (name) DO NOTHING",
        params![
            user.name,
            user.role.as_str(),
            user.password_hash,
            now.as_millis()
        ],
    )?;
    Ok((made > 0).then(|| db.last_insert_rowid()))
}

/// Everybody, by name.
///
/// # Errors
/// The database refuses.
pub fn all(db: &Db) -> Result<Vec<User>, StoreError> {
    let mut statement = db.prepare_cached(&format!("SELECT {COLUMNS} FROM users ORDER BY name"))?;
    let rows = statement.query_map([], from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Somebody by name.
///
/// # Errors
/// The database refuses.
pub fn by_name(db: &Db, name: &str) -> Result<Option<User>, StoreError> {
    Ok(db
        .prepare_cached(&format!("SELECT {COLUMNS} FROM users WHERE name = ?1"))?
        .query_row([name], from_row)
        .optional()?)
}

/// The admin whose account is the oldest.
///
/// # Errors
/// The database refuses.
pub fn oldest_admin(db: &Db) -> Result<Option<User>, StoreError> {
    Ok(db
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM users WHERE role = 'admin' ORDER BY id LIMIT 1"
        ))?
        .query_row([], from_row)
        .optional()?)
}

/// Whether nobody has an account.
///
/// # Errors
/// The database refuses.
pub fn is_empty(db: &Db) -> Result<bool, StoreError> {
    Ok(!db.query_row("SELECT EXISTS (SELECT 1 FROM users)", [], |row| row.get(0))?)
}

/// The hash of somebody's password.
///
/// # Errors
/// The database refuses.
pub fn password_hash(db: &Db, id: i64) -> Result<Option<String>, StoreError> {
    Ok(db
        .prepare_cached("SELECT password_hash FROM users WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?)
}

/// Sets a password and ends all sessions and one-time addresses of its owner. False where the
/// account is gone, or where the password is no longer the one that `old_hash` names.
///
/// # Errors
/// The database refuses.
pub fn set_password(
    db: &Db,
    id: i64,
    old_hash: Option<&str>,
    new_hash: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let changed = db.execute(
        "UPDATE users SET password_hash = ?3, password_changed_at = ?4 \
         WHERE id = ?1 AND (?2 IS NULL OR password_hash = ?2)",
        params![id, old_hash, new_hash, now.as_millis()],
    )?;
    if changed > 0 {
        sessions::end_all_of(db, id)?;
    }
    Ok(changed > 0)
}

/// Gives somebody another role and ends their sessions: what an open page offers is no longer
/// theirs.
///
/// # Errors
/// The database refuses.
pub fn set_role(db: &Db, name: &str, role: Role) -> Result<Change, StoreError> {
    let Some(user) = by_name(db, name)? else {
        return Ok(Change::Nobody);
    };
    if role != Role::Admin && is_last_admin(db, &user)? {
        return Ok(Change::LastAdmin);
    }
    if role != user.role {
        db.execute(
            "UPDATE users SET role = ?2 WHERE id = ?1",
            params![user.id, role.as_str()],
        )?;
        sessions::end_all_of(db, user.id)?;
    }
    Ok(Change::Done)
}

/// Removes an account with its sessions. What its owner did stays, by name.
///
/// # Errors
/// The database refuses.
pub fn remove(db: &Db, name: &str) -> Result<Change, StoreError> {
    let Some(user) = by_name(db, name)? else {
        return Ok(Change::Nobody);
    };
    if is_last_admin(db, &user)? {
        return Ok(Change::LastAdmin);
    }
    sessions::end_all_of(db, user.id)?;
    db.execute("DELETE FROM users WHERE id = ?1", [user.id])?;
    Ok(Change::Done)
}

fn is_last_admin(db: &Db, user: &User) -> Result<bool, StoreError> {
    let others: bool = db.query_row(
        "SELECT EXISTS (SELECT 1 FROM users WHERE role = 'admin' AND id <> ?1)",
        [user.id],
        |row| row.get(0),
    )?;
    Ok(user.role == Role::Admin && !others)
}

/// Remembers a login.
///
/// # Errors
/// The database refuses.
pub fn logged_in(db: &Db, id: i64, now: Timestamp) -> Result<(), StoreError> {
    db.execute(
        "UPDATE users SET last_login_at = ?2 WHERE id = ?1",
        params![id, now.as_millis()],
    )?;
    Ok(())
}
