//! `/api/signals`: one signal in, one out, or a list.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::clock;
use crate::domain::fields::{FieldError, MAX_ID};
use crate::domain::severity::Severity;
use crate::domain::signal::{NewSignal, Signal};
use crate::domain::timestamp::Timestamp;
use crate::domain::window::Window;
use crate::flow::ingest::{self, Delivery, Outcome};
use crate::server::address::number;
use crate::server::auth::Principal;
use crate::server::body::Body;
use crate::server::error::ServerError;
use crate::server::respond;
use crate::server::state::AppState;
use crate::store::signals::{self, Filter};
use crate::wire::{self, Problem};

const DEFAULT_LIMIT: usize = 300;
const MAX_LIMIT: usize = 1000;

/// Stores a signal and answers when it is on disk.
#[utoipa::path(post, path = "/api/signals", tag = "signals", request_body = NewSignal,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = Signal), (status = 200, body = Signal, description = "known by its key"),
        (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 413, body = Problem), (status = 422, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn create(
    request: HttpRequest,
    state: web::Data<AppState>,
    principal: Principal,
    body: Body,
) -> Result<HttpResponse, ServerError> {
    let header_key = idempotency_key(&request)?;
    let mut signal = NewSignal::from_json(body.json()?).map_err(ServerError::fields)?;
    // Taken in any case: the body is the same one whichever road its key came.
    let uid = signal.uid.take();
    let key = header_key.or(uid);
    let delivery = Delivery {
        items: vec![(signal, key)],
        sender: principal.into_sender(),
        received_at: clock::now(),
    };
    let outcomes = ingest::deliver(&state.store, &state.catalogue(), delivery).await?;
    match outcomes.first() {
        Some(Outcome::Stored(signal)) => Ok(HttpResponse::Created()
            .insert_header((
                header::LOCATION,
                state.link(&format!("{}/{}", wire::SIGNALS, signal.id)),
            ))
            .json(signal)),
        Some(Outcome::Known(signal)) => Ok(HttpResponse::Ok().json(signal)),
        Some(refused) => Err(refusal(refused)),
        None => Err(ServerError::Malformed(
            "the body holds no signal".to_owned(),
        )),
    }
}

/// The request's idempotency key, if it has one.
///
/// # Errors
/// It is empty, too long or no text.
pub(crate) fn idempotency_key(request: &HttpRequest) -> Result<Option<String>, ServerError> {
    let Some(value) = request.headers().get(wire::IDEMPOTENCY_KEY) else {
        return Ok(None);
    };
    let key = value.to_str().unwrap_or_default().trim();
    if key.is_empty() || key.len() > MAX_ID {
        return Err(ServerError::fields(vec![FieldError::new(
            wire::IDEMPOTENCY_KEY,
            format!("expected 1 to {MAX_ID} visible ASCII characters"),
        )]));
    }
    Ok(Some(key.to_owned()))
}

/// Why nothing was stored.
pub(crate) fn refusal(outcome: &Outcome) -> ServerError {
    match outcome {
        Outcome::ForeignSite => {
            ServerError::Forbidden("this token is bound to another site".to_owned())
        }
        _ => ServerError::Invalid(
            "this idempotency key came with another body before; make a new key for a new signal"
                .to_owned(),
            Vec::new(),
        ),
    }
}

/// One signal.
#[utoipa::path(get, path = "/api/signals/{id}", tag = "signals", params(("id" = i64, Path)),
    responses((status = 200, body = Signal), (status = 404, body = Problem)))]
pub(crate) async fn show(
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ServerError> {
    let id = number(&request)?;
    let signal = state
        .store
        .read(move |db| signals::get(db, id))
        .await?
        .ok_or_else(|| ServerError::NotFound(format!("there is no signal {id}")))?;
    Ok(respond::json(&request, &signal))
}

/// Signals, newest first, heartbeats included.
#[utoipa::path(get, path = "/api/signals", tag = "signals",
    params(("site" = Option<String>, Query), ("severity" = Option<String>, Query), ("kind" = Option<String>, Query),
        ("source" = Option<String>, Query), ("since" = Option<String>, Query), ("until" = Option<String>, Query),
        ("window" = Option<String>, Query), ("q" = Option<String>, Query), ("before" = Option<i64>, Query), ("limit" = Option<i64>, Query)),
    responses((status = 200, body = Vec<Signal>), (status = 422, body = Problem)))]
