//! `GET /api/llm/context_for_signal/{id}`

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::clock;
use crate::domain::context::{Context, DEFAULT_BUDGET, Message, SMALLEST_BUDGET, boundary_of};
use crate::domain::fields::FieldError;
use crate::flow::llm;
use crate::server::address::number;
use crate::server::error::ServerError;
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
