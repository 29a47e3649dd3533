//! `/api/hosts`

use actix_web::{HttpRequest, HttpResponse, web};

use crate::clock;
use crate::domain::fields::FieldError;
use crate::domain::inventory::host::{Host, Marking};
use crate::domain::inventory::judge::Standing;
use crate::flow::inventory::marks;
use crate::flow::inventory::view::{self, Filter};
use crate::server::address::number;
use crate::server::auth::Principal;
use crate::server::body::Body;
use crate::server::error::ServerError;
use crate::server::respond;
use crate::server::state::AppState;
use crate::wire::Problem;

fn missing(id: i64) -> ServerError {
    ServerError::NotFound(format!("there is no host {id}"))
}

/// Hosts that discovery found, by site, network and address.
#[utoipa::path(get, path = "/api/hosts", tag = "inventory",
    params(("site" = Option<String>, Query), ("network" = Option<i64>, Query), ("state" = Option<Standing>, Query), ("q" = Option<String>, Query),
        ("new" = Option<bool>, Query), ("roaming" = Option<bool>, Query), ("known" = Option<bool>, Query), ("pinned" = Option<bool>, Query),
        ("ignored" = Option<bool>, Query)),
    responses((status = 200, body = Vec<Host>), (status = 422, body = Problem)))]
pub(crate) async fn list(
    request: HttpRequest,
    state: web::Data<AppState>,
    query: web::Query<Vec<(String, String)>>,
) -> Result<HttpResponse, ServerError> {
    let filter = read_query(&query).map_err(ServerError::fields)?;
    let found = state
        .store
        .read(move |db| view::hosts(db, &filter, clock::now()))
        .await?;
    Ok(respond::json(&request, &found))
}

/// One host.
#[utoipa::path(get, path = "/api/hosts/{id}", tag = "inventory", params(("id" = i64, Path)),
    responses((status = 200, body = Host), (status = 404, body = Problem)))]
pub(crate) async fn show(
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ServerError> {
    let id = number(&request)?;
    let found = state
        .store
        .read(move |db| view::host(db, id, clock::now()))
        .await?;
    Ok(respond::json(&request, &found.ok_or_else(|| missing(id))?))
}

/// Says something of a host. Body: `{known?, pinned?, ignored?, name?}`; a null name goes.
#[utoipa::path(patch, path = "/api/hosts/{id}", tag = "inventory", params(("id" = i64, Path)), request_body = Object,
    responses((status = 200, body = Host), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn edit(
    request: HttpRequest,
    state: web::Data<AppState>,
    principal: Principal,
    body: Body,
) -> Result<HttpResponse, ServerError> {
    let id = number(&request)?;
    let marking = Marking::from_json(body.json()?).map_err(ServerError::fields)?;
    let (catalogue, by, now) = (state.catalogue(), principal.actor(), clock::now());
    let changed = state
        .store
        .write(move |db| marks::mark_host((db, &catalogue), id, &marking, &by, now))
        .await?;
    Ok(HttpResponse::Ok().json(changed.ok_or_else(|| missing(id))?))
}

fn read_query(query: &[(String, String)]) -> Result<Filter, Vec<FieldError>> {
    let mut filter = Filter::default();
    let mut errors = Vec::new();
    for (name, value) in query.iter().filter(|(_, value)| !value.is_empty()) {
        let mut expect = |expected: &str| {
            errors.push(FieldError::new(
                name,
                format!("expected {expected}, found {value:?}"),
            ));
        };
        let flag = match value.as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        };
        match name.as_str() {
            "site" => filter.site = Some(value.clone()),
            "q" => filter.words = value.split_whitespace().map(str::to_owned).collect(),
            "network" => match value.parse() {
                Ok(id) => filter.network = Some(id),
                Err(_) => expect("the number of a network"),
            },
            "state" => match Standing::parse(value) {
                Some(state) => filter.state = Some(state),
                None => expect("present, absent or unknown"),
            },
            "new" | "roaming" | "known" | "pinned" | "ignored" if flag.is_none() => {
                expect("true or false");
            }
            "new" => filter.new = flag,
            "roaming" => filter.roaming = flag,
            "known" => filter.known = flag,
            "pinned" => filter.pinned = flag,
            "ignored" => filter.ignored = flag,
            _ => {}
        }
    }
    if errors.is_empty() {
        Ok(filter)
    } else {
        Err(errors)
    }
}
