//! Timelines of incidents: rows that are only ever added.

use rusqlite::{Row, params};

use super::{Db, StoreError};
use crate::domain::actor::{Actor, ActorKind};
use crate::domain::incident::{Event, EventKind};
use crate::domain::timestamp::Timestamp;

const COLUMNS: &str = "id, at, kind, actor_kind, actor, signal_id, note, data";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Event> {
    let data = row.get_ref(7)?.as_str_or_null()?;
    Ok(Event {
        id: row.get(0)?,
        at: Timestamp::from_millis(row.get(1)?),
        kind: EventKind::parse(row.get_ref(2)?.as_str()?).unwrap_or(EventKind::Note),
        actor: Actor::new(
            ActorKind::parse_stored(row.get_ref(3)?.as_str()?),
            row.get::<_, String>(4)?,
        ),
        signal_id: row.get(5)?,
        note: row.get(6)?,
        data: data.and_then(|text| serde_json::from_str(text).ok()),
    })
}

/// Adds an entry and answers its number.
///
/// # Errors
/// The database refuses.
pub fn add(db: &Db, incident_id: i64, event: &Event) -> Result<i64, StoreError> {
    db.prepare_cached(
        "INSERT INTO incident_events (incident_id, at, kind, actor_kind, actor, signal_id, note, \
         data) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        incident_id,
        event.at.as_millis(),
        event.kind.as_str(),
        event.actor.kind.as_str(),
        event.actor.name,
        event.signal_id,
        event.note,
        event.data.as_ref().map(ToString::to_string),
    ])?;
    Ok(db.last_insert_rowid())
}

/// The newest entries of one incident, oldest first.
///
/// # Errors
/// The database refuses.
pub fn of(db: &Db, incident_id: i64, limit: usize) -> Result<Vec<Event>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM incident_events WHERE incident_id = ?1 \
         ORDER BY at DESC, id DESC LIMIT {limit}"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let rows = statement.query_map([incident_id], from_row)?;
    let mut events: Vec<Event> = rows.collect::<Result<_, _>>()?;
    events.reverse();
    Ok(events)
}

/// When the incidents of a fingerprint opened, since `since`.
///
/// # Errors
/// The database refuses.
pub fn openings(
    db: &Db,
    fingerprint: &str,
    since: Timestamp,
) -> Result<Vec<Timestamp>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT e.at FROM incidents AS i JOIN incident_events AS e ON e.incident_id = i.id \
         WHERE i.fingerprint = ?1 AND coalesce(i.resolved_at, e.at) >= ?2 AND e.at >= ?2 \
         AND e.kind IN ('opened', 'reopened')",
    )?;
    let rows = statement.query_map(params![fingerprint, since.as_millis()], |row| {
        Ok(Timestamp::from_millis(row.get(0)?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
