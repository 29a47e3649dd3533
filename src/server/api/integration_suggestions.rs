//! `/api/integrations/suggestions`

use actix_web::{HttpRequest, HttpResponse, web};

use crate::clock;
use crate::domain::inventory::suggestion::SuggestedIntegration;
use crate::flow::inventory::suggestions::{self, Deed, Outcome};
use crate::server::address::number;
use crate::server::auth::Principal;
use crate::server::error::ServerError;
use crate::server::respond;
use crate::server::state::AppState;
use crate::store::integration_suggestions;
use crate::wire::Problem;

/// Integrations that discovery suggests, with what was decided about each.
#[utoipa::path(get, path = "/api/integrations/suggestions", tag = "inventory",
    responses((status = 200, body = Vec<SuggestedIntegration>)))]
pub(crate) async fn list(
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ServerError> {
    let found = state.store.read(integration_suggestions::all).await?;
    Ok(respond::json(&request, &found))
}

/// Makes an integration of it; its status is `unknown` until something reports it.
#[utoipa::path(post, path = "/api/integrations/suggestions/{id}/accept", tag = "inventory", params(("id" = i64, Path)),
    responses((status = 200, body = SuggestedIntegration), (status = 404, body = Problem)))]
pub(crate) async fn accept(
    request: HttpRequest,
    state: web::Data<AppState>,
    principal: Principal,
) -> Result<HttpResponse, ServerError> {
    decide(&request, &state, &principal, Deed::Accept).await
}

/// It is not wanted, whatever address the host has later.
#[utoipa::path(post, path = "/api/integrations/suggestions/{id}/ignore", tag = "inventory", params(("id" = i64, Path)),
    responses((status = 200, body = SuggestedIntegration), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn ignore(
    request: HttpRequest,
    state: web::Data<AppState>,
    principal: Principal,
) -> Result<HttpResponse, ServerError> {
    decide(&request, &state, &principal, Deed::Ignore).await
}

/// It is a suggestion again.
#[utoipa::path(post, path = "/api/integrations/suggestions/{id}/restore", tag = "inventory", params(("id" = i64, Path)),
    responses((status = 200, body = SuggestedIntegration), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn restore(
    request: HttpRequest,
    state: web::Data<AppState>,
    principal: Principal,
) -> Result<HttpResponse, ServerError> {
    decide(&request, &state, &principal, Deed::Restore).await
}

async fn decide(
    request: &HttpRequest,
    state: &AppState,
    principal: &Principal,
    deed: Deed,
) -> Result<HttpResponse, ServerError> {
    let id = number(request)?;
    let (by, now) = (principal.actor(), clock::now());
    let outcome = state
        .store
        .write(move |db| suggestions::decide(db, id, deed, &by, now))
        .await?;
    match outcome {
        Outcome::Done(found) => Ok(HttpResponse::Ok().json(found)),
        Outcome::Missing => Err(ServerError::NotFound(format!(
            "there is no suggested integration {id}"
        ))),
        Outcome::Refused(why) => Err(ServerError::Conflict(why.to_owned())),
    }
}
