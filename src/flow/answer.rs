//! What is done around asking a model about an incident: what to ask, whether it was asked before,
//! and keeping what it said. Asking itself is not done here; nor does anything here change what
//! becomes of the incident: an answer is an entry of its timeline and nothing else.

use serde_json::json;

use crate::domain::actor::{Actor, ActorKind};
use crate::domain::context::answer::Answer;
use crate::domain::context::{Citable, DEFAULT_BUDGET, Message};
use crate::domain::incident::{Event, EventKind};
use crate::domain::timestamp::Timestamp;
use crate::flow::catalogue::Catalogue;
use crate::flow::llm;
use crate::store::model_answers::{self, ModelAnswer};
use crate::store::{Db, StoreError, incident_events, incidents};

/// A question that may be asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// The incident it is about.
    pub incident_id: i64,
    /// What the model is told.
    pub messages: Vec<Message>,
    /// What it may cite.
    pub citable: Citable,
    /// Names what is asked, whatever the boundary.
    pub content_hash: String,
    /// Tokens that were used on this day so far.
    pub used_today: u64,
}

/// What becomes of the wish to ask.
#[derive(Debug, Clone)]
pub enum Prepared {
    /// There is no such incident.
    Missing,
    /// Its signals are gone: there is nothing to tell a model.
    Empty,
    /// The same was asked before, and this was answered.
    Known(ModelAnswer),
    /// It may be asked.
    Ask(Question),
}

/// Prepares what a model is told about an incident: the context of its newest signal. `boundary`
/// has to be random.
///
/// # Errors
/// The database refuses.
pub fn prepare(
    db: &Db,
    catalogue: &Catalogue,
    (incident_id, boundary): (i64, &str),
    (model, now): (&str, Timestamp),
) -> Result<Prepared, StoreError> {
    let Some(incident) = incidents::get(db, incident_id)? else {
        return Ok(Prepared::Missing);
    };
    let newest = incident.last_signal_id.or(incident.first_signal_id);
    let context = match newest {
        Some(signal) => llm::context(db, catalogue, (signal, DEFAULT_BUDGET), boundary)?,
        None => None,
    };
    let Some(context) = context else {
        return Ok(Prepared::Empty);
    };
    let content_hash = context.content_hash();
    if let Some(known) = model_answers::of_content(db, &content_hash, model)? {
        return Ok(Prepared::Known(known));
    }
    Ok(Prepared::Ask(Question {
        incident_id,
        messages: context.to_messages(),
        citable: context.citable().clone(),
        content_hash,
        used_today: model_answers::used_on(db, &day_of(now))?,
    }))
}

/// What a model said, and what that cost.
#[derive(Debug, Clone)]
pub struct Said {
    /// The model's name.
    pub model: String,
    /// Its words, as they came.
    pub words: String,
    /// Tokens of question and answer.
    pub tokens: u32,
}

/// Keeps an answer and writes it into the incident's timeline, within the caller's transaction.
///
/// # Errors
/// The database refuses.
pub fn keep(
    db: &Db,
    question: &Question,
    said: &Said,
    (asked_by, now): (&Actor, Timestamp),
) -> Result<ModelAnswer, StoreError> {
    let answer = ModelAnswer {
        id: 0,
        incident_id: question.incident_id,
        content_hash: question.content_hash.clone(),
        model: said.model.clone(),
        answer: Answer::new(&said.words, &question.citable),
        tokens: said.tokens,
        answered_at: now,
    };
    model_answers::use_on(db, &day_of(now), said.tokens)?;
    // The incident may have gone while the model thought.
    if incidents::get(db, question.incident_id)?.is_some() && model_answers::insert(db, &answer)? {
        let by = Actor::new(ActorKind::Model, said.model.clone());
        let event = Event {
            note: Some(answer.answer.text.clone()),
            data: Some(json!({
                "machine_written": true,
                "cited": answer.answer.cited,
                "unknown": answer.answer.unknown,
                "asked_by": asked_by,
                "tokens": said.tokens,
            })),
            ..Event::new(EventKind::Answer, by, now)
        };
        incident_events::add(db, question.incident_id, &event)?;
    }
    Ok(answer)
}

/// The day of a moment in UTC, as `2026-11-23`.
fn day_of(now: Timestamp) -> String {
    now.to_string().chars().take(10).collect()
}
