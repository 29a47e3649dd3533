//! Incidents: one row each, of which at most one for a fingerprint is unresolved.

mod filter;

use rusqlite::{OptionalExtension, Row, params, params_from_iter};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Db, StoreError};
use crate::domain::actor::Actor;
use crate::domain::fingerprint::{Fingerprint, Rule};
use crate::domain::incident::{Incident, Resolution, Resolved, State};
use crate::domain::severity::Severity;
use crate::domain::signal::Signal;
use crate::domain::timestamp::Timestamp;

pub use self::filter::Filter;

pub(super) const COLUMNS: &str = "id, site_id, fingerprint, fingerprint_of, kind, summary, source, agent_id, \
     dedup_key, severity, worst_severity, first_signal_id, last_signal_id, signal_count, opened_at, \
     last_seen_at, confirmed_at, expires_at, state, openings, flapping, previous_id, runbook_id, \
     resolved_at, resolution, demo, acknowledged, snoozed, closed_by";

/// Who closed it and what they said; when and why stand in columns of their own.
#[derive(Serialize, serde::Deserialize)]
struct ClosedBy {
    by: Actor,
    note: Option<String>,
}

pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<Incident> {
    let moment = |column: usize| -> rusqlite::Result<Option<Timestamp>> {
        Ok(row
            .get::<_, Option<i64>>(column)?
            .map(Timestamp::from_millis))
    };
    let closed: Option<ClosedBy> = json(row, 28)?;
    let reason = row
        .get_ref(24)?
        .as_str_or_null()?
        .and_then(Resolution::parse);
    let resolved = moment(23)?.zip(reason).map(|(at, reason)| {
        let closed = closed.unwrap_or_else(|| ClosedBy {
            by: Actor::program(),
            note: None,
        });
        Resolved {
            at,
            reason,
            by: closed.by,
            note: closed.note,
        }
    });
    Ok(Incident {
        id: row.get(0)?,
        site_id: row.get(1)?,
        fingerprint: row.get(2)?,
        fingerprint_of: json(row, 3)?.unwrap_or(Fingerprint {
            rule: Rule::Summary,
            fields: Vec::new(),
        }),
        kind: row.get(4)?,
        summary: row.get(5)?,
        source: row.get(6)?,
        agent_id: row.get(7)?,
        dedup_key: row.get(8)?,
        severity: Severity::parse_stored(row.get_ref(9)?.as_str()?),
        worst_severity: Severity::parse_stored(row.get_ref(10)?.as_str()?),
        first_signal_id: row.get(11)?,
        last_signal_id: row.get(12)?,
        count: row.get(13)?,
        opened_at: Timestamp::from_millis(row.get(14)?),
        last_seen_at: Timestamp::from_millis(row.get(15)?),
        confirmed_at: moment(16)?,
        expires_at: moment(17)?,
        state: State::parse(row.get_ref(18)?.as_str()?).unwrap_or(State::Open),
        openings: row.get(19)?,
        flapping: row.get(20)?,
        previous_id: row.get(21)?,
        runbook_id: row.get(22)?,
        resolved,
        demo: row.get(25)?,
        acknowledged: json(row, 26)?,
        snoozed: json(row, 27)?,
        folded_under: None,
        folds: Vec::new(),
    })
}

fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<T>> {
    let text = row.get_ref(column)?.as_str_or_null()?;
    Ok(text.and_then(|text| serde_json::from_str(text).ok()))
}

fn text<T: Serialize>(value: Option<&T>) -> Option<String> {
    serde_json::to_string(value?).ok()
}

/// One incident.
///
/// # Errors
/// The database refuses.
pub fn get(db: &Db, id: i64) -> Result<Option<Incident>, StoreError> {
    Ok(db
        .prepare_cached(&format!("SELECT {COLUMNS} FROM incidents WHERE id = ?1"))?
        .query_row([id], from_row)
        .optional()?)
}

