//! Guided runs: one row each, of which at most one for an incident and a runbook is active, and
//! a row for each mark of a step.

use std::collections::HashMap;

use rusqlite::types::Type;
use rusqlite::{OptionalExtension, Row, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Db, StoreError};
use crate::domain::actor::{Actor, ActorKind};
use crate::domain::run::{
    EpisodeRun, MAX_MARKS, Mark, Outcome, Progress, Records, Run, RunHead, State, StepState, median,
};
use crate::domain::timestamp::Timestamp;

const COLUMNS: &str = "id, incident_id, signal_id, runbook_id, content_hash, title, state, \
     started_by, started_at, finished_by, finished_at, outcome, what_fixed_it";

fn from_row(row: &Row<'_>) -> rusqlite::Result<RunHead> {
    let outcome: Option<String> = row.get(11)?;
    Ok(RunHead {
        id: row.get(0)?,
        incident_id: row.get(1)?,
        signal_id: row.get(2)?,
        runbook_id: row.get(3)?,
        content_hash: row.get(4)?,
        title: row.get(5)?,
        state: State::parse(row.get_ref(6)?.as_str()?).unwrap_or(State::Abandoned),
        started_by: json(row, 7)?,
        started_at: Timestamp::from_millis(row.get(8)?),
        finished_by: match row.get::<_, Option<String>>(9)? {
            Some(_) => Some(json(row, 9)?),
            None => None,
        },
        finished_at: row.get::<_, Option<i64>>(10)?.map(Timestamp::from_millis),
        outcome: outcome.as_deref().and_then(Outcome::parse),
        what_fixed_it: row.get(12)?,
        progress: Progress::default(),
    })
}

fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    serde_json::from_str(row.get_ref(column)?.as_str()?).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
    })
}

fn text(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)).into())
}

/// One run with its steps.
///
/// # Errors
/// The database refuses.
pub fn get(db: &Db, id: i64) -> Result<Option<Run>, StoreError> {
    let sql = format!("SELECT {COLUMNS}, guide, filled FROM runs WHERE id = ?1");
    let found = db
        .prepare_cached(&sql)?
        .query_row([id], |row| {
            Ok((from_row(row)?, json(row, 13)?, json(row, 14)?))
        })
        .optional()?;
    match found {
        Some((head, runbook, values)) => {
            Ok(Some(Run::restore(head, runbook, values, marks(db, id)?)))
        }
        None => Ok(None),
    }
}

/// All marks of a run that are kept, with the numbers of their steps.
fn marks(db: &Db, id: i64) -> Result<Vec<(usize, Mark)>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT step, revision, state, actor_kind, actor, at, note, output FROM run_steps \
         WHERE run_id = ?1",
    )?;
    let rows = statement.query_map([id], |row| {
        let mark = Mark {
            revision: row.get(1)?,
            state: StepState::parse(row.get_ref(2)?.as_str()?).unwrap_or(StepState::Pending),
            by: Actor::new(
                ActorKind::parse_stored(row.get_ref(3)?.as_str()?),
                row.get::<_, String>(4)?,
            ),
            at: Timestamp::from_millis(row.get(5)?),
            note: row.get(6)?,
            output: row.get(7)?,
        };
        Ok((row.get(0)?, mark))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The run of a runbook that is under way for an incident.
///
/// # Errors
/// The database refuses.
pub fn active(db: &Db, incident_id: i64, runbook_id: &str) -> Result<Option<i64>, StoreError> {
    Ok(db
        .prepare_cached(
            "SELECT id FROM runs WHERE incident_id = ?1 AND runbook_id = ?2 AND state = 'active'",
        )?
        .query_row(params![incident_id, runbook_id], |row| row.get(0))
        .optional()?)
}

/// The runs of an incident, newest first.
///
/// # Errors
/// The database refuses.
pub fn of_incident(db: &Db, incident_id: i64, limit: usize) -> Result<Vec<RunHead>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS}, json_array_length(guide, '$.steps') FROM runs WHERE incident_id = ?1 \
         ORDER BY id DESC LIMIT {limit}"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let rows = statement.query_map([incident_id], |row| {
        let mut head = from_row(row)?;
        head.progress.steps = row.get::<_, Option<usize>>(13)?.unwrap_or(0);
        Ok(head)
    })?;
    let mut heads: Vec<RunHead> = rows.collect::<Result<_, _>>()?;
    count_steps(db, incident_id, &mut heads)?;
    Ok(heads)
}

fn count_steps(db: &Db, incident_id: i64, heads: &mut [RunHead]) -> Result<(), StoreError> {
    // The other columns of a row that `max` chose are of that row.
    let mut statement = db.prepare_cached(
        "SELECT run_id, state, max(revision) FROM run_steps \
         WHERE run_id IN (SELECT id FROM runs WHERE incident_id = ?1) GROUP BY run_id, step",
    )?;
    let mut rows = statement.query([incident_id])?;
    while let Some(row) = rows.next()? {
        let (run_id, state): (i64, String) = (row.get(0)?, row.get(1)?);
        let state = StepState::parse(&state);
        if let Some(head) = heads.iter_mut().find(|head| head.id == run_id) {
            head.progress.count(state.unwrap_or(StepState::Pending));
        }
    }
    Ok(())
}

