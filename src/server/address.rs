//! What stands in a request's address.

use actix_web::HttpRequest;

use super::error::ServerError;

/// The last part of the path as a number of ours.
///
/// # Errors
/// It is none: there is nothing there.
pub(crate) fn number(request: &HttpRequest) -> Result<i64, ServerError> {
    request
        .match_info()
        .get("id")
        .and_then(|id| id.parse().ok())
        .ok_or_else(|| {
            ServerError::NotFound("expected a number at the end of the address".to_owned())
        })
}

/// The number of a run's step, from 1.
///
/// # Errors
/// It is none.
pub(crate) fn step_number(request: &HttpRequest) -> Result<usize, ServerError> {
    let text = request.match_info().get("index").unwrap_or_default();
    text.parse()
        .map_err(|_| ServerError::NotFound("expected the number of a step, from 1".to_owned()))
}
