//! Digests of days that are over, one row each; what a digest is made of; and when the database
//! was backed up.

use std::path::Path;

use rusqlite::{OptionalExtension, params};

use super::{Db, StoreError, incidents, open};
use crate::domain::digest::{DEVICE_KINDS, Device, Digest, Headline, Kept, Sighting, clipped};
use crate::domain::incident::Incident;
use crate::domain::signal::Status;
use crate::domain::timestamp::Timestamp;

/// Backups that are remembered.
const MOST_BACKUPS: u32 = 400;

/// The kept digest of a day. One that can no longer be read is as one that was not kept.
///
/// # Errors
/// The database refuses.
pub fn get(db: &Db, date: &str, timezone: &str) -> Result<Option<Digest>, StoreError> {
    let text: Option<String> = db
        .prepare_cached("SELECT digest FROM digests WHERE date = ?1 AND timezone = ?2")?
        .query_row([date, timezone], |row| row.get(0))
        .optional()?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

/// Keeps a day. One that is kept stays as it is.
///
/// # Errors
/// The database refuses.
pub fn keep(db: &Db, digest: &Digest) -> Result<(), StoreError> {
    let text = serde_json::to_string(digest).unwrap_or_else(|_| "{}".to_owned());
    db.prepare_cached(
        "INSERT INTO digests (date, timezone, digest) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
    )?
    .execute(params![digest.date, digest.timezone, text])?;
    Ok(())
}

/// The dates of the first and the last day that is kept.
///
/// # Errors
/// The database refuses.
pub fn ends(db: &Db, timezone: &str) -> Result<Option<(String, String)>, StoreError> {
    let (first, last): (Option<String>, Option<String>) = db
        .prepare_cached("SELECT min(date), max(date) FROM digests WHERE timezone = ?1")?
        .query_row([timezone], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(first.zip(last))
}

/// The last days that are kept, newest first.
///
/// # Errors
/// The database refuses.
pub fn newest(db: &Db, timezone: &str, limit: usize) -> Result<Vec<Kept>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT date, digest ->> '$.headline' FROM digests WHERE timezone = ?1 \
         ORDER BY date DESC LIMIT ?2",
    )?;
    let rows = statement.query_map(params![timezone, limit], |row| {
        let headline: Option<String> = row.get(1)?;
        let headline: Option<Headline> = headline.and_then(|text| serde_json::from_str(&text).ok());
        Ok(headline.map(|headline| (row.get(0), headline)))
    })?;
    let mut days = Vec::new();
    for row in rows {
        if let Some((date, headline)) = row? {
            days.push(Kept {
                date: date?,
                headline,
            });
        }
    }
    Ok(days)
}

/// The first moment that anything is known of.
///
/// # Errors
/// The database refuses.
pub fn first_moment(db: &Db) -> Result<Option<Timestamp>, StoreError> {
    // One question each: only then does each take its first entry from an index.
    let mut first: Option<i64> = None;
    for question in [
        "SELECT min(opened_at) FROM incidents",
        "SELECT min(happened_at) FROM signals",
        "SELECT min(first_seen) FROM agents",
    ] {
        let found: Option<i64> = db
            .prepare_cached(question)?
            .query_row([], |row| row.get(0))?;
        first = first.into_iter().chain(found).min();
    }
    Ok(first.map(Timestamp::from_millis))
}

/// Hands over each incident that was open at some time between `from` and `to`, and some that
/// were not: those that have been opened again since.
///
/// # Errors
/// The database refuses, or `each` does.
pub fn each_incident(
    db: &Db,
    (from, to): (Timestamp, Timestamp),
    each: &mut dyn FnMut(Incident) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let columns = incidents::COLUMNS;
    // Two questions, for an index each; the plus keeps the one by opening, which holds nearly all,
    // out of it.
    for condition in [
        "state <> 'resolved' AND ?1 = ?1",
        "state = 'resolved' AND resolved_at >= ?1",
    ] {
        let sql = format!("SELECT {columns} FROM incidents WHERE {condition} AND +opened_at < ?2");
        let mut statement = db.prepare_cached(&sql)?;
        let mut rows = statement.query([from.as_millis(), to.as_millis()])?;
        while let Some(row) = rows.next()? {
            each(incidents::from_row(row)?)?;
        }
    }
    Ok(())
}

