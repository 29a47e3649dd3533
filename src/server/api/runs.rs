//! `/api/runs`, and the runs of an incident.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::clock;
use crate::domain::fields::{FieldError, Fields, MAX_ID};
use crate::domain::run::{GuideStep, NewMark, Outcome, Record, Refusal, Run, RunHead, StepState};
use crate::flow::runs::{self as deeds, About, Refused};
use crate::server::address::{number, step_number};
use crate::server::auth::Principal;
use crate::server::body::Body;
use crate::server::error::ServerError;
use crate::server::respond;
use crate::server::state::AppState;
use crate::store::runs;
use crate::wire::{self, Problem};

/// Most runs of one incident that are listed.
const LIMIT: usize = 100;

/// A run, and what its steps tell to do.
#[derive(Serialize, ToSchema)]
pub(crate) struct RunAnswer {
    #[serde(flatten)]
    run: Run,
    /// The steps' commands with the values filled in. Nothing of it is executed by the program.
    guide: Vec<GuideStep>,
}

impl From<Run> for RunAnswer {
    fn from(run: Run) -> Self {
        Self {
            guide: run.guide(),
            run,
        }
    }
}

/// A refusal with the run as it is now.
#[derive(Serialize, ToSchema)]
pub(crate) struct RunConflict {
    #[serde(flatten)]
    problem: Problem,
    /// What somebody else made of it.
    run: RunAnswer,
}

/// How often a runbook helped.
#[derive(Serialize, ToSchema)]
pub(crate) struct Statistics {
    /// The runbook's id.
    runbook_id: String,
    /// Over all kinds of incident.
    #[serde(flatten)]
    whole: Record,
    /// `helped 3 of 4 times, median 6 minutes`; null before the first answer.
    in_words: Option<String>,
    /// Kind by kind.
    kinds: Vec<KindStatistics>,
}

/// How often a runbook helped with incidents of one kind.
#[derive(Serialize, ToSchema)]
struct KindStatistics {
    /// The kind.
    kind: String,
    #[serde(flatten)]
    record: Record,
    /// As above, for this kind.
    in_words: Option<String>,
}

/// Begins to walk through a runbook for an incident; 200 and the run that is under way, where one is.
#[utoipa::path(post, path = "/api/incidents/{id}/runs", tag = "runs", params(("id" = i64, Path)), request_body = Object,
    responses((status = 201, body = RunAnswer), (status = 200, body = RunAnswer), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn start(
    request: HttpRequest,
    state: web::Data<AppState>,
    principal: Principal,
    body: Body,
) -> Result<HttpResponse, ServerError> {
    let about = About::Incident(number(&request)?);
    begin(&state, about, &principal, body).await
}

/// Begins to walk through a runbook for the incident that a signal belongs to; 409 where it belongs
/// to none.
#[utoipa::path(post, path = "/api/signals/{id}/runs", tag = "runs", params(("id" = i64, Path)), request_body = Object,
    responses((status = 201, body = RunAnswer), (status = 200, body = RunAnswer), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn start_for_signal(
    request: HttpRequest,
    state: web::Data<AppState>,
    principal: Principal,
    body: Body,
) -> Result<HttpResponse, ServerError> {
    let about = About::Signal(number(&request)?);
    begin(&state, about, &principal, body).await
}

async fn begin(
    state: &AppState,
    about: About,
    principal: &Principal,
    body: Body,
) -> Result<HttpResponse, ServerError> {
    let (runbook_id, catalogue) = (read_start(body.json()?)?, state.catalogue());
    let (by, now) = (principal.actor(), clock::now());
    let started = state
        .store
        .write(move |db| {
            let what = (about, runbook_id.as_str());
            deeds::start(db, &catalogue, what, &by, now)
        })
        .await?;
    let started = match started {
        Ok(started) => started,
        Err(refused) => return refusal(refused),
    };
    let mut answer = if started.new {
        state.recount(now).await;
        HttpResponse::Created()
    } else {
        HttpResponse::Ok()
    };
    let place = state.link(&format!("/api/runs/{}", started.run.head.id));
    answer.insert_header(("location", place));
    Ok(answer.json(RunAnswer::from(started.run)))
}

fn read_start(body: Value) -> Result<String, ServerError> {
    let mut fields = Fields::of(body).map_err(ServerError::fields)?;
    let id = fields.id("runbook_id");
    fields
        .finish(id.unwrap_or_default())
        .map_err(ServerError::fields)
}

/// The runs of an incident, newest first.
#[utoipa::path(get, path = "/api/incidents/{id}/runs", tag = "runs", params(("id" = i64, Path)),
    responses((status = 200, body = Vec<RunHead>), (status = 404, body = Problem)))]
