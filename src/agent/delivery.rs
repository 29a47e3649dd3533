//! Empties the spool into the server: batches in order, and the report early enough to be a
//! heartbeat. An observation leaves the spool only after the server answered for it, so a crash at
//! any point sends it again with the same `uid`.

use std::collections::HashSet;
use std::thread;
use std::time::{Duration, Instant};

use super::client::Client;
use super::disk::Error;
use super::spool::{Batch, Portion, Spool};
use super::state::StateFile;
use crate::clock;
use crate::config::agent::AgentConfig;
use crate::domain::agent::Report;
use crate::domain::inventory::pass::Policy;
use crate::domain::timestamp::Timestamp;
use crate::http;
use crate::wire::{BatchResult, MAX_BODY};

/// The report waits for the spool this long at most, and for this many batches.
const REPORT_WAITS: Duration = Duration::from_secs(2);
const REPORT_WAITS_BATCHES: usize = 10;

/// The server's answer to a report.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// What it wants of the next passes of discovery.
    pub policy: Policy,
    /// When the report was sent, by this host's clock.
    pub sent_at: Timestamp,
    /// When the server had it, by its own.
    pub received_at: Timestamp,
    /// When its answer was here, by this host's.
    pub answered_at: Timestamp,
}

/// What was done for the signals of one cycle.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Delivery {
    /// Signals that the server has now.
    pub sent: usize,
    /// Signals that it refused for good, kept aside.
    pub rejected: usize,
    /// Keys of conditions that the server asks for again.
    pub send_again: Vec<String>,
    /// What the server answered to the report; nothing where it did not take it.
    pub answered: Option<Answered>,
    /// Why the server could not be sent more, if it could not: it is left alone for a while.
    pub stopped: Option<http::Error>,
    /// Why single signals wait on while all others were delivered.
    pub held: Option<http::Error>,
    /// The time was over before everything was sent, and the server takes more.
    pub unfinished: bool,
}

impl Delivery {
    /// What a person should hear of.
    pub fn trouble(&self) -> Option<&http::Error> {
        self.stopped.as_ref().or(self.held.as_ref())
    }

    /// How long the server asks to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        match &self.stopped {
            Some(http::Error::Status { retry_after, .. }) => *retry_after,
            _ => None,
        }
    }
}

/// One attempt to deliver.
pub struct Attempt<'a> {
    /// Where to, and as whom.
    pub config: &'a AgentConfig,
    /// Keeps what is refused for good.
    pub file: &'a StateFile,
    /// What waits.
    pub spool: &'a mut Spool,
    /// No request is begun after it.
    pub deadline: Instant,
    /// Asked between two requests: whether to go on.
    pub goes_on: &'a mut dyn FnMut() -> bool,
}

/// How far an attempt is.
struct Progress<'a> {
    client: Client<'a>,
    delivery: Delivery,
    /// Everything up to this number was tried.
    after: u64,
    portion: Portion,
    /// The next batch, where it was read while the server had the one before.
    ahead: Option<Batch>,
    /// Subjects of which something waits on: what came later does not go before it.
    blocked: HashSet<u64>,
    is_empty: bool,
}

impl<'a> Attempt<'a> {
    /// Sends what waits, and the report with the backlog that is left: after everything, or before
    /// the rest where there is a lot. The same `key` makes a report count once.
    ///
    /// # Errors
    /// The spool cannot be read.
    pub fn deliver(mut self, report: &mut Report, key: &str) -> Result<Delivery, Error> {
        let client = match Client::new(self.config, self.left()) {
            Ok(client) => client,
            Err(error) => {
                return Ok(Delivery {
                    stopped: Some(error),
                    ..Delivery::default()
                });
            }
        };
        let mut progress = Progress {
            client,
            delivery: Delivery::default(),
            after: 0,
            portion: Portion::FULL,
            ahead: None,
            blocked: HashSet::new(),
            is_empty: false,
        };
        let begin = Instant::now();
        let mut batches = 0;
        while batches < REPORT_WAITS_BATCHES
            && begin.elapsed() < REPORT_WAITS
            && self.step(&mut progress)?
        {
            batches += 1;
        }
        self.report(&mut progress, report, key);
        while progress.delivery.stopped.is_none() && self.step(&mut progress)? {}
        let mut delivery = progress.delivery;
        delivery.unfinished = delivery.stopped.is_none() && !progress.is_empty;
        Ok(delivery)
    }

    fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    fn report(&mut self, progress: &mut Progress<'a>, report: &mut Report, key: &str) {
        report.backlog = self.spool.len() as u64;
        report.shorten(MAX_BODY);
        // Whoever cannot be reached, or does not know us, will not take the report either. One that
        // is only too busy for signals may.
        let may_take_report = matches!(
            progress.delivery.stopped,
            None | Some(http::Error::Status {
                code: 413 | 429 | 500..=599,
                ..
            })
        );
        if !may_take_report {
            return;
        }
        let limited = progress.client.limit(self.left());
        let sent_at = clock::now();
        match limited.and_then(|()| progress.client.send_report(report, key)) {
            Ok(answer) => {
                // What waits still comes by itself.
                progress.delivery.send_again = self.spool.without_waiting(answer.send_again);
                progress.delivery.answered = Some(Answered {
                    policy: answer.policy,
                    sent_at,
                    received_at: answer.received_at,
                    answered_at: clock::now(),
                });
            }
            Err(error) => {
                progress.delivery.stopped.get_or_insert(error);
            }
        }
    }

    /// Sends one batch. Answers whether another may follow.
    fn step(&mut self, progress: &mut Progress<'a>) -> Result<bool, Error> {
        let left = self.left();
        if left.is_zero() || !(self.goes_on)() {
            progress.is_empty = self.spool.is_empty();
            return Ok(false);
        }
        let batch = match progress.ahead.take() {
            Some(batch) => batch,
            None => self
                .spool
                .batch(progress.after, progress.portion, &progress.blocked)?,
        };
        if batch.is_empty() {
            progress.is_empty = true;
            return Ok(false);
        }
        if let Err(error) = progress.client.limit(left) {
            progress.delivery.stopped = Some(error);
            return Ok(false);
        }
        let (answer, ahead) = self.send(progress, &batch);
        match answer {
            Ok(results) => {
                let blocked = progress.blocked.len();
                self.answered(progress, &batch, &results);
                // What was read ahead may hold what must wait now.
                progress.ahead = ahead.filter(|_| progress.blocked.len() == blocked);
            }
            Err(error @ http::Error::Status { code: 413, .. }) => {
                progress.too_long(&batch, error);
            }
            Err(error) => progress.delivery.stopped = Some(error),
        }
        Ok(progress.delivery.stopped.is_none())
    }

    /// Sends a batch, and reads the one behind it while the server works on it. What cannot be read
    /// then is read again in its turn, and said then.
    fn send(
        &self,
        progress: &Progress<'a>,
        batch: &Batch,
    ) -> (Result<Vec<BatchResult>, http::Error>, Option<Batch>) {
        let client = &progress.client;
        let send = || client.send_batch(batch.body());
        if !self.spool.has_behind(batch.last()) {
            return (send(), None);
        }
        thread::scope(|scope| {
            let sending = thread::Builder::new().spawn_scoped(scope, send);
            let Ok(sending) = sending else {
                return (send(), None);
            };
            let ahead = self
                .spool
                .batch(batch.last(), progress.portion, &progress.blocked);
            let answer = sending
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            (answer, ahead.ok())
        })
    }

    fn answered(&mut self, progress: &mut Progress<'a>, batch: &Batch, results: &[BatchResult]) {
        let settled = batch.settle(results);
        let delivery = &mut progress.delivery;
        self.spool.done(&settled.accepted);
        delivery.sent += settled.accepted.len();
        let (numbers, lines): (Vec<u64>, Vec<String>) = settled.rejected.into_iter().unzip();
        match self.file.set_aside(&lines) {
            Ok(None) => {}
            Ok(Some(path)) => {
                self.spool.done(&numbers);
                delivery.rejected += numbers.len();
                tracing::error!(
                    count = numbers.len(), kept_in = %path.display(),
                    "the server refused signals for good: they are kept aside with its reasons"
                );
            }
            Err(error) => {
                // They wait on, and are refused and kept aside once there is room.
                let place = error.path.display();
                let reason = format!(
                    "cannot keep aside what it refused in {place}: {}",
                    error.source
                );
                delivery.stopped = Some(http::Error::Other(reason));
            }
        }
        progress.blocked.extend(settled.blocked);
        progress.after = batch.last();
        if results.len() != batch.len() {
            delivery.stopped = Some(http::Error::NotOurs(format!(
                "it answers for {} of {} signals",
                results.len(),
                batch.len()
            )));
        } else if let Some(code) = settled.kept {
            delivery.held.get_or_insert(http::Error::Status {
                code,
                retry_after: None,
                problem: None,
            });
        }
    }
}

impl Progress<'_> {
    /// A proxy allows less than the server: half as much is tried. What is too long alone waits on,
    /// and holds up nothing but its own subject.
    fn too_long(&mut self, batch: &Batch, error: http::Error) {
        if let Some(subject) = batch.only_subject() {
            self.blocked.insert(subject);
            self.after = batch.last();
            self.portion = Portion::FULL;
            self.delivery.held.get_or_insert(error);
        } else {
            self.portion = Portion {
                count: batch.len().div_ceil(2),
                bytes: batch.body().len() / 2,
            };
        }
    }
}
