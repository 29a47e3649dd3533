//! Answers with an `ETag`, so that what a client has already is not sent again.

use actix_web::http::header::{self, ContentType};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use crate::domain::hash;

/// JSON, or 304 where the client has it.
pub(crate) fn json(request: &HttpRequest, value: &impl Serialize) -> HttpResponse {
    match serde_json::to_vec(value) {
        Ok(body) => tagged(request, ContentType::json(), body),
        Err(error) => {
            tracing::error!(%error, "an answer could not be written as JSON");
            HttpResponse::InternalServerError().finish()
        }
    }
}

/// A page, or 304 where the client has it.
pub(crate) fn html(request: &HttpRequest, page: String) -> HttpResponse {
    tagged(request, ContentType::html(), page.into_bytes())
}

fn tagged(request: &HttpRequest, kind: ContentType, body: Vec<u8>) -> HttpResponse {
    // Weak, since the same answer may leave compressed or not.
    let tag = format!("\"{}\"", &hash::hex(&hash::sha256(&body))[..24]);
    let known = request
        .headers()
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|tags| {
            tags.split(',')
                .map(|known| known.trim().trim_start_matches("W/"))
                .any(|known| known == tag || known == "*")
        });
    let mut answer = if known {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    answer
        .insert_header((header::ETAG, format!("W/{tag}")))
        .insert_header((header::CACHE_CONTROL, "private, no-cache"));
    if known {
        answer.finish()
    } else {
        answer.insert_header(kind).body(body)
    }
}
