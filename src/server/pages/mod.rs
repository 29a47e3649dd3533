//! The pages: one file each, holding the struct that is its template's whole world and its
//! handler. Everything is decided here; templates only place it.

pub(crate) mod board;
pub(crate) mod error;
mod markdown;
pub(crate) mod runbook;
pub(crate) mod welcome;

use askama::Template;
use jiff::tz::TimeZone;

use super::assets;
use super::error::ServerError;
use super::state::AppState;
use crate::domain::text;
use crate::domain::timestamp::Timestamp;

/// What `base.html` needs on every page.
struct Frame {
    title: String,
    base: String,
    style: &'static str,
    icon: &'static str,
    version: &'static str,
}

impl Frame {
    fn new(state: &AppState, title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            base: state.config.base_path.clone(),
            style: assets::style(),
            icon: assets::icon(),
            version: env!("CARGO_PKG_VERSION"),
        }
    }
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