/// Hands over what signals between `from` and `to` said of devices that came and went.
///
/// # Errors
/// The database refuses.
pub fn each_sighting(
    db: &Db,
    (from, to): (Timestamp, Timestamp),
    each: &mut dyn FnMut(Sighting),
) -> Result<(), StoreError> {
    let kinds = DEVICE_KINDS.map(|kind| format!("'{kind}'")).join(", ");
    let sql = format!(
        "SELECT id, site_id, kind, summary, happened_at, fingerprint, status FROM signals \
         WHERE happened_at >= ?1 AND happened_at < ?2 AND heartbeat = 0 AND kind IN ({kinds})"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query([from.as_millis(), to.as_millis()])?;
    while let Some(row) = rows.next()? {
        let text = rusqlite::Error::from;
        each(Sighting {
            device: Device {
                signal_id: row.get(0)?,
                site_id: row.get(1)?,
                kind: row.get(2)?,
                summary: clipped(row.get_ref(3)?.as_str().map_err(text)?),
                at: Timestamp::from_millis(row.get(4)?),
            },
            fingerprint: row.get(5)?,
            status: Status::parse(row.get_ref(6)?.as_str().map_err(text)?).unwrap_or_default(),
        });
    }
    Ok(())
}

/// How many incidents opened, and how many were resolved and stayed so, since `since`.
///
/// # Errors
/// The database refuses.
pub fn moved_since(db: &Db, since: Timestamp) -> Result<(u64, u64), StoreError> {
    const OPENED: &str = "AND EXISTS (SELECT 1 FROM incident_events AS e WHERE e.incident_id = i.id \
         AND e.at >= ?1 AND e.kind IN ('opened', 'reopened'))";
    let count = |condition: &str| -> Result<u64, StoreError> {
        let sql = format!("SELECT count(*) FROM incidents AS i WHERE {condition}");
        Ok(db
            .prepare_cached(&sql)?
            .query_row([since.as_millis()], |row| row.get(0))?)
    };
    let resolved = "i.state = 'resolved' AND i.resolved_at >= ?1";
    let opened = count(&format!("i.state <> 'resolved' {OPENED}"))?
        + count(&format!("{resolved} {OPENED}"))?;
    Ok((opened, count(resolved)?))
}

/// The newest backup before a moment: whose data it holds, and its size in bytes.
///
/// # Errors
/// The database refuses.
pub fn newest_backup(db: &Db, before: Timestamp) -> Result<Option<(Timestamp, u64)>, StoreError> {
    Ok(db
        .prepare_cached("SELECT at, bytes FROM backups WHERE at < ?1 ORDER BY at DESC LIMIT 1")?
        .query_row([before.as_millis()], |row| {
            Ok((Timestamp::from_millis(row.get(0)?), row.get(1)?))
        })
        .optional()?)
}

/// Remembers that a copy of the database as it was at `at` was made, beside a server that may be
/// writing.
///
/// # Errors
/// The database cannot be written. The copy is as good without.
pub fn backed_up(database: &Path, at: Timestamp, bytes: u64) -> Result<(), StoreError> {
    let db = open::connect(database)?;
    db.execute(
        "INSERT INTO backups (at, bytes) VALUES (?1, ?2) \
         ON CONFLICT DO UPDATE SET bytes = excluded.bytes",
        params![at.as_millis(), bytes],
    )?;
    db.execute(
        "DELETE FROM backups WHERE at NOT IN (SELECT at FROM backups ORDER BY at DESC LIMIT ?1)",
        [MOST_BACKUPS],
    )?;
    Ok(())
}
