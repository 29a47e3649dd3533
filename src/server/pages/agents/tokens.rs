//! Tokens by page: what there is, made with a form, shown once, revoked with a button.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentType};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::commands::{Command, commands};
use crate::clock;
use crate::domain::fields::MAX_ID;
use crate::domain::text::shown;
use crate::domain::timestamp::Timestamp;
use crate::domain::token::{self, Scope, TokenInfo};
use crate::server::address::number;
use crate::server::auth::Principal;
use crate::server::body::Form;
use crate::server::error::ServerError;
use crate::server::origin;
use crate::server::pages::choice::{Choice, site_name};
use crate::server::pages::{Frame, When, render, see_other};
use crate::server::state::AppState;
use crate::store::StoreError;
use crate::store::tokens::{self, NewToken};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// How long a token may be good for, as the form offers it.
const LIVES: [(&str, &str); 4] = [
    ("", "until it is revoked"),
    ("30", "30 days"),
    ("90", "90 days"),
    ("365", "a year"),
];
/// What tokens are for, as the form offers it.
const SCOPES: [(Scope, &str); 4] = [
    (Scope::Ingest, "sending: ingest"),
    (Scope::Read, "reading: read"),
    (Scope::Operate, "working: operate"),
    (Scope::Admin, "everything: admin"),
];

/// The section of the page.
pub(super) struct TokensView {
    pub(super) live: Vec<TokenRow>,
    /// Revoked or expired.
    pub(super) dead: Vec<TokenRow>,
    pub(super) label: String,
    pub(super) site: String,
    pub(super) scopes: Vec<Choice>,
    pub(super) lives: Vec<Choice>,
    /// Sites to choose from.
    pub(super) sites: Vec<String>,
    /// Why the form was not taken.
    pub(super) refusals: Vec<String>,
}

pub(super) struct TokenRow {
    pub(super) id: i64,
    pub(super) label: String,
    pub(super) scope: &'static str,
    pub(super) site: String,
    /// Whether and until when it is good.
    pub(super) state: String,
    pub(super) made: When,
    pub(super) used: Option<When>,
}

/// What was typed into the form, and why it was not taken.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Typed {
    #[serde(default)]
    label: String,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    site: String,
    #[serde(default)]
    days: String,
    #[serde(skip)]
    refusals: Vec<String>,
}

/// A new token's own page. The token is nowhere else.
#[derive(Template)]
#[template(path = "token.html")]
struct TokenPage {
    frame: Frame,
    label: String,
    scope: &'static str,
    site: Option<String>,
    until: Option<When>,
    secret: String,
    commands: Vec<Command>,
    /// The address in the commands leads here from this machine alone.
    loopback: bool,
}

/// The section, with the form as it was typed.
pub(super) fn view(
    state: &AppState,
    tokens: Vec<TokenInfo>,
    typed: Typed,
    names: &[(String, String)],
    now: Timestamp,
) -> TokensView {
    let (live, dead): (Vec<_>, Vec<_>) = tokens.into_iter().partition(|token| token.is_live(now));
    let rows = |tokens: Vec<TokenInfo>| -> Vec<TokenRow> {
        let rows = tokens.into_iter().rev();
        rows.map(|token| row(state, token, names, now)).collect()
    };
    TokensView {
        live: rows(live),
        dead: rows(dead),
        scopes: SCOPES
            .iter()
            .map(|(scope, words)| Choice::new(scope.as_str(), words, scope.as_str() == typed.scope))
            .collect(),
        lives: LIVES
            .iter()
            .map(|(days, words)| Choice::new(days, words, *days == typed.days))
            .collect(),
        sites: names.iter().map(|(id, _)| id.clone()).collect(),
        label: typed.label,
        site: typed.site,
        refusals: typed.refusals,
    }
}

fn row(state: &AppState, token: TokenInfo, names: &[(String, String)], now: Timestamp) -> TokenRow {
    let when = |moment: Timestamp| When::new(moment, now, &state.config.timezone);
    TokenRow {
        id: token.id,
        scope: token.scope.as_str(),
        site: token
            .site_id
            .map_or_else(|| "any site".to_owned(), |id| site_name(names, &id)),
        state: match (token.revoked_at, token.expires_at) {
            (Some(moment), _) => format!("revoked {}", when(moment).ago),
            (None, Some(end)) if end <= now => format!("expired {}", when(end).ago),
            (None, Some(end)) => format!("until {}", when(end).local),
            (None, None) => "until it is revoked".to_owned(),
        },
        made: when(token.created_at),
        used: token.last_used_at.map(when),
        label: shown(&token.label),
    }
}

