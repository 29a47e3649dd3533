//! The button that asks the model about an incident: `partials/model_answer.html`, where a model is
//! set up. What it says is shown in the incident's timeline.

use actix_web::{HttpRequest, HttpResponse, web};

use super::see_other;
use crate::server::address::number;
use crate::server::auth::Principal;
use crate::server::error::ServerError;
use crate::server::model;
use crate::server::state::AppState;

/// Asks, and leads back to the incident; a page says so where there is no answer.
pub(crate) async fn ask(
    request: HttpRequest,
    state: web::Data<AppState>,
    principal: Principal,
) -> Result<HttpResponse, ServerError> {
    let answered = model::ask(&state, number(&request)?, principal.actor()).await?;
    let id = answered.answer.incident_id;
    Ok(see_other(&state, &format!("/incidents/{id}")))
}
