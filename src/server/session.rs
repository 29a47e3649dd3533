//! Browser sessions: a secret in a cookie, of which the database knows the hash. Thirty days from
//! the login on, used or not; a new secret at each login, so that no session can be put upon
//! anybody.

use actix_web::HttpRequest;
use actix_web::cookie::{Cookie, SameSite, time};

use super::error::ServerError;
use super::origin;
use super::state::AppState;
use crate::clock;
use crate::domain::timestamp::Timestamp;
use crate::domain::token;
use crate::store::StoreError;

/// The cookie's name.
pub(crate) const COOKIE: &str = "atlas_session";
/// How long a session lasts.
const SESSION_MS: i64 = 30 * 24 * 60 * 60 * 1000;

/// A session that is about to be opened.
pub(crate) struct NewSession {
    secret: String,
    /// What the database knows it by.
    pub(crate) hash: [u8; 32],
    /// When it is over.
    pub(crate) expires_at: Timestamp,
}

impl NewSession {
    /// One that nobody can guess: 192 random bits.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub(crate) fn new(now: Timestamp) -> Result<Self, ServerError> {
        let secret = clock::random()
            .map(token::from_random)
            .map_err(|_| ServerError::Store(StoreError::Panicked))?;
        Ok(Self {
            hash: token::digest(&secret),
            secret,
            expires_at: now.plus_millis(SESSION_MS),
        })
    }

    /// What the browser is handed.
    pub(crate) fn cookie(self, state: &AppState, request: &HttpRequest) -> Cookie<'static> {
        let mut cookie = base(state, request, self.secret);
        cookie.set_max_age(time::Duration::milliseconds(SESSION_MS));
        cookie
    }
}

/// Takes the cookie back from the browser.
pub(crate) fn no_cookie(state: &AppState, request: &HttpRequest) -> Cookie<'static> {
    let mut cookie = base(state, request, String::new());
    cookie.make_removal();
    cookie
}

fn base(state: &AppState, request: &HttpRequest, value: String) -> Cookie<'static> {
    let path = match state.config.base_path.as_str() {
        "" => "/".to_owned(),
        base => base.to_owned(),
    };
    Cookie::build(COOKIE, value)
        .path(path)
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(origin::is_https(state, request))
        .finish()
}
