//! `/api/networks`

use actix_web::{HttpRequest, HttpResponse, web};

use crate::clock;
use crate::domain::inventory::network::{Network, NetworkMarks};
use crate::flow::inventory::{marks, view};
use crate::server::address::number;
use crate::server::body::Body;
use crate::server::error::ServerError;
use crate::server::respond;
use crate::server::state::AppState;
use crate::wire::Problem;

/// Networks that discovery looks at, with who looks by which senses, and what those could not do.
#[utoipa::path(get, path = "/api/networks", tag = "inventory", params(("site" = Option<String>, Query)),
    responses((status = 200, body = Vec<Network>)))]
pub(crate) async fn list(
    request: HttpRequest,
    state: web::Data<AppState>,
    query: web::Query<Vec<(String, String)>>,
) -> Result<HttpResponse, ServerError> {
    let site = query
        .iter()
        .find(|(name, value)| name == "site" && !value.is_empty())
        .map(|(_, value)| value.clone());
    let found = state
        .store
        .read(move |db| view::overview(db, site.as_deref(), clock::now()))
        .await?;
    Ok(respond::json(&request, &found.networks))
}

/// Says something of a network. Body: `{name?, no_guests?}`; a null name goes.
#[utoipa::path(patch, path = "/api/networks/{id}", tag = "inventory", params(("id" = i64, Path)), request_body = Object,
    responses((status = 200, body = Network), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn edit(
    request: HttpRequest,
    state: web::Data<AppState>,
    body: Body,
) -> Result<HttpResponse, ServerError> {
    let id = number(&request)?;
    let marks = NetworkMarks::from_json(body.json()?).map_err(ServerError::fields)?;
    let changed = state
        .store
        .write(move |db| marks::mark_network(db, id, &marks, clock::now()))
        .await?;
    let missing = || ServerError::NotFound(format!("there is no network {id}"));
    Ok(HttpResponse::Ok().json(changed.ok_or_else(missing)?))
}