pub(crate) async fn list(
    request: HttpRequest,
    state: web::Data<AppState>,
    query: web::Query<Vec<(String, String)>>,
) -> Result<HttpResponse, ServerError> {
    let (filter, limit) = read_query(&query, clock::now()).map_err(ServerError::fields)?;
    let found = state
        .store
        .read(move |db| signals::newest(db, &filter, limit))
        .await?;
    let mut answer = respond::json(&request, &found);
    if found.len() == limit
        && let Some(last) = found.last()
    {
        let next = next_page(&state, &query, last.id);
        if let Ok(value) = header::HeaderValue::from_str(&format!("<{next}>; rel=\"next\"")) {
            answer.headers_mut().insert(header::LINK, value);
        }
    }
    Ok(answer)
}

/// The same question, for what is older than `before`.
fn next_page(state: &AppState, query: &[(String, String)], before: i64) -> String {
    let mut pairs: Vec<(&str, String)> = query
        .iter()
        .filter(|(name, _)| name != "before")
        .map(|(name, value)| (name.as_str(), value.clone()))
        .collect();
    pairs.push(("before", before.to_string()));
    let text = serde_urlencoded::to_string(pairs).unwrap_or_default();
    format!("{}?{text}", state.link(wire::SIGNALS))
}

fn read_query(
    query: &[(String, String)],
    now: Timestamp,
) -> Result<(Filter, usize), Vec<FieldError>> {
    let mut filter = Filter {
        heartbeats: true,
        ..Filter::default()
    };
    let mut limit = DEFAULT_LIMIT;
    let mut errors = Vec::new();
    for (name, value) in query {
        // An empty one is a form field that nobody filled.
        if value.is_empty() {
            continue;
        }
        let mut expect = |expected: &str| {
            errors.push(FieldError::new(
                name,
                format!("expected {expected}, found {value:?}"),
            ));
        };
        match name.as_str() {
            "site" => filter.site = Some(value.clone()),
            "kind" => filter.kind = Some(value.clone()),
            "source" => filter.source = Some(value.clone()),
            "q" => filter.words = value.split_whitespace().map(str::to_owned).collect(),
            "severity" => match Severity::parse(value) {
                Some(severity) => filter.severity = Some(severity),
                None => expect("info, warning or critical"),
            },
            "since" | "until" => match Timestamp::parse(value) {
                Some(moment) if name == "since" => filter.since = Some(moment),
                Some(moment) => filter.until = Some(moment),
                None => expect("a time such as 2026-11-23T04:45:12Z"),
            },
            "window" => match Window::parse(value) {
                Some(window) => filter.since = window.start(now).max(filter.since),
                None => expect("a window such as 24h or 7d"),
            },
            "before" => match value.parse() {
                Ok(id) => filter.before = Some(id),
                Err(_) => expect("the number of a signal"),
            },
            "limit" => match value.parse() {
                Ok(count) if (1..=MAX_LIMIT).contains(&count) => limit = count,
                _ => expect("a number from 1 to 1000"),
            },
            _ => {}
        }
    }
    if errors.is_empty() {
        Ok((filter, limit))
    } else {
        Err(errors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &[(&str, &str)]) -> Result<(Filter, usize), Vec<FieldError>> {
        let pairs: Vec<(String, String)> = query
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        read_query(&pairs, Timestamp::from_millis(1_000_000_000_000))
    }

    #[test]
    fn a_window_and_since_narrow_each_other() {
        let (filter, limit) = read(&[("window", "1h"), ("since", "")]).unwrap();
        assert_eq!(filter.since, Some(Timestamp::from_millis(999_996_400_000)));
        assert_eq!(limit, 300);
    }

    #[test]
    fn everything_wrong_is_named() {
        let errors = read(&[
            ("limit", "5000"),
            ("severity", "bad"),
            ("before", "x"),
            ("window", "?"),
        ])
        .unwrap_err();
        let fields: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["limit", "severity", "before", "window"]);
    }
}
