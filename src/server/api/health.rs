//! `GET /api/health`

use actix_web::{HttpResponse, web};

use crate::server::error::ServerError;
use crate::server::state::AppState;
use crate::store::signals;
use crate::wire::Health;

/// Whether the server and its database answer.
#[utoipa::path(get, path = "/api/health", tag = "server",
    responses((status = 200, body = Health), (status = 503, description = "the database does not answer")))]
pub(crate) async fn show(state: web::Data<AppState>) -> Result<HttpResponse, ServerError> {
    state.store.read(signals::is_empty).await?;
    Ok(HttpResponse::Ok().json(Health {
        status: "ok".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }))
}