/// Stores a run that has no number yet, and answers the number it got.
///
/// # Errors
/// One of its runbook is under way for its incident, or the database refuses.
pub fn insert(db: &Db, run: &Run) -> Result<i64, StoreError> {
    let head = &run.head;
    db.prepare_cached(
        "INSERT INTO runs (incident_id, signal_id, runbook_id, content_hash, title, guide, \
         filled, state, started_by, started_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(params![
        head.incident_id,
        head.signal_id,
        head.runbook_id,
        head.content_hash,
        head.title,
        text(&run.runbook)?,
        text(&run.values)?,
        head.state.as_str(),
        text(&head.started_by)?,
        head.started_at.as_millis(),
    ])?;
    Ok(db.last_insert_rowid())
}

/// Adds a mark of a step; the oldest beyond [`MAX_MARKS`] go.
///
/// # Errors
/// There is one of its revision, or the database refuses.
pub fn add_mark(db: &Db, run_id: i64, step: usize, mark: &Mark) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO run_steps (run_id, step, revision, state, actor_kind, actor, at, note, \
         output) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        run_id,
        step,
        mark.revision,
        mark.state.as_str(),
        mark.by.kind.as_str(),
        mark.by.name,
        mark.at.as_millis(),
        mark.note,
        mark.output,
    ])?;
    if let Some(gone) = mark.revision.checked_sub(MAX_MARKS) {
        db.prepare_cached(
            "DELETE FROM run_steps WHERE run_id = ?1 AND step = ?2 AND revision <= ?3",
        )?
        .execute(params![run_id, step, gone])?;
    }
    Ok(())
}

/// Stores values, state and end.
///
/// # Errors
/// The database refuses.
pub fn save(db: &Db, run: &Run) -> Result<(), StoreError> {
    let head = &run.head;
    db.prepare_cached(
        "UPDATE runs SET filled = ?2, state = ?3, finished_by = ?4, finished_at = ?5, \
         outcome = ?6, what_fixed_it = ?7 WHERE id = ?1",
    )?
    .execute(params![
        head.id,
        text(&run.values)?,
        head.state.as_str(),
        head.finished_by.as_ref().map(text).transpose()?,
        head.finished_at.map(Timestamp::as_millis),
        head.outcome.map(Outcome::as_str),
        head.what_fixed_it,
    ])?;
    Ok(())
}

/// The finished runs of some incidents, by incident: those that helped first, then the newest.
///
/// # Errors
/// The database refuses.
pub fn finished_of(
    db: &Db,
    incident_ids: &[i64],
) -> Result<HashMap<i64, Vec<EpisodeRun>>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT incident_id, id, runbook_id, title, outcome, what_fixed_it, finished_by, \
         finished_at FROM runs WHERE incident_id IN (SELECT value FROM json_each(?1)) \
         AND state = 'finished' ORDER BY outcome <> 'helped', finished_at DESC, id DESC",
    )?;
    let rows = statement.query_map([text(&incident_ids)?], |row| {
        let outcome: String = row.get(4)?;
        let run = EpisodeRun {
            run_id: row.get(1)?,
            runbook_id: row.get(2)?,
            title: row.get(3)?,
            outcome: Outcome::parse(&outcome).unwrap_or(Outcome::NotNeeded),
            what_fixed_it: row.get(5)?,
            by: json(row, 6)?,
            at: Timestamp::from_millis(row.get(7)?),
        };
        Ok((row.get(0)?, run))
    })?;
    let mut found: HashMap<i64, Vec<EpisodeRun>> = HashMap::new();
    for row in rows {
        let (incident_id, run) = row?;
        found.entry(incident_id).or_default().push(run);
    }
    Ok(found)
}

/// Counts what became of each runbook, in two walks over tables that hold no signals. Made to be
/// read once and kept for some seconds.
///
/// # Errors
/// The database refuses.
pub fn track_records(db: &Db) -> Result<Records, StoreError> {
    let mut records = Records::default();
    let mut matched = db.prepare_cached(
        "SELECT runbook_id, kind, count(*) FROM incidents WHERE runbook_id IS NOT NULL \
         GROUP BY runbook_id, kind",
    )?;
    let mut rows = matched.query([])?;
    while let Some(row) = rows.next()? {
        let count: u64 = row.get(2)?;
        records.count(row.get(0)?, row.get(1)?, |record| record.matched += count);
    }
    let mut durations: HashMap<(String, Option<String>), Vec<i64>> = HashMap::new();
    let mut runs = db.prepare_cached(
        "SELECT r.runbook_id, i.kind, r.outcome, i.resolved_at - i.opened_at \
         FROM runs AS r JOIN incidents AS i ON i.id = r.incident_id",
    )?;
    let mut rows = runs.query([])?;
    while let Some(row) = rows.next()? {
        let (runbook_id, kind): (String, String) = (row.get(0)?, row.get(1)?);
        let outcome = row.get::<_, Option<String>>(2)?;
        let outcome = outcome.as_deref().and_then(Outcome::parse);
        if let (Some(Outcome::Helped), Some(took)) = (outcome, row.get::<_, Option<i64>>(3)?) {
            for kind in [Some(kind.clone()), None] {
                let of = (runbook_id.clone(), kind);
                durations.entry(of).or_default().push(took);
            }
        }
        records.count(runbook_id, kind, |record| {
            record.runs += 1;
            record.helped += u64::from(outcome == Some(Outcome::Helped));
            record.did_not_help += u64::from(outcome == Some(Outcome::DidNotHelp));
        });
    }
    for ((runbook_id, kind), mut took) in durations {
        let minutes = median(&mut took);
        let record = match kind {
            Some(kind) => records.of_kind_mut(runbook_id, kind),
            None => records.of_mut(runbook_id),
        };
        record.median_minutes = minutes;
    }
    Ok(records)
}
