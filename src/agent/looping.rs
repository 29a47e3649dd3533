//! The loop: cycles in their rhythm until the process is asked to end, the configuration read again
//! when that is asked for, and the service manager told of all of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::pace::Pace;
use super::sys::{Service, Wake};
use super::watchdog::Watchdog;
use super::{Agent, Clock, Cycle, Error, Outcome, Time, client, cycle};
use crate::clock;
use crate::config::agent::AgentConfig;
use crate::error;

/// A cycle waits this long for its looks: what takes longer is taken in by the next, and the
/// heartbeat goes out in time.
const PATIENCE: Duration = Duration::from_secs(3);

/// Cycles until the process is asked to end. Answers [`Outcome::Busy`] at once where another
/// agent is at work. `reload` reads the configuration again, all of it.
///
/// # Errors
/// What keeps the first cycle from being done; later ones are logged and tried again.
pub fn run_loop(
    config: AgentConfig,
    time_limit: Duration,
    clock: Clock<'_>,
    reload: &dyn Fn() -> Result<AgentConfig, error::Error>,
) -> Result<Option<Outcome>, Error> {
    let service = Arc::new(Service::of_process());
    let watchdog = Watchdog::start(&service).map_err(Error::System)?;
    watchdog.promise(time_limit);
    let Some(mut agent) = Agent::start(config, clock)? else {
        return Ok(Some(Outcome::Busy));
    };
    agent.eyes.senses().catch_signals().map_err(Error::System)?;
    let mut pace = Pace::new(interval(&agent.config));
    if let Some(moment) = agent.asked_to_wait() {
        let left = u64::try_from(moment.millis_since(clock())).unwrap_or_default();
        pace.wait_until(Instant::now() + Duration::from_millis(left));
    }
    service.ready();
    loop {
        let begin = Instant::now();
        watchdog.promise(time_limit);
        let time = Time {
            patience: PATIENCE,
            longest: time_limit,
            deadline: begin + time_limit,
        };
        let result = agent.cycle(pace.delivery_is_due(begin), time);
        match &result {
            Ok(cycle) => {
                if let Some(delivery) = &cycle.delivery {
                    pace.delivered(Instant::now(), delivery, roll()?);
                }
                log_cycle(&agent.config, cycle, begin.elapsed());
                service.status(&status(&agent.config, cycle));
            }
            Err(_) if pace.cycles == 0 => return result.map(|_| None),
            Err(error) => {
                let hint = "hint: is the disk of the state file full, or gone? Nothing was sent, so nothing is lost";
                tracing::error!(%error, "the cycle could not be done; it is tried again. {hint}");
                service.status(&format!("the cycle could not be done: {error}"));
            }
        }
        let pause = pace.next_wait(begin, Instant::now(), roll()?);
        watchdog.promise(pause);
        match agent
            .heard
            .take()
            .unwrap_or_else(|| agent.eyes.senses().wait(pause))
        {
            Wake::Time => {}
            Wake::Stop => {
                service.stopping();
                tracing::info!("asked to end; what was not sent waits on disk");
                return Ok(None);
            }
            Wake::Reload => {
                watchdog.promise(time_limit);
                service.reloading();
                if agent.read_again(reload) {
                    pace.begin_anew(interval(&agent.config));
                } else {
                    service.status("the configuration is wrong: the old one stays, see the log");
                }
                service.ready();
            }
        }
    }
}

impl Agent<'_> {
    /// Takes another configuration over, if it is right as a whole; says everything that is wrong with
    /// it otherwise, and goes on with the one it has. Answers whether it was taken over.
    fn read_again(&mut self, reload: &dyn Fn() -> Result<AgentConfig, error::Error>) -> bool {
        let checked = reload()
            .map_err(|error| error.to_string())
            .and_then(|config| {
                if config.state_path != self.config.state_path {
                    return Err(format!(
                        "agent.state_path: {} cannot become {} while the agent runs\nhint: restart it",
                        self.config.state_path.display(),
                        config.state_path.display()
                    ));
                }
                let watched = cycle::watched(&config)?;
                Ok((config, watched))
            });
        match checked {
            Ok((config, watched)) => {
                for warning in &config.warnings {
                    tracing::warn!("{warning}");
                }
                tracing::info!(
                    backend = %config.backend_url, site = %config.site_id,
                    interval_seconds = config.interval_seconds,
                    "the configuration was read again and is in force"
                );
                self.eyes.watch(&config, watched);
                self.config = config;
                true
            }
            Err(complaints) => {
                tracing::error!(
                    "the new configuration is not taken over, the old one stays in force"
                );
                // One line each: a journal shows them as they are.
                for line in complaints.lines() {
                    tracing::error!("{}", line.trim());
                }
                false
            }
        }
    }
}

fn interval(config: &AgentConfig) -> Duration {
    Duration::from_secs(config.interval_seconds.into())
}

fn log_cycle(config: &AgentConfig, cycle: &Cycle, took: Duration) {
    let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let sent = cycle.delivery.as_ref().map_or(0, |delivery| delivery.sent);
    tracing::info!(
        changes = cycle.changes,
        open = cycle.open,
        sent,
        waiting = cycle.waiting,
        took_ms,
        "cycle done"
    );
    let trouble = cycle
        .delivery
        .as_ref()
        .and_then(|delivery| delivery.trouble());
    if let Some(error) = trouble {
        tracing::warn!(
            waiting = cycle.waiting,
            "cannot deliver to {}: {error}; hint: {}",
            config.backend_url,
            client::hint(error, config)
        );
    }
}

/// One line for `systemctl status`.
fn status(config: &AgentConfig, cycle: &Cycle) -> String {
    let trouble = cycle
        .delivery
        .as_ref()
        .and_then(|delivery| delivery.trouble());
    let delivery = match trouble {
        Some(error) => format!("cannot deliver to {}: {error}", config.backend_url),
        None => format!("reports to {}", config.backend_url),
    };
    format!(
        "{} conditions open, {} signals wait; {delivery}",
        cycle.open, cycle.waiting
    )
}

/// A fraction between 0 and 1, for jitter.
fn roll() -> Result<f64, Error> {
    let bytes: [u8; 4] = clock::random().map_err(Error::System)?;
    Ok(f64::from(u32::from_ne_bytes(bytes)) / f64::from(u32::MAX))
}
