//! Signals: immutable rows, newest first.

use rusqlite::types::ToSql;
use rusqlite::{OptionalExtension, Row, params, params_from_iter};
use serde_json::{Map, Value};

use super::{Db, StoreError};
use crate::domain::fingerprint::{Fingerprint, Rule};
use crate::domain::incident::lifecycle::{After, Observation};
use crate::domain::severity::Severity;
use crate::domain::signal::{Signal, Status, TimeFlag};
use crate::domain::timestamp::Timestamp;

const COLUMNS: &str = "id, site_id, kind, summary, detail, severity, source, status, observed_at, \
     received_at, time_flag, expires_at, dedup_key, agent_id, fingerprint, fingerprint_of, \
     runbook_id, redactions, demo, incident_id";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Signal> {
    let time_flag: Option<String> = row.get(10)?;
    Ok(Signal {
        id: row.get(0)?,
        site_id: row.get(1)?,
        kind: row.get(2)?,
        summary: row.get(3)?,
        detail: json_object(row.get_ref(4)?.as_str()?),
        severity: Severity::parse_stored(row.get_ref(5)?.as_str()?),
        source: row.get(6)?,
        status: Status::parse(row.get_ref(7)?.as_str()?).unwrap_or_default(),
        observed_at: Timestamp::from_millis(row.get(8)?),
        received_at: Timestamp::from_millis(row.get(9)?),
        time_flag: time_flag.as_deref().and_then(TimeFlag::parse),
        expires_at: row.get::<_, Option<i64>>(11)?.map(Timestamp::from_millis),
        dedup_key: row.get(12)?,
        agent_id: row.get(13)?,
        fingerprint: row.get(14)?,
        fingerprint_of: serde_json::from_str(row.get_ref(15)?.as_str()?).unwrap_or(Fingerprint {
            rule: Rule::Summary,
            fields: Vec::new(),
        }),
        runbook_id: row.get(16)?,
        redactions: row.get(17)?,
        demo: row.get(18)?,
        incident_id: row.get(19)?,
    })
}

fn json_object(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).unwrap_or_default()
}

/// Which signals a list is about. Everything that is set must hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// Of this site.
    pub site: Option<String>,
    /// Of this severity.
    pub severity: Option<Severity>,
    /// Of this kind.
    pub kind: Option<String>,
    /// From this source.
    pub source: Option<String>,
    /// Happened at or after this.
    pub since: Option<Timestamp>,
    /// Happened before this.
    pub until: Option<Timestamp>,
    /// Words that must all stand in the summary, the kind, the site or the detail.
    pub words: Vec<String>,
    /// Older than the signal of this number.
    pub before: Option<i64>,
    /// Whether agents' heartbeats count too.
    pub heartbeats: bool,
}

impl Filter {
    /// The conditions and their values.
    fn to_sql(&self) -> (String, Vec<Box<dyn ToSql>>) {
        let mut sql = String::from("1");
        let mut values: Vec<Box<dyn ToSql>> = Vec::new();
        let mut and = |condition: &str, value: Box<dyn ToSql>| {
            values.push(value);
            sql.push_str(" AND ");
            sql.push_str(&condition.replace('?', &format!("?{}", values.len())));
        };
        if let Some(site) = &self.site {
            and("site_id = ?", Box::new(site.clone()));
        }
        if let Some(severity) = self.severity {
            and("severity = ?", Box::new(severity.as_str()));
        }
        if let Some(kind) = &self.kind {
            and("kind = ?", Box::new(kind.clone()));
        }
        if let Some(source) = &self.source {
            and("source = ?", Box::new(source.clone()));
        }
        if let Some(since) = self.since {
            and("happened_at >= ?", Box::new(since.as_millis()));
        }
        if let Some(until) = self.until {
            and("happened_at < ?", Box::new(until.as_millis()));
        }
        if let Some(before) = self.before {
            and(
                "(happened_at, id) < (SELECT happened_at, id FROM signals WHERE id = ?)",
                Box::new(before),
            );
        }
        for word in &self.words {
            and(
                "(summary LIKE ? ESCAPE '\\' OR kind LIKE ? ESCAPE '\\' \
                 OR site_id LIKE ? ESCAPE '\\' OR detail LIKE ? ESCAPE '\\')",
                Box::new(like(word)),
            );
        }
        if !self.heartbeats {
            and("heartbeat = ?", Box::new(0));
        }
        (sql, values)
    }
}

