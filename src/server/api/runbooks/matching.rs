//! `/api/runbooks/match` and its kin: which runbook for which signal, and which are missing.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value};

use crate::clock;
use crate::domain::fields::FieldError;
use crate::domain::matching::SignalView;
use crate::flow::matching::{self, Fit, Gap, PastMatch};
use crate::server::error::ServerError;
use crate::server::respond;
use crate::server::state::AppState;
use crate::wire::Problem;

type Pairs = web::Query<Vec<(String, String)>>;

const DEFAULT_LIMIT: usize = 50;
const MAX_LIMIT: usize = 500;
/// What a key of the detail begins with in an address.
const DETAIL: &str = "detail.";
/// Most keys of a detail in an address, and longest text.
const MAX_DETAIL: usize = 100;
const MAX_TEXT: usize = 4096;

/// The runbooks that fit a stored signal, or one that is described, best first; none where none
/// fits.
#[utoipa::path(get, path = "/api/runbooks/match", tag = "runbooks",
    params(("signal" = Option<i64>, Query, description = "number of a stored signal; the others are for one that is not stored"),
        ("kind" = Option<String>, Query), ("summary" = Option<String>, Query), ("site" = Option<String>, Query),
        ("detail.KEY" = Option<String>, Query, description = "one for each key of the detail")),
    responses((status = 200, body = Vec<Fit>), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn fits(
    request: HttpRequest,
    state: web::Data<AppState>,
    pairs: Pairs,
) -> Result<HttpResponse, ServerError> {
    let catalogue = state.catalogue();
    let found = match read_question(&pairs).map_err(ServerError::fields)? {
        Question::Stored(id) => state
            .store
            .read(move |db| matching::fits_of(db, &catalogue, id))
            .await?
            .ok_or_else(|| no_signal(id))?,
        Question::Described(described) => matching::fits(&catalogue, &described.view()),
    };
    Ok(respond::json(&request, &found))
}

/// Past signals that a runbook would be the best for, newest first.
#[utoipa::path(get, path = "/api/runbooks/{id}/matches", tag = "runbooks",
    params(("id" = String, Path), ("limit" = Option<usize>, Query, description = "1 to 500; 50 where it is not given")),
    responses((status = 200, body = Vec<PastMatch>), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn past(
    request: HttpRequest,
    id: web::Path<String>,
    state: web::Data<AppState>,
    pairs: Pairs,
) -> Result<HttpResponse, ServerError> {
    let limit = read_limit(&pairs).map_err(ServerError::fields)?;
    let catalogue = state.catalogue();
    if catalogue.get(&id).is_none() {
        return Err(super::no_runbook(&id));
    }
    let found = state
        .store
        .read(move |db| matching::best_for(db, &catalogue, &id, limit))
        .await?;
    Ok(respond::json(&request, &found))
}

/// Kinds of signals of the last 30 days that no runbook fits, the most frequent first.
#[utoipa::path(get, path = "/api/runbooks/gaps", tag = "runbooks", responses((status = 200, body = Vec<Gap>)))]
pub(crate) async fn gaps(
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ServerError> {
    let (catalogue, now) = (state.catalogue(), clock::now());
    let gaps = state
        .store
        .read(move |db| matching::gaps(db, &catalogue, now))
        .await?;
    Ok(respond::json(&request, &gaps))
}

/// A first draft of a runbook for a signal: Markdown that passes the lint, to be filled by a person.
#[utoipa::path(get, path = "/api/runbooks/draft", tag = "runbooks", params(("signal" = i64, Query)),
    responses((status = 200, body = String, content_type = "text/markdown"), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn draft(
    state: web::Data<AppState>,
    pairs: Pairs,
) -> Result<HttpResponse, ServerError> {
    let asked = pairs.iter().find(|(name, _)| name == "signal");
    let id = asked
        .ok_or_else(|| "expected the number of a signal".to_owned())
        .and_then(|(_, value)| number(value))
        .map_err(|message| ServerError::fields(vec![FieldError::new("signal", message)]))?;
    let catalogue = state.catalogue();
    let text = state
        .store
        .read(move |db| matching::draft(db, &catalogue, id))
        .await?
        .ok_or_else(|| no_signal(id))?;
    Ok(HttpResponse::Ok()
        .content_type("text/markdown; charset=utf-8")
        .body(text))
}

fn no_signal(id: i64) -> ServerError {
    ServerError::NotFound(format!("there is no signal {id}"))
}

enum Question {
    Stored(i64),
    Described(Described),
}

/// A signal that is not stored.
#[derive(Default)]
struct Described {
    kind: String,
    summary: String,
    site: String,
    detail: Map<String, Value>,
}

impl Described {
    fn view(&self) -> SignalView<'_> {
        SignalView {
            kind: &self.kind,
            summary: &self.summary,
            detail: &self.detail,
            site_id: &self.site,
        }
    }
}

fn read_question(pairs: &[(String, String)]) -> Result<Question, Vec<FieldError>> {
    let mut described = Described::default();
    let mut errors = Vec::new();
    let mut stored = None;
    for (name, value) in pairs {
        if value.len() > MAX_TEXT {
            let message = format!("expected at most {MAX_TEXT} bytes");
            errors.push(FieldError::new(name, message));
            continue;
        }
        match name.as_str() {
            "signal" => match number(value) {
                Ok(id) => stored = Some(id),
                Err(message) => errors.push(FieldError::new(name, message)),
            },
            "kind" => described.kind.clone_from(value),
            "summary" => described.summary.clone_from(value),
            "site" => described.site.clone_from(value),
            _ => match name.strip_prefix(DETAIL) {
                Some(key) if !key.is_empty() && described.detail.len() < MAX_DETAIL => {
                    described
                        .detail
                        .insert(key.to_owned(), value.as_str().into());
                }
                _ => errors.push(FieldError::new(
                    name,
                    "expected signal, kind, summary, site or detail.KEY",
                )),
            },
        }
    }
    let told = !(described.kind.is_empty() && described.summary.is_empty());
    match stored {
        _ if !errors.is_empty() => Err(errors),
        Some(id) if !told => Ok(Question::Stored(id)),
        None if told => Ok(Question::Described(described)),
        _ => Err(vec![FieldError::new(
            "signal",
            "expected the number of a signal, or else its kind or summary",
        )]),
    }
}

fn number(text: &str) -> Result<i64, String> {
    text.parse()
        .map_err(|_| "expected the number of a signal".to_owned())
}

fn read_limit(pairs: &[(String, String)]) -> Result<usize, Vec<FieldError>> {
    let Some((name, value)) = pairs.iter().find(|(name, _)| name == "limit") else {
        return Ok(DEFAULT_LIMIT);
    };
    match value.parse() {
        Ok(limit) if (1..=MAX_LIMIT).contains(&limit) => Ok(limit),
        _ => Err(vec![FieldError::new(
            name,
            format!("expected a number from 1 to {MAX_LIMIT}"),
        )]),
    }
}
