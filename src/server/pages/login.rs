//! The login: name and password in, a session out; and the way out of it.

use actix_web::http::{Method, StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::{Frame, see_other};
use crate::clock;
use crate::config::backend::Auth;
use crate::domain::password;
use crate::domain::text::shown;
use crate::domain::timestamp::Timestamp;
use crate::domain::user::{self, User};
use crate::server::auth::{self, Principal};
use crate::server::body::Form;
use crate::server::error::ServerError;
use crate::server::session::{self, NewSession};
use crate::server::state::AppState;
use crate::store::{StoreError, sessions, users};
use crate::wire::Problem;

/// Longest address that a login leads back to, in bytes.
const LONGEST_NEXT: usize = 2000;

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    frame: Frame,
    /// What was typed before.
    name: String,
    /// Where to go then; a path of ours, or empty.
    next: String,
    /// Why the last try was none.
    refusal: Option<String>,
}

/// The query of the page.
#[derive(Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    next: String,
}

/// The page's form.
#[derive(Deserialize)]
pub(crate) struct Login {
    name: String,
    password: String,
    #[serde(default)]
    next: String,
}

/// Shows the form; whoever is logged in is led on.
pub(crate) async fn show(
    request: HttpRequest,
    state: web::Data<AppState>,
    wanted: web::Query<Wanted>,
) -> Result<HttpResponse, ServerError> {
    crate::server::origin::check_host(&state, &request)?;
    if auth::of_cookie(&state, &request, clock::now())?.is_some() {
        return Ok(see_other(&state, own_path(&wanted.next)));
    }
    page(&state, &request, ("", &wanted.next), None)
}

/// Takes the form: a session, or the form again.
pub(crate) async fn enter(
    request: HttpRequest,
    state: web::Data<AppState>,
    Form(login): Form<Login>,
) -> Result<HttpResponse, ServerError> {
    let now = clock::now();
    let client = auth::address_of(&state, &request);
    let name = user::name(&login.name).ok();
    let typed = (login.name.as_str(), login.next.as_str());
    if let Some(seconds) = state.guessing.try_login(client, name.as_deref(), now) {
        tracing::warn!(name = %named(typed.0), %client, "login refused: too many were wrong");
        return page(&state, &request, typed, Some(Refusal::TooMany(seconds)));
    }
    let new = NewSession::new(now)?;
    let entered = match prove(&state, name.as_deref(), login.password).await {
        Ok(Some((user, hash))) => open(&state, &new, user.id, hash, now)
            .await
            .map(|opened| opened.then_some(user)),
        Ok(None) => Ok(None),
        Err(error) => Err(error),
    };
    if !matches!(entered, Ok(None)) {
        state.guessing.was_no_guess(client, name.as_deref());
    }
    let Some(user) = entered? else {
        tracing::warn!(name = %named(typed.0), %client, "login failed");
        return page(&state, &request, typed, Some(Refusal::Wrong));
    };
    tracing::info!(name = user.name, %client, "logged in");
    with_session(&state, &request, new, own_path(&login.next))
}

/// Whose password it is, with its hash. A name that nobody has takes as long.
async fn prove(
    state: &AppState,
    name: Option<&str>,
    password: String,
) -> Result<Option<(User, String)>, ServerError> {
    let known = match name {
        Some(name) => state.store.look_up(|db| {
            let user = users::by_name(db, name)?;
            Ok(match user {
                Some(user) => users::password_hash(db, user.id)?.map(|hash| (user, hash)),
                None => None,
            })
        })?,
        None => None,
    };
    let hash = known.as_ref().map(|(_, hash)| hash.clone());
    // A longer one was never taken, and is not worth the work.
    let possible = password.len() <= password::LONGEST;
    let typed = if possible { password } else { String::new() };
    let good = state.passwords.verify(typed, hash).await?;
    Ok(known.filter(|_| good))
}

/// Opens the session, unless the password is no longer that one.
async fn open(
    state: &AppState,
    new: &NewSession,
    user_id: i64,
    proved: String,
    now: Timestamp,
) -> Result<bool, ServerError> {
    let (hash, until) = (new.hash, new.expires_at);
    let opened = state.store.write(move |db| {
        let still = users::password_hash(db, user_id)?.is_some_and(|hash| hash == proved);
        if still {
            sessions::open(db, &hash, user_id, now, until)?;
        }
        Ok(still)
    });
    Ok(opened.await?)
}

/// Leads on with the cookie of a session that was just opened.
pub(super) fn with_session(
    state: &AppState,
    request: &HttpRequest,
    new: NewSession,
    path: &str,
) -> Result<HttpResponse, ServerError> {
    let mut answer = see_other(state, path);
    answer
        .add_cookie(&new.cookie(state, request))
        .map_err(|_| ServerError::Store(StoreError::Panicked))?;
    Ok(answer)
}

