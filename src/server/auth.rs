//! The one authorisation step. Every line of the route table names what it needs; nothing is
//! reached without passing here.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest, ResponseError, web};

use super::error::ServerError;
pub(crate) use super::principal::{Person, Principal};
use super::state::AppState;
use super::{client, csrf, origin, session};
use crate::clock;
use crate::config::backend::Auth;
use crate::domain::text;
use crate::domain::timestamp::Timestamp;
use crate::domain::token::{self, Scope, TokenInfo};
use crate::store::{Db, StoreError, sessions, tokens};

/// A token's last use is remembered to this many milliseconds, and a session's.
const USE_GRAIN_MS: i64 = 60_000;
const SESSION_USE_GRAIN_MS: i64 = 10 * 60_000;

/// What a route needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Nothing; where it changes something, a page of our own all the same.
    Open,
    /// A credential with this scope, or one that grants it.
    Needs(Scope),
}

/// The middleware of every route. A refusal is an answer, not an error: it passes `edge` as any.
pub(crate) async fn authorise(
    access: Access,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let verdict = match request.app_data::<web::Data<AppState>>().cloned() {
        Some(state) => pass(&state, access, &mut request).await,
        None => Err(ServerError::NotFound(
            "there is nothing here yet".to_owned(),
        )),
    };
    if let Err(error) = verdict {
        return Ok(request.into_response(error.error_response()));
    }
    let audited = audited(access, request.request());
    let response = next.call(request).await?.map_into_boxed_body();
    if let Some((who, what)) = audited {
        let status = response.status().as_u16();
        tracing::info!(who, what, status, "changed by request");
    }
    Ok(response)
}

/// Who asks for what, where it is a change that somebody is to answer for. What senders send is
/// not: each signal names its sender.
fn audited(access: Access, request: &HttpRequest) -> Option<(String, String)> {
    if matches!(access, Access::Open | Access::Needs(Scope::Ingest))
        || !csrf::changes(request.method())
    {
        return None;
    }
    let actor = request.extensions().get::<Principal>()?.actor();
    let who = format!("{} {}", actor.kind.as_str(), text::shown(&actor.name));
    let what = format!("{} {}", request.method(), text::shown(request.path()));
    Some((who, what))
}

async fn pass(
    state: &AppState,
    access: Access,
    request: &mut ServiceRequest,
) -> Result<(), ServerError> {
    let changes = csrf::changes(request.method());
    match access {
        Access::Open if changes => {
            // The login: there is no session yet whose token could be asked for. The origin is
            // enough to keep another site from logging somebody in as somebody else.
            origin::check_host(state, request.request())?;
            origin::check_origin(state, request.request())
        }
        Access::Open => Ok(()),
        Access::Needs(scope) => {
            let principal = admit(state, request.request(), scope)?;
            if let Some(person) = principal.user().filter(|_| changes) {
                csrf::check(state, request, &person.csrf).await?;
            }
            request.extensions_mut().insert(principal);
            Ok(())
        }
    }
}

fn admit(state: &AppState, request: &HttpRequest, needed: Scope) -> Result<Principal, ServerError> {
    origin::check_host(state, request)?;
    let principal = identify(state, request, clock::now())?;
    if !principal.scope().grants(needed) && principal.is_anybody() {
        return Err(ServerError::Unauthenticated(
            "reading is open to anybody here; this needs a login, or the header: Authorization: Bearer TOKEN",
        ));
    }
    if !principal.scope().grants(needed) {
        let (has, what) = match principal.user() {
            Some(person) => (person.role.as_str(), "role"),
            None => (principal.scope().as_str(), "scope"),
        };
        return Err(ServerError::Forbidden(format!(
            "this needs scope {}; this credential has {what} {has}",
            needed.as_str(),
        )));
    }
    if needed == Scope::Ingest {
        check_network(state, request)?;
    }
    Ok(principal)
}