pub(crate) async fn list(
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ServerError> {
    let id = number(&request)?;
    let found = state
        .store
        .read(move |db| {
            let there = crate::store::incidents::get(db, id)?.is_some();
            Ok(if there {
                Some(runs::of_incident(db, id, LIMIT)?)
            } else {
                None
            })
        })
        .await?;
    match found {
        Some(found) => Ok(respond::json(&request, &found)),
        None => refusal(Refused::NoIncident(id)),
    }
}

/// One run.
#[utoipa::path(get, path = "/api/runs/{id}", tag = "runs", params(("id" = i64, Path)),
    responses((status = 200, body = RunAnswer), (status = 404, body = Problem)))]
pub(crate) async fn show(
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ServerError> {
    let id = number(&request)?;
    match state.store.read(move |db| runs::get(db, id)).await? {
        Some(run) => Ok(respond::json(&request, &RunAnswer::from(run))),
        None => refusal(Refused::NoRun(id)),
    }
}

/// Says where a step stands. `revision` is the step's as the writer saw it: where somebody marked
/// it since, the answer is 409 with the run as it is now. Without it the mark stands anyway.
#[utoipa::path(post, path = "/api/runs/{id}/steps/{index}", tag = "runs",
    params(("id" = i64, Path), ("index" = usize, Path, description = "from 1")), request_body = Object,
    responses((status = 200, body = RunAnswer), (status = 404, body = Problem), (status = 409, body = RunConflict), (status = 422, body = Problem)))]
pub(crate) async fn mark(
    request: HttpRequest,
    state: web::Data<AppState>,
    principal: Principal,
    body: Body,
) -> Result<HttpResponse, ServerError> {
    let id = number(&request)?;
    let index = step_number(&request)?;
    let new = read_mark(body.json()?).map_err(ServerError::fields)?;
    let (by, now) = (principal.actor(), clock::now());
    let marked = state
        .store
        .write(move |db| deeds::mark_step(db, (id, index), new.clone(), &by, now))
        .await?;
    answer(marked)
}

fn read_mark(body: Value) -> Result<NewMark, Vec<FieldError>> {
    let mut fields = Fields::of(body)?;
    let expected = "pending, done, skipped or failed";
    if fields.is_missing("state") {
        fields.complain("state", format!("required: {expected}"));
    }
    let mark = NewMark {
        state: fields
            .word("state", expected, StepState::parse)
            .unwrap_or(StepState::Pending),
        note: fields.value("note"),
        output: fields.value("output"),
        revision: fields.value("revision"),
    };
    fields.finish(mark)
}

/// Says what variables stand for: an object of names and values. An empty value takes one back.
#[utoipa::path(post, path = "/api/runs/{id}/values", tag = "runs", params(("id" = i64, Path)), request_body = Object,
    responses((status = 200, body = RunAnswer), (status = 404, body = Problem), (status = 409, body = RunConflict), (status = 422, body = Problem)))]
pub(crate) async fn set_values(
    request: HttpRequest,
    state: web::Data<AppState>,
    principal: Principal,
    body: Body,
) -> Result<HttpResponse, ServerError> {
    let id = number(&request)?;
    let given = read_values(body.json()?).map_err(ServerError::fields)?;
    let (by, now) = (principal.actor(), clock::now());
    let changed = state
        .store
        .write(move |db| deeds::set_values(db, id, &given, &by, now))
        .await?;
    answer(changed)
}

fn read_values(body: Value) -> Result<Vec<(String, String)>, Vec<FieldError>> {
    let Value::Object(given) = body else {
        return Err(vec![FieldError::new("", "expected a JSON object")]);
    };
    let mut errors = Vec::new();
    let mut values = Vec::new();
    for (name, value) in given {
        match value {
            Value::String(text) => values.push((name, text)),
            Value::Number(number) => values.push((name, number.to_string())),
            Value::Null => values.push((name, String::new())),
            _ => errors.push(FieldError::new(name, "expected text")),
        }
    }
    if errors.is_empty() {
        Ok(values)
    } else {
        Err(errors)
    }
}

/// Ends a run with what it came to: `outcome` is helped, did_not_help or not_needed.
#[utoipa::path(post, path = "/api/runs/{id}/finish", tag = "runs", params(("id" = i64, Path)), request_body = Object,
    responses((status = 200, body = RunAnswer), (status = 404, body = Problem), (status = 409, body = RunConflict), (status = 422, body = Problem)))]
