//! A change by cookie is only taken from our own pages: the browser says which page asks (see
//! `origin`), and the page carries a token that only the session's own pages know. `authorise`
//! calls [`check`] for every changing route, before any handler: a page with a form cannot
//! forget it.
//!
//! The token is a hash of the session's secret, so nothing of it is stored, and it ends with the
//! session. It stands in compressed pages unmasked: learning it by their size would be of no use
//! without a page of our own origin to send it from.

use actix_web::HttpRequest;
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::http::{Method, header};
use futures_util::stream;
use subtle::ConstantTimeEq;

use super::body::Body;
use super::error::ServerError;
use super::origin;
use super::state::AppState;
use crate::domain::hash;

/// The field of a form that holds the token.
const FIELD: &str = "csrf";
/// The header that may hold it instead; where the body is no form, it must.
const HEADER: &str = "x-csrf-token";
/// The type of a form's body.
const FORM: &str = "application/x-www-form-urlencoded";

/// Whether a request may change something.
pub(crate) fn changes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// The token of a session, from the secret in its cookie.
pub(crate) fn token(secret: &str) -> String {
    hash::hex(&hash::sha256(format!("csrf of session {secret}")))
}

/// Whether the body is a form's.
pub(crate) fn is_form(request: &HttpRequest) -> bool {
    request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case(FORM))
}

/// Refuses a change by a session that our own page did not ask for. The body of a form is read for
/// it, and put back for the handler.
///
/// # Errors
/// Another page asked, the token is missing or another's, or the body cannot be read.
pub(crate) async fn check(
    state: &AppState,
    request: &mut ServiceRequest,
    token: &str,
) -> Result<(), ServerError> {
    origin::check_origin(state, request.request())?;
    let sent = request.headers().get(HEADER).cloned();
    let good = match sent {
        Some(sent) => is_same(sent.as_bytes(), token),
        None if is_form(request.request()) => {
            let Body(body) = request.extract::<Body>().await?;
            let good = url_pairs(&body)?
                .iter()
                .any(|(name, value)| name == FIELD && is_same(value.as_bytes(), token));
            request.set_payload(Payload::Stream {
                payload: Box::pin(stream::once(async move { Ok(body) })),
            });
            good
        }
        None => false,
    };
    if good {
        return Ok(());
    }
    Err(ServerError::Forbidden(
        "the form was not of this session, or is too old: go back, load the page again and repeat it. Programs send the session's token in X-CSRF-Token, or better use an access token".to_owned(),
    ))
}

fn url_pairs(body: &[u8]) -> Result<Vec<(String, String)>, ServerError> {
    serde_urlencoded::from_bytes(body)
        .map_err(|error| ServerError::Malformed(format!("the body is no form: {error}")))
}

fn is_same(sent: &[u8], token: &str) -> bool {
    bool::from(sent.ct_eq(token.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_the_sessions_own_and_does_not_tell_it() {
        assert_eq!(token("a").len(), 64);
        assert_ne!(token("a"), token("b"));
        assert_ne!(token("a"), hash::hex(&hash::sha256("a")));
        assert!(is_same(token("a").as_bytes(), &token("a")));
        assert!(!is_same(b"", &token("a")) && !is_same(token("b").as_bytes(), &token("a")));
    }

    #[test]
    fn looking_is_no_change() {
        for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
            assert!(!changes(&method));
        }
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            assert!(changes(&method));
        }
        assert!(changes(&Method::from_bytes(b"MOVE").unwrap()));
    }
}
