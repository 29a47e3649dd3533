//! Looks that are under way. Each runs beside the others and beside the agent's cycles; one that
//! takes longer than a cycle is taken in by a later one, and is not begun a second time meanwhile.
//! What a look shows is its own business.

use std::collections::BTreeMap;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use super::sys::{Senses, Task};

/// Looks by their ids, and the way back of what they show.
#[derive(Debug)]
pub struct Looks<T> {
    running: BTreeMap<String, Running>,
    sender: Sender<Done<T>>,
    receiver: Receiver<Done<T>>,
}

#[derive(Debug)]
struct Running {
    since: Instant,
    limit: Duration,
}

/// A look that ended.
#[derive(Debug, PartialEq)]
pub struct Done<T> {
    /// Its id.
    pub id: String,
    /// What it showed; nothing where it broke off.
    pub shown: Option<T>,
}

impl<T: Send + 'static> Default for Looks<T> {
    fn default() -> Self {
        let (sender, receiver) = mpsc::channel();
        Self {
            running: BTreeMap::new(),
            sender,
            receiver,
        }
    }
}

impl<T: Send + 'static> Looks<T> {
    /// Begins a look, unless the one before under this id is still under way. It is late once it
    /// took longer than `limit`; it is not ended then: what hangs in a system call cannot be. One
    /// that answers with nothing broke off.
    pub fn begin(&mut self, senses: &Senses, id: &str, limit: Duration, look: Task<Option<T>>) {
        if self.running.contains_key(id) {
            return;
        }
        let since = Instant::now();
        self.running.insert(id.to_owned(), Running { since, limit });
        let answer = Answer {
            id: id.to_owned(),
            shown: None,
            sender: self.sender.clone(),
        };
        senses.spawn(Box::pin(async move {
            let shown = look.await;
            answer.complete(shown);
        }));
    }

    /// Waits until every look has ended or is late, at most for `patience`, and answers with
    /// those that ended.
    pub fn gather(&mut self, patience: Duration) -> Vec<Done<T>> {
        let until = Instant::now() + patience;
        let mut ended = Vec::new();
        while let Some(wait) = self.worth_waiting(until) {
            match self.receiver.recv_timeout(wait) {
                Ok(done) => self.take_in(done, &mut ended),
                Err(RecvTimeoutError::Timeout) if Instant::now() < until => {}
                Err(_) => break,
            }
        }
        while let Ok(done) = self.receiver.try_recv() {
            self.take_in(done, &mut ended);
        }
        ended
    }

    /// How long the looks that are under way and not late are worth waiting for.
    fn worth_waiting(&self, until: Instant) -> Option<Duration> {
        let now = Instant::now();
        let in_time = self
            .running
            .values()
            .map(|running| running.since + running.limit)
            .filter(|end| *end > now)
            .max()?;
        Some(in_time.min(until).saturating_duration_since(now)).filter(|wait| !wait.is_zero())
    }

    fn take_in(&mut self, done: Done<T>, ended: &mut Vec<Done<T>>) {
        self.running.remove(&done.id);
        ended.push(done);
    }

    /// Ids of the looks that take longer than they may.
    pub fn late(&self) -> impl Iterator<Item = &str> {
        self.running
            .iter()
            .filter(|(_, running)| running.since.elapsed() >= running.limit)
            .map(|(id, _)| id.as_str())
    }

    /// Whether a look with this id is under way.
    pub fn is_under_way(&self, id: &str) -> bool {
        self.running.contains_key(id)
    }
}

/// Says that a look ended, also where it broke off.
struct Answer<T> {
    id: String,
    shown: Option<T>,
    sender: Sender<Done<T>>,
}

impl<T> Answer<T> {
    /// The look ended; dropping this says so.
    fn complete(mut self, shown: Option<T>) {
        self.shown = shown;
    }
}

impl<T> Drop for Answer<T> {
    fn drop(&mut self) {
        // Nobody waits for it any more where the agent has ended.
        let _ = self.sender.send(Done {
            id: std::mem::take(&mut self.id),
            shown: self.shown.take(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    fn ids<T>(done: &[Done<T>]) -> Vec<&str> {
        let mut ids: Vec<&str> = done.iter().map(|done| done.id.as_str()).collect();
        ids.sort_unstable();
        ids
    }

    #[test]
    fn a_slow_look_is_taken_in_later_and_begun_once() {
        let senses = Senses::new().unwrap();
        let mut looks = Looks::default();
        let (go, waits) = tokio::sync::oneshot::channel::<()>();
        let slow = Box::pin(async move {
            let _ = waits.await;
            Some(1)
        });
        looks.begin(&senses, "slow", Duration::ZERO, slow);
        looks.begin(&senses, "fast", LONG, Box::pin(async { Some(2) }));
        let done = looks.gather(LONG);
        assert_eq!(ids(&done), ["fast"], "who is late is not waited for");
        assert_eq!(looks.late().collect::<Vec<_>>(), ["slow"]);

        looks.begin(&senses, "slow", LONG, Box::pin(async { Some(3) }));
        go.send(()).unwrap();
        looks.begin(&senses, "other", LONG, Box::pin(async { Some(4) }));
        let mut done = looks.gather(LONG);
        while done.len() < 2 {
            looks.begin(&senses, "again", LONG, Box::pin(async { Some(5) }));
            done.extend(
                looks
                    .gather(LONG)
                    .into_iter()
                    .filter(|done| done.id != "again"),
            );
        }
        let slow = done.iter().find(|done| done.id == "slow").unwrap();
        assert_eq!(slow.shown, Some(1), "the one that was under way");
        assert_eq!(looks.late().count(), 0);
    }

    #[test]
    fn a_look_that_breaks_off_is_over() {
        let senses = Senses::new().unwrap();
        let mut looks: Looks<u8> = Looks::default();
        let broken = Box::pin(async { panic!("on purpose") });
        looks.begin(&senses, "broken", LONG, broken);
        assert_eq!(
            looks.gather(LONG),
            [Done {
                id: "broken".to_owned(),
                shown: None
            }]
        );
        assert!(!looks.is_under_way("broken"));
    }
}
