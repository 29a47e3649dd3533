//! A request's body: bounded in size and in time, read as JSON or as a form.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::csrf;
use super::error::ServerError;
use crate::wire::MAX_BODY;

/// How long a body may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A body of at most [`MAX_BODY`] bytes.
#[derive(Debug)]
pub(crate) struct Body(pub(crate) Bytes);

impl Body {
    /// Reads it as one JSON value.
    ///
    /// # Errors
    /// It is none.
    pub(crate) fn json(&self) -> Result<Value, ServerError> {
        serde_json::from_slice(&self.0).map_err(|error| not_json(&error))
    }
}

/// What is wrong with a text that should be JSON.
pub(crate) fn not_json(error: &serde_json::Error) -> ServerError {
    ServerError::Malformed(format!("the body is not JSON: {error}"))
}

impl FromRequest for Body {
    type Error = ServerError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ServerError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let announced = request
            .headers()
            .get("content-length")
            .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
        let payload = payload.take();
        Box::pin(async move {
            if announced.is_some_and(|length| length > MAX_BODY) {
                return Err(too_large());
            }
            tokio::time::timeout(TIMEOUT, collect(payload, announced.unwrap_or(0)))
                .await
                .unwrap_or(Err(ServerError::Timeout))
        })
    }
}

/// The fields of a form that a page sent; `T` names those it wants. `authorise` has checked that
/// the form is the session's own before a handler sees it.
#[derive(Debug)]
pub(crate) struct Form<T>(pub(crate) T);

impl<T: DeserializeOwned + 'static> FromRequest for Form<T> {
    type Error = ServerError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ServerError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let is_form = csrf::is_form(request);
        let body = Body::from_request(request, payload);
        Box::pin(async move {
            if !is_form {
                return Err(ServerError::Malformed(
                    "expected a form (application/x-www-form-urlencoded)".to_owned(),
                ));
            }
            serde_urlencoded::from_bytes(&body.await?.0)
                .map(Self)
                .map_err(|error| ServerError::Malformed(format!("the form is not whole: {error}")))
        })
    }
}

async fn collect(mut payload: Payload, announced: usize) -> Result<Body, ServerError> {
    let mut body = actix_web::web::BytesMut::with_capacity(announced);
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| match error {
            PayloadError::Overflow => too_large(),
            other => ServerError::Malformed(format!("the body broke off: {other}")),
        })?;
        if body.len() + chunk.len() > MAX_BODY {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Body(body.freeze()))
}

fn too_large() -> ServerError {
    ServerError::TooLarge(format!("a body has at most {} KiB", MAX_BODY / 1024))
}
