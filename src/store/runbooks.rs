//! Runbooks, as the Markdown they were written in.

use rusqlite::{Row, params};

use super::{Db, StoreError};
use crate::domain::timestamp::Timestamp;

/// A stored runbook: its source, and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRunbook {
    /// For example `rb-disk-full`.
    pub id: String,
    /// Whether it came with the program.
    pub builtin: bool,
    /// What people call it.
    pub title: String,
    /// The file as it was written.
    pub markdown: String,
    /// Names this version of it.
    pub content_hash: String,
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<StoredRunbook> {
    Ok(StoredRunbook {
        id: row.get(0)?,
        builtin: row.get_ref(1)?.as_str()? == "builtin",
        title: row.get(2)?,
        markdown: row.get(3)?,
        content_hash: row.get(4)?,
    })
}

/// All of them, by id.
///
/// # Errors
/// The database refuses.
pub fn all(db: &Db) -> Result<Vec<StoredRunbook>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT id, origin, title, markdown, content_hash FROM runbooks ORDER BY id",
    )?;
    let rows = statement.query_map([], from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Makes the built-in runbooks of the database those of this program: new ones are added, changed
/// ones replaced, those that the program no longer has removed. A user's own runbook is never
/// touched, whatever its id. Answers how many rows changed.
///
/// # Errors
/// The database refuses.
pub fn replace_builtin(
    db: &Db,
    builtin: &[StoredRunbook],
    now: Timestamp,
) -> Result<usize, StoreError> {
    let mut changed = 0;
    let ids: Vec<&str> = builtin.iter().map(|runbook| runbook.id.as_str()).collect();
    let kept = serde_json::to_string(&ids).unwrap_or_else(|_| "[]".to_owned());
    changed += db.execute(
        "DELETE FROM runbooks WHERE origin = 'builtin' \
         AND id NOT IN (SELECT value FROM json_each(?1))",
        [kept],
    )?;
    for runbook in builtin {
        changed += db.execute(
            "INSERT INTO runbooks (id, origin, title, markdown, content_hash, updated_at) \
             VALUES (?1, 'builtin', ?2, ?3, ?4, ?5) \
             ON CONFLICT (id) DO UPDATE SET title = excluded.title, \
             markdown = excluded.markdown, content_hash = excluded.content_hash, \
             updated_at = excluded.updated_at \
             WHERE origin = 'builtin' AND content_hash <> excluded.content_hash",
            params![
                runbook.id,
                runbook.title,
                runbook.markdown,
                runbook.content_hash,
                now.as_millis()
            ],
        )?;
    }
    Ok(changed)
}