/// Reads the form: what is to be stored of this secret.
fn read(typed: &Typed, secret: &str, now: Timestamp) -> Result<NewToken, Vec<String>> {
    let mut wrong = Vec::new();
    let (label, site) = (typed.label.trim(), typed.site.trim());
    if label.is_empty() {
        wrong.push("Give it a name, so that you know later what it was for.".to_owned());
    }
    for (what, text) in [("name", label), ("site", site)] {
        if text.len() > MAX_ID {
            wrong.push(format!("The {what} has at most {MAX_ID} characters."));
        }
        if text.contains(char::is_control) {
            wrong.push(format!("The {what} holds a control character."));
        }
    }
    let scope = Scope::parse(&typed.scope);
    if scope.is_none() {
        wrong.push("Choose what it is for.".to_owned());
    } else if !site.is_empty() && scope != Some(Scope::Ingest) {
        wrong.push(
            "A site binds what a token may send, and only scope ingest sends: leave the site empty, or choose ingest."
                .to_owned(),
        );
    }
    if !LIVES.iter().any(|(days, _)| *days == typed.days) {
        wrong.push("Choose how long it is good for from the list.".to_owned());
    }
    match scope {
        Some(scope) if wrong.is_empty() => Ok(NewToken {
            hash: token::digest(secret),
            label: label.to_owned(),
            scope,
            site_id: Some(site.to_owned()).filter(|site| !site.is_empty()),
            expires_at: typed
                .days
                .parse::<i64>()
                .ok()
                .map(|days| now.plus_millis(days * DAY_MS)),
        }),
        _ => Err(wrong),
    }
}

/// Makes a token, and shows it this once.
pub(crate) async fn create(
    request: HttpRequest,
    state: web::Data<AppState>,
    principal: Principal,
    Form(mut typed): Form<Typed>,
) -> Result<HttpResponse, ServerError> {
    let now = clock::now();
    let secret = clock::random()
        .map(token::from_random)
        .map_err(|_| ServerError::Store(StoreError::Panicked))?;
    let new = match read(&typed, &secret, now) {
        Ok(new) => new,
        Err(wrong) => {
            typed.refusals = wrong;
            return refused(&state, &request, typed).await;
        }
    };
    let stored = new.clone();
    // A form that is sent twice makes one token.
    let made = state.store.write(move |db| {
        let all = tokens::all(db)?;
        let mut live = all.iter().filter(|token| token.is_live(now));
        if live.any(|token| token.label == stored.label) {
            return Ok(None);
        }
        tokens::insert(db, &stored, now).map(Some)
    });
    let Some(id) = made.await? else {
        typed.refusals = vec![
            "A token of this name is live. It was shown when it was made: where that was missed, revoke it and make another."
                .to_owned(),
        ];
        return refused(&state, &request, typed).await;
    };
    tracing::info!(
        id,
        scope = new.scope.as_str(),
        by = principal.actor().name,
        "token made"
    );
    let server = origin::own_address(&state, &request);
    let page = render(&TokenPage {
        frame: Frame::new(&state, &request, "A new token"),
        commands: commands(new.scope, new.site_id.as_deref(), &secret, &server),
        loopback: ["//127.", "//localhost", "//[::1]"]
            .iter()
            .any(|own| server.contains(own)),
        label: shown(&new.label),
        scope: new.scope.as_str(),
        site: new.site_id.as_deref().map(shown),
        until: new
            .expires_at
            .map(|end| When::new(end, now, &state.config.timezone)),
        secret,
    })?;
    Ok(kept_nowhere(StatusCode::CREATED, page))
}

async fn refused(
    state: &AppState,
    request: &HttpRequest,
    typed: Typed,
) -> Result<HttpResponse, ServerError> {
    let page = super::page(state, request, typed).await?;
    Ok(kept_nowhere(StatusCode::UNPROCESSABLE_ENTITY, page))
}

fn kept_nowhere(status: StatusCode, page: String) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header(ContentType::html())
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(page)
}

/// Revokes a token. One that is revoked already stays so.
pub(crate) async fn revoke(
    request: HttpRequest,
    state: web::Data<AppState>,
    principal: Principal,
) -> Result<HttpResponse, ServerError> {
    let id = number(&request)?;
    let now = clock::now();
    let known = state.store.write(move |db| {
        let revoked = tokens::revoke(db, id, now)?;
        Ok(revoked || tokens::all(db)?.iter().any(|token| token.id == id))
    });
    if !known.await? {
        return Err(ServerError::NotFound(format!("there is no token {id}")));
    }
    tracing::info!(id, by = principal.actor().name, "token revoked");
    Ok(see_other(&state, "/agents#tokens"))
}
