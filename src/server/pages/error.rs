//! What a person sees instead of a page: what happened, and the way back.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::ContentType;
use askama::Template;

use super::Frame;
use crate::server::state::AppState;
use crate::wire::Problem;

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    frame: Frame,
    status: u16,
    heading: String,
    detail: String,
    /// Whether the way in is explained.
    locked_out: bool,
}

/// The page for a problem.
pub(crate) fn render(state: &AppState, problem: &Problem) -> HttpResponse {
    let locked_out = problem.status == 401;
    let page = ErrorPage {
        frame: Frame::new(state, problem.title.clone()),
        status: problem.status,
        heading: if locked_out {
            "This board is private".to_owned()
        } else {
            problem.title.clone()
        },
        detail: problem.detail.clone(),
        locked_out,
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
