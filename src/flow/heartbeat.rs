//! An agent says that it lives: by a report, or as version 0.4 did, by an `agent_facts` signal.
//! What either tells of the agent; storing is `ingest`'s and `report`'s.

use serde_json::{Value, json};

use crate::domain::agent::Report;
use crate::domain::kind;
use crate::domain::redact;
use crate::domain::signal::{NewSignal, Signal, Status};
use crate::store::agents::Heartbeat;

/// The words version 0.4 used for it.
const SUMMARY: &str = "Host snapshot + gateway probe";

/// The heartbeat that is stored for a report: the shape of version 0.4, and what came after it.
pub fn signal_of(report: &Report) -> NewSignal {
    NewSignal {
        site_id: report.site_id.clone(),
        kind: kind::AGENT_FACTS.to_owned(),
        summary: SUMMARY.to_owned(),
        detail: report.heartbeat_detail(),
        severity: report.heartbeat_severity(),
        source: "agent".to_owned(),
        observed_at: Some(report.observed_at),
        status: Status::Firing,
        dedup_key: None,
        expires_at: None,
        agent_id: Some(report.agent_id.clone()),
        uid: None,
    }
}

/// What a report tells of its agent. Its facts come from the signal that was made of it, which was
/// redacted on its way; its conditions are redacted here.
pub fn of_report(report: &Report, signal: &Signal) -> Heartbeat {
    let mut conditions = json!(report.conditions);
    redact::redact_value(&mut conditions);
    let mut unknown = json!(report.unknown);
    redact::redact_value(&mut unknown);
    Heartbeat {
        version: Some(report.version.clone()),
        interval_seconds: Some(report.interval_seconds),
        backlog: report.backlog,
        conditions,
        unknown,
        ..of_signal(signal)
    }
}

/// What an `agent_facts` signal tells. An agent of 0.4 has no id of its own: site and host name
/// tell it apart.
pub fn of_signal(signal: &Signal) -> Heartbeat {
    let detail = |key: &str| signal.detail.get(key).cloned();
    let facts = detail("facts").unwrap_or_else(|| json!({}));
    let hostname = facts
        .get("hostname")
        .and_then(Value::as_str)
        .unwrap_or("unknown host")
        .to_owned();
    Heartbeat {
        agent_id: signal
            .agent_id
            .clone()
            .unwrap_or_else(|| format!("0.4:{}:{hostname}", signal.site_id)),
        site_id: signal.site_id.clone(),
        hostname,
        version: None,
        interval_seconds: None,
        backlog: 0,
        conditions: json!([]),
        unknown: json!([]),
        gateways: detail("gateways").unwrap_or_else(|| json!([])),
        gateway_latency_ms: detail("gateway_latency_ms").and_then(|latency| latency.as_f64()),
        facts,
    }
}
