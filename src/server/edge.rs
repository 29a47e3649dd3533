//! What every answer passes on its way out: safe headers, a page in place of JSON where a person
//! asked, and one line in the log.

use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web;

use super::auth;
use super::pages;
use super::state::AppState;
use crate::wire::Problem;

/// Pages load our own style sheet and nothing else, and cannot be framed.
const CSP: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
     base-uri 'none'; frame-ancestors 'none'";

const ALWAYS: [(HeaderName, &str); 4] = [
    (header::CONTENT_SECURITY_POLICY, CSP),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    // Not `no-referrer`: with that, browsers hide the origin of our own forms from us as well.
    (header::REFERRER_POLICY, "same-origin"),
];

/// The outermost middleware.
pub(crate) async fn outgoing(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let started = Instant::now();
    let state = request.app_data::<web::Data<AppState>>().cloned();
    let line = Line::of(&request, state.as_ref().map(actix_web::web::Data::get_ref));
    let mut response = next.call(request).await?.map_into_boxed_body();
    if let Some(state) = &state {
        response = with_face(state, response);
    }
    for (name, value) in ALWAYS {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    if let Some(line) = line {
        line.log(&response, started);
    }
    Ok(response)
}

/// Answers a person's question with a page, where it is an error.
fn with_face(state: &AppState, response: ServiceResponse) -> ServiceResponse {
    let path = response.request().path();
    let own = path.strip_prefix(&state.config.base_path).unwrap_or(path);
    if own.starts_with("/api/") {
        return response;
    }
    let problem = response.response().extensions().get::<Problem>().cloned();
    let Some(problem) = problem else {
        return response;
    };
    if let Some(login) = pages::login::way_to(state, response.request(), own, &problem) {
        return response.into_response(login);
    }
    let mut new = pages::error::render(state, response.request(), own, &problem);
    let (request, old) = response.into_parts();
    for name in [header::WWW_AUTHENTICATE, header::ALLOW, header::RETRY_AFTER] {
        if let Some(value) = old.headers().get(&name) {
            new.headers_mut().insert(name, value.clone());
        }
    }
    ServiceResponse::new(request, new)
}

/// What the log says of a request. Never its query's values, headers or body.
struct Line {
    method: String,
    path: String,
    client: String,
}

impl Line {
    fn of(request: &ServiceRequest, state: Option<&AppState>) -> Option<Self> {
        if !tracing::enabled!(target: "atlas_ops::access", tracing::Level::INFO) {
            return None;
        }
        let path = request.path();
        // The one-time code is a secret until it is used.
        let path = match path.find("/welcome/") {
            Some(at) => format!("{}/welcome/***", &path[..at]),
            None => path.to_owned(),
        };
        Some(Self {
            method: request.method().to_string(),
            path,
            client: state
                .map(|state| auth::address_of(state, request.request()).to_string())
                .unwrap_or_default(),
        })
    }

    fn log(&self, response: &ServiceResponse<BoxBody>, started: Instant) {
        let status = response.status().as_u16();
        let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        tracing::info!(
            target: "atlas_ops::access",
            method = self.method, path = self.path, status, micros, client = self.client,
            "answered"
        );
    }
}
