//! The one authorisation step. Every line of the route table names what it needs; nothing is
//! reached without passing here.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::{FromRequest, HttpMessage, HttpRequest, ResponseError, web};

use super::client;
use super::error::ServerError;
use super::state::AppState;
use crate::clock;
use crate::config::backend::Auth;
use crate::domain::actor::{Actor, ActorKind};
use crate::domain::timestamp::Timestamp;
use crate::domain::token::{self, Scope, TokenInfo};
use crate::flow::ingest::Sender;
use crate::store::{sessions, tokens};

/// The cookie of a browser session.
pub(crate) const SESSION_COOKIE: &str = "atlas_session";
/// A token's last use is remembered to this many milliseconds.
const USE_GRAIN_MS: i64 = 60_000;

/// The credential of whoever has none, where reading is open.
const ANYBODY: &str = "anybody";

/// What a route needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Nothing.
    Open,
    /// A credential with this scope, or one that grants it.
    Needs(Scope),
}

/// Who asks, as far as was proved.
#[derive(Debug, Clone)]
pub(crate) struct Principal {
    scope: Scope,
    /// Label of the token, where it has one.
    label: Option<String>,
    sender: Sender,
}

impl Principal {
    fn new(scope: Scope, credential: String, site_id: Option<String>) -> Self {
        Self {
            scope,
            label: None,
            sender: Sender {
                credential,
                site_id,
            },
        }
    }

    fn is_anybody(&self) -> bool {
        self.sender.credential == ANYBODY
    }

    /// Who acts, for what is written down about it.
    pub(crate) fn actor(&self) -> Actor {
        let name = self.label.as_ref().unwrap_or(&self.sender.credential);
        Actor::new(ActorKind::Token, name.clone())
    }

    /// Who it is to the ingest flow.
    pub(crate) fn into_sender(self) -> Sender {
        self.sender
    }
}

impl FromRequest for Principal {
    type Error = ServerError;
    type Future = std::future::Ready<Result<Self, ServerError>>;

    fn from_request(request: &HttpRequest, _: &mut actix_web::dev::Payload) -> Self::Future {
        // Put there by `authorise`; a route that is open has none.
        let found = request.extensions().get::<Self>().cloned();
        std::future::ready(found.ok_or(ServerError::Unauthenticated("a credential is needed")))
    }
}

/// The middleware of every route. A refusal is an answer, not an error: it passes `edge` as any.
pub(crate) async fn authorise(
    access: Access,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    if let Access::Needs(scope) = access {
        let admitted = match request.app_data::<web::Data<AppState>>() {
            Some(state) => admit(state, request.request(), scope),
            None => Err(ServerError::NotFound(
                "there is nothing here yet".to_owned(),
            )),
        };
        match admitted {
            Ok(principal) => request.extensions_mut().insert(principal),
            Err(error) => return Ok(request.into_response(error.error_response())),
        };
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

fn admit(state: &AppState, request: &HttpRequest, needed: Scope) -> Result<Principal, ServerError> {
    check_host(state, request)?;
    let principal = identify(state, request, clock::now())?;
    if !principal.scope.grants(needed) && principal.is_anybody() {
        return Err(ServerError::Unauthenticated(
            "reading is open to anybody here; this needs the header: Authorization: Bearer TOKEN",
        ));
    }
    if !principal.scope.grants(needed) {
        return Err(ServerError::Forbidden(format!(
            "this needs a token with scope {}; this credential has scope {}",
            needed.as_str(),
            principal.scope.as_str()
        )));
    }
    if needed == Scope::Ingest {
        check_network(state, request)?;
    }
    Ok(principal)
}

fn identify(
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
        return of_token(state, token, now);
    }
    if let Some(cookie) = request.cookie(SESSION_COOKIE) {
        let hash = token::digest(cookie.value());
        if state
            .store
            .look_up(|db| sessions::is_open(db, &hash, now))?
        {
            return Ok(Principal::new(Scope::Read, "session".to_owned(), None));
        }
    }
    if state.config.auth == Auth::Open {
        return Ok(Principal::new(Scope::Read, ANYBODY.to_owned(), None));
    }
    Err(ServerError::Unauthenticated(
        "send the header: Authorization: Bearer TOKEN (make one with: atlas-ops token create --scope read), or open the address that `atlas-ops serve` printed when it started",
    ))
}

fn of_token(state: &AppState, token: &str, now: Timestamp) -> Result<Principal, ServerError> {
    let config = &state.config;
    // Both are compared, whatever the first comparison said.
    let current = config.shared_token.matches(token);
    let previous = config.previous_shared_token.matches(token);
    if current || previous {
        // One credential: what was sent with the old token and comes again with the new one is
        // the same.
        return Ok(Principal::new(Scope::Ingest, "shared".to_owned(), None));
    }
    let hash = token::digest(token);
    let found = state.store.look_up(|db| tokens::by_hash(db, &hash))?;
    match found {
        Some(token) if token.is_live(now) => {
            remember_use(state, &token, now);
            let credential = format!("token:{}", token.id);
            let mut principal = Principal::new(token.scope, credential, token.site_id);
            principal.label = Some(token.label).filter(|label| !label.is_empty());
            Ok(principal)
        }
        Some(token) if token.revoked_at.is_some() => {
            Err(ServerError::Unauthenticated("this token was revoked"))
        }
        Some(_) => Err(ServerError::Unauthenticated("this token has expired")),
        None => Err(ServerError::Unauthenticated("this token is not known here")),
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
    let (store, id) = (state.store.clone(), token.id);
    actix_web::rt::spawn(async move {
        if let Err(error) = store.write(move |db| tokens::used(db, id, now)).await {
            tracing::debug!(%error, token = id, "the use of a token was not noted");
        }
    });
}

fn check_host(state: &AppState, request: &HttpRequest) -> Result<(), ServerError> {
    let allowed = &state.config.allowed_hosts;
    if allowed.is_empty() {
        return Ok(());
    }
    let name = without_port(&host_of(state, request)).to_ascii_lowercase();
    if allowed.contains(&name) {
        Ok(())
    } else {
        Err(ServerError::Forbidden(
            "this host name is not in backend.allowed_hosts".to_owned(),
        ))
    }
}

/// The host name that was asked for. What a page sends along in other headers counts only where a
/// trusted proxy wrote them: a name that was rebound to our address may set any of them but `Host`.
fn host_of(state: &AppState, request: &HttpRequest) -> String {
    let proxied = request
        .peer_addr()
        .is_some_and(|peer| is_proxy(state, peer.ip()));
    if proxied {
        return request.connection_info().host().to_owned();
    }
    let host = request.headers().get(header::HOST);
    host.and_then(|host| host.to_str().ok())
        .or_else(|| request.uri().host())
        .unwrap_or_default()
        .to_owned()
}

fn is_proxy(state: &AppState, address: IpAddr) -> bool {
    let proxies = &state.config.trusted_proxies;
    proxies.iter().any(|network| network.contains(address))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
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
