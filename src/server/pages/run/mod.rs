//! A guided run: one step large, the others as a list, and the question at its end. What somebody
//! typed is never lost: a form that cannot be taken comes back with it.

mod marks;
mod typed;
mod view;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentType};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use self::typed::{Notice, Typed};
use self::view::{Asked, RunPage};
use super::{Frame, see_other};
use crate::clock;
use crate::domain::run::{NewMark, Outcome, Refusal, Run, StepState};
use crate::flow::runs::{self as deeds, About, Refused};
use crate::server::address::{number, step_number};
use crate::server::auth::Principal;
use crate::server::body::Form;
use crate::server::error::ServerError;
use crate::server::respond;
use crate::server::state::AppState;
use crate::store::{incidents, runs};

/// What the name of a field begins with that holds a variable's value, and what it was before.
const VALUE: &str = "value:";
const WAS: &str = "was:";

/// The query of the page.
#[derive(Deserialize)]
pub(crate) struct Wanted {
    step: Option<String>,
}

/// Shows a run.
pub(crate) async fn show(
    request: HttpRequest,
    state: web::Data<AppState>,
    wanted: web::Query<Wanted>,
) -> Result<HttpResponse, ServerError> {
    let asked = Asked {
        run_id: number(&request)?,
        step: wanted.step.as_deref().and_then(|step| step.parse().ok()),
        typed: None,
        notice: None,
    };
    let page = page(&state, &request, asked).await?;
    Ok(respond::html(&request, super::render(&page)?))
}

async fn page(
    state: &AppState,
    request: &HttpRequest,
    asked: Asked,
) -> Result<RunPage, ServerError> {
    let id = asked.run_id;
    let now = clock::now();
    let records = state.track_records(now).await?;
    let (run, incident) = state
        .store
        .read(move |db| {
            let run = runs::get(db, id)?;
            let incident = match &run {
                Some(run) => incidents::get(db, run.head.incident_id)?,
                None => None,
            };
            Ok((run, incident))
        })
        .await?;
    let missing = || ServerError::NotFound(Refused::NoRun(id).to_string());
    let (run, incident) = run.zip(incident).ok_or_else(missing)?;
    let frame = Frame::new(state, request, run.head.title.clone());
    let record = records.of_kind(&run.head.runbook_id, &incident.kind);
    let world = view::World {
        state,
        incident: &incident,
        record,
        now,
    };
    Ok(RunPage::new(frame, &world, &run, asked))
}

/// The form that begins a run.
#[derive(Deserialize)]
pub(crate) struct Start {
    runbook_id: String,
}

/// Begins a run for an incident, or resumes the one that is under way.
pub(crate) async fn start(
    request: HttpRequest,
    state: web::Data<AppState>,
    principal: Principal,
    Form(form): Form<Start>,
) -> Result<HttpResponse, ServerError> {
    let about = About::Incident(number(&request)?);
    begin(&state, about, form.runbook_id, &principal).await
}

/// The same for the incident of a signal.
pub(crate) async fn start_for_signal(
    request: HttpRequest,
    state: web::Data<AppState>,
    principal: Principal,
    Form(form): Form<Start>,
) -> Result<HttpResponse, ServerError> {
    let about = About::Signal(number(&request)?);
    begin(&state, about, form.runbook_id, &principal).await
}

async fn begin(
    state: &AppState,
    about: About,
    runbook_id: String,
    principal: &Principal,
) -> Result<HttpResponse, ServerError> {
    let (by, now, catalogue) = (principal.actor(), clock::now(), state.catalogue());
    let started = state
        .store
        .write(move |db| {
            let what = (about, runbook_id.as_str());
            deeds::start(db, &catalogue, what, &by, now)
        })
        .await?;
    match started {
        Ok(started) => {
            state.recount(now).await;
            Ok(see_other(state, &format!("/runs/{}", started.run.head.id)))
        }
        Err(refused @ Refused::SignalAlone(_)) => Err(ServerError::Conflict(refused.to_string())),
        Err(refused) => Err(ServerError::NotFound(refused.to_string())),
    }
}

