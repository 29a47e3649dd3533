//! One's own account: who one is here, and another password.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentType};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::{Frame, When, login};
use crate::clock;
use crate::domain::password;
use crate::domain::user::Role;
use crate::server::auth::{self, Person, Principal};
use crate::server::body::Form;
use crate::server::error::ServerError;
use crate::server::session::NewSession;
use crate::server::state::AppState;
use crate::store::{sessions, users};

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    frame: Frame,
    name: String,
    role: &'static str,
    /// What the role lets them do.
    may: &'static str,
    password_changed: When,
    /// Sessions in other browsers.
    others: u64,
    /// The password has just been changed.
    changed: bool,
    refusal: Option<String>,
}

/// The query of the page.
#[derive(Deserialize)]
pub(crate) struct Shown {
    #[serde(default)]
    changed: String,
}

/// The page's form.
#[derive(Deserialize)]
pub(crate) struct Passwords {
    current: String,
    new: String,
    again: String,
}

/// Shows the account of whoever is logged in.
pub(crate) async fn show(
    request: HttpRequest,
    state: web::Data<AppState>,
    principal: Principal,
    shown: web::Query<Shown>,
) -> Result<HttpResponse, ServerError> {
    let person = somebody(&principal)?;
    let (status, changed) = (StatusCode::OK, !shown.changed.is_empty());
    page(
        &state,
        &request,
        person,
        Said {
            status,
            changed,
            refusal: None,
        },
    )
    .await
}

/// Sets another password. All sessions of the person end; this browser gets a new one.
pub(crate) async fn change_password(
    request: HttpRequest,
    state: web::Data<AppState>,
    principal: Principal,
    Form(typed): Form<Passwords>,
) -> Result<HttpResponse, ServerError> {
    let person = somebody(&principal)?;
    match change(&state, &request, person, typed).await? {
        Ok(new) => {
            tracing::info!(name = person.name, "password changed; all sessions ended");
            login::with_session(&state, &request, new, "/account?changed=password")
        }
        Err((status, words)) => {
            let refusal = Some(words);
            page(
                &state,
                &request,
                person,
                Said {
                    status,
                    changed: false,
                    refusal,
                },
            )
            .await
        }
    }
}

/// The new session, or why the password is the old one still.
async fn change(
    state: &AppState,
    request: &HttpRequest,
    person: &Person,
    typed: Passwords,
) -> Result<Result<NewSession, (StatusCode, String)>, ServerError> {
    let unfit = |words: &str| Ok(Err((StatusCode::UNPROCESSABLE_ENTITY, words.to_owned())));
    if typed.new != typed.again {
        return unfit("The two new passwords differ.");
    }
    if let Some(objection) = password::objection(&typed.new) {
        return unfit(&format!("The new password is not taken: {objection}."));
    }
    let (now, client) = (clock::now(), auth::address_of(state, request));
    let (id, name) = (person.user_id, person.name.as_str());
    // A stolen session must not find out the password either.
    if let Some(seconds) = state.guessing.try_login(client, Some(name), now) {
        let words = format!("Too many tries were wrong. Wait {seconds} seconds, then try again.");
        return Ok(Err((StatusCode::TOO_MANY_REQUESTS, words)));
    }
    let old_hash = state.store.look_up(|db| users::password_hash(db, id))?;
    let good = state
        .passwords
        .verify(typed.current, old_hash.clone())
        .await;
    if !matches!(good, Ok(false)) {
        state.guessing.was_no_guess(client, Some(name));
    }
    if !good? {
        tracing::warn!(name, %client, "password not changed: the current one was wrong");
        return unfit("The current password is wrong.");
    }
    let new_hash = state.passwords.hash(typed.new).await?;
    let session = NewSession::new(now)?;
    let (hash, until) = (session.hash, session.expires_at);
    let changed = state.store.write(move |db| {
        let changed = users::set_password(db, id, old_hash.as_deref(), &new_hash, now)?;
        if changed {
            sessions::open(db, &hash, id, now, until)?;
        }
        Ok(changed)
    });
    if changed.await? {
        Ok(Ok(session))
    } else {
        unfit("The password was changed elsewhere meanwhile.")
    }
}

fn somebody(principal: &Principal) -> Result<&Person, ServerError> {
    if principal.is_anybody() {
        return Err(ServerError::Unauthenticated("log in to see your account"));
    }
    principal.user().ok_or_else(|| {
        ServerError::NotFound("a token has no account; this page is for people".to_owned())
    })
}

/// What the page says besides the account.
struct Said {
    status: StatusCode,
    changed: bool,
    refusal: Option<String>,
}

async fn page(
    state: &AppState,
    request: &HttpRequest,
    person: &Person,
    said: Said,
) -> Result<HttpResponse, ServerError> {
    let (now, id, name) = (clock::now(), person.user_id, person.name.clone());
    let (user, sessions) = state
        .store
        .read(move |db| Ok((users::by_name(db, &name)?, sessions::count_of(db, id, now)?)))
        .await?;
    let Some(user) = user else {
        return Err(ServerError::Unauthenticated("this account was removed"));
    };
    let body = super::render(&AccountPage {
        frame: Frame::new(state, request, "Your account"),
        role: user.role.as_str(),
        may: match user.role {
            Role::Admin => "reads and changes everything",
            Role::Operator => "reads everything, works with incidents and what is declared",
            Role::Viewer => "reads everything, changes nothing",
        },
        password_changed: When::new(user.password_changed_at, now, &state.config.timezone),
        name: user.name,
        others: sessions.saturating_sub(1),
        changed: said.changed,
        refusal: said.refusal,
    })?;
    Ok(HttpResponse::build(said.status)
        .insert_header(ContentType::html())
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(body))
}
