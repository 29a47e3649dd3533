//! An agent's cycle comes in: the heartbeat, the agent's row, the status of what it talks to.

use std::sync::Arc;

use crate::domain::agent::Report;
use crate::domain::hash;
use crate::flow::catalogue::Catalogue;
use crate::flow::heartbeat;
use crate::flow::ingest::{self, Delivery, Outcome};
use crate::store::idempotency::Key;
use crate::store::{Store, StoreError, agents, integrations};

/// Stores reports: each its heartbeat, the agent's row and the status of its integrations, all
/// of it in one transaction.
///
/// # Errors
/// The transaction failed and nothing of it was stored.
pub async fn deliver(
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
                .iter()
                .map(|(report, key)| {
                    if !sender.may_send_for(&report.site_id) {
                        return Ok(Outcome::ForeignSite);
                    }
                    let key = key.clone().map(|key| Key {
                        owner: format!("{}/{}/report", sender.credential, report.agent_id),
                        key,
                        body_hash: hash::sha256(serde_json::to_vec(report).unwrap_or_default()),
                    });
                    let received =
                        ingest::receive(heartbeat::signal_of(report), &catalogue, received_at);
                    ingest::store_once(db, received, key.as_ref(), |db, signal| {
                        let heartbeat = heartbeat::of_report(report, signal);
                        agents::heard(db, &heartbeat, sender.site_id.is_some(), received_at)?;
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
