//! What a model answered, and what it cost by day.

use rusqlite::{OptionalExtension, Row, params};

use super::{Db, StoreError};
use crate::domain::context::answer::Answer;
use crate::domain::timestamp::Timestamp;

const COLUMNS: &str = "id, incident_id, content_hash, model, answer, tokens, answered_at";

/// A stored answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelAnswer {
    /// Its number; 0 before it is stored.
    pub id: i64,
    /// The incident it is about.
    pub incident_id: i64,
    /// Names what was asked.
    pub content_hash: String,
    /// The model's name.
    pub model: String,
    /// What it said and what that cites.
    pub answer: Answer,
    /// Tokens of question and answer.
    pub tokens: u32,
    /// When it came.
    pub answered_at: Timestamp,
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<ModelAnswer> {
    let answer = serde_json::from_str(row.get_ref(4)?.as_str()?).unwrap_or(Answer {
        text: String::new(),
        cited: Vec::new(),
        unknown: Vec::new(),
    });
    Ok(ModelAnswer {
        id: row.get(0)?,
        incident_id: row.get(1)?,
        content_hash: row.get(2)?,
        model: row.get(3)?,
        answer,
        tokens: row.get(5)?,
        answered_at: Timestamp::from_millis(row.get(6)?),
    })
}

/// The answer to what was asked before.
///
/// # Errors
/// The database refuses.
pub fn of_content(
    db: &Db,
    content_hash: &str,
    model: &str,
) -> Result<Option<ModelAnswer>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM model_answers WHERE content_hash = ?1 AND model = ?2");
    Ok(db
        .prepare_cached(&sql)?
        .query_row([content_hash, model], from_row)
        .optional()?)
}

/// The newest answer about an incident.
///
/// # Errors
/// The database refuses.
pub fn newest_of(db: &Db, incident_id: i64) -> Result<Option<ModelAnswer>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM model_answers WHERE incident_id = ?1 \
         ORDER BY answered_at DESC, id DESC LIMIT 1"
    );
    Ok(db
        .prepare_cached(&sql)?
        .query_row([incident_id], from_row)
        .optional()?)
}

/// Stores an answer, unless another one to the same question came first; whether it did.
///
/// # Errors
/// The database refuses.
pub fn insert(db: &Db, answer: &ModelAnswer) -> Result<bool, StoreError> {
    let words = serde_json::to_string(&answer.answer).unwrap_or_else(|_| "{}".to_owned());
    let added = db
        .prepare_cached(
            "INSERT INTO model_answers (incident_id, content_hash, model, answer, tokens, \
             answered_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
             ON CONFLICT (content_hash, model) DO NOTHING",
        )?
        .execute(params![
            answer.incident_id,
            answer.content_hash,
            answer.model,
            words,
            answer.tokens,
            answer.answered_at.as_millis(),
        ])?;
    Ok(added == 1)
}

/// Tokens used on a day (`2026-11-23`, UTC).
///
/// # Errors
/// The database refuses.
pub fn used_on(db: &Db, day: &str) -> Result<u64, StoreError> {
    let used = db
        .prepare_cached("SELECT tokens FROM model_usage WHERE day = ?1")?
        .query_row([day], |row| row.get(0))
        .optional()?;
    Ok(used.unwrap_or(0))
}

/// Adds one call to a day's use.
///
/// # Errors
/// The database refuses.
pub fn use_on(db: &Db, day: &str, tokens: u32) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO model_usage (day, tokens, calls) VALUES (?1, ?2, 1) \
         ON CONFLICT (day) DO UPDATE SET tokens = tokens + excluded.tokens, calls = calls + 1",
    )?
    .execute(params![day, tokens])?;
    Ok(())
}