/// A pattern that finds `word` anywhere, with nothing in it that the pattern language knows.
fn like(word: &str) -> String {
    let escaped = word
        .replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_");
    format!("%{escaped}%")
}

/// Stores a signal that has no number yet, and answers the number it got.
///
/// # Errors
/// The database refuses.
pub fn insert(db: &Db, signal: &Signal) -> Result<i64, StoreError> {
    let detail = serde_json::to_string(&signal.detail).unwrap_or_else(|_| "{}".to_owned());
    let why = serde_json::to_string(&signal.fingerprint_of).unwrap_or_else(|_| "{}".to_owned());
    db.prepare_cached(
        "INSERT INTO signals (site_id, kind, summary, detail, severity, source, status, \
         observed_at, received_at, happened_at, time_flag, expires_at, dedup_key, agent_id, \
         fingerprint, fingerprint_of, runbook_id, redactions, heartbeat, demo, incident_id) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, \
         ?19, ?20, ?21)",
    )?
    .execute(params![
        signal.site_id,
        signal.kind,
        signal.summary,
        detail,
        signal.severity.as_str(),
        signal.source,
        signal.status.as_str(),
        signal.observed_at.as_millis(),
        signal.received_at.as_millis(),
        signal.happened_at().as_millis(),
        signal.time_flag.map(TimeFlag::as_str),
        signal.expires_at.map(Timestamp::as_millis),
        signal.dedup_key,
        signal.agent_id,
        signal.fingerprint,
        why,
        signal.runbook_id,
        signal.redactions,
        signal.is_heartbeat(),
        signal.demo,
        signal.incident_id,
    ])?;
    Ok(db.last_insert_rowid())
}

/// One signal.
///
/// # Errors
/// The database refuses.
pub fn get(db: &Db, id: i64) -> Result<Option<Signal>, StoreError> {
    Ok(db
        .prepare_cached(&format!("SELECT {COLUMNS} FROM signals WHERE id = ?1"))?
        .query_row([id], from_row)
        .optional()?)
}

/// The newest that pass the filter.
///
/// # Errors
/// The database refuses.
pub fn newest(db: &Db, filter: &Filter, limit: usize) -> Result<Vec<Signal>, StoreError> {
    let (conditions, values) = filter.to_sql();
    let sql = format!(
        "SELECT {COLUMNS} FROM signals WHERE {conditions} \
         ORDER BY happened_at DESC, id DESC LIMIT {limit}"
    );
    collect(db, &sql, params_from_iter(values))
}

/// How many of one severity one runbook fitted best.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// The severity.
    pub severity: Severity,
    /// The runbook; `None` for those that none fitted.
    pub runbook_id: Option<String>,
    /// How many.
    pub count: u64,
}

/// How many pass the filter, by severity and runbook.
///
/// # Errors
/// The database refuses.
pub fn tally(db: &Db, filter: &Filter) -> Result<Vec<Tally>, StoreError> {
    let (conditions, values) = filter.to_sql();
    // Counted here: SQLite would sort every row first to group them, which takes three times as long.
    let sql = format!("SELECT severity, runbook_id FROM signals WHERE {conditions}");
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut tally: Vec<Tally> = Vec::new();
    while let Some(row) = rows.next()? {
        let text = rusqlite::Error::from;
        let severity = Severity::parse_stored(row.get_ref(0)?.as_str().map_err(text)?);
        let runbook_id = row.get_ref(1)?.as_str_or_null().map_err(text)?;
        let known = tally
            .iter_mut()
            .find(|part| part.severity == severity && part.runbook_id.as_deref() == runbook_id);
        match known {
            Some(part) => part.count += 1,
            None => tally.push(Tally {
                severity,
                runbook_id: runbook_id.map(str::to_owned),
                count: 1,
            }),
        }
    }
    Ok(tally)
}

/// Those of these numbers, in no order. Those that are not there are left out.
///
/// # Errors
/// The database refuses.
pub fn by_ids(db: &Db, ids: &[i64]) -> Result<Vec<Signal>, StoreError> {
    let sql =
        format!("SELECT {COLUMNS} FROM signals WHERE id IN (SELECT value FROM json_each(?1))");
    collect(db, &sql, [serde_json::json!(ids).to_string()])
}

/// The newest of one fingerprint, newest first.
///
/// # Errors
/// The database refuses.
pub fn of_fingerprint(db: &Db, fingerprint: &str, limit: usize) -> Result<Vec<Signal>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM signals WHERE fingerprint = ?1 \
         ORDER BY happened_at DESC, id DESC LIMIT {limit}"
    );
    collect(db, &sql, [fingerprint])
}

