//! A thing at a site that we talk to or know of.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::domain::fields::{FieldError, Fields, MAX_ID};
use crate::domain::timestamp::Timestamp;

/// An integration as the API shows it. `endpoint` and `config` have been
/// through [`crate::domain::redact`] by then.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Integration {
    /// Number of the row.
    pub id: i64,
    /// The site it stands at.
    pub site_id: String,
    /// `docker`, `proxmox`, `unifi`, ...
    #[serde(rename = "type")]
    pub kind: String,
    /// Where it is reached, for example `unix:///var/run/docker.sock`.
    pub endpoint: Option<String>,
    /// `ok`, `degraded`, `unreachable`, `unknown`, or what its sender calls it.
    pub status: Option<String>,
    /// What people call it.
    pub name: Option<String>,
    /// Whatever was declared or found, redacted.
    #[schema(value_type = Object)]
    pub config: Value,
    /// When something last reported about it.
    #[schema(value_type = Option<String>)]
    pub last_contact: Option<Timestamp>,
    /// The agent that reported it; nothing for a declared one.
    pub agent_id: Option<String>,
    /// Made by `demo seed`.
    pub demo: bool,
}

/// What an agent says of an integration it talks to, once a cycle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct IntegrationReport {
    /// `docker`, ...
    #[serde(rename = "type")]
    pub kind: String,
    /// Where the agent reaches it.
    pub endpoint: String,
    /// `ok`, `unreachable`, or `unknown` where the agent may not look.
    pub status: String,
    /// What to call it.
    pub name: String,
    /// Facts about it (engine version, counts). Never a secret.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub config: Map<String, Value>,
}

/// What a person declares about an integration.
#[derive(Debug, Clone, PartialEq)]
pub struct IntegrationDeclaration {
    /// The site it stands at.
    pub site_id: String,
    /// See [`Integration::kind`].
    pub kind: String,
    /// See [`Integration::endpoint`].
    pub endpoint: Option<String>,
    /// See [`Integration::name`].
    pub name: Option<String>,
    /// See [`Integration::config`].
    pub config: Map<String, Value>,
}

impl IntegrationDeclaration {
    /// Reads a body: `{"site_id", "type", "endpoint", "name", "config"}`.
    ///
    /// # Errors
    /// One [`FieldError`] for each field that is missing or wrong.
    pub fn from_json(body: Value) -> Result<Self, Vec<FieldError>> {
        let mut fields = Fields::of(body)?;
        let declared = Self {
            site_id: fields.id("site_id").unwrap_or_default(),
            kind: fields.id("type").unwrap_or_default(),
            endpoint: fields.optional("endpoint", 1000),
            name: fields.optional("name", MAX_ID),
            config: fields.object("config", 16),
        };
        fields.finish(declared)
    }
}
