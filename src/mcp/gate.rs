//! The way to the server: a few calls at once, each on a thread of its own, and none for ever.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::backend::Backend;
use super::fault::Fault;
use crate::aside;

/// Calls that are under way at once; others wait.
pub(super) const CALLS_AT_ONCE: usize = 8;
/// Longest wait for one's turn.
const PATIENCE: Duration = Duration::from_secs(20);

/// The server, with a bound on how much is asked of it at once.
#[derive(Debug, Clone)]
pub(super) struct Gate {
    backend: Arc<Backend>,
    turns: Arc<Semaphore>,
}

impl Gate {
    pub(super) fn new(backend: Backend) -> Self {
        Self {
            backend: Arc::new(backend),
            turns: Arc::new(Semaphore::new(CALLS_AT_ONCE)),
        }
    }

    /// Runs `call`, which may block, and answers what it answers. A caller that went away leaves
    /// its call running: its turn ends with the call.
    ///
    /// # Errors
    /// What the call said, or that its turn did not come.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        call: impl FnOnce(&Backend) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let turn = tokio::time::timeout(PATIENCE, self.turns.clone().acquire_owned()).await;
        let Ok(Ok(turn)) = turn else {
            return Err(Fault::Server(format!(
                "too many calls wait for {}\nhint: call again when earlier calls are answered",
                self.backend.url()
            )));
        };
        let backend = self.backend.clone();
        let running = aside::run(move || {
            let answer = call(&backend);
            drop(turn);
            answer
        });
        running.await.unwrap_or_else(|error| {
            tracing::error!("a call failed inside this program: {error}");
            Err(Fault::Server(
                "the call failed inside this program\nhint: its stderr says more; please report it"
                    .to_owned(),
            ))
        })
    }
}