/// Who asks, whatever for.
///
/// # Errors
/// There is no credential, or one that opens nothing.
pub(crate) fn identify(
    state: &AppState,
    request: &HttpRequest,
    now: Timestamp,
) -> Result<Principal, ServerError> {
    if let Some(header) = request.headers().get(header::AUTHORIZATION) {
        let token = header
            .to_str()
            .ok()
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim())
            .ok_or(ServerError::Unauthenticated(
                "expected the header: Authorization: Bearer TOKEN",
            ))?;
        return of_token(state, request, token, now);
    }
    if let Some(person) = of_cookie(state, request, now)? {
        return Ok(Principal::of_person(person));
    }
    if state.config.auth == Auth::Open {
        return Ok(Principal::anybody());
    }
    Err(ServerError::Unauthenticated(
        "send the header: Authorization: Bearer TOKEN (make one with: atlas-ops token create --scope read), or log in with a browser at /login",
    ))
}

/// The person whose session the request's cookie is.
pub(crate) fn of_cookie(
    state: &AppState,
    request: &HttpRequest,
    now: Timestamp,
) -> Result<Option<Person>, ServerError> {
    let Some(cookie) = request.cookie(session::COOKIE) else {
        return Ok(None);
    };
    let hash = token::digest(cookie.value());
    let found = state
        .store
        .look_up(|db| sessions::by_hash(db, &hash, now))?;
    let Some(found) = found else {
        return Ok(None);
    };
    if now.millis_since(found.last_used_at) >= SESSION_USE_GRAIN_MS {
        note_use(state, move |db| sessions::used(db, &hash, now));
    }
    Ok(Some(Person {
        user_id: found.user_id,
        name: found.name,
        role: found.role,
        session: hash,
        csrf: csrf::token(cookie.value()),
    }))
}

/// A token that is good is good, whatever its neighbours sent: only one that nobody ever made is
/// a guess, and counts.
fn of_token(
    state: &AppState,
    request: &HttpRequest,
    token: &str,
    now: Timestamp,
) -> Result<Principal, ServerError> {
    let config = &state.config;
    // Both are compared, whatever the first comparison said.
    let current = config.shared_token.matches(token);
    let previous = config.previous_shared_token.matches(token);
    if current || previous {
        return Ok(Principal::of_shared_token());
    }
    let hash = token::digest(token);
    let found = state.store.look_up(|db| tokens::by_hash(db, &hash))?;
    match found {
        Some(token) if token.is_live(now) => {
            remember_use(state, &token, now);
            Ok(Principal::of_token(token))
        }
        Some(token) if token.revoked_at.is_some() => {
            Err(ServerError::Unauthenticated("this token was revoked"))
        }
        Some(_) => Err(ServerError::Unauthenticated("this token has expired")),
        None => {
            let client = address_of(state, request);
            Err(match state.guessing.wrong_token(client, now) {
                Some(seconds) => ServerError::TooMany(seconds),
                None => ServerError::Unauthenticated("this token is not known here"),
            })
        }
    }
}

/// Notes the use without making the request wait for it.
fn remember_use(state: &AppState, token: &TokenInfo, now: Timestamp) {
    let fresh = token
        .last_used_at
        .is_some_and(|last| now.millis_since(last) < USE_GRAIN_MS);
    if fresh {
        return;
    }
    let id = token.id;
    note_use(state, move |db| tokens::used(db, id, now));
}

fn note_use(state: &AppState, note: impl Fn(&Db) -> Result<(), StoreError> + Send + 'static) {
    let store = state.store.clone();
    actix_web::rt::spawn(async move {
        if let Err(error) = store.write(note).await {
            tracing::debug!(%error, "the use of a credential was not noted");
        }
    });
}

fn check_network(state: &AppState, request: &HttpRequest) -> Result<(), ServerError> {
    let allowed = &state.config.ingest_allow;
    if allowed.is_empty()
        || allowed
            .iter()
            .any(|network| network.contains(address_of(state, request)))
    {
        Ok(())
    } else {
        Err(ServerError::Forbidden(
            "signals are not taken from this address (backend.ingest_allow)".to_owned(),
        ))
    }
}

/// The client's address, proxies seen through.
pub(crate) fn address_of(state: &AppState, request: &HttpRequest) -> IpAddr {
    let peer = request
        .peer_addr()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    client::address(peer, request.headers(), &state.config.trusted_proxies)
}
