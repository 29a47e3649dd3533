//! An agent says that it lives: by a report, or as version 0.4 did, by an `agent_facts` signal.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::domain::agent::Report;
use crate::domain::hash;
use crate::domain::kind;
use crate::domain::redact;
use crate::domain::signal::{NewSignal, Signal, Status};
use crate::flow::catalogue::Catalogue;
use crate::flow::ingest::{self, Delivery, Outcome};
use crate::store::agents::Heartbeat;
use crate::store::idempotency::Key;
use crate::store::{Store, StoreError, agents, integrations};

/// The words version 0.4 used for it.
const SUMMARY: &str = "Host snapshot + gateway probe";

/// Stores reports: each its heartbeat, the agent's row and the status of its integrations, all
/// of it in one transaction.
///
/// # Errors
/// The transaction failed and nothing of it was stored.
pub async fn report(
    store: &Store,
    catalogue: &Arc<Catalogue>,
    delivery: Delivery<Report>,
) -> Result<Vec<Outcome>, StoreError> {
    let Delivery {
        items,
        sender,
        received_at,
    } = delivery;
    let catalogue = Arc::clone(catalogue);
    store
        .write(move |db| {
            items
                .into_iter()
                .map(|(report, key)| {
                    if !sender.may_send_for(&report.site_id) {
                        return Ok(Outcome::ForeignSite);
                    }
                    let key = key.map(|key| Key {
                        owner: format!("{}/{}/report", sender.credential, report.agent_id),
                        key,
                        body_hash: hash::sha256(serde_json::to_vec(&report).unwrap_or_default()),
                    });
                    let received = ingest::receive(signal_of(&report), &catalogue, received_at);
                    ingest::store_once(db, received, key.as_ref(), |db, signal| {
                        agents::heard(db, &of_report(&report, signal), received_at)?;
                        let (site, agent) = (&report.site_id, &report.agent_id);
                        for integration in &report.integrations {
                            integrations::report(db, site, agent, integration, received_at)?;
                        }
                        Ok(())
                    })
                })
                .collect()
        })
        .await
}

fn signal_of(report: &Report) -> NewSignal {
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

/// The report's facts come from the signal, which was redacted on its way; its conditions are
/// redacted here.
fn of_report(report: &Report, signal: &Signal) -> Heartbeat {
    let mut conditions = json!(report.conditions);
    redact::redact_value(&mut conditions);
    Heartbeat {
        version: Some(report.version.clone()),
        interval_seconds: Some(report.interval_seconds),
        backlog: report.backlog,
        conditions,
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
        gateways: detail("gateways").unwrap_or_else(|| json!([])),
        gateway_latency_ms: detail("gateway_latency_ms").and_then(|latency| latency.as_f64()),
        facts,
    }
}
