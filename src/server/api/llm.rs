//! `GET /api/llm/context_for_signal/{id}` and `POST /api/incidents/{id}/ask`

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::clock;
use crate::domain::context::answer::Answer;
use crate::domain::context::{Context, DEFAULT_BUDGET, Message, SMALLEST_BUDGET, boundary_of};
use crate::domain::fields::FieldError;
use crate::domain::timestamp::Timestamp;
use crate::flow::llm;
use crate::server::address::number;
use crate::server::auth::Principal;
use crate::server::error::ServerError;
use crate::server::model;
use crate::server::state::AppState;
use crate::store::StoreError;
use crate::wire::Problem;

/// Largest budget that is taken, in tokens.
const MAX_BUDGET: usize = 1_000_000;

/// In which form the pack is wanted.
#[derive(Debug, Clone, Copy)]
enum Format {
    Json,
    Markdown,
    Messages,
}

/// What a model needs to think about one signal, within a budget of tokens.
#[utoipa::path(get, path = "/api/llm/context_for_signal/{id}", tag = "llm",
    params(("id" = i64, Path), ("budget" = Option<usize>, Query, description = "tokens, 50 to 1000000; 3000 where it is not given"), ("format" = Option<String>, Query, description = "json, markdown or messages")),
    responses((status = 200, description = "as format says", content((Context = "application/json"), (String = "text/markdown"), (Vec<Message> = "application/vnd.atlas-ops.messages+json"))),
        (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn context_for_signal(
    request: HttpRequest,
    state: web::Data<AppState>,
    pairs: web::Query<Vec<(String, String)>>,
) -> Result<HttpResponse, ServerError> {
    let id = number(&request)?;
    let (budget, format) = read_query(&pairs).map_err(ServerError::fields)?;
    let boundary = clock::random::<16>()
        .map(boundary_of)
        .map_err(|_| ServerError::Store(StoreError::Panicked))?;
    let catalogue = state.catalogue();
    let context = state
        .store
        .read(move |db| llm::context(db, &catalogue, (id, budget), &boundary))
        .await?
        .ok_or_else(|| ServerError::NotFound(format!("there is no signal {id}")))?;
    let mut answer = HttpResponse::Ok();
    // Each pack has a boundary of its own, which is worth nothing once it is known.
    answer.insert_header((header::CACHE_CONTROL, "no-store"));
    Ok(match format {
        Format::Json => answer.json(&context),
        Format::Messages => answer.json(context.to_messages()),
        Format::Markdown => answer
            .content_type("text/markdown; charset=utf-8")
            .body(context.to_markdown().to_owned()),
    })
}

/// What a model said about an incident.
#[derive(Serialize, ToSchema)]
pub(crate) struct ModelAnswer {
    /// The incident.
    incident_id: i64,
    /// The model's name.
    model: String,
    /// Always: a model wrote it, and nobody has checked it.
    machine_written: bool,
    #[serde(flatten)]
    answer: Answer,
    /// Tokens of question and answer.
    tokens: u32,
    /// When it was written.
    #[schema(value_type = String)]
    answered_at: Timestamp,
    /// It was there before: nothing was asked.
    cached: bool,
}

/// Asks the configured model about an incident, or answers what it said before to the same. The
/// answer becomes an entry of the timeline and changes nothing else.
#[utoipa::path(post, path = "/api/incidents/{id}/ask", tag = "llm", params(("id" = i64, Path)),
    responses((status = 200, body = ModelAnswer), (status = 404, body = Problem), (status = 409, body = Problem), (status = 429, description = "the day's tokens are used", body = Problem),
        (status = 502, description = "the model gave no answer", body = Problem), (status = 503, body = Problem), (status = 504, description = "not in time", body = Problem)))]
pub(crate) async fn ask(
    request: HttpRequest,
    state: web::Data<AppState>,
    principal: Principal,
) -> Result<HttpResponse, ServerError> {
    let answered = model::ask(&state, number(&request)?, principal.actor()).await?;
    let kept = answered.answer;
    Ok(HttpResponse::Ok().json(ModelAnswer {
        incident_id: kept.incident_id,
        model: kept.model,
        machine_written: true,
        answer: kept.answer,
        tokens: kept.tokens,
        answered_at: kept.answered_at,
        cached: answered.cached,
    }))
}

fn read_query(pairs: &[(String, String)]) -> Result<(usize, Format), Vec<FieldError>> {
    let (mut budget, mut format) = (DEFAULT_BUDGET, Format::Json);
    let mut errors = Vec::new();
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        match name.as_str() {
            "budget" => match value.parse() {
                Ok(tokens) if (SMALLEST_BUDGET..=MAX_BUDGET).contains(&tokens) => budget = tokens,
                _ => errors.push(FieldError::new(
                    name,
                    format!("expected a number of tokens from {SMALLEST_BUDGET} to {MAX_BUDGET}"),
                )),
            },
            "format" => match value.as_str() {
                "json" => format = Format::Json,
                "markdown" => format = Format::Markdown,
                "messages" => format = Format::Messages,
                _ => errors.push(FieldError::new(name, "expected json, markdown or messages")),
            },
            _ => {}
        }
    }
    if errors.is_empty() {
        Ok((budget, format))
    } else {
        Err(errors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(text: &str) -> Result<usize, Vec<FieldError>> {
        read_query(&[("budget".to_owned(), text.to_owned())]).map(|(budget, _)| budget)
    }

    #[test]
    fn a_budget_that_no_pack_fits_is_refused() {
        for text in ["1", "0", "49", "1000001", "-5", "many"] {
            let errors = budget(text).unwrap_err();
            let said = format!("{errors:?}");
            assert!(said.contains("from 50 to 1000000"), "{text}: {said}");
        }
        assert_eq!(budget("50").unwrap(), SMALLEST_BUDGET);
        assert_eq!(budget("").unwrap(), DEFAULT_BUDGET);
    }
}
