//! A network as it is shown: what is there, and who looks at it by which senses.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::pass::SenseReport;
use crate::domain::fields::{FieldError, Fields, MAX_ID};
use crate::domain::timestamp::Timestamp;

/// A network as the API shows it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Network {
    /// Number of the row.
    pub id: i64,
    /// The site.
    pub site_id: String,
    /// `192.168.1.0/24`
    pub cidr: String,
    /// What people call it.
    pub name: Option<String>,
    /// Address of its gateway.
    pub gateway: Option<String>,
    /// Hardware address of its gateway.
    pub gateway_mac: Option<String>,
    /// Nobody new has any business there: a new host is a warning.
    pub no_guests: bool,
    /// When it was first seen.
    #[schema(value_type = String)]
    pub first_seen: Timestamp,
    /// When it was last seen.
    #[schema(value_type = String)]
    pub last_seen: Timestamp,
    /// Its first three full passes are done: changes are told from then on.
    pub baseline_done: bool,
    /// Nobody who looks at it sees anything at the moment: what it holds cannot be known.
    pub cannot_know: bool,
    /// How many hosts it has, those that are ignored apart.
    pub hosts: usize,
    /// How many of them are there.
    pub present: usize,
    /// How many of them are not.
    pub absent: usize,
    /// How many came since the baseline, within a week, and are not marked as known.
    pub new: usize,
    /// How many of them make their hardware address up.
    pub roaming: usize,
    /// Who looks at it.
    pub agents: Vec<NetworkAgent>,
}

/// An agent that looks at a network.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct NetworkAgent {
    /// The agent.
    pub agent_id: String,
    /// Name of its host.
    pub hostname: String,
    /// Its interface there.
    pub dev: String,
    /// When its last pass came in that could be used.
    #[schema(value_type = Option<String>)]
    pub last_pass_at: Option<Timestamp>,
    /// Why its last pass could not be used.
    pub unusable: Option<String>,
    /// Its passes ask every address.
    pub swept: bool,
    /// Why they do not, where they do not.
    pub not_swept: Option<String>,
    /// It is unheard for three of its intervals.
    pub silent: bool,
    /// Its discovery sees no network at all.
    pub blind: bool,
    /// How each sense fared in its last pass.
    pub senses: Vec<SenseReport>,
}

/// What people say of a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkMarks {
    /// What they call it; `Some(None)` takes the name back.
    pub name: Option<Option<String>>,
    /// See [`Network::no_guests`].
    pub no_guests: Option<bool>,
}

impl NetworkMarks {
    /// Reads a body: `{"name", "no_guests"}`; what is missing stays as it is, a null name goes.
    ///
    /// # Errors
    /// One [`FieldError`] for each field that is wrong.
    pub fn from_json(body: Value) -> Result<Self, Vec<FieldError>> {
        let names = body.get("name").is_some();
        let mut fields = Fields::of(body)?;
        let name = fields.optional("name", MAX_ID);
        let marks = Self {
            name: names.then_some(name),
            no_guests: fields.value("no_guests"),
        };
        fields.finish(marks)
    }
}