/// What the newest signal of a fingerprint said, heartbeats apart.
///
/// # Errors
/// The database refuses.
pub fn newest_observation(db: &Db, fingerprint: &str) -> Result<Option<Observation>, StoreError> {
    Ok(db
        .prepare_cached(
            "SELECT happened_at, status, severity FROM signals WHERE fingerprint = ?1 \
             ORDER BY happened_at DESC, id DESC LIMIT 1",
        )?
        .query_row([fingerprint], |row| {
            Ok(Observation {
                at: Timestamp::from_millis(row.get(0)?),
                status: Status::parse(row.get_ref(1)?.as_str()?).unwrap_or_default(),
                severity: Severity::parse_stored(row.get_ref(2)?.as_str()?),
            })
        })
        .optional()?)
}

/// What signals of a fingerprint said about the time after `at`.
///
/// # Errors
/// The database refuses.
pub fn observed_after(db: &Db, fingerprint: &str, at: Timestamp) -> Result<After, StoreError> {
    Ok(db
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM signals WHERE fingerprint = ?1 AND happened_at > ?2 \
             AND status = 'firing' AND severity <> 'info'), \
             EXISTS (SELECT 1 FROM signals WHERE fingerprint = ?1 AND happened_at > ?2 \
             AND status = 'resolved')",
        )?
        .query_row(params![fingerprint, at.as_millis()], |row| {
            Ok(After {
                problem: row.get(0)?,
                resolved: row.get(1)?,
            })
        })?)
}

/// The newest of one incident, newest first.
///
/// # Errors
/// The database refuses.
pub fn of_incident(
    db: &Db,
    (fingerprint, incident_id): (&str, i64),
    limit: usize,
) -> Result<Vec<Signal>, StoreError> {
    // By way of the fingerprint, which is indexed: an index of its own would cost every insert.
    let sql = format!(
        "SELECT {COLUMNS} FROM signals WHERE fingerprint = ?1 AND incident_id = ?2 \
         ORDER BY happened_at DESC, id DESC LIMIT {limit}"
    );
    collect(db, &sql, params![fingerprint, incident_id])
}

/// Signals of a site that tell of a change, within a span of time, newest first.
///
/// # Errors
/// The database refuses.
pub fn changes_between(
    db: &Db,
    site_id: &str,
    (from, until): (Timestamp, Timestamp),
    limit: usize,
) -> Result<Vec<Signal>, StoreError> {
    // Written out, not bound: the partial index is chosen by it.
    let sql = format!(
        "SELECT {COLUMNS} FROM signals WHERE kind IN ('gateway_changed', 'host_new', 'host_gone', \
         'host_address_changed', 'address_conflict', 'service_new', 'service_gone') \
         AND site_id = ?1 AND happened_at BETWEEN ?2 AND ?3 \
         ORDER BY happened_at DESC, id DESC LIMIT {limit}"
    );
    let span = params![site_id, from.as_millis(), until.as_millis()];
    collect(db, &sql, span)
}

/// The newest signal of each problem that happened since `since` and holds at `now`, newest problem
/// first. Heartbeats are no problem.
///
/// # Errors
/// The database refuses.
pub fn latest_of_each_problem(
    db: &Db,
    (since, now): (Timestamp, Timestamp),
    limit: usize,
) -> Result<Vec<Signal>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM signals AS s WHERE happened_at >= ?1 AND heartbeat = 0 \
         AND status = 'firing' AND coalesce(expires_at, ?2 + 1) > ?2 \
         AND NOT EXISTS (SELECT 1 FROM signals AS later WHERE later.fingerprint = s.fingerprint \
         AND (later.happened_at, later.id) > (s.happened_at, s.id)) \
         ORDER BY happened_at DESC, id DESC LIMIT {limit}"
    );
    collect(db, &sql, [since.as_millis(), now.as_millis()])
}

/// How many there are.
///
/// # Errors
/// The database refuses.
pub fn is_empty(db: &Db) -> Result<bool, StoreError> {
    Ok(!db
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM signals)")?
        .query_row([], |row| row.get::<_, bool>(0))?)
}

fn collect(db: &Db, sql: &str, values: impl rusqlite::Params) -> Result<Vec<Signal>, StoreError> {
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map(values, from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}
