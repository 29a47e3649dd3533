//! `GET /api/suggestions`

use actix_web::{HttpRequest, HttpResponse, web};

use crate::clock;
use crate::domain::suggestion::Suggestion;
use crate::flow::suggest;
use crate::server::error::ServerError;
use crate::server::respond;
use crate::server::state::AppState;

/// One suggestion for each problem of the last day that still fires, newest first.
#[utoipa::path(get, path = "/api/suggestions", tag = "runbooks", responses((status = 200, body = Vec<Suggestion>)))]
pub(crate) async fn list(
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ServerError> {
    let catalogue = state.catalogue();
    let suggestions = state
        .store
        .read(move |db| suggest::current(db, &catalogue, clock::now()))
        .await?;
    Ok(respond::json(&request, &suggestions))
}
