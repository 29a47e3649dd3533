//! The one-time address: it opens a reading session for the browser that comes first.

use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::clock;
use crate::domain::token;
use crate::server::auth::SESSION_COOKIE;
use crate::server::error::ServerError;
use crate::server::state::AppState;
use crate::store::sessions;

/// How long a session lasts.
const SESSION_MS: i64 = 30 * 24 * 60 * 60 * 1000;

/// Takes the code, sets the cookie and leads to the board. A look at the head takes nothing.
pub(crate) async fn open(
    request: HttpRequest,
    code: web::Path<String>,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ServerError> {
    let home = state.link("/");
    if request.method() == actix_web::http::Method::HEAD {
        return Ok(HttpResponse::Ok().finish());
    }
    let secret = clock::random()
        .map(token::from_random)
        .map_err(|_| ServerError::Store(crate::store::StoreError::Panicked))?;
    let (code, session, now) = (token::digest(&code), token::digest(&secret), clock::now());
    let opened = state
        .store
        .write(move |db| {
            let good = sessions::take_code(db, &code, now)?;
            if good {
                sessions::open(db, &session, now, now.plus_millis(SESSION_MS))?;
            }
            Ok(good)
        })
        .await?;
    if !opened {
        return Err(ServerError::Unauthenticated(
            "this address was used already, or is older than a day",
        ));
    }
    tracing::info!("the one-time address was used; a reading session is open for 30 days");
    let https = request.connection_info().scheme() == "https";
    let cookie = Cookie::build(SESSION_COOKIE, secret)
        .path(if state.config.base_path.is_empty() {
            "/".to_owned()
        } else {
            state.config.base_path.clone()
        })
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(https || state.config.public_url.starts_with("https://"))
        .max_age(actix_web::cookie::time::Duration::milliseconds(SESSION_MS))
        .finish();
    Ok(HttpResponse::SeeOther()
        .insert_header((header::LOCATION, home))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .cookie(cookie)
        .finish())
}
