//! What people do to an incident by the forms of its page, of the list and of the board.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::{Notice, in_page};
use crate::clock;
use crate::domain::incident::{MAX_NOTE, Refusal};
use crate::domain::timestamp::Timestamp;
use crate::domain::window::Window;
use crate::flow::incidents::{self, Act, Outcome};
use crate::server::address::number;
use crate::server::auth::Principal;
use crate::server::body::Form;
use crate::server::error::ServerError;
use crate::server::pages::see_other;
use crate::server::state::AppState;

/// The hour at which a snooze until tomorrow ends.
const MORNING: i8 = 8;
/// The word for that, beside the windows.
const TOMORROW: &str = "tomorrow";

/// How long a snooze may last, as the page offers it.
pub(super) const SNOOZES: [(&str, &str); 5] = [
    ("1h", "for 1 hour"),
    ("4h", "for 4 hours"),
    (TOMORROW, "until tomorrow, 08:00"),
    ("24h", "for 1 day"),
    ("7d", "for 7 days"),
];

/// What a form may carry. A field that is not of the act is left alone.
#[derive(Debug, Deserialize)]
pub(crate) struct Fields {
    #[serde(default)]
    note: String,
    #[serde(default)]
    until: String,
    /// `board` or `list`: where the form stood, if not on the incident's page.
    #[serde(default)]
    back: String,
}

/// Takes it on.
pub(crate) async fn acknowledge(
    request: HttpRequest,
    state: web::Data<AppState>,
    principal: Principal,
    Form(fields): Form<Fields>,
) -> Result<HttpResponse, ServerError> {
    carry_out(&request, &state, &principal, fields, |note, _| {
        Ok(Act::Acknowledge(note))
    })
    .await
}

/// Puts it off.
pub(crate) async fn snooze(
    request: HttpRequest,
    state: web::Data<AppState>,
    principal: Principal,
    Form(fields): Form<Fields>,
) -> Result<HttpResponse, ServerError> {
    let now = clock::now();
    let zone = state.config.timezone.clone();
    carry_out(&request, &state, &principal, fields, move |note, until| {
        let end = match (until, Window::parse(until)) {
            (TOMORROW, _) => Some(now.at_hour((1, MORNING), &zone)),
            (_, Some(Window::Last(millis))) => Some(now.plus_millis(millis)),
            _ => None,
        };
        end.map(|end: Timestamp| Act::Snooze(end, note))
            .ok_or("choose how long to snooze it")
    })
    .await
}

/// Says that it is over.
pub(crate) async fn resolve(
    request: HttpRequest,
    state: web::Data<AppState>,
    principal: Principal,
    Form(fields): Form<Fields>,
) -> Result<HttpResponse, ServerError> {
    carry_out(&request, &state, &principal, fields, |note, _| {
        Ok(Act::Resolve(note))
    })
    .await
}

/// Opens it again.
pub(crate) async fn reopen(
    request: HttpRequest,
    state: web::Data<AppState>,
    principal: Principal,
    Form(fields): Form<Fields>,
) -> Result<HttpResponse, ServerError> {
    carry_out(&request, &state, &principal, fields, |note, _| {
        Ok(Act::Reopen(note))
    })
    .await
}

/// Writes something.
pub(crate) async fn note(
    request: HttpRequest,
    state: web::Data<AppState>,
    principal: Principal,
    Form(fields): Form<Fields>,
) -> Result<HttpResponse, ServerError> {
    carry_out(&request, &state, &principal, fields, |note, _| {
        note.map(Act::Note).ok_or("write the note first")
    })
    .await
}

/// Does it and leads back; what cannot be done is said on the incident's page, with what was
/// typed still there.
async fn carry_out(
    request: &HttpRequest,
    state: &AppState,
    principal: &Principal,
    fields: Fields,
    act: impl FnOnce(Option<String>, &str) -> Result<Act, &'static str>,
) -> Result<HttpResponse, ServerError> {
    let id = number(request)?;
    // A browser ends lines with two characters.
    let typed = fields.note.replace("\r\n", "\n");
    let refused = |status: StatusCode, words: String, other: Option<i64>| Notice {
        status,
        words,
        other,
        typed: typed.clone(),
    };
    let note = Some(typed.trim().to_owned()).filter(|note| !note.is_empty());
    let act = if typed.chars().count() > MAX_NOTE {
        Err(format!("a note has at most {MAX_NOTE} characters"))
    } else {
        act(note, &fields.until).map_err(str::to_owned)
    };
    let act = match act {
        Ok(act) => act,
        Err(words) => {
            let notice = refused(StatusCode::UNPROCESSABLE_ENTITY, words, None);
            return in_page(request, state, id, Some(notice)).await;
        }
    };
    let (by, now) = (principal.actor(), clock::now());
    let outcome = state
        .store
        .write(move |db| incidents::act(db, id, act.clone(), &by, now))
        .await?;
    match outcome {
        Outcome::Done(_) => Ok(see_other(state, &back(&fields.back, id))),
        Outcome::Missing => Err(super::missing(id)),
        Outcome::Refused(refusal) => {
            let other = match refusal {
                Refusal::Superseded(other) => Some(other),
                _ => None,
            };
            let notice = refused(StatusCode::CONFLICT, refusal.to_string(), other);
            in_page(request, state, id, Some(notice)).await
        }
    }
}

/// Only places of ours: what a form names is not followed.
fn back(place: &str, id: i64) -> String {
    match place {
        "board" => "/".to_owned(),
        "list" => "/incidents".to_owned(),
        _ => format!("/incidents/{id}"),
    }
}
