//! What every handler may use.

use std::sync::{Arc, OnceLock};

use super::guessing::Guessing;
use super::model::Desk;
use super::passwords::Passwords;
use crate::config::backend::BackendConfig;
use crate::domain::run::Records;
use crate::domain::timestamp::Timestamp;
use crate::flow::catalogue::{Catalogue, InForce};
use crate::flow::records::Kept;
use crate::store::{Store, StoreError};

/// The server's world; one for the process, shared by its workers.
#[derive(Debug)]
pub(crate) struct AppState {
    pub(crate) config: BackendConfig,
    pub(crate) store: Store,
    pub(crate) runbooks: InForce,
    records: Kept,
    pub(crate) guessing: Guessing,
    pub(crate) passwords: Passwords,
    /// The model that may be asked, where there is one.
    pub(crate) model: Option<Desk>,
    address: OnceLock<String>,
}

impl AppState {
    pub(crate) fn new(config: BackendConfig, store: Store, catalogue: Catalogue) -> Self {
        Self {
            model: Desk::of(config.llm.as_ref()),
            config,
            store,
            runbooks: InForce::new(catalogue),
            records: Kept::default(),
            guessing: Guessing::new(),
            passwords: Passwords::new(),
            address: OnceLock::new(),
        }
    }

    /// The runbooks in force now.
    pub(crate) fn catalogue(&self) -> Arc<Catalogue> {
        self.runbooks.get()
    }

    /// How often each runbook helped. What is counted anew weighs in wherever it is asked which
    /// runbook fits.
    ///
    /// # Errors
    /// The database refuses.
    pub(crate) async fn track_records(&self, now: Timestamp) -> Result<Arc<Records>, StoreError> {
        let (records, new) = self.records.get(&self.store, now).await?;
        if new {
            self.runbooks.weigh(records.for_matching());
        }
        Ok(records)
    }

    /// Counts anew at once: a run began, or somebody said whether one helped. What was said is
    /// stored already, so a fault here is only logged.
    pub(crate) async fn recount(&self, now: Timestamp) {
        self.records.forget();
        if let Err(error) = self.track_records(now).await {
            tracing::warn!(%error, "the runbooks' records were not counted");
        }
    }

    /// Sets, once the port is known, the address that people and agents use. The `Host` header
    /// never decides it.
    pub(crate) fn reached_at(&self, address: &str) {
        self.address.get_or_init(|| address.to_owned());
    }

    /// The address that people and agents use, without a slash at the end.
    pub(crate) fn address(&self) -> String {
        self.address.get().cloned().unwrap_or_default()
    }

    /// A path of ours as a browser has to ask for it.
    pub(crate) fn link(&self, path: &str) -> String {
        format!("{}{path}", self.config.base_path)
    }
}
