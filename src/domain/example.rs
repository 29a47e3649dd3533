//! Values for the tests of rules that need a whole one. Not part of the program.

use serde_json::Value;

use crate::domain::severity::Severity;
use crate::domain::signal::{NewSignal, Signal};
use crate::domain::timestamp::Timestamp;

/// A stored signal.
pub(crate) fn signal(kind: &str, summary: &str, detail: &Value) -> Signal {
    let new = NewSignal::from_json(serde_json::json!({
        "site_id": "site-homelab", "kind": kind, "summary": summary, "detail": detail
    }))
    .unwrap();
    let fingerprint_of = new.fingerprint();
    Signal {
        id: 12,
        fingerprint: fingerprint_of.name(),
        fingerprint_of,
        site_id: new.site_id,
        kind: new.kind,
        summary: new.summary,
        detail: new.detail,
        severity: Severity::Warning,
        source: new.source,
        observed_at: Timestamp::from_millis(1_795_000_000_000),
        received_at: Timestamp::from_millis(1_795_000_000_000),
        incident_id: None,
        status: new.status,
        dedup_key: None,
        expires_at: None,
        agent_id: None,
        time_flag: None,
        runbook_id: None,
        redactions: 0,
        demo: false,
    }
}
