//! `/api/agents`

use actix_web::{HttpRequest, HttpResponse, web};

use super::signals::{idempotency_key, refusal};
use crate::clock;
use crate::domain::agent::{Agent, Report};
use crate::flow::ingest::{Delivery, Outcome};
use crate::flow::report::{self as reports, Reported};
use crate::server::auth::Principal;
use crate::server::body::Body;
use crate::server::error::ServerError;
use crate::server::respond;
use crate::server::state::AppState;
use crate::store::agents;
use crate::wire::{Problem, ReportAnswer};

/// All agents, with when they were last heard and what waits there.
#[utoipa::path(get, path = "/api/agents", tag = "agents", responses((status = 200, body = Vec<Agent>)))]
pub(crate) async fn list(
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ServerError> {
    let agents = state.store.read(|db| agents::all(db, clock::now())).await?;
    Ok(respond::json(&request, &agents))
}

/// An agent's cycle in one call.
#[utoipa::path(post, path = "/api/agents/report", tag = "agents", request_body = Report,
    responses((status = 201, body = ReportAnswer), (status = 200, body = ReportAnswer, description = "known by its Idempotency-Key"),
        (status = 403, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn report(
    request: HttpRequest,
    state: web::Data<AppState>,
    principal: Principal,
    body: Body,
) -> Result<HttpResponse, ServerError> {
    let key = idempotency_key(&request)?;
    let report = Report::from_json(body.json()?).map_err(ServerError::fields)?;
    let delivery = Delivery {
        items: vec![(report, key)],
        sender: principal.into_sender(),
        received_at: clock::now(),
    };
    let outcomes = reports::deliver(&state.store, &state.catalogue(), delivery).await?;
    let Some(Reported {
        outcome,
        send_again,
        policy,
    }) = outcomes.into_iter().next()
    else {
        return Err(ServerError::Malformed(
            "the body holds no report".to_owned(),
        ));
    };
    let answer = |signal: &crate::domain::signal::Signal| ReportAnswer {
        signal_id: signal.id,
        received_at: signal.received_at,
        send_again,
        policy,
    };
    match outcome {
        Outcome::Stored(signal) => Ok(HttpResponse::Created().json(answer(&signal))),
        Outcome::Known(signal) => Ok(HttpResponse::Ok().json(answer(&signal))),
        refused => Err(refusal(&refused)),
    }
}
