//! What is done every few seconds while the server runs, whether or not somebody asks.

use std::time::Duration;

use actix_web::web;

use super::state::AppState;
use crate::clock;
use crate::domain::timestamp::Timestamp;
use crate::flow::tick::{self, Times};
use crate::store::StoreError;

/// Seconds between two looks at what is due. A snooze ends, and a silence shows, this late.
const EVERY: Duration = Duration::from_secs(5);
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Starts it; it ends with the server's runtime.
pub(super) fn start(state: &web::Data<AppState>) {
    let state = state.clone();
    let listening_since = clock::now();
    actix_web::rt::spawn(async move {
        let mut beat = tokio::time::interval(EVERY);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            beat.tick().await;
            if let Err(error) = tick(&state, listening_since).await {
                tracing::warn!(%error, "what was due could not be done; it is tried again");
            }
        }
    });
}

async fn tick(state: &AppState, listening_since: Timestamp) -> Result<(), StoreError> {
    let times = Times {
        now: clock::now(),
        listening_since,
        expiry_ms: i64::from(state.config.incident_expiry_days) * DAY_MS,
    };
    let due = state.store.read(move |db| tick::due(db, times)).await?;
    if due.is_empty() {
        return Ok(());
    }
    let catalogue = state.catalogue();
    state
        .store
        .write(move |db| due.carry_out(db, &catalogue, times))
        .await
}
