//! Watches where runbooks come from, and puts what changed into force: the command line writes to
//! the same database, and people edit the files of `runbooks_dir`. Asked every other second rather
//! than told: a network mount tells nobody.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::rt::{self, task::JoinHandle, time};
use actix_web::web;

use super::state::AppState;
use crate::clock;
use crate::domain::runbook::Problem;
use crate::flow::runbooks::{self, Sources};
use crate::store::StoreError;

/// How often is asked.
const PAUSE: Duration = Duration::from_secs(2);

/// Watches until the answer is aborted.
pub(super) fn start(state: web::Data<AppState>) -> JoinHandle<()> {
    rt::spawn(async move {
        let folder = state.config.runbooks_dir.clone();
        let sources = Arc::new(Mutex::new(Sources::new(folder)));
        let mut told: Vec<Problem> = Vec::new();
        loop {
            if let Err(error) = look(&state, &sources, &mut told).await {
                tracing::warn!(%error, "runbooks could not be looked for; those in force stay");
            }
            time::sleep(PAUSE).await;
        }
    })
}

async fn look(
    state: &AppState,
    sources: &Arc<Mutex<Sources>>,
    told: &mut Vec<Problem>,
) -> Result<(), StoreError> {
    let sources = Arc::clone(sources);
    let news = state
        .store
        .read(move |db| {
            let mut sources = sources.lock().unwrap_or_else(PoisonError::into_inner);
            sources.news(db)
        })
        .await?;
    let Some(catalogue) = news else {
        return Ok(());
    };
    for problem in catalogue.problems() {
        if !told.contains(problem) {
            tracing::warn!("runbooks_dir: {problem}");
        }
    }
    *told = catalogue.problems().to_vec();
    let (files, now) = (runbooks::of_files(&catalogue), clock::now());
    state.runbooks.replace(catalogue);
    if !files.is_empty() {
        state
            .store
            .write(move |db| runbooks::note_files(db, &files, now))
            .await?;
    }
    Ok(())
}