pub(crate) async fn finish(
    request: HttpRequest,
    state: web::Data<AppState>,
    principal: Principal,
    body: Body,
) -> Result<HttpResponse, ServerError> {
    let id = number(&request)?;
    let (outcome, text) = read_end(body.json()?).map_err(ServerError::fields)?;
    let (by, now) = (principal.actor(), clock::now());
    let finished = state
        .store
        .write(move |db| deeds::finish(db, id, (outcome, text.as_deref()), &by, now))
        .await?;
    state.recount(now).await;
    answer(finished)
}

fn read_end(body: Value) -> Result<(Outcome, Option<String>), Vec<FieldError>> {
    let mut fields = Fields::of(body)?;
    let expected = "helped, did_not_help or not_needed";
    if fields.is_missing("outcome") {
        fields.complain("outcome", format!("required: {expected}"));
    }
    let outcome = fields.word("outcome", expected, Outcome::parse);
    let text = fields.value("what_fixed_it");
    fields.finish((outcome.unwrap_or(Outcome::NotNeeded), text))
}

/// Gives a run up.
#[utoipa::path(post, path = "/api/runs/{id}/abandon", tag = "runs", params(("id" = i64, Path)),
    responses((status = 200, body = RunAnswer), (status = 404, body = Problem), (status = 409, body = RunConflict)))]
pub(crate) async fn abandon(
    request: HttpRequest,
    state: web::Data<AppState>,
    principal: Principal,
) -> Result<HttpResponse, ServerError> {
    let id = number(&request)?;
    let (by, now) = (principal.actor(), clock::now());
    let abandoned = state
        .store
        .write(move |db| deeds::abandon(db, id, &by, now))
        .await?;
    answer(abandoned)
}

/// How often a runbook was matched, run and helped, kind by kind.
#[utoipa::path(get, path = "/api/runbooks/{id}/statistics", tag = "runs", params(("id" = String, Path)),
    responses((status = 200, body = Statistics), (status = 404, body = Problem)))]
pub(crate) async fn statistics(
    request: HttpRequest,
    id: web::Path<String>,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ServerError> {
    let runbook_id = id.into_inner();
    let records = state.store.read(runs::track_records).await?;
    let whole = records.of(&runbook_id);
    // What was removed keeps its record.
    if state.catalogue().get(&runbook_id).is_none() && whole == Record::default() {
        let refused = Refused::NoRunbook(runbook_id);
        return Err(ServerError::NotFound(refused.to_string()));
    }
    let kinds = records.kinds_of(&runbook_id);
    let statistics = Statistics {
        whole,
        in_words: whole.in_words(),
        kinds: kinds
            .into_iter()
            .map(|(kind, record)| KindStatistics {
                kind: kind.to_owned(),
                in_words: record.in_words(),
                record,
            })
            .collect(),
        runbook_id,
    };
    Ok(respond::json(&request, &statistics))
}

fn answer(done: Result<Run, Refused>) -> Result<HttpResponse, ServerError> {
    match done {
        Ok(run) => Ok(HttpResponse::Ok().json(RunAnswer::from(run))),
        Err(refused) => refusal(refused),
    }
}

/// A refusal as the API says it: what is not there, what is wrong with the body, or a conflict
/// with the run as it is now.
fn refusal(refused: Refused) -> Result<HttpResponse, ServerError> {
    let detail = refused.to_string();
    let (rule, run) = match refused {
        Refused::Rule(rule, run) => (rule, run),
        Refused::NoRunbook(_) | Refused::NoSteps(_) => {
            let wrong = FieldError::new("runbook_id", detail);
            return Err(ServerError::fields(vec![wrong]));
        }
        Refused::SignalAlone(_) => return Err(ServerError::Conflict(detail)),
        Refused::NoIncident(_) | Refused::NoSignal(_) | Refused::NoRun(_) => {
            return Err(ServerError::NotFound(detail));
        }
    };
    match rule {
        Refusal::NoStep(_) => Err(ServerError::NotFound(detail)),
        Refusal::TooLong(field, _) => {
            Err(ServerError::fields(vec![FieldError::new(field, detail)]))
        }
        Refusal::NoVariable(name) => {
            let name: String = name.chars().take(MAX_ID).collect();
            Err(ServerError::fields(vec![FieldError::new(name, detail)]))
        }
        Refusal::Over(_) | Refusal::Stale(_) => {
            let problem = ServerError::Conflict(detail).problem();
            let body = RunConflict {
                problem,
                run: (*run).into(),
            };
            Ok(HttpResponse::Conflict()
                .content_type(wire::PROBLEM_JSON)
                .json(&body))
        }
    }
}
