//! What a person sees instead of a page: what happened, and the way back.

use actix_web::http::StatusCode;
use actix_web::http::header::ContentType;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::Frame;
use crate::domain::text::shown;
use crate::server::state::AppState;
use crate::wire::Problem;

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    frame: Frame,
    status: u16,
    heading: String,
    detail: String,
    /// The way in is to be shown: the login, and where the server is reached by a script.
    way_in: Option<String>,
}

/// The page for a problem. `own_path` is the path that was asked for, below the base path.
pub(crate) fn render(
    state: &AppState,
    request: &HttpRequest,
    own_path: &str,
    problem: &Problem,
) -> HttpResponse {
    let locked_out = problem.status == 401;
    let by_address = own_path.starts_with("/welcome/");
    let heading = match problem.status {
        401 if by_address => "This address no longer opens the board".to_owned(),
        401 => "This board is private".to_owned(),
        404 => "Not found".to_owned(),
        500.. => "That did not work".to_owned(),
        _ => problem.title.clone(),
    };
    let page = ErrorPage {
        frame: Frame::new(state, request, heading.clone()),
        status: problem.status,
        heading,
        // What it says of a missing token is for programs.
        detail: if locked_out && !by_address {
            "This browser is not logged in, or its 30 days are over.".to_owned()
        } else {
            sentence(&problem.detail)
        },
        way_in: locked_out.then(|| state.address()),
    };
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut answer = HttpResponse::build(status);
    match page.render() {
        Ok(body) => answer.insert_header(ContentType::html()).body(body),
        Err(_) => answer
            .insert_header(ContentType::plaintext())
            .body(problem.detail.clone()),
    }
}

/// A detail of the API as a sentence.
fn sentence(detail: &str) -> String {
    let mut letters = detail.chars();
    let first: String = letters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    shown(&format!(
        "{first}{}.",
        letters.as_str().trim_end_matches('.')
    ))
}
