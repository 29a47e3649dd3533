//! A signal comes in: secrets out, fingerprint and best runbook on, stored once, answered after.

use std::sync::Arc;

use crate::domain::hash;
use crate::domain::matching::SignalView;
use crate::domain::redact;
use crate::domain::signal::{NewSignal, ReceivedSignal, Signal, Status};
use crate::domain::timestamp::Timestamp;
use crate::flow::catalogue::Catalogue;
use crate::flow::heartbeat;
use crate::flow::lifecycle;
use crate::flow::silence;
use crate::store::idempotency::{self, Key, Known};
use crate::store::{Db, Store, StoreError, agents, signals};

/// Who sends, as the authorisation step knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// Names the credential; idempotency keys count for it.
    pub credential: String,
    /// The only site it may send for.
    pub site_id: Option<String>,
}

impl Sender {
    /// Whether it may send for a site.
    pub fn may_send_for(&self, site_id: &str) -> bool {
        self.site_id.as_deref().is_none_or(|own| own == site_id)
    }
}

/// What became of what was sent.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It is on disk.
    Stored(Box<Signal>),
    /// It was before: the same key came with the same body.
    Known(Box<Signal>),
    /// The key came with another body before; nothing was stored.
    KeyReused,
    /// The credential is bound to another site; nothing was stored.
    ForeignSite,
}

/// Things that came in together, each with its idempotency key, if it has one.
#[derive(Debug)]
pub struct Delivery<T> {
    /// What was sent.
    pub items: Vec<(T, Option<String>)>,
    /// Who sent it.
    pub sender: Sender,
    /// When the server had it.
    pub received_at: Timestamp,
}

/// Stores signals, in order, all of them in one transaction, and answers each once that is synced.
///
/// # Errors
/// The transaction failed: nothing of it was stored and all of it may be sent again.
pub async fn deliver(
    store: &Store,
    catalogue: &Arc<Catalogue>,
    delivery: Delivery<NewSignal>,
) -> Result<Vec<Outcome>, StoreError> {
    let Delivery {
        items,
        sender,
        received_at,
    } = delivery;
    let prepared: Vec<Option<(ReceivedSignal, Option<Key>)>> = items
        .into_iter()
        .map(|(signal, key)| {
            sender.may_send_for(&signal.site_id).then(|| {
                let key = key.map(|key| key_of(&sender, &signal, key));
                (receive(signal, catalogue, received_at), key)
            })
        })
        .collect();
    let bound = sender.site_id.is_some();
    let catalogue = Arc::clone(catalogue);
    store
        .write(move |db| {
            prepared
                .iter()
                .map(|item| match item {
                    None => Ok(Outcome::ForeignSite),
                    Some((received, key)) => {
                        store_once(db, received.clone(), key.as_ref(), |db, signal| {
                            if signal.is_heartbeat() {
                                let heartbeat = heartbeat::of_signal(signal);
                                let at = signal.received_at;
                                if agents::heard(db, &heartbeat, bound, at)? {
                                    silence::over(db, &catalogue, &heartbeat.agent_id, at)?;
                                }
                            }
                            Ok(())
                        })
                    }
                })
                .collect()
        })
        .await
}

/// A key counts per credential and agent, and remembers what it came with.
fn key_of(sender: &Sender, signal: &NewSignal, key: String) -> Key {
    let agent = signal.agent_id.as_deref().unwrap_or_default();
    Key {
        owner: format!("{}/{agent}", sender.credential),
        key,
        body_hash: hash::sha256(serde_json::to_vec(signal).unwrap_or_default()),
    }
}

/// Stores a signal unless its key was seen before. `also` is done with it, in the same
/// transaction, when it is stored.
pub(super) fn store_once(
    db: &Db,
    received: ReceivedSignal,
    key: Option<&Key>,
    also: impl FnOnce(&Db, &Signal) -> Result<(), StoreError>,
) -> Result<Outcome, StoreError> {
    let received_at = received.received_at;
    match key.map(|key| idempotency::find(db, key)).transpose()? {
        None | Some(Known::New) => {}
        Some(Known::Different) => return Ok(Outcome::KeyReused),
        Some(Known::Same(id)) => {
            // One that was stored, answered and removed since must not come back.
            let signal = signals::get(db, id)?.unwrap_or_else(|| received.stored_as(id));
            return Ok(Outcome::Known(Box::new(signal)));
        }
    }
    let signal = lifecycle::store(db, received)?;
    also(db, &signal)?;
    if let Some(key) = key {
        idempotency::remember(db, key, signal.id, received_at)?;
    }
    Ok(Outcome::Stored(Box::new(signal)))
}

/// Takes the secrets out and works out what it is about.
pub fn receive(
    mut signal: NewSignal,
    catalogue: &Catalogue,
    received_at: Timestamp,
) -> ReceivedSignal {
    let mut redactions = redact::redact_detail(&mut signal.detail);
    redactions += redact::redact_string(&mut signal.summary);
    redactions += redact::redact_string(&mut signal.source);
    if let Some(key) = &mut signal.dedup_key {
        redactions += redact::redact_string(key);
    }
    // The end of a problem is no problem to find a runbook for, and no hit of one.
    let runbook_id = if signal.is_heartbeat() || signal.status == Status::Resolved {
        None
    } else {
        let view = SignalView {
            kind: &signal.kind,
            summary: &signal.summary,
            detail: &signal.detail,
            site_id: &signal.site_id,
        };
        let best = catalogue.matcher().match_signal(&view).into_iter().next();
        best.map(|best| best.runbook_id)
    };
    ReceivedSignal {
        fingerprint: signal.fingerprint(),
        signal,
        received_at,
        runbook_id,
        redactions,
        demo: false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn no_text_of_a_signal_keeps_its_secret() {
        let signal: NewSignal = serde_json::from_value(json!({
            "site_id": "site-homelab",
            "kind": "odd",
            "source": "https://bob:hunter2@nas.lan/hook",
            "summary": "password=hunter2",
            "severity": "warning",
            "dedup_key": "token=hunter2",
            "detail": {"header": "Bearer hunterhunter"},
        }))
        .unwrap();
        let received = receive(
            signal,
            &Catalogue::new(Vec::new()),
            Timestamp::from_millis(0),
        );
        assert!(!format!("{received:?}").contains("hunter"), "{received:?}");
        assert_eq!(received.redactions, 4);
    }
}
