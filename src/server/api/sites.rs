//! `/api/sites`

use actix_web::{HttpRequest, HttpResponse, web};

use crate::clock;
use crate::domain::site::{Site, SiteDeclaration};
use crate::server::body::Body;
use crate::server::error::ServerError;
use crate::server::respond;
use crate::server::state::AppState;
use crate::store::sites;
use crate::wire::Problem;

fn missing(id: &str) -> ServerError {
    ServerError::NotFound(format!("there is no site {id:?}"))
}

/// All sites with their integrations.
#[utoipa::path(get, path = "/api/sites", tag = "sites", responses((status = 200, body = Vec<Site>)))]
pub(crate) async fn list(
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ServerError> {
    let sites = state.store.read(sites::all).await?;
    Ok(respond::json(&request, &sites))
}

/// One site.
#[utoipa::path(get, path = "/api/sites/{id}", tag = "sites", params(("id" = String, Path)),
    responses((status = 200, body = Site), (status = 404, body = Problem)))]
pub(crate) async fn show(
    request: HttpRequest,
    id: web::Path<String>,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ServerError> {
    let site = find(&state, &id).await?.ok_or_else(|| missing(&id))?;
    Ok(respond::json(&request, &site))
}

/// Declares a site.
#[utoipa::path(post, path = "/api/sites", tag = "sites", request_body = Object,
    responses((status = 201, body = Site), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn create(
    state: web::Data<AppState>,
    body: Body,
) -> Result<HttpResponse, ServerError> {
    let declared = SiteDeclaration::from_json(body.json()?, None).map_err(ServerError::fields)?;
    let id = declared.id.clone();
    let created = state
        .store
        .write(move |db| {
            if sites::get(db, &declared.id)?.is_some_and(|site| !site.demo) {
                return Ok(false);
            }
            sites::declare(db, &declared, clock::now())?;
            Ok(true)
        })
        .await?;
    if !created {
        return Err(ServerError::Conflict(format!(
            "there is a site {id:?}; change it with PUT /api/sites/{id}"
        )));
    }
    let site = find(&state, &id).await?;
    Ok(HttpResponse::Created().json(site))
}

/// Changes a site's name, description and networks.
#[utoipa::path(put, path = "/api/sites/{id}", tag = "sites", params(("id" = String, Path)), request_body = Object,
    responses((status = 200, body = Site), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn edit(
    id: web::Path<String>,
    state: web::Data<AppState>,
    body: Body,
) -> Result<HttpResponse, ServerError> {
    let declared =
        SiteDeclaration::from_json(body.json()?, Some(&id)).map_err(ServerError::fields)?;
    let found = state
        .store
        .write(move |db| {
            let found = sites::get(db, &declared.id)?.is_some();
            if found {
                sites::declare(db, &declared, clock::now())?;
            }
            Ok(found)
        })
        .await?;
    if !found {
        return Err(missing(&id));
    }
    Ok(HttpResponse::Ok().json(find(&state, &id).await?))
}

/// Removes a site that nothing hangs on.
#[utoipa::path(delete, path = "/api/sites/{id}", tag = "sites", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn remove(
    id: web::Path<String>,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ServerError> {
    find(&state, &id).await?.ok_or_else(|| missing(&id))?;
    let gone = id.clone();
    if state
        .store
        .write(move |db| sites::remove(db, &gone))
        .await?
    {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(ServerError::Conflict(format!(
            "signals, agents or integrations hang on {:?}; a site with history stays",
            id.as_str()
        )))
    }
}

async fn find(state: &AppState, id: &str) -> Result<Option<Site>, ServerError> {
    let id = id.to_owned();
    Ok(state.store.read(move |db| sites::get(db, &id)).await?)
}
