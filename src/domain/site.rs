//! A place that is looked after.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::domain::integration::Integration;

/// A site as the API shows it, with what is known to be there.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Site {
    /// For example `site-homelab`.
    pub id: String,
    /// What people call it; the id where nobody gave it a name.
    pub name: String,
    /// One line, or nothing.
    pub description: Option<String>,
    /// `{"lan": {"cidr": "192.168.10.0/24", "gateway": "192.168.10.1"}}`
    #[schema(value_type = Object)]
    pub networks: Map<String, Value>,
    /// What is talked to there.
    pub integrations: Vec<Integration>,
    /// Made by `demo seed`.
    pub demo: bool,
}

/// What a person declares about a site.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteDeclaration {
    /// See [`Site::id`].
    pub id: String,
    /// See [`Site::name`].
    pub name: String,
    /// See [`Site::description`].
    pub description: Option<String>,
    /// See [`Site::networks`].
    pub networks: Map<String, Value>,
}
