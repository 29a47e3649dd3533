//! The pages: one file each, holding the struct that is its template's whole world and its
//! handler. Everything is decided here; templates only place it.
//!
//! # A page with a form
//!
//! 1. The page's struct holds `frame: Frame`, made by `Frame::new(&state, &request, "Title")`. It
//!    knows who is logged in; show the form under `{% if frame.may_operate() %}` where its route
//!    needs `OPERATE`, so that nobody is offered what they will be refused.
//! 2. The template's form is `method="post"` and has `{% include "partials/csrf.html" %}` inside.
//! 3. The route is a `post(...)` line of the table. `authorise` has compared the hidden field with
//!    the session, and the page's origin with ours, before the handler runs: nothing is left to do,
//!    and nothing can be forgotten.
//! 4. The handler takes `principal: Principal` (its `actor()` is who the change is put down to) and
//!    `Form(fields): Form<Fields>` from `server::body`, where `Fields` derives `Deserialize`; what
//!    may be left empty is an `Option` or has `#[serde(default)]`. It answers
//!    `see_other(&state, "/path")`, so that loading the page again does not send the form again.

pub(crate) mod account;
pub(crate) mod agents;
pub(crate) mod board;
mod choice;
pub(crate) mod digest;
pub(crate) mod error;
pub(crate) mod incident;
pub(crate) mod inventory;
pub(crate) mod login;
mod mark;
mod markdown;
pub(crate) mod model_answer;
pub(crate) mod run;
pub(crate) mod runbook;
pub(crate) mod runbooks;
pub(crate) mod signals;
mod strip;
pub(crate) mod welcome;

use actix_web::http::header;
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use askama::Template;
use jiff::tz::TimeZone;

use super::assets;
use super::auth::{Person, Principal};
use super::error::ServerError;
use super::state::AppState;
use crate::domain::text;
use crate::domain::timestamp::Timestamp;
use crate::domain::token::Scope;

/// What `base.html` needs on every page.
struct Frame {
    title: String,
    base: String,
    style: &'static str,
    icon: &'static str,
    version: &'static str,
    /// Who is logged in.
    user: Option<Person>,
    /// Reading is open, and whoever reads may log in to do more.
    may_log_in: bool,
    /// The pages of the top line, for those who may read them, and whether this is one of them.
    places: Vec<Place>,
}

/// A page of the top line.
struct Place {
    name: &'static str,
    link: String,
    here: bool,
}

impl Place {
    /// All of them, seen from a request.
    fn all(state: &AppState, request: &HttpRequest) -> Vec<Self> {
        let base = state.config.base_path.as_str();
        let own = request.path().strip_prefix(base).unwrap_or_default();
        let under = |folder: &str| own == folder || own.starts_with(&format!("{folder}/"));
        vec![
            Self {
                name: "Board",
                link: state.link("/"),
                here: own == "/" || under("/frontend"),
            },
            Self {
                name: "Incidents",
                link: state.link("/incidents"),
                here: under("/incidents"),
            },
            Self {
                name: "Signals",
                link: state.link("/signals"),
                here: under("/signals"),
            },
            Self {
                name: "Inventory",
                link: state.link("/inventory"),
                here: under("/inventory"),
            },
            Self {
                name: "Agents",
                link: state.link("/agents"),
                here: under("/agents"),
            },
            Self {
                name: "Runbooks",
                link: state.link("/runbooks"),
                here: under("/runbooks"),
            },
        ]
    }
}

impl Frame {
    fn new(state: &AppState, request: &HttpRequest, title: impl Into<String>) -> Self {
        let extensions = request.extensions();
        let principal = extensions.get::<Principal>();
        Self {
            title: title.into(),
            base: state.config.base_path.clone(),
            style: assets::style(),
            icon: assets::icon(),
            version: env!("CARGO_PKG_VERSION"),
            user: principal.and_then(Principal::user).cloned(),
            may_log_in: principal.is_some_and(Principal::is_anybody),
            places: principal.map_or_else(Vec::new, |_| Place::all(state, request)),
        }
    }

    /// What `partials/csrf.html` puts into a form; empty where nobody is logged in.
    fn csrf(&self) -> &str {
        self.user.as_ref().map_or("", |user| &user.csrf)
    }

    /// Whether the reader may change what operators change.
    fn may_operate(&self) -> bool {
        self.may(Scope::Operate)
    }

    /// Whether the reader may change who has access.
    fn may_administer(&self) -> bool {
        self.may(Scope::Admin)
    }

    fn may(&self, needed: Scope) -> bool {
        let user = self.user.as_ref();
        user.is_some_and(|user| user.role.scope().grants(needed))
    }
}

/// Leads to another page of ours after a form; `path` is below the base path.
fn see_other(state: &AppState, path: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, state.link(path)))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish()
}

/// A moment, as a page shows it.
struct When {
    /// For machines.
    exact: String,
    /// In the configured zone, for the pointer.
    local: String,
    /// In words.
    ago: String,
}

impl When {
    fn new(moment: Timestamp, now: Timestamp, zone: &TimeZone) -> Self {
        Self {
            exact: moment.to_string(),
            local: moment.local(zone),
            ago: text::ago(now.millis_since(moment)),
        }
    }
}

fn render(page: &impl Template) -> Result<String, ServerError> {
    page.render().map_err(|error| {
        tracing::error!(%error, "a page could not be rendered");
        ServerError::Store(crate::store::StoreError::Panicked)
    })
}
