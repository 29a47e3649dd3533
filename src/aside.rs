//! Work that blocks, done on a thread made for waiting.
//!
//! The runtime makes some 5 KB of program for each type of work that it is handed; here it sees a
//! single one. How many may run at once is the caller's business.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::{JoinHandle, spawn_blocking};

/// The work came to nothing: it panicked, or the runtime ended before its turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken(String);

impl fmt::Display for Broken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for Broken {}

/// Does something that blocks and answers what it answers. Work that nobody waits for any more is
/// done all the same.
///
/// # Errors
/// It panicked, or the runtime ends.
pub async fn run<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Broken> {
    let place = Arc::new(Mutex::new(None));
    let answer = Arc::clone(&place);
    let running = start(Box::new(move || {
        let done = work();
        *answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
    }));
    ended(running).await?;
    let done = place.lock().unwrap_or_else(PoisonError::into_inner).take();
    done.ok_or_else(|| Broken("it gave no answer".to_owned()))
}

fn start(work: Box<dyn FnOnce() + Send>) -> JoinHandle<()> {
    spawn_blocking(work)
}

async fn ended(running: JoinHandle<()>) -> Result<(), Broken> {
    running.await.map_err(|error| Broken(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_answer_comes_back() {
        assert_eq!(run(|| vec![1, 2]).await, Ok(vec![1, 2]));
    }

    #[tokio::test]
    async fn a_panic_is_told_and_stays_where_it_was() {
        let broken = run(|| -> u8 { panic!("as a test wants it") }).await;
        let words = broken.unwrap_err().to_string();
        assert!(words.contains("as a test wants it"), "{words}");
        assert_eq!(run(|| 7).await, Ok(7));
    }

    #[tokio::test]
    async fn what_nobody_waits_for_is_done_all_the_same() {
        let (told, heard) = tokio::sync::oneshot::channel();
        let (go, begin) = std::sync::mpsc::channel::<()>();
        let work = run(move || {
            begin.recv().unwrap();
            told.send(9).unwrap();
        });
        let waited = tokio::time::timeout(std::time::Duration::from_millis(1), work).await;
        assert!(waited.is_err());
        go.send(()).unwrap();
        assert_eq!(heard.await, Ok(9));
    }
}