/// Ends the session.
pub(crate) async fn leave(
    request: HttpRequest,
    state: web::Data<AppState>,
    principal: Principal,
) -> Result<HttpResponse, ServerError> {
    if let Some(person) = principal.user() {
        let session = person.session;
        state
            .store
            .write(move |db| sessions::end(db, &session))
            .await?;
        tracing::info!(name = person.name, "logged out");
    }
    let open = state.config.auth == Auth::Open;
    let mut answer = see_other(&state, if open { "/" } else { "/login" });
    answer
        .add_cookie(&session::no_cookie(&state, &request))
        .map_err(|_| ServerError::Store(StoreError::Panicked))?;
    Ok(answer)
}

/// Where a browser that is not logged in goes instead of reading that it is not.
pub(crate) fn way_to(
    state: &AppState,
    request: &HttpRequest,
    own_path: &str,
    problem: &Problem,
) -> Option<HttpResponse> {
    let headers = request.headers();
    let wants_page = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|kinds| kinds.contains("text/html"));
    let goes = problem.status == 401
        && request.method() == Method::GET
        && wants_page
        && !headers.contains_key(header::AUTHORIZATION)
        && !own_path.starts_with("/welcome/");
    if !goes {
        return None;
    }
    let next = match request.query_string() {
        "" => own_path.to_owned(),
        query => format!("{own_path}?{query}"),
    };
    let path = match next.as_str() {
        "/" => "/login".to_owned(),
        next => {
            let query = serde_urlencoded::to_string([("next", next)]).unwrap_or_default();
            format!("/login?{query}")
        }
    };
    Some(see_other(state, &path))
}

/// Why a login is none.
#[derive(Clone, Copy)]
enum Refusal {
    Wrong,
    TooMany(u64),
}

/// What the log says of a name that was typed: perhaps a password in the wrong field.
fn named(typed: &str) -> String {
    match user::name(typed) {
        Ok(name) => name.chars().take(32).collect(),
        Err(_) => "(no name)".to_owned(),
    }
}

fn page(
    state: &AppState,
    request: &HttpRequest,
    (name, next): (&str, &str),
    refusal: Option<Refusal>,
) -> Result<HttpResponse, ServerError> {
    let (status, words) = match refusal {
        None => (StatusCode::OK, None),
        Some(Refusal::Wrong) => (
            StatusCode::UNAUTHORIZED,
            Some("Name or password is wrong.".to_owned()),
        ),
        Some(Refusal::TooMany(seconds)) => (
            StatusCode::TOO_MANY_REQUESTS,
            Some(format!(
                "Too many tries were wrong. Wait {seconds} seconds, then try again."
            )),
        ),
    };
    let body = super::render(&LoginPage {
        frame: Frame::new(state, request, "Log in"),
        name: shown(&name.chars().take(64).collect::<String>()),
        next: own_path(next).to_owned(),
        refusal: words,
    })?;
    let mut answer = HttpResponse::build(status);
    if let Some(Refusal::TooMany(seconds)) = refusal {
        answer.insert_header((header::RETRY_AFTER, seconds));
    }
    if status == StatusCode::UNAUTHORIZED {
        answer.insert_header((header::WWW_AUTHENTICATE, ServerError::CHALLENGE));
    }
    Ok(answer
        .insert_header(header::ContentType::html())
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(body))
}

/// A path of our own out of what an address or a form said; the board, where it is none. Nothing
/// that a browser could take for another host: it reads `//x` and `/\x` as one.
fn own_path(next: &str) -> &str {
    let plain = next.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    let own = next.starts_with('/') && !next.starts_with("//");
    let loops = next.starts_with("/login") || next.starts_with("/logout");
    if plain && own && !loops && next.len() <= LONGEST_NEXT {
        next
    } else {
        "/"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_leads_to_pages_of_our_own_alone() {
        for own in [
            "/",
            "/runbooks/rb-disk-full?signal=3",
            "/?q=a%20b#x",
            "/.//x",
        ] {
            assert_eq!(own_path(own), own);
        }
        for other in [
            "",
            "x",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "/a b",
            "/\t/evil.example",
            "/\n",
            "/é",
            "/login?next=/",
            "/logout",
            &format!("/{}", "x".repeat(2000)),
        ] {
            assert_eq!(own_path(other), "/", "{other}");
        }
    }

    #[test]
    fn the_log_never_holds_what_may_be_a_password() {
        assert_eq!(named("Anna"), "anna");
        assert_eq!(named("correct horse!"), "(no name)");
        assert_eq!(named(&"x".repeat(64)), "x".repeat(32));
    }
}
