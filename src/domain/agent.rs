//! What an agent says of itself and its host.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::domain::fields::{FieldError, Fields, MAX_ID};
use crate::domain::integration::IntegrationReport;
use crate::domain::inventory::pass::Pass;
use crate::domain::order;
use crate::domain::severity::Severity;
use crate::domain::timestamp::Timestamp;

/// From this gateway latency on, a heartbeat is a `warning` (the rule of version 0.4).
pub const LATENCY_WARNING_MS: f64 = 100.0;

/// Facts about the host. Anything the host does not tell is left out, not made up.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Facts {
    /// Name of the host.
    pub hostname: String,
    /// For example `Linux-6.1.0-18-amd64`.
    pub platform: String,
    /// For example `Debian GNU/Linux 12 (bookworm)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Seconds since the host started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uptime_seconds: Option<u64>,
    /// Load average over 1, 5 and 15 minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<[f64; 3]>,
    /// Main memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<Memory>,
    /// Mounted file systems that hold data.
    #[serde(default)]
    pub disks: Vec<Disk>,
}

/// Main memory, in bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Memory {
    /// All of it.
    pub total_bytes: u64,
    /// What a new program could use.
    pub available_bytes: u64,
}

/// One mounted file system.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Disk {
    /// Where it is mounted.
    pub mount: String,
    /// `ext4`, `zfs`, ...
    pub file_system: String,
    /// Its size in bytes.
    pub total_bytes: u64,
    /// What is free to users, in bytes.
    pub available_bytes: u64,
}

/// A gateway of the kernel's routing table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Gateway {
    /// Its address.
    pub gateway: String,
    /// The interface it is reached through.
    pub dev: String,
    /// Median round trip; nothing where it could not be measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<f64>,
    /// How it was measured.
    #[serde(default)]
    pub probe: Probe,
}

/// The sense that answered for a gateway.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Probe {
    /// ICMP echo.
    Icmp,
    /// A TCP connection that was accepted or refused: both are proof of life.
    Tcp,
    /// ICMP was sent and nothing came back, and no TCP port answered either.
    Silent,
    /// Nothing could be tried: this process may not ping, and no port answered. Not an outage.
    #[default]
    Unknown,
}

/// A condition that a check of this agent finds wrong now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OpenCondition {
    /// The key that its signals carry.
    pub dedup_key: String,
    /// Kind of its signals.
    pub kind: String,
    /// As last sent.
    pub severity: Severity,
    /// When it was first seen.
    #[schema(value_type = String)]
    pub since: Timestamp,
}

/// A check of this agent that could not be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UnknownCheck {
    /// Kind of the signals that it would send.
    pub kind: String,
    /// What it is about: `disk:/tank`, `docker:unix:///var/run/docker.sock`.
    pub subject: String,
    /// Why it could not be made, and what would help.
    pub reason: String,
}

/// One cycle of an agent in one call: `POST /api/agents/report`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Report {
    /// Hash of the machine id.
    pub agent_id: String,
    /// The site it reports for.
    pub site_id: String,
    /// Version of the agent.
    pub version: String,
    /// Seconds until the next report is due.
    pub interval_seconds: u32,
    /// When the cycle ran, by the agent's clock.
    #[schema(value_type = String)]
    pub observed_at: Timestamp,
    /// The host.
    pub facts: Facts,
    /// Gateways of the kernel's table.
    #[serde(default)]
    pub gateways: Vec<Gateway>,
    /// Latency of the default gateway; nothing where it could not be measured.
    #[serde(default)]
    pub gateway_latency_ms: Option<f64>,
    /// What is wrong now.
    #[serde(default)]
    pub conditions: Vec<OpenCondition>,
    /// Further conditions that are wrong and did not fit into the report. While there are any,
    /// nothing is concluded from what `conditions` does not list.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub conditions_omitted: u64,
    /// What the agent talks to.
    #[serde(default)]
    pub integrations: Vec<IntegrationReport>,
    /// Observations that wait to be sent.
    #[serde(default)]
    pub backlog: u64,
    /// Checks that could not be made: neither healthy nor down.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<UnknownCheck>,
    /// What a pass of discovery saw, in the report after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inventory: Option<Pass>,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // as serde asks it
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Report {
    /// Reads a body that came over the wire. Everything wrong with it is reported together.
    ///
    /// # Errors
    /// One [`FieldError`] for each field that is missing or of a wrong shape.
    pub fn from_json(body: Value) -> Result<Self, Vec<FieldError>> {
        let mut fields = Fields::of(body)?;
        let report = Self {
            agent_id: fields.id("agent_id").unwrap_or_default(),
            site_id: fields.id("site_id").unwrap_or_default(),
            version: fields.required("version", MAX_ID).unwrap_or_default(),
            interval_seconds: fields
                .required_value("interval_seconds")
                .unwrap_or_default(),
            observed_at: fields
                .required_value("observed_at")
                .unwrap_or(Timestamp::from_millis(0)),
            facts: fields.required_value("facts").unwrap_or_default(),
            gateways: fields.value("gateways").unwrap_or_default(),
            gateway_latency_ms: fields.value("gateway_latency_ms"),
            conditions: fields.value("conditions").unwrap_or_default(),
            conditions_omitted: fields.value("conditions_omitted").unwrap_or_default(),
            integrations: fields.value("integrations").unwrap_or_default(),
            backlog: fields.value("backlog").unwrap_or_default(),
            unknown: fields.value("unknown").unwrap_or_default(),
            inventory: fields.value("inventory"),
        };
        if let Some(Err(excess)) = report.inventory.as_ref().map(Pass::check) {
            fields.complain("inventory", excess);
        }
        fields.finish(report)
    }

    /// Leaves out what a report can do without until its JSON takes at most `longest` bytes: the
    /// inventory first, which the next pass brings again, then conditions, worst last. What is
    /// left out of the conditions is counted.
    pub fn shorten(&mut self, longest: usize) {
        if self.length() > longest {
            self.inventory = None;
        }
        order::sort_by_key(&mut self.conditions, |condition| {
            std::cmp::Reverse(condition.severity)
        });
        while self.length() > longest && !self.conditions.is_empty() {
            let kept = self.conditions.len() / 2;
            self.conditions_omitted += (self.conditions.len() - kept) as u64;
            self.conditions.truncate(kept);
        }
    }

    fn length(&self) -> usize {
        serde_json::to_vec(self).map_or(0, |json| json.len())
    }

    /// The `detail` of the heartbeat that is stored for this report: the shape of version 0.4,
    /// and what came after it.
    pub fn heartbeat_detail(&self) -> Map<String, Value> {
        let mut detail = Map::new();
        let mut put = |key: &str, value: serde_json::Result<Value>| {
            detail.insert(key.to_owned(), value.unwrap_or(Value::Null));
        };
        put("facts", serde_json::to_value(&self.facts));
        put("gateways", serde_json::to_value(&self.gateways));
        put(
            "gateway_latency_ms",
            serde_json::to_value(self.gateway_latency_ms),
        );
        put("backlog", Ok(self.backlog.into()));
        let open = self.conditions.len() as u64 + self.conditions_omitted;
        put("open_conditions", Ok(open.into()));
        detail
    }

    /// `warning` from [`LATENCY_WARNING_MS`] on, `info` otherwise and where it is unknown.
    pub fn heartbeat_severity(&self) -> Severity {
        match self.gateway_latency_ms {
            Some(latency) if latency >= LATENCY_WARNING_MS => Severity::Warning,
            _ => Severity::Info,
        }
    }
}

