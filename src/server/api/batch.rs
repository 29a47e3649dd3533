//! `POST /api/signals/batch`: many signals in one body, each answered for itself.

use actix_web::{HttpResponse, ResponseError, web};
use serde_json::Value;

use super::signals::refusal;
use crate::clock;
use crate::domain::signal::NewSignal;
use crate::flow::ingest::{self, Delivery, Outcome};
use crate::server::auth::Principal;
use crate::server::body::{Body, not_json};
use crate::server::error::ServerError;
use crate::server::state::AppState;
use crate::wire::{BatchResult, MAX_BATCH, Problem};

/// Stores the signals of a JSON array, or of one JSON object a line. Answers an array with one
/// result for each, in order.
#[utoipa::path(post, path = "/api/signals/batch", tag = "signals", request_body = Vec<NewSignal>,
    responses((status = 200, body = Vec<BatchResult>), (status = 400, body = Problem),
        (status = 413, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn create(
    state: web::Data<AppState>,
    principal: Principal,
    body: Body,
) -> Result<HttpResponse, ServerError> {
    let items = read(&body)?;
    let mut results: Vec<BatchResult> = Vec::with_capacity(items.len());
    let mut accepted = Vec::new();
    let mut signals = Vec::new();
    for (position, item) in items.into_iter().enumerate() {
        let uid = item.as_ref().ok().and_then(uid_of);
        let parsed =
            item.and_then(|value| NewSignal::from_json(value).map_err(ServerError::fields));
        match parsed {
            Ok(mut signal) => {
                let key = signal.uid.take();
                results.push(waiting(uid));
                accepted.push(position);
                signals.push((signal, key));
            }
            Err(error) => results.push(refused(uid, &error)),
        }
    }
    let delivery = Delivery {
        items: signals,
        sender: principal.into_sender(),
        received_at: clock::now(),
    };
    let outcomes = ingest::deliver(&state.store, &state.catalogue(), delivery).await?;
    for (position, outcome) in accepted.into_iter().zip(outcomes) {
        let uid = results[position].uid.take();
        results[position] = answer(uid, &outcome);
    }
    Ok(HttpResponse::Ok().json(results))
}

/// The items, each read or not.
fn read(body: &Body) -> Result<Vec<Result<Value, ServerError>>, ServerError> {
    let first = body.0.iter().find(|byte| !byte.is_ascii_whitespace());
    let items: Vec<Result<Value, ServerError>> = if first == Some(&b'[') {
        match body.json()? {
            Value::Array(items) => items.into_iter().map(Ok).collect(),
            other => vec![Ok(other)],
        }
    } else {
        body.0
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.trim_ascii().is_empty())
            .map(|line| serde_json::from_slice(line).map_err(|error| not_json(&error)))
            .collect()
    };
    if items.is_empty() && first.is_none() {
        return Err(ServerError::Malformed(
            "expected a JSON array of signals, or one signal a line".to_owned(),
        ));
    }
    if items.len() > MAX_BATCH {
        return Err(ServerError::TooLarge(format!(
            "a batch has at most {MAX_BATCH} items"
        )));
    }
    Ok(items)
}

fn uid_of(item: &Value) -> Option<String> {
    item.get("uid")?.as_str().map(str::to_owned)
}

/// A place for the answer of an item that is being stored.
fn waiting(uid: Option<String>) -> BatchResult {
    BatchResult {
        status: 503,
        id: None,
        uid,
        problem: None,
    }
}

fn refused(uid: Option<String>, error: &ServerError) -> BatchResult {
    BatchResult {
        status: error.status_code().as_u16(),
        id: None,
        uid,
        problem: Some(error.problem()),
    }
}

fn answer(uid: Option<String>, outcome: &Outcome) -> BatchResult {
    let (status, signal) = match outcome {
        Outcome::Stored(signal) => (201, signal),
        Outcome::Known(signal) => (200, signal),
        Outcome::KeyReused | Outcome::ForeignSite => return refused(uid, &refusal(outcome)),
    };
    BatchResult {
        status,
        id: Some(signal.id),
        uid,
        problem: None,
    }
}
