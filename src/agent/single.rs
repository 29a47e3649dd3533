//! A single cycle, for cron, for a person, or as a preview that leaves no trace.

use std::time::{Duration, Instant};

use super::cycle;
use super::eyes::{Eyes, Judged};
use super::{Agent, Clock, Error, Outcome, Preview, Time, identity, signals_of, spool, state};
use crate::config::agent::AgentConfig;

/// A single run waits this long for its looks.
const LONGEST_LOOK: Duration = Duration::from_secs(30);
/// Looks that end by themselves when their time is over are waited for this much longer.
const MARGIN: Duration = Duration::from_secs(1);

/// One cycle, for cron. A server that asked to be left alone is left alone.
///
/// # Errors
/// See [`Error`]. A server that takes nothing is no error: see [`Delivery::trouble`].
pub fn run_once(
    config: &AgentConfig,
    deadline: Instant,
    clock: Clock<'_>,
) -> Result<Outcome, Error> {
    let Some(mut agent) = Agent::start(config.clone(), clock)? else {
        return Ok(Outcome::Busy);
    };
    let may_deliver = agent.asked_to_wait().is_none();
    agent
        .cycle(may_deliver, Time::of_single(deadline))
        .map(Outcome::Done)
}

/// One cycle, for a person who wants to see whether the server takes it now.
///
/// # Errors
/// As [`run_once`].
pub fn run_now(
    config: &AgentConfig,
    deadline: Instant,
    clock: Clock<'_>,
) -> Result<Outcome, Error> {
    let Some(mut agent) = Agent::start(config.clone(), clock)? else {
        return Ok(Outcome::Busy);
    };
    agent
        .cycle(true, Time::of_single(deadline))
        .map(Outcome::Done)
}

/// Looks and judges, and leaves no trace: nothing is sent or written.
///
/// # Errors
/// See [`Error`].
pub fn preview(
    config: &AgentConfig,
    deadline: Instant,
    clock: Clock<'_>,
) -> Result<Preview, Error> {
    let watched = cycle::watched(config).map_err(Error::Endpoint)?;
    let loaded = state::peek(&config.state_path)?;
    let mut waiting = spool::peek(&config.state_path, loaded.committed)?;
    let mut state = loaded.state;
    waiting.append(&mut state.pending);
    let mut eyes = Eyes::new(config, watched).map_err(Error::System)?;
    let agent_id = identity(&mut state)?;
    let time = Time::of_single(deadline);
    let observation = eyes.observe(&time, &state, clock());
    for trouble in &eyes.troubles(config) {
        tracing::warn!("{}", trouble.message);
    }
    let who = cycle::observer(config, &agent_id, &eyes.known.facts);
    let now = clock();
    let Judged { changes, unknown } = eyes.judge(&observation, &mut state, &who, now);
    waiting.extend(signals_of(changes, &who, now)?.0);
    let mut report = cycle::report(config, (&eyes.known, unknown), &state, &who, now);
    report.backlog = waiting.len() as u64;
    Ok(Preview {
        report,
        signals: waiting,
    })
}

impl Time {
    /// Of a single run, which has no later cycle: half of it is kept for sending.
    fn of_single(deadline: Instant) -> Self {
        let half = deadline.saturating_duration_since(Instant::now()) / 2;
        let longest = half.min(LONGEST_LOOK);
        Self {
            patience: longest + MARGIN,
            longest,
            deadline,
        }
    }
}
