//! `/api/runbooks`

pub(crate) mod matching;

use actix_web::{HttpRequest, HttpResponse, web};

use crate::domain::runbook::{self, Runbook};
use crate::server::error::ServerError;
use crate::server::respond;
use crate::server::state::AppState;
use crate::wire::Problem;

/// All runbooks, by id.
#[utoipa::path(get, path = "/api/runbooks", tag = "runbooks", responses((status = 200, body = Vec<Runbook>)))]
pub(crate) async fn list(
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ServerError> {
    Ok(respond::json(&request, &state.catalogue().all()))
}

/// One runbook.
#[utoipa::path(get, path = "/api/runbooks/{id}", tag = "runbooks", params(("id" = String, Path)),
    responses((status = 200, body = Runbook), (status = 404, body = Problem)))]
pub(crate) async fn show(
    request: HttpRequest,
    id: web::Path<String>,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ServerError> {
    let catalogue = state.catalogue();
    let runbook = catalogue.get(&id).ok_or_else(|| no_runbook(&id))?;
    Ok(respond::json(&request, runbook))
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
