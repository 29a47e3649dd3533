//! What can go wrong with a request. One enum; `application/problem+json` is its face, and
//! `edge` turns that into a page where a person asked. Never says what is inside the server.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, ResponseError};

use crate::domain::fields::FieldError;
use crate::llm;
use crate::store::StoreError;
use crate::wire::{self, Problem};

/// Why a request is not answered as it was meant to be.
#[derive(Debug)]
pub(crate) enum ServerError {
    /// No credential, or one that opens nothing.
    Unauthenticated(&'static str),
    /// The credential is good, and not for this.
    Forbidden(String),
    /// There is nothing there.
    NotFound(String),
    /// Another method is meant.
    MethodNotAllowed(&'static str),
    /// The body did not come in time.
    Timeout,
    /// The body, or the batch, is too large.
    TooLarge(String),
    /// The request is malformed.
    Malformed(String),
    /// The body is well-formed and says something wrong.
    Invalid(String, Vec<FieldError>),
    /// Something else stands in the way.
    Conflict(String),
    /// Too many wrong credentials came from there; the seconds to wait.
    TooMany(u64),
    /// More is asked for than can be worked on.
    Overloaded(&'static str),
    /// The model gave no answer.
    Model(llm::Error),
    /// The model may not be asked any more today.
    ModelSpent(String),
    /// The store refuses.
    Store(StoreError),
}

impl ServerError {
    /// What a 401 asks for.
    pub(crate) const CHALLENGE: &str = "Bearer realm=\"atlas-ops\"";

    /// Fields of a body that are wrong.
    pub(crate) fn fields(errors: Vec<FieldError>) -> Self {
        Self::Invalid(
            "see errors for what is wrong with which field".to_owned(),
            errors,
        )
    }

    /// The answer's body.
    pub(crate) fn problem(&self) -> Problem {
        let status = self.status_code();
        let (detail, errors) = match self {
            Self::Unauthenticated(detail) | Self::Overloaded(detail) => {
                ((*detail).to_owned(), Vec::new())
            }
            Self::TooMany(seconds) => (
                format!("too many credentials from this address were wrong; wait {seconds} s"),
                Vec::new(),
            ),
            Self::Forbidden(detail)
            | Self::NotFound(detail)
            | Self::TooLarge(detail)
            | Self::Malformed(detail)
            | Self::ModelSpent(detail)
            | Self::Conflict(detail) => (detail.clone(), Vec::new()),
            Self::MethodNotAllowed(allowed) => {
                (format!("this address takes {allowed}"), Vec::new())
            }
            Self::Timeout => ("the body did not come in time".to_owned(), Vec::new()),
            Self::Invalid(detail, errors) => (detail.clone(), errors.clone()),
            Self::Model(error) => (error.to_string(), Vec::new()),
            Self::Store(error) => (store_detail(error).to_owned(), Vec::new()),
        };
        Problem {
            kind: "about:blank".to_owned(),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail,
            errors,
        }
    }
}

/// What a stranger may know of a fault of the store.
fn store_detail(error: &StoreError) -> &'static str {
    match error {
        StoreError::Busy => "more comes in than can be stored; send it again",
        StoreError::Stopped => "the server is stopping; send it again",
        StoreError::Full => "the server's disk is full; send it again later",
        StoreError::Locked => "the database is locked; send it again",
        StoreError::ReadOnly => "the database cannot be written at the moment; send it again later",
        StoreError::Panicked => "this request failed unexpectedly; the server's log says why",
        _ => "the database does not answer as it should; send it again later",
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.problem().detail)
    }
}

impl From<StoreError> for ServerError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl ResponseError for ServerError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::Timeout => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Invalid(..) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::TooMany(_) | Self::ModelSpent(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Model(llm::Error::TimedOut(_)) => StatusCode::GATEWAY_TIMEOUT,
            Self::Model(_) => StatusCode::BAD_GATEWAY,
            Self::Store(StoreError::Panicked) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Store(_) | Self::Overloaded(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn error_response(&self) -> HttpResponse {
        if let Self::Store(error) = self {
            tracing::error!(%error, "a request failed");
        }
        let problem = self.problem();
        let mut response = HttpResponse::build(self.status_code())
            .content_type(wire::PROBLEM_JSON)
            .json(&problem);
        let headers = response.headers_mut();
        // `json` keeps a content type that is set; this line says so to the reader.
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(wire::PROBLEM_JSON),
        );
        match self {
            Self::Unauthenticated(_) => {
                headers.insert(
                    header::WWW_AUTHENTICATE,
                    HeaderValue::from_static(Self::CHALLENGE),
                );
            }
            Self::MethodNotAllowed(allowed) => {
                headers.insert(header::ALLOW, HeaderValue::from_static(allowed));
            }
            Self::TooMany(seconds) => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
            }
            Self::Overloaded(_) => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
            }
            Self::Store(error) if !matches!(error, StoreError::Panicked) => {
                let seconds = if matches!(error, StoreError::Full | StoreError::ReadOnly) {
                    "30"
                } else {
                    "1"
                };
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static(seconds));
            }
            _ => {}
        }
        response.extensions_mut().insert(problem);
        response
    }
}