/// Those that pass the filter, the newest opened first.
///
/// # Errors
/// The database refuses.
pub fn newest(db: &Db, filter: &Filter, limit: usize) -> Result<Vec<Incident>, StoreError> {
    let (conditions, values) = filter.to_sql();
    let sql = format!(
        "SELECT {COLUMNS} FROM incidents WHERE {conditions} \
         ORDER BY opened_at DESC, id DESC LIMIT {limit}"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(values), from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The incident of a fingerprint that is unresolved.
///
/// # Errors
/// The database refuses.
pub fn unresolved_of(db: &Db, fingerprint: &str) -> Result<Option<Incident>, StoreError> {
    let sql =
        format!("SELECT {COLUMNS} FROM incidents WHERE fingerprint = ?1 AND state <> 'resolved'");
    Ok(db
        .prepare_cached(&sql)?
        .query_row([fingerprint], from_row)
        .optional()?)
}

/// The incident of a fingerprint that is unresolved, or else the one that opened last.
///
/// # Errors
/// The database refuses.
pub fn latest_of(db: &Db, fingerprint: &str) -> Result<Option<Incident>, StoreError> {
    // Two look-ups: one statement for both would sort, which costs more than all else that is done
    // for a signal.
    let unresolved = unresolved_of(db, fingerprint)?;
    if unresolved.is_some() {
        return Ok(unresolved);
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM incidents WHERE fingerprint = ?1 \
         ORDER BY opened_at DESC, id DESC LIMIT 1"
    );
    Ok(db
        .prepare_cached(&sql)?
        .query_row([fingerprint], from_row)
        .optional()?)
}

/// Stores an incident that has no number yet, and answers the number it got.
///
/// # Errors
/// Another one of its fingerprint is unresolved, or the database refuses.
pub fn insert(db: &Db, incident: &Incident) -> Result<i64, StoreError> {
    let why = serde_json::to_string(&incident.fingerprint_of).unwrap_or_else(|_| "{}".to_owned());
    db.prepare_cached(
        "INSERT INTO incidents (site_id, fingerprint, fingerprint_of, kind, summary, source, \
         agent_id, dedup_key, severity, worst_severity, signal_count, opened_at, last_seen_at, \
         expires_at, state, previous_id, runbook_id, demo) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
    )?
    .execute(params![
        incident.site_id,
        incident.fingerprint,
        why,
        incident.kind,
        incident.summary,
        incident.source,
        incident.agent_id,
        incident.dedup_key,
        incident.severity.as_str(),
        incident.worst_severity.as_str(),
        incident.count,
        incident.opened_at.as_millis(),
        incident.last_seen_at.as_millis(),
        incident.expires_at.map(Timestamp::as_millis),
        incident.state.as_str(),
        incident.previous_id,
        incident.runbook_id,
        incident.demo,
    ])?;
    Ok(db.last_insert_rowid())
}

/// The incident that `signal` says nothing new about: unresolved, of the same severity, and not
/// seen later. Most signals have one.
///
/// # Errors
/// The database refuses.
pub fn repeated_by(db: &Db, signal: &Signal) -> Result<Option<i64>, StoreError> {
    Ok(db
        .prepare_cached(
            "SELECT id FROM incidents WHERE fingerprint = ?1 AND state <> 'resolved' \
             AND severity = ?2 AND last_seen_at <= ?3",
        )?
        .query_row(
            params![
                signal.fingerprint,
                signal.severity.as_str(),
                signal.happened_at().as_millis()
            ],
            |row| row.get(0),
        )
        .optional()?)
}

/// Counts in a signal that [`repeated_by`] found the incident of.
///
/// # Errors
/// The database refuses.
pub fn count_repeat(db: &Db, id: i64, signal: &Signal) -> Result<(), StoreError> {
    // No RETURNING and nothing read back: SQLite would make a table for it each time.
    db.prepare_cached(
        "UPDATE incidents SET signal_count = signal_count + 1, last_seen_at = ?2, \
         last_signal_id = ?3, summary = ?4, expires_at = ?5, \
         runbook_id = coalesce(?6, runbook_id) WHERE id = ?1",
    )?
    .execute(params![
        id,
        signal.happened_at().as_millis(),
        signal.id,
        signal.summary,
        signal.expires_at.map(Timestamp::as_millis),
        signal.runbook_id,
    ])?;
    Ok(())
}

/// Stores what one more signal changed, where the state stayed as it was.
///
/// # Errors
/// The database refuses.
pub fn save_news(db: &Db, incident: &Incident) -> Result<(), StoreError> {
    // No column that an index holds: those would be written anew each time.
    db.prepare_cached(
        "UPDATE incidents SET summary = ?2, severity = ?3, worst_severity = ?4, \
         first_signal_id = ?5, last_signal_id = ?6, signal_count = ?7, last_seen_at = ?8, \
         expires_at = ?9, runbook_id = ?10 WHERE id = ?1",
    )?
    .execute(params![
        incident.id,
        incident.summary,
        incident.severity.as_str(),
        incident.worst_severity.as_str(),
        incident.first_signal_id,
        incident.last_signal_id,
        incident.count,
        incident.last_seen_at.as_millis(),
        incident.expires_at.map(Timestamp::as_millis),
        incident.runbook_id,
    ])?;
    Ok(())
}

/// Stores everything that can change.
///
/// # Errors
/// Another one of its fingerprint is unresolved, or the database refuses.
pub fn save(db: &Db, incident: &Incident) -> Result<(), StoreError> {
    let resolved = incident.resolved.as_ref();
    let closed_by = resolved.map(|resolved| ClosedBy {
        by: resolved.by.clone(),
        note: resolved.note.clone(),
    });
    db.prepare_cached(
        "UPDATE incidents SET summary = ?2, severity = ?3, worst_severity = ?4, \
         first_signal_id = ?5, last_signal_id = ?6, signal_count = ?7, last_seen_at = ?8, \
         expires_at = ?9, runbook_id = ?10, state = ?11, opened_at = ?12, openings = ?13, \
         flapping = ?14, resolved_at = ?15, resolution = ?16, acknowledged = ?17, snoozed = ?18, \
         snoozed_until = ?19, closed_by = ?20, confirmed_at = ?21 WHERE id = ?1",
    )?
    .execute(params![
        incident.id,
        incident.summary,
        incident.severity.as_str(),
        incident.worst_severity.as_str(),
        incident.first_signal_id,
        incident.last_signal_id,
        incident.count,
        incident.last_seen_at.as_millis(),
        incident.expires_at.map(Timestamp::as_millis),
        incident.runbook_id,
        incident.state.as_str(),
        incident.opened_at.as_millis(),
        incident.openings,
        incident.flapping,
        resolved.map(|resolved| resolved.at.as_millis()),
        resolved.map(|resolved| resolved.reason.as_str()),
        text(incident.acknowledged.as_ref()),
        text(incident.snoozed.as_ref()),
        incident.snoozed.as_ref().map(|mark| mark.until.as_millis()),
        text(closed_by.as_ref()),
        incident.confirmed_at.map(Timestamp::as_millis),
    ])?;
    Ok(())
}

/// Notes that agents still list these.
///
/// # Errors
/// The database refuses.
pub fn confirm(db: &Db, ids: &[i64], at: Timestamp) -> Result<(), StoreError> {
    let mut statement =
        db.prepare_cached("UPDATE incidents SET confirmed_at = ?2 WHERE id = ?1")?;
    for id in ids {
        statement.execute(params![id, at.as_millis()])?;
    }
    Ok(())
}

/// Unresolved incidents whose snooze is over, that expired, or that had no news since
/// `no_news_since`.
///
/// # Errors
/// The database refuses.
pub fn due(db: &Db, now: Timestamp, no_news_since: Timestamp) -> Result<Vec<Incident>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM incidents WHERE state <> 'resolved' AND (snoozed_until <= ?1 \
         OR expires_at <= ?1 OR max(last_seen_at, coalesce(confirmed_at, 0)) < ?2)"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let rows = statement.query_map(
        params![now.as_millis(), no_news_since.as_millis()],
        from_row,
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// How many are in each state, and how bad the worst open one is.
///
/// # Errors
/// The database refuses.
pub fn tally(db: &Db) -> Result<Vec<(State, Severity, u64)>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT state, severity, count(*) FROM incidents WHERE state <> 'resolved' \
         GROUP BY state, severity",
    )?;
    let rows = statement.query_map([], |row| {
        Ok((
            State::parse(row.get_ref(0)?.as_str()?).unwrap_or(State::Open),
            Severity::parse_stored(row.get_ref(1)?.as_str()?),
            row.get(2)?,
        ))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
