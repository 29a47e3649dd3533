//! `/api/runbooks`

pub(crate) mod matching;

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::clock;
use crate::domain::run::{Record, Records};
use crate::domain::runbook::{self, Runbook};
use crate::server::error::ServerError;
use crate::server::respond;
use crate::server::state::AppState;
use crate::wire::Problem;

/// A runbook, and how often it helped.
#[derive(Serialize, ToSchema)]
pub(crate) struct RunbookAnswer {
    #[serde(flatten)]
    runbook: Runbook,
    /// Over all kinds of incident.
    track_record: Record,
}

impl RunbookAnswer {
    fn of(runbook: &Runbook, records: &Records) -> Self {
        Self {
            runbook: runbook.clone(),
            track_record: records.of(&runbook.id),
        }
    }
}

/// All runbooks, by id.
#[utoipa::path(get, path = "/api/runbooks", tag = "runbooks", responses((status = 200, body = Vec<RunbookAnswer>)))]
pub(crate) async fn list(
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ServerError> {
    let records = state.track_records(clock::now()).await?;
    let catalogue = state.catalogue();
    let answers: Vec<RunbookAnswer> = catalogue
        .all()
        .iter()
        .map(|runbook| RunbookAnswer::of(runbook, &records))
        .collect();
    Ok(respond::json(&request, &answers))
}

/// One runbook.
#[utoipa::path(get, path = "/api/runbooks/{id}", tag = "runbooks", params(("id" = String, Path)),
    responses((status = 200, body = RunbookAnswer), (status = 404, body = Problem)))]
pub(crate) async fn show(
    request: HttpRequest,
    id: web::Path<String>,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ServerError> {
    let catalogue = state.catalogue();
    let runbook = catalogue.get(&id).ok_or_else(|| no_runbook(&id))?;
    let records = state.track_records(clock::now()).await?;
    let answer = RunbookAnswer::of(runbook, &records);
    Ok(respond::json(&request, &answer))
}

/// What is wrong in `runbooks_dir`, by file and line; nothing where all is well.
#[utoipa::path(get, path = "/api/runbooks/problems", tag = "runbooks", responses((status = 200, body = Vec<runbook::Problem>)))]
pub(crate) async fn problems(
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ServerError> {
    Ok(respond::json(&request, &state.catalogue().problems()))
}

fn no_runbook(id: &str) -> ServerError {
    ServerError::NotFound(format!("there is no runbook {id:?}"))
}
