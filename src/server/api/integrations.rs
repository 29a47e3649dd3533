//! `/api/integrations`

use actix_web::{HttpRequest, HttpResponse, web};

use crate::domain::integration::{Integration, IntegrationDeclaration};
use crate::server::address::number;
use crate::server::body::Body;
use crate::server::error::ServerError;
use crate::server::respond;
use crate::server::state::AppState;
use crate::store::{Db, StoreError, integrations, sites};
use crate::wire::Problem;

fn missing(id: i64) -> ServerError {
    ServerError::NotFound(format!("there is no integration {id}"))
}

/// What became of a declaration.
enum Declared {
    NoSite(String),
    NoSuch,
    Done(Box<Integration>),
}

impl Declared {
    fn answer(
        self,
        id: i64,
        mut done: actix_web::HttpResponseBuilder,
    ) -> Result<HttpResponse, ServerError> {
        match self {
            Self::NoSite(site) => Err(ServerError::fields(vec![
                crate::domain::fields::FieldError::new(
                    "site_id",
                    format!("there is no site {site:?}; declare it first with POST /api/sites"),
                ),
            ])),
            Self::NoSuch => Err(missing(id)),
            Self::Done(integration) => Ok(done.json(integration)),
        }
    }
}

/// All integrations.
#[utoipa::path(get, path = "/api/integrations", tag = "sites", responses((status = 200, body = Vec<Integration>)))]
pub(crate) async fn list(
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ServerError> {
    let integrations = state.store.read(integrations::all).await?;
    Ok(respond::json(&request, &integrations))
}

/// Declares an integration; its status is `unknown` until something reports it.
#[utoipa::path(post, path = "/api/integrations", tag = "sites", request_body = Object,
    responses((status = 201, body = Integration), (status = 422, body = Problem)))]
pub(crate) async fn create(
    state: web::Data<AppState>,
    body: Body,
) -> Result<HttpResponse, ServerError> {
    let declared = IntegrationDeclaration::from_json(body.json()?).map_err(ServerError::fields)?;
    let outcome = state
        .store
        .write(move |db| {
            if sites::get(db, &declared.site_id)?.is_none() {
                return Ok(Declared::NoSite(declared.site_id));
            }
            let id = integrations::declare(db, &declared)?;
            stored(db, id)
        })
        .await?;
    outcome.answer(0, HttpResponse::Created())
}

/// Changes what was declared.
#[utoipa::path(put, path = "/api/integrations/{id}", tag = "sites", params(("id" = i64, Path)), request_body = Object,
    responses((status = 200, body = Integration), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn edit(
    request: HttpRequest,
    state: web::Data<AppState>,
    body: Body,
) -> Result<HttpResponse, ServerError> {
    let id = number(&request)?;
    let declared = IntegrationDeclaration::from_json(body.json()?).map_err(ServerError::fields)?;
    let outcome = state
        .store
        .write(move |db| {
            if sites::get(db, &declared.site_id)?.is_none() {
                return Ok(Declared::NoSite(declared.site_id));
            }
            if integrations::edit(db, id, &declared)? {
                stored(db, id)
            } else {
                Ok(Declared::NoSuch)
            }
        })
        .await?;
    outcome.answer(id, HttpResponse::Ok())
}

/// Removes an integration.
#[utoipa::path(delete, path = "/api/integrations/{id}", tag = "sites", params(("id" = i64, Path)),
    responses((status = 204), (status = 404, body = Problem)))]
pub(crate) async fn remove(
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ServerError> {
    let id = number(&request)?;
    if state
        .store
        .write(move |db| integrations::remove(db, id))
        .await?
    {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(missing(id))
    }
}

fn stored(db: &Db, id: i64) -> Result<Declared, StoreError> {
    Ok(
        integrations::get(db, id)?
            .map_or(Declared::NoSuch, |found| Declared::Done(Box::new(found))),
    )
}
