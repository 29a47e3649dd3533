//! Runbooks, as the Markdown they were written in, and every version there ever was.

use rusqlite::{OptionalExtension, Row, params};

use super::{Db, StoreError};
use crate::domain::actor::{Actor, ActorKind};
use crate::domain::runbook::{Origin, Runbook};
use crate::domain::timestamp::Timestamp;

/// A stored runbook: its source, and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRunbook {
    /// For example `rb-disk-full`.
    pub id: String,
    /// [`Origin::Builtin`] or [`Origin::Own`]; files stay in their folder.
    pub origin: Origin,
    /// What people call it.
    pub title: String,
    /// The file as it was written.
    pub markdown: String,
    /// Names this version of it.
    pub content_hash: String,
}

impl From<&Runbook> for StoredRunbook {
    fn from(runbook: &Runbook) -> Self {
        Self {
            id: runbook.id.clone(),
            origin: runbook.origin,
            title: runbook.title.clone(),
            markdown: runbook.markdown.clone(),
            content_hash: runbook.content_hash.clone(),
        }
    }
}

/// One text that was in force at some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Of the runbook.
    pub id: String,
    /// Names it among the runbook's versions.
    pub content_hash: String,
    /// Where it came from.
    pub origin: Origin,
    /// The file as it was written.
    pub markdown: String,
    /// When it was first in force.
    pub first_seen: Timestamp,
    /// Who brought it, where that is known.
    pub by: Option<Actor>,
}

/// What [`put_own`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// There was none of this id.
    Added,
    /// Another text stood there.
    Changed,
    /// The same text stood there.
    Same,
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<StoredRunbook> {
    Ok(StoredRunbook {
        id: row.get(0)?,
        origin: origin(row.get_ref(1)?.as_str()?),
        title: row.get(2)?,
        markdown: row.get(3)?,
        content_hash: row.get(4)?,
    })
}

fn origin(word: &str) -> Origin {
    Origin::parse(word).unwrap_or_default()
}

/// All of them, by id, a built-in one before the own one of the same id.
///
/// # Errors
/// The database refuses.
pub fn all(db: &Db) -> Result<Vec<StoredRunbook>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT id, origin, title, markdown, content_hash FROM runbooks ORDER BY id, origin",
    )?;
    let rows = statement.query_map([], from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What names the state of all of them: it is another one whenever [`all`] would answer another
/// list. Cheap, since no text is read.
///
/// # Errors
/// The database refuses.
pub fn state(db: &Db) -> Result<Vec<(String, String, String)>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT content_hash, id, origin FROM runbooks INDEXED BY runbooks_by_content \
         ORDER BY content_hash, id, origin",
    )?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
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
        changed += put(db, Origin::Builtin, runbook, now)?;
        note_version(db, runbook, Some(&Actor::program()), now)?;
    }
    Ok(changed)
}

/// Keeps a user's own runbook, in place of an own one of the same id.
///
/// # Errors
/// The database refuses.
pub fn put_own(
    db: &Db,
    runbook: &StoredRunbook,
    by: &Actor,
    now: Timestamp,
) -> Result<Put, StoreError> {
    let known: Option<String> = db
        .prepare_cached("SELECT content_hash FROM runbooks WHERE id = ?1 AND origin = 'own'")?
        .query_row([&runbook.id], |row| row.get(0))
        .optional()?;
    let done = match known {
        None => Put::Added,
        Some(hash) if hash == runbook.content_hash => Put::Same,
        Some(_) => Put::Changed,
    };
    put(db, Origin::Own, runbook, now)?;
    note_version(db, runbook, Some(by), now)?;
    Ok(done)
}

fn put(
    db: &Db,
    origin: Origin,
    runbook: &StoredRunbook,
    now: Timestamp,
) -> Result<usize, StoreError> {
    Ok(db
        .prepare_cached(
            "INSERT INTO runbooks (id, origin, title, markdown, content_hash, updated_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
             ON CONFLICT (id, origin) DO UPDATE SET title = excluded.title, \
             markdown = excluded.markdown, content_hash = excluded.content_hash, \
             updated_at = excluded.updated_at \
             WHERE content_hash <> excluded.content_hash",
        )?
        .execute(params![
            runbook.id,
            origin.as_str(),
            runbook.title,
            runbook.markdown,
            runbook.content_hash,
            now.as_millis()
        ])?)
}