/// An agent as the API shows it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Agent {
    /// Hash of its machine id; `0.4:SITE:HOST` for an agent of version 0.4, which has none.
    pub id: String,
    /// The site it last reported for.
    pub site_id: String,
    /// Name of its host.
    pub hostname: String,
    /// Its version, where it told.
    pub version: Option<String>,
    /// Seconds between two reports, where it told.
    pub interval_seconds: Option<u32>,
    /// When the server first heard of it.
    #[schema(value_type = String)]
    pub first_seen: Timestamp,
    /// When the server last heard of it.
    #[schema(value_type = String)]
    pub last_seen: Timestamp,
    /// Whether it is unheard for more than three intervals.
    pub silent: bool,
    /// Observations that waited on the host at its last report.
    pub backlog: u64,
    /// What it found wrong at its last report.
    #[schema(value_type = Vec<OpenCondition>)]
    pub conditions: Value,
    /// Facts about its host.
    #[schema(value_type = Facts)]
    pub facts: Value,
    /// Gateways of its host.
    #[schema(value_type = Vec<Gateway>)]
    pub gateways: Value,
    /// Latency of its default gateway.
    pub gateway_latency_ms: Option<f64>,
    /// Checks that it could not make at its last report: neither healthy nor down.
    #[schema(value_type = Vec<UnknownCheck>)]
    pub unknown: Value,
    /// Made by `demo seed`.
    pub demo: bool,
}

/// An agent that told no interval is given this one (the default of the agent's configuration).
pub const DEFAULT_INTERVAL_SECONDS: u32 = 300;

/// Whether an agent that was last heard at `last_seen` counts as silent at `now`: unheard for
/// more than three intervals.
pub fn is_silent(last_seen: Timestamp, interval_seconds: Option<u32>, now: Timestamp) -> bool {
    let interval = i64::from(interval_seconds.unwrap_or(DEFAULT_INTERVAL_SECONDS));
    now.millis_since(last_seen) > interval.saturating_mul(3_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_that_is_too_long_says_what_it_leaves_out() {
        let condition = |number: u32, severity| OpenCondition {
            dedup_key: format!("{}{number}", "k".repeat(300)),
            kind: "container_down".into(),
            severity,
            since: Timestamp::from_millis(0),
        };
        let mut report = Report::from_json(serde_json::json!({
            "agent_id": "a", "site_id": "s", "version": "1", "interval_seconds": 60,
            "observed_at": "2026-11-26T00:00:00Z", "facts": {"hostname": "h", "platform": "p"},
        }))
        .unwrap();
        report.conditions = (0..5000).map(|n| condition(n, Severity::Warning)).collect();
        report.conditions.push(condition(5000, Severity::Critical));
        report.shorten(512 * 1024);
        assert!(report.length() <= 512 * 1024);
        let listed = report.conditions.len() as u64;
        assert!(listed > 500, "{listed}");
        assert_eq!(listed + report.conditions_omitted, 5001);
        assert_eq!(report.conditions[0].severity, Severity::Critical);

        let whole = report.clone();
        report.shorten(512 * 1024);
        assert_eq!(report, whole, "what fits stays whole");
    }

    #[test]
    fn an_agent_is_silent_after_three_of_its_own_intervals() {
        let last = Timestamp::from_millis(0);
        assert!(!is_silent(last, Some(60), Timestamp::from_millis(180_000)));
        assert!(is_silent(last, Some(60), Timestamp::from_millis(180_001)));
        assert!(!is_silent(last, None, Timestamp::from_millis(900_000)));
        assert!(is_silent(last, None, Timestamp::from_millis(900_001)));
    }
}
