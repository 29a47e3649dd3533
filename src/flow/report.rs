//! An agent's cycle comes in: the heartbeat, the agent's row, the status of what it talks to.

use std::sync::Arc;

use crate::domain::agent::Report;
use crate::domain::hash;
use crate::domain::inventory::pass::Policy;
use crate::flow::catalogue::Catalogue;
use crate::flow::heartbeat;
use crate::flow::ingest::{self, Delivery, Outcome};
use crate::flow::inventory;
use crate::flow::reconcile;
use crate::flow::silence;
use crate::store::idempotency::Key;
use crate::store::{Store, StoreError, agents, integrations};

/// What became of a report.
#[derive(Debug, Clone, PartialEq)]
pub struct Reported {
    /// What became of its heartbeat.
    pub outcome: Outcome,
    /// Keys of the conditions that the agent should send again.
    pub send_again: Vec<String>,
    /// What its next passes of discovery should ask directly.
    pub policy: Policy,
}

/// Stores reports: each its heartbeat, the agent's row, the status of its integrations, and its
/// incidents brought in line, all of it in one transaction.
///
/// # Errors
/// The transaction failed and nothing of it was stored.
pub async fn deliver(
    store: &Store,
    catalogue: &Arc<Catalogue>,
    delivery: Delivery<Report>,
) -> Result<Vec<Reported>, StoreError> {
    let Delivery {
        items,
        sender,
        received_at,
    } = delivery;
    let catalogue = Arc::clone(catalogue);
    store
        .write(move |db| {
            items
                .iter()
                .map(|(report, key)| {
                    if !sender.may_send_for(&report.site_id) {
                        return Ok(Reported {
                            outcome: Outcome::ForeignSite,
                            send_again: Vec::new(),
                            policy: Policy::default(),
                        });
                    }
                    let key = key.clone().map(|key| Key {
                        owner: format!("{}/{}/report", sender.credential, report.agent_id),
                        key,
                        body_hash: hash::sha256(serde_json::to_vec(report).unwrap_or_default()),
                    });
                    let received =
                        ingest::receive(heartbeat::signal_of(report), &catalogue, received_at);
                    let mut taken = Vec::new();
                    let outcome = ingest::store_once(db, received, key.as_ref(), |db, signal| {
                        let heartbeat = heartbeat::of_report(report, signal);
                        let bound = sender.site_id.is_some();
                        if agents::heard(db, &heartbeat, bound, received_at)? {
                            silence::over(db, &catalogue, &report.agent_id, received_at)?;
                            taken = inventory::take(db, &catalogue, report, received_at)?;
                        }
                        let (site, agent) = (&report.site_id, &report.agent_id);
                        for integration in &report.integrations {
                            integrations::report(db, site, agent, integration, received_at)?;
                        }
                        reconcile::reconcile(db, report, received_at)
                    })?;
                    Ok(Reported {
                        send_again: reconcile::unknown(db, report)?,
                        policy: inventory::policy(db, report, &taken, received_at)?,
                        outcome,
                    })
                })
                .collect()
        })
        .await
}
