//! `/api/incidents`

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::clock;
use crate::domain::fields::{FieldError, Fields};
use crate::domain::incident::timeline::Entry;
use crate::domain::incident::{Incident, MAX_NOTE, State};
use crate::domain::severity::Severity;
use crate::domain::suggestion::Suggestion;
use crate::domain::timestamp::Timestamp;
use crate::domain::window::Window;
use crate::flow::incidents::{self, Act, Outcome};
use crate::server::auth::Principal;
use crate::server::body::Body;
use crate::server::error::ServerError;
use crate::server::respond;
use crate::server::state::AppState;
use crate::store::incidents::Filter;
use crate::store::signals;
use crate::wire::Problem;

/// Incidents of an answer where no number was asked for.
const DEFAULT_LIMIT: usize = 300;
/// Most incidents of an answer.
const MAX_LIMIT: usize = 1000;

/// One incident with everything that happened to it.
#[derive(Serialize, ToSchema)]
pub(crate) struct IncidentInFull {
    #[serde(flatten)]
    incident: Incident,
    /// Its newest events and signals, oldest first.
    timeline: Vec<Entry>,
    /// How many of its signals the timeline does not show.
    signals_left_out: u64,
    /// The runbooks that fit its newest signal, with reasons.
    suggestion: Option<Suggestion>,
}

/// Incidents, the newest opened first. `state` may name several, with commas between.
#[utoipa::path(get, path = "/api/incidents", tag = "incidents",
    params(("state" = Option<String>, Query), ("site" = Option<String>, Query), ("severity" = Option<String>, Query), ("kind" = Option<String>, Query),
        ("agent" = Option<String>, Query), ("fingerprint" = Option<String>, Query), ("since" = Option<String>, Query), ("until" = Option<String>, Query),
        ("window" = Option<String>, Query), ("before" = Option<i64>, Query), ("limit" = Option<i64>, Query)),
    responses((status = 200, body = Vec<Incident>), (status = 422, body = Problem)))]
pub(crate) async fn list(
    request: HttpRequest,
    state: web::Data<AppState>,
    query: web::Query<Vec<(String, String)>>,
) -> Result<HttpResponse, ServerError> {
    let (filter, limit) = read_query(&query, clock::now()).map_err(ServerError::fields)?;
    let found = state
        .store
        .read(move |db| incidents::list(db, &filter, limit))
        .await?;
    Ok(respond::json(&request, &found))
}

/// One incident with its timeline and the runbooks that fit.
#[utoipa::path(get, path = "/api/incidents/{id}", tag = "incidents", params(("id" = i64, Path)),
    responses((status = 200, body = IncidentInFull), (status = 404, body = Problem)))]
