//! A place that is looked after.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::domain::cidr::Cidr;
use crate::domain::fields::{FieldError, Fields, MAX_ID};
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

impl SiteDeclaration {
    /// Reads a body: `{"id", "name", "description", "networks": {"lan": {"cidr", "gateway"}}}`.
    /// `id` stands in the address when a site is edited, and is handed in then.
    ///
    /// # Errors
    /// One [`FieldError`] for each field that is missing or wrong.
    pub fn from_json(body: Value, id: Option<&str>) -> Result<Self, Vec<FieldError>> {
        let mut fields = Fields::of(body)?;
        let id = match id {
            Some(id) => id.to_owned(),
            None => fields.id("id").unwrap_or_default(),
        };
        let declared = Self {
            name: fields
                .optional("name", MAX_ID)
                .unwrap_or_else(|| id.clone()),
            description: fields.optional("description", 1000),
            networks: fields.object("networks", 4),
            id,
        };
        for (name, network) in &declared.networks {
            check_network(&mut fields, name, network);
        }
        fields.finish(declared)
    }
}

fn check_network(fields: &mut Fields, name: &str, network: &Value) {
    let field = format!("networks.{name}");
    let Value::Object(network) = network else {
        fields.complain(
            &field,
            "expected an object such as {\"cidr\": \"192.168.10.0/24\"}",
        );
        return;
    };
    match network.get("cidr") {
        Some(Value::String(cidr)) if cidr.parse::<Cidr>().is_ok() => {}
        _ => fields.complain(
            &format!("{field}.cidr"),
            "expected a network such as 192.168.10.0/24",
        ),
    }
    match network.get("gateway") {
        None | Some(Value::Null) => {}
        Some(Value::String(gateway)) if gateway.parse::<std::net::IpAddr>().is_ok() => {}
        Some(_) => {
            fields.complain(
                &format!("{field}.gateway"),
                "expected an address such as 192.168.10.1",
            );
        }
    }
}
