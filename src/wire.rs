//! What agent and server must agree on: paths, headers, limits, and the shapes that are neither
//! a signal nor a report.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::fields::FieldError;
use crate::domain::inventory::pass::Policy;
use crate::domain::timestamp::Timestamp;

/// Where one signal is posted.
pub const SIGNALS: &str = "/api/signals";
/// Where many are.
pub const SIGNALS_BATCH: &str = "/api/signals/batch";
/// Where an agent reports its cycle.
pub const AGENTS_REPORT: &str = "/api/agents/report";
/// Where anybody may ask whether the server is well.
pub const HEALTH: &str = "/api/health";

/// Makes a request that is sent twice count once.
pub const IDEMPOTENCY_KEY: &str = "Idempotency-Key";
/// Media type of every error answer (RFC 9457).
pub const PROBLEM_JSON: &str = "application/problem+json";
/// Media type of one JSON value a line.
pub const NDJSON: &str = "application/x-ndjson";

/// Largest request body, in bytes; more is 413.
pub const MAX_BODY: usize = 512 * 1024;
/// Most items of a batch.
pub const MAX_BATCH: usize = 1000;

/// An error answer (RFC 9457, `application/problem+json`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// A name for this kind of problem; `about:blank` where the status says it all.
    #[serde(rename = "type", default = "about_blank")]
    pub kind: String,
    /// The same words for the same kind of problem.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What to do about this one.
    #[serde(default)]
    pub detail: String,
    /// What is wrong with which field of the body.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

fn about_blank() -> String {
    "about:blank".to_owned()
}

/// The answer to one item of a batch. Results stand in the order of the items.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BatchResult {
    /// What the item would have been answered alone: 201 stored, 200 known already, 4xx refused
    /// for good, 503 to be sent again.
    pub status: u16,
    /// Number of the stored signal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<i64>,
    /// The item's own `uid`, if it had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// The answer to an agent's report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReportAnswer {
    /// Number of the heartbeat that was stored for it.
    pub signal_id: i64,
    /// When the server had it, by the server's clock.
    #[schema(value_type = String)]
    pub received_at: Timestamp,
    /// Keys of conditions that the report lists and the server has no such incident for: the
    /// agent sends them again.
    #[serde(default)]
    pub send_again: Vec<String>,
    /// What the server wants of the agent's next passes of discovery.
    #[serde(default)]
    pub policy: Policy,
}

/// The answer of `GET /api/health`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// `ok`
    pub status: String,
    /// Version of the server.
    pub version: String,
}
