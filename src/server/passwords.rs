//! Passwords are hashed at most one or two at a time, with a short queue: whoever floods the login
//! gets 503, and neither memory (19 MiB each) nor the cores that ingest needs run out.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;

use super::error::ServerError;
use crate::aside;
use crate::clock;
use crate::domain::password;
use crate::store::StoreError;

/// Logins that may wait for their turn; at 20 ms each nobody waits long.
const MAY_WAIT: usize = 16;

/// The places where passwords are hashed.
#[derive(Debug, Clone)]
pub(crate) struct Passwords {
    places: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

impl Passwords {
    /// At most two places, and half of the cores at most.
    pub(crate) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            places: Arc::new(Semaphore::new((cores / 2).clamp(1, 2))),
            waiting: Arc::default(),
        }
    }

    /// Whether this is the password of a hash. Without a hash it takes as long and is not.
    ///
    /// # Errors
    /// Too many wait already.
    pub(crate) async fn verify(
        &self,
        typed: String,
        hash: Option<String>,
    ) -> Result<bool, ServerError> {
        self.work(move || {
            let known = hash.is_some();
            let hash = hash.unwrap_or_else(|| password::NOBODYS.to_owned());
            password::verify(&typed, &hash) && known
        })
        .await
    }

    /// The hash of a new password.
    ///
    /// # Errors
    /// Too many wait already, or the system gives no randomness or memory.
    pub(crate) async fn hash(&self, new: String) -> Result<String, ServerError> {
        let salt = clock::random().map_err(|_| ServerError::Store(StoreError::Panicked))?;
        self.work(move || password::hash(&new, salt))
            .await?
            .map_err(|_| ServerError::Store(StoreError::Panicked))
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ServerError> {
        let turn = Turn::take(&self.waiting)?;
        let place = Arc::clone(&self.places).acquire_owned().await;
        let place = place.map_err(|_| ServerError::Store(StoreError::Stopped))?;
        drop(turn);
        aside::run(move || {
            // Held until the work is done, also where nobody waits for it any more.
            let _place = place;
            work()
        })
        .await
        .map_err(|_| ServerError::Store(StoreError::Panicked))
    }
}

/// A place in the queue, given back when it is dropped.
struct Turn(Arc<AtomicUsize>);

impl Turn {
    fn take(waiting: &Arc<AtomicUsize>) -> Result<Self, ServerError> {
        if waiting.fetch_add(1, Ordering::Relaxed) >= MAY_WAIT {
            waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(ServerError::Overloaded(
                "too many log in at the moment; try it again in some seconds",
            ));
        }
        Ok(Self(Arc::clone(waiting)))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_flood_is_turned_away_and_the_queue_is_worked_off() {
        let passwords = Passwords::new();
        let hash = passwords.hash("correct horse".to_owned()).await.unwrap();
        let all: Vec<_> = (0..60)
            .map(|_| passwords.verify("correct horse".to_owned(), Some(hash.clone())))
            .collect();
        let answers = futures_util::future::join_all(all).await;
        let refused = answers.iter().filter(|answer| answer.is_err()).count();
        assert!((60 - MAY_WAIT - 2..60).contains(&refused), "{refused}");
        assert!(answers.iter().flatten().all(|good| *good));
        assert_eq!(passwords.waiting.load(Ordering::Relaxed), 0);
        assert!(
            passwords
                .verify("x".to_owned(), Some(hash))
                .await
                .is_ok_and(|good| !good)
        );
        assert!(
            passwords
                .verify("x".to_owned(), None)
                .await
                .is_ok_and(|good| !good)
        );
    }
}
