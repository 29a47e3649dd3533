//! Keeps each day's digest once the day is over, while the server runs.

use std::time::Duration;

use actix_web::web;

use super::state::AppState;
use crate::clock;
use crate::flow::digest;
use crate::store::{StoreError, digests};

/// How often it is looked whether a day is over: clocks are set and machines sleep, so no timer is
/// trusted to run until midnight.
const EVERY: Duration = Duration::from_mins(1);

/// Runs until it is dropped.
pub(super) async fn run(state: web::Data<AppState>) {
    loop {
        if let Err(error) = keep_missing(&state).await {
            tracing::warn!(%error, "a day's digest could not be kept; it is tried again");
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Each day is read and written by itself: what signals wait for is one row.
async fn keep_missing(state: &AppState) -> Result<(), StoreError> {
    let (now, zone) = (clock::now(), state.config.timezone.clone());
    let asked = zone.clone();
    let dates = state
        .store
        .read(move |db| digest::missing(db, &asked, now))
        .await?;
    for date in dates {
        let zone = zone.clone();
        let made = state
            .store
            .read(move |db| digest::for_day(db, date, &zone, now))
            .await?;
        if let Some(made) = made {
            state
                .store
                .write(move |db| digests::keep(db, &made))
                .await?;
            tracing::debug!(%date, "the day's digest is kept");
        }
    }
    Ok(())
}
