//! The runbooks' track records, counted once and kept for some seconds.

use std::sync::{Arc, PoisonError, RwLock};

use crate::domain::run::Records;
use crate::domain::timestamp::Timestamp;
use crate::store::{Store, StoreError, runs};

/// How long a count stays good. Incidents come and go meanwhile; what people say of a run counts
/// at once, since that forgets it.
const KEPT_MS: i64 = 10_000;

/// The newest count.
#[derive(Debug, Default)]
pub struct Kept(RwLock<Option<(Timestamp, Arc<Records>)>>);

impl Kept {
    /// The count, and whether it was made anew because the last one was too old.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn get(
        &self,
        store: &Store,
        now: Timestamp,
    ) -> Result<(Arc<Records>, bool), StoreError> {
        let kept = self
            .0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some((at, records)) = kept
            && (0..KEPT_MS).contains(&now.millis_since(at))
        {
            return Ok((records, false));
        }
        let records = Arc::new(store.read(runs::track_records).await?);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some((now, records.clone()));
        Ok((records, true))
    }

    /// Makes the next question count anew.
    pub fn forget(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
