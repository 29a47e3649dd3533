//! The one-time address: it logs somebody in, in the browser that comes first.

use actix_web::{HttpRequest, HttpResponse, web};

use crate::clock;
use crate::domain::token;
use crate::server::auth;
use crate::server::error::ServerError;
use crate::server::origin;
use crate::server::session::NewSession;
use crate::server::state::AppState;
use crate::store::sessions;

/// Takes the code, sets the cookie and leads to the board. A look at the head takes nothing.
pub(crate) async fn open(
    request: HttpRequest,
    code: web::Path<String>,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ServerError> {
    if request.method() == actix_web::http::Method::HEAD {
        return Ok(HttpResponse::Ok().finish());
    }
    origin::check_host(&state, &request)?;
    let now = clock::now();
    let session = NewSession::new(now)?;
    let (code, hash, until) = (token::digest(&code), session.hash, session.expires_at);
    let opened = state
        .store
        .write(move |db| {
            let Some(id) = sessions::take_code(db, &code, now)? else {
                return Ok(None);
            };
            sessions::open(db, &hash, id, now, until)?;
            sessions::by_hash(db, &hash, now)
        })
        .await?;
    let Some(opened) = opened else {
        return Err(ServerError::Unauthenticated(
            "this address was used already, or is older than a day",
        ));
    };
    let client = auth::address_of(&state, &request);
    tracing::info!(name = opened.name, %client, "logged in by a one-time address");
    super::login::with_session(&state, &request, session, "/")
}