/// Takes the form of a step: values, note and output, and where the step stands. The button that
/// only fills in leaves that as it is.
pub(crate) async fn mark(
    request: HttpRequest,
    state: web::Data<AppState>,
    principal: Principal,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<HttpResponse, ServerError> {
    let (id, index) = (number(&request)?, step_number(&request)?);
    let typed = Typed::of_step(&pairs);
    let chosen = field(&pairs, "state").and_then(StepState::parse);
    let revision = field(&pairs, "revision").and_then(|text| text.parse().ok());
    let given = changed_values(&pairs);
    let (by, now) = (principal.actor(), clock::now());
    let words = typed.clone();
    let done = state.store.write(move |db| {
        let run = match deeds::set_values(db, id, &given, &by, now)? {
            Ok(run) => run,
            Err(refused) => return Ok(Err(refused)),
        };
        let stands = index.checked_sub(1).and_then(|at| run.steps.get(at));
        let new = NewMark {
            state: chosen
                .or(stands.map(|step| step.state))
                .unwrap_or(StepState::Pending),
            note: words.note.clone(),
            output: words.output.clone(),
            revision,
        };
        deeds::mark_step(db, (id, index), new, &by, now)
    });
    match done.await? {
        Ok(_) if chosen.is_none() => Ok(see_other(&state, &format!("/runs/{id}?step={index}"))),
        Ok(run) => Ok(see_other(&state, &after(&run, index))),
        Err(refused) => again(&state, &request, (id, Some(index)), typed, refused).await,
    }
}

/// Where it goes on: the next step that is pending behind this one, or else the first; the end
/// where none is.
fn after(run: &Run, index: usize) -> String {
    let id = run.head.id;
    let pending = |step: &&crate::domain::run::RunStep| step.state == StepState::Pending;
    let next = run.steps.iter().skip(index).find(pending);
    match next.map(|step| step.index).or_else(|| run.current()) {
        Some(step) => format!("/runs/{id}?step={step}"),
        None => format!("/runs/{id}"),
    }
}

/// The values that the form changed: somebody else may have filled in the others meanwhile.
fn changed_values(pairs: &[(String, String)]) -> Vec<(String, String)> {
    let before = |name: &str| field(pairs, &format!("{WAS}{name}")).unwrap_or_default();
    pairs
        .iter()
        .filter_map(|(field, value)| Some((field.strip_prefix(VALUE)?, value)))
        .filter(|(name, value)| value.trim() != before(name).trim())
        .map(|(name, value)| (name.to_owned(), value.clone()))
        .collect()
}

fn field<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = pairs.iter().find(|(field, _)| field == name);
    found.map(|(_, value)| value.as_str())
}

/// The form at the end.
#[derive(Deserialize)]
pub(crate) struct End {
    #[serde(default)]
    outcome: String,
    #[serde(default)]
    what_fixed_it: String,
}

/// Ends a run with what it came to.
pub(crate) async fn finish(
    request: HttpRequest,
    state: web::Data<AppState>,
    principal: Principal,
    Form(end): Form<End>,
) -> Result<HttpResponse, ServerError> {
    let id = number(&request)?;
    let typed = Typed {
        outcome: Outcome::parse(&end.outcome),
        what_fixed_it: end.what_fixed_it,
        ..Typed::default()
    };
    let Some(outcome) = typed.outcome else {
        let asked = Asked {
            run_id: id,
            step: None,
            typed: Some(typed),
            notice: Some(Notice::plain("Say first whether it helped.")),
        };
        let page = page(&state, &request, asked).await?;
        return with_status(StatusCode::UNPROCESSABLE_ENTITY, &page);
    };
    let (by, now) = (principal.actor(), clock::now());
    let text = typed.what_fixed_it.clone();
    let finished = state
        .store
        .write(move |db| deeds::finish(db, id, (outcome, Some(&text)), &by, now))
        .await?;
    state.recount(now).await;
    match finished {
        Ok(_) => Ok(see_other(&state, &format!("/runs/{id}"))),
        Err(refused) => again(&state, &request, (id, None), typed, refused).await,
    }
}

/// Gives a run up.
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
    match abandoned {
        Ok(_) => Ok(see_other(&state, &format!("/runs/{id}"))),
        Err(refused) => again(&state, &request, (id, None), Typed::default(), refused).await,
    }
}

/// The page again, with what was typed and why it was not taken.
async fn again(
    state: &AppState,
    request: &HttpRequest,
    (run_id, step): (i64, Option<usize>),
    typed: Typed,
    refused: Refused,
) -> Result<HttpResponse, ServerError> {
    let Refused::Rule(refusal, run) = refused else {
        return Err(ServerError::NotFound(refused.to_string()));
    };
    let status = match refusal {
        Refusal::NoStep(_) => return Err(ServerError::NotFound(refusal.to_string())),
        Refusal::Over(_) | Refusal::Stale(_) => StatusCode::CONFLICT,
        Refusal::TooLong(..) | Refusal::NoVariable(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let zone = &state.config.timezone;
    let asked = Asked {
        run_id,
        step,
        typed: Some(typed),
        notice: Some(Notice::of(&refusal, &run, (clock::now(), zone))),
    };
    with_status(status, &page(state, request, asked).await?)
}

fn with_status(status: StatusCode, page: &RunPage) -> Result<HttpResponse, ServerError> {
    Ok(HttpResponse::build(status)
        .insert_header(ContentType::html())
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(super::render(page)?))
}
