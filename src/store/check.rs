//! Whether a database is sound.

use std::path::Path;

use serde::Serialize;

use super::error::StoreError;
use super::{migrate, open};

/// What SQLite's own checks found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Whether nothing is wrong.
    pub ok: bool,
    /// What `PRAGMA integrity_check` said, unless it said `ok`.
    pub integrity: Vec<String>,
    /// Rows that point at rows which are not there, as `table row -> table`.
    pub foreign_keys: Vec<String>,
}

/// Runs `integrity_check` and `foreign_key_check`.
///
/// # Errors
/// The file cannot be read, is not ours or of another schema.
pub fn check(path: &Path) -> Result<Verdict, StoreError> {
    migrate::refuse_strangers(path)?;
    let connection = open::connect_read_only(path)?;
    migrate::verify(&connection, path)?;
    let integrity = connection
        .prepare("PRAGMA integrity_check")?
        .query_map([], |row| row.get::<_, String>(0))?
        .filter(|line| !matches!(line, Ok(line) if line == "ok"))
        .collect::<Result<Vec<_>, _>>()?;
    let foreign_keys = connection
        .prepare("PRAGMA foreign_key_check")?
        .query_map([], |row| {
            let (table, id, parent): (String, Option<i64>, String) =
                (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(format!("{table} {} -> {parent}", id.unwrap_or_default()))
        })?
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Verdict {
        ok: integrity.is_empty() && foreign_keys.is_empty(),
        integrity,
        foreign_keys,
    })
}