/// Removes a user's own runbook; the built-in one of the same id, if there is one, is in force
/// again. False where there is no own one. Its versions stay.
///
/// # Errors
/// The database refuses.
pub fn remove_own(db: &Db, id: &str) -> Result<bool, StoreError> {
    let removed = db.execute(
        "DELETE FROM runbooks WHERE id = ?1 AND origin = 'own'",
        [id],
    )?;
    Ok(removed > 0)
}

/// Notes that a text is in force. One that was noted before is left as it is. True where it is new.
///
/// # Errors
/// The database refuses.
pub fn note_version(
    db: &Db,
    runbook: &StoredRunbook,
    by: Option<&Actor>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let added = db
        .prepare_cached(
            "INSERT INTO runbook_versions (id, content_hash, origin, markdown, first_seen, \
             actor_kind, actor_name) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            runbook.id,
            runbook.content_hash,
            runbook.origin.as_str(),
            runbook.markdown,
            now.as_millis(),
            by.map(|by| by.kind.as_str()),
            by.map(|by| by.name.as_str()),
        ])?;
    Ok(added > 0)
}

const VERSION: &str = "SELECT id, content_hash, origin, markdown, first_seen, actor_kind, actor_name \
     FROM runbook_versions";

fn version_from_row(row: &Row<'_>) -> rusqlite::Result<Version> {
    let kind: Option<String> = row.get(5)?;
    let name: Option<String> = row.get(6)?;
    Ok(Version {
        id: row.get(0)?,
        content_hash: row.get(1)?,
        origin: origin(row.get_ref(2)?.as_str()?),
        markdown: row.get(3)?,
        first_seen: Timestamp::from_millis(row.get(4)?),
        by: kind
            .zip(name)
            .map(|(kind, name)| Actor::new(ActorKind::parse_stored(&kind), name)),
    })
}

/// One version of a runbook, in force or not: what a past run walked through.
///
/// # Errors
/// The database refuses.
pub fn version(db: &Db, id: &str, content_hash: &str) -> Result<Option<Version>, StoreError> {
    Ok(db
        .prepare_cached(&format!("{VERSION} WHERE id = ?1 AND content_hash = ?2"))?
        .query_row([id, content_hash], version_from_row)
        .optional()?)
}

/// All versions of a runbook, the newest first.
///
/// # Errors
/// The database refuses.
pub fn versions(db: &Db, id: &str) -> Result<Vec<Version>, StoreError> {
    let mut statement = db.prepare_cached(&format!(
        "{VERSION} WHERE id = ?1 ORDER BY first_seen DESC, content_hash"
    ))?;
    let rows = statement.query_map([id], version_from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A kind of signal that came in without a runbook of `known`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfitted {
    /// The kind, as senders spell it.
    pub kind: String,
    /// How many signals.
    pub count: u64,
    /// The newest of them.
    pub newest_signal_id: i64,
}

/// The kinds of signals that happened since `since`, fired, and found no runbook of these ids when
/// they came; the most frequent first.
///
/// # Errors
/// The database refuses.
pub fn unfitted(db: &Db, known: &[&str], since: Timestamp) -> Result<Vec<Unfitted>, StoreError> {
    let known = serde_json::to_string(known).unwrap_or_else(|_| "[]".to_owned());
    let mut statement = db.prepare_cached(
        "SELECT kind, count(*), max(id) FROM signals \
         WHERE happened_at >= ?1 AND heartbeat = 0 AND status = 'firing' AND (runbook_id IS NULL \
         OR runbook_id NOT IN (SELECT value FROM json_each(?2))) \
         GROUP BY kind ORDER BY 2 DESC, 1 LIMIT 500",
    )?;
    let rows = statement.query_map(params![since.as_millis(), known], |row| {
        Ok(Unfitted {
            kind: row.get(0)?,
            count: row.get(1)?,
            newest_signal_id: row.get(2)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
