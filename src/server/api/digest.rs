//! `/api/digest`

use actix_web::{HttpRequest, HttpResponse, web};

use crate::clock;
use crate::domain::day;
use crate::domain::digest::{Digest, Kept, text};
use crate::domain::fields::FieldError;
use crate::flow::digest;
use crate::server::error::ServerError;
use crate::server::respond;
use crate::server::state::AppState;
use crate::store::digests;
use crate::wire::Problem;

/// Days of the strip.
const DAYS: usize = 30;
/// Most days of one answer.
const MOST_DAYS: usize = 366;

/// The last days that are over and kept, newest first, with their counts.
#[utoipa::path(get, path = "/api/digest", tag = "digest",
    params(("days" = Option<usize>, Query, description = "1 to 366; 30 where it is not given")),
    responses((status = 200, body = Vec<Kept>), (status = 422, body = Problem)))]
pub(crate) async fn list(
    request: HttpRequest,
    state: web::Data<AppState>,
    pairs: web::Query<Vec<(String, String)>>,
) -> Result<HttpResponse, ServerError> {
    let limit = match value(&pairs, "days").map(str::parse) {
        None => DAYS,
        Some(Ok(days)) if (1..=MOST_DAYS).contains(&days) => days,
        Some(_) => {
            let expected = format!("expected a number of days from 1 to {MOST_DAYS}");
            return Err(ServerError::fields(vec![FieldError::new("days", expected)]));
        }
    };
    let timezone = day::name_of(&state.config.timezone);
    let days = state
        .store
        .read(move |db| digests::newest(db, &timezone, limit))
        .await?;
    Ok(respond::json(&request, &days))
}

/// A day: what happened, and how things stood at its end; today's as it is so far.
#[utoipa::path(get, path = "/api/digest/{date}", tag = "digest",
    params(("date" = String, Path, description = "2026-11-22, today or yesterday"), ("format" = Option<String>, Query, description = "json or text")),
    responses((status = 200, description = "as format says", content((Digest = "application/json"), (String = "text/plain"))),
        (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn show(
    request: HttpRequest,
    date: web::Path<String>,
    state: web::Data<AppState>,
    pairs: web::Query<Vec<(String, String)>>,
) -> Result<HttpResponse, ServerError> {
    let as_text = match value(&pairs, "format") {
        None | Some("json") => false,
        Some("text") => true,
        Some(_) => {
            let error = FieldError::new("format", "expected json or text");
            return Err(ServerError::fields(vec![error]));
        }
    };
    let (now, zone) = (clock::now(), state.config.timezone.clone());
    let Some(date) = day::read(&date, now, &zone) else {
        let expected = "expected today, yesterday or a date such as 2026-11-22";
        return Err(ServerError::fields(vec![FieldError::new("date", expected)]));
    };
    let catalogue = as_text.then(|| state.catalogue());
    let (digest, text) = state
        .store
        .read(move |db| {
            let Some(digest) = digest::for_day(db, date, &zone, now)? else {
                return Ok((None, None));
            };
            Ok(match catalogue {
                None => (Some(digest), None),
                Some(catalogue) => {
                    let board = digest::board(db, &catalogue, digest)?;
                    (None, Some(text::render(&board, &zone, false)))
                }
            })
        })
        .await?;
    match (digest, text) {
        (Some(digest), _) => Ok(respond::json(&request, &digest)),
        (_, Some(text)) => Ok(HttpResponse::Ok()
            .content_type("text/plain; charset=utf-8")
            .body(text)),
        (None, None) => Err(ServerError::NotFound(format!("nothing is known of {date}"))),
    }
}

fn value<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = pairs
        .iter()
        .find(|(known, value)| known == name && !value.is_empty())?;
    Some(&found.1)
}