pub(crate) async fn show(
    request: HttpRequest,
    id: web::Path<String>,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ServerError> {
    let id = number(&id)?;
    let catalogue = state.catalogue();
    let found = state
        .store
        .read(move |db| {
            let Some(shown) = incidents::show(db, id)? else {
                return Ok(None);
            };
            let newest = shown.incident.last_signal_id;
            let signal = newest.map(|id| signals::get(db, id)).transpose()?.flatten();
            let suggestion =
                signal.map(|signal| Suggestion::for_signal(&signal, catalogue.matcher()));
            Ok(Some(IncidentInFull {
                incident: shown.incident,
                timeline: shown.timeline,
                signals_left_out: shown.signals_left_out,
                suggestion,
            }))
        })
        .await?;
    let found = found.ok_or_else(|| missing(id))?;
    Ok(respond::json(&request, &found))
}

/// Somebody takes an incident on. Body: `{note?}`.
#[utoipa::path(post, path = "/api/incidents/{id}/ack", tag = "incidents", params(("id" = i64, Path)), request_body = Option<Object>,
    responses((status = 200, body = Incident), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn acknowledge(
    id: web::Path<String>,
    state: web::Data<AppState>,
    principal: Principal,
    body: Body,
) -> Result<HttpResponse, ServerError> {
    let note = read_note(&body)?;
    act(&state, &principal, number(&id)?, Act::Acknowledge(note)).await
}

/// Somebody puts an incident off. Body: `{until | minutes, note?}`.
#[utoipa::path(post, path = "/api/incidents/{id}/snooze", tag = "incidents", params(("id" = i64, Path)), request_body = Object,
    responses((status = 200, body = Incident), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn snooze(
    id: web::Path<String>,
    state: web::Data<AppState>,
    principal: Principal,
    body: Body,
) -> Result<HttpResponse, ServerError> {
    let mut fields = fields_of(&body)?;
    let until = fields.time("until");
    let minutes: Option<u32> = fields.value("minutes");
    let note = fields.optional("note", MAX_NOTE);
    let (until, note) = fields
        .finish((
            until.or_else(|| {
                minutes.map(|minutes| clock::now().plus_millis(i64::from(minutes) * 60_000))
            }),
            note,
        ))
        .map_err(ServerError::fields)?;
    let until = until.ok_or_else(|| {
        ServerError::fields(vec![FieldError::new(
            "until",
            "expected until (a time such as 2026-11-23T18:00:00Z) or minutes".to_owned(),
        )])
    })?;
    act(&state, &principal, number(&id)?, Act::Snooze(until, note)).await
}

/// Somebody says that an incident is over. Body: `{note?}`.
#[utoipa::path(post, path = "/api/incidents/{id}/resolve", tag = "incidents", params(("id" = i64, Path)), request_body = Option<Object>,
    responses((status = 200, body = Incident), (status = 404, body = Problem)))]
pub(crate) async fn resolve(
    id: web::Path<String>,
    state: web::Data<AppState>,
    principal: Principal,
    body: Body,
) -> Result<HttpResponse, ServerError> {
    let note = read_note(&body)?;
    act(&state, &principal, number(&id)?, Act::Resolve(note)).await
}

/// Somebody opens an incident again. Body: `{note?}`.
#[utoipa::path(post, path = "/api/incidents/{id}/reopen", tag = "incidents", params(("id" = i64, Path)), request_body = Option<Object>,
    responses((status = 200, body = Incident), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn reopen(
    id: web::Path<String>,
    state: web::Data<AppState>,
    principal: Principal,
    body: Body,
) -> Result<HttpResponse, ServerError> {
    let note = read_note(&body)?;
    act(&state, &principal, number(&id)?, Act::Reopen(note)).await
}

/// Somebody writes into an incident's timeline. Body: `{text}`.
#[utoipa::path(post, path = "/api/incidents/{id}/notes", tag = "incidents", params(("id" = i64, Path)), request_body = Object,
    responses((status = 200, body = Incident), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn note(
    id: web::Path<String>,
    state: web::Data<AppState>,
    principal: Principal,
    body: Body,
) -> Result<HttpResponse, ServerError> {
    let mut fields = fields_of(&body)?;
    let text = fields.required("text", MAX_NOTE).unwrap_or_default();
    let text = fields.finish(text).map_err(ServerError::fields)?;
    act(&state, &principal, number(&id)?, Act::Note(text)).await
}

async fn act(
    state: &AppState,
    principal: &Principal,
    id: i64,
    act: Act,
) -> Result<HttpResponse, ServerError> {
    let (by, now) = (principal.actor(), clock::now());
    let outcome = state
        .store
        .write(move |db| incidents::act(db, id, act.clone(), &by, now))
        .await?;
    done(id, outcome).map(|incident| HttpResponse::Ok().json(incident))
}

/// The incident as it is now, or why nothing was done.
///
/// # Errors
/// There is none of that number, or it may not be done.
pub(crate) fn done(id: i64, outcome: Outcome) -> Result<Incident, ServerError> {
    match outcome {
        Outcome::Done(incident) => Ok(*incident),
        Outcome::Missing => Err(missing(id)),
        Outcome::Refused(refusal) => Err(ServerError::Conflict(refusal.to_string())),
    }
}

fn missing(id: i64) -> ServerError {
    ServerError::NotFound(format!("there is no incident {id}"))
}

/// The number in an address.
///
/// # Errors
/// It is none.
pub(crate) fn number(text: &str) -> Result<i64, ServerError> {
    text.parse()
        .map_err(|_| ServerError::NotFound(format!("{text:?} is no number of an incident")))
}

/// A body may be left out where every field may.
fn fields_of(body: &Body) -> Result<Fields, ServerError> {
    let value = if body.0.is_empty() {
        Value::Object(Map::new())
    } else {
        body.json()?
    };
    Fields::of(value).map_err(ServerError::fields)
}

fn read_note(body: &Body) -> Result<Option<String>, ServerError> {
    let mut fields = fields_of(body)?;
    let note = fields.optional("note", MAX_NOTE);
    fields.finish(note).map_err(ServerError::fields)
}

/// The filter and the limit that a query asks for.
///
/// # Errors
/// Everything in it that cannot be understood.
pub(crate) fn read_query(
    query: &[(String, String)],
    now: Timestamp,
) -> Result<(Filter, usize), Vec<FieldError>> {
    let mut filter = Filter::default();
    let mut limit = DEFAULT_LIMIT;
    let mut errors = Vec::new();
    for (name, value) in query {
        // An empty one is a form field that nobody filled.
        if value.is_empty() {
            continue;
        }
        let mut expect = |expected: &str| {
            errors.push(FieldError::new(
                name,
                format!("expected {expected}, found {value:?}"),
            ));
        };
        match name.as_str() {
            "site" => filter.site = Some(value.clone()),
            "kind" => filter.kind = Some(value.clone()),
            "agent" => filter.agent = Some(value.clone()),
            "fingerprint" => filter.fingerprint = Some(value.clone()),
            "state" => {
                for word in value.split(',') {
                    match State::parse(word) {
                        Some(state) => filter.states.push(state),
                        None => expect("open, acknowledged, snoozed or resolved"),
                    }
                }
            }
            "severity" => match Severity::parse(value) {
                Some(severity) => filter.severity = Some(severity),
                None => expect("info, warning or critical"),
            },
            "since" | "until" => match Timestamp::parse(value) {
                Some(moment) if name == "since" => filter.since = Some(moment),
                Some(moment) => filter.until = Some(moment),
                None => expect("a time such as 2026-11-23T04:45:12Z"),
            },
            "window" => match Window::parse(value) {
                Some(window) => filter.since = window.start(now).max(filter.since),
                None => expect("a window such as 24h or 7d"),
            },
            "before" => match value.parse() {
                Ok(id) => filter.before = Some(id),
                Err(_) => expect("the number of an incident"),
            },
            "limit" => match value.parse() {
                Ok(count) if (1..=MAX_LIMIT).contains(&count) => limit = count,
                _ => expect("a number from 1 to 1000"),
            },
            _ => {}
        }
    }
    if errors.is_empty() {
        Ok((filter, limit))
    } else {
        Err(errors)
    }
}
