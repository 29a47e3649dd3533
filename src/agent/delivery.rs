//! Empties the spool into the server: batches in order, then the report. A signal leaves the
//! state file only after the server answered for it, so a crash at any point sends it again
//! with the same `uid`.

use std::time::{Duration, Instant};

use super::checks;
use super::client::Client;
use super::spool;
use super::state::{self, State, StateFile};
use crate::clock;
use crate::config::agent::AgentConfig;
use crate::domain::agent::Report;
use crate::http;
use crate::wire::MAX_BATCH;

/// What was done for the signals of one cycle.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Delivery {
    /// Signals that the server has now.
    pub sent: usize,
    /// Signals that it refused for good, kept aside.
    pub rejected: usize,
    /// Keys of conditions that the server asks for again.
    pub send_again: Vec<String>,
    /// Why not everything was delivered, if it was not.
    pub stopped: Option<http::Error>,
}

impl Delivery {
    /// How long the server asks to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        match &self.stopped {
            Some(http::Error::Status { retry_after, .. }) => *retry_after,
            _ => None,
        }
    }
}

/// Sends what waits, and then the report with the backlog that is left.
///
/// # Errors
/// The state file could not be written. What was sent before is sent again then, and counts once.
pub fn deliver(
    config: &AgentConfig,
    file: &mut StateFile,
    state: &mut State,
    (report, report_key): (&mut Report, &str),
    deadline: Instant,
) -> Result<Delivery, state::Error> {
    let mut delivery = Delivery::default();
    let left = deadline.saturating_duration_since(Instant::now());
    let client = match Client::new(config, left) {
        Ok(client) => client,
        Err(error) => {
            delivery.stopped = Some(error);
            return Ok(delivery);
        }
    };
    send_signals(&client, file, state, deadline, &mut delivery)?;
    report.backlog = state.pending.len() as u64;
    // Whoever cannot be reached, or does not know us, will not take the report either. One that
    // is only too busy for signals may.
    let may_take_report = matches!(
        delivery.stopped,
        None | Some(http::Error::Status {
            code: 413 | 429 | 500..=599,
            ..
        })
    );
    if may_take_report {
        let sent = clock::now();
        match client.send_report(report, report_key) {
            Ok(answer) => {
                delivery.send_again = answer.send_again;
                let times = (sent, clock::now(), answer.received_at);
                if checks::clock::learn(&mut state.learned, times.0, times.1, times.2) {
                    file.save(state)?;
                }
            }
            Err(error) => {
                delivery.stopped.get_or_insert(error);
            }
        }
    }
    Ok(delivery)
}

fn send_signals(
    client: &Client<'_>,
    file: &mut StateFile,
    state: &mut State,
    deadline: Instant,
    delivery: &mut Delivery,
) -> Result<(), state::Error> {
    let mut most = MAX_BATCH;
    while !state.pending.is_empty() && delivery.stopped.is_none() {
        if Instant::now() >= deadline {
            delivery.stopped = Some(http::Error::TimedOut);
            break;
        }
        let (count, body) = match spool::next_batch(&state.pending, most) {
            Ok(batch) => batch,
            Err(error) => {
                delivery.stopped = Some(http::Error::Other(error.to_string()));
                break;
            }
        };
        let results = match client.send_batch(&body) {
            Ok(results) => results,
            Err(http::Error::Status { code: 413, .. }) if count > 1 => {
                most = count / 2;
                continue;
            }
            Err(error) => {
                delivery.stopped = Some(error);
                break;
            }
        };
        let settled = spool::settle(&mut state.pending, count, &results);
        delivery.sent += settled.accepted;
        delivery.rejected += settled.rejected.len();
        if results.len() != count {
            delivery.stopped = Some(http::Error::NotOurs(format!(
                "it answers for {} of {count} signals",
                results.len()
            )));
        } else if let Some(code) = settled.kept {
            delivery.stopped = Some(http::Error::Status {
                code,
                retry_after: None,
                problem: None,
            });
        }
        keep_aside(file, &settled.rejected)?;
        file.save(state)?;
    }
    Ok(())
}

fn keep_aside(file: &StateFile, rejected: &[String]) -> Result<(), state::Error> {
    if rejected.is_empty() {
        return Ok(());
    }
    let path = file.set_aside(rejected)?;
    tracing::error!(
        count = rejected.len(), kept_in = %path.display(),
        "the server refused signals for good: they are kept aside with its reasons"
    );
    Ok(())
}
