//! `atlas-ops agent run`
//!
//! Reads the configuration, calls the agent, and turns how it went into a line, an exit code and a
//! hint. What the agent does is in [`crate::agent`].

use std::io::{ErrorKind, IsTerminal};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use super::output;
use crate::agent::{self, Cycle, Outcome, client};
use crate::cli::Agent;
use crate::clock;
use crate::config::agent::{AgentConfig, load};
use crate::error::{Error, Exit};

/// The agent ends by itself this long before the watchdog ends it.
const GRACE: Duration = Duration::from_millis(500);
/// The watchdog does nothing but wait and complain.
const WATCHDOG_STACK: usize = 128 * 1024;

/// Runs an agent's subcommand.
///
/// # Errors
/// What the agent could not do, with the exit code that cron understands.
pub fn run(args: &Agent, verbose: u8) -> Result<ExitCode, Error> {
    let args = match args {
        Agent::Run(args) => args,
        Agent::Doctor(args) => return super::agent_doctor::run(args),
    };
    let config = load(args.file.config.as_deref())?;
    let talks = verbose > 0 || std::io::stdout().is_terminal();
    if talks || !args.once {
        for warning in &config.warnings {
            tracing::warn!("{warning}");
        }
    }
    let limit = Duration::from_secs(args.time_limit);
    if args.dry_run {
        return dry_run(&config, limit);
    }
    if args.once {
        return once(&config, limit, talks);
    }
    tracing::info!(
        backend = %config.backend_url, site = %config.site_id, state = %config.state_path.display(),
        interval_seconds = config.interval_seconds, "agent started"
    );
    match agent::run_loop(&config, limit, &clock::now) {
        Ok(None) => Ok(ExitCode::SUCCESS),
        Ok(Some(_)) => Ok(busy(&config, talks)),
        Err(error) => Err(failed(&error, &config)),
    }
}

fn once(config: &AgentConfig, limit: Duration, talks: bool) -> Result<ExitCode, Error> {
    let deadline = guard(limit, config)?;
    let outcome =
        agent::run_once(config, deadline, &clock::now).map_err(|error| failed(&error, config))?;
    match outcome {
        Outcome::Busy => Ok(busy(config, talks)),
        Outcome::Done(cycle) => delivered(&cycle, config, talks),
    }
}

/// Not an error: whoever holds the lock does the work.
fn busy(config: &AgentConfig, talks: bool) -> ExitCode {
    if talks {
        output::note(format!(
            "another agent is at work with {}; nothing was done",
            config.state_path.display()
        ));
    }
    ExitCode::SUCCESS
}

fn delivered(cycle: &Cycle, config: &AgentConfig, talks: bool) -> Result<ExitCode, Error> {
    let delivery = cycle.delivery.clone().unwrap_or_default();
    if let Some(error) = &delivery.stopped {
        let waiting = match cycle.waiting {
            0 => "nothing was lost".to_owned(),
            count => format!(
                "{count} signals wait in {} and are sent next time",
                config.state_path.display()
            ),
        };
        return Err(Error::new(
            format!("deliver to {}", config.backend_url),
            format!("{error}; {waiting}"),
        )
        .hint(client::hint(error, config))
        .exit(Exit::TryAgain));
    }
    if talks {
        output::line(format!(
            "reported to {} for {}: {} changes, {} open, {} signals sent",
            config.backend_url, config.site_id, cycle.changes, cycle.open, delivery.sent
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn dry_run(config: &AgentConfig, limit: Duration) -> Result<ExitCode, Error> {
    let deadline = guard(limit, config)?;
    let preview =
        agent::preview(config, deadline, &clock::now).map_err(|error| failed(&error, config))?;
    output::json(&preview);
    Ok(ExitCode::SUCCESS)
}

/// Sees to it that this process ends: the agent keeps its own deadlines, but a system call on a
/// dead disk or a dead mount knows none. Answers with the agent's deadline.
fn guard(limit: Duration, config: &AgentConfig) -> Result<Instant, Error> {
    let message = Error::new(
        format!("finish within {} seconds", limit.as_secs()),
        "something did not answer; what was observed before waits on disk",
    )
    .hint(format!(
        "raise --time-limit, or see with -vv what is slow (Docker, {})",
        config.backend_url
    ))
    .exit(Exit::TryAgain);
    // Nothing ends the thread: it goes when the process does.
    std::thread::Builder::new()
        .name("watchdog".to_owned())
        .stack_size(WATCHDOG_STACK)
        .spawn(move || {
            std::thread::sleep(limit);
            output::complain(&message);
            std::process::exit(75);
        })
        .map_err(|error| Error::new("start the watchdog", error))?;
    Ok(Instant::now() + limit.saturating_sub(GRACE))
}

/// What kept a cycle from being done, with what helps.
fn failed(error: &agent::Error, config: &AgentConfig) -> Error {
    match error {
        agent::Error::State(state) => {
            let place = state.path.display();
            let hint = match state.source.kind() {
                ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => format!(
                    "make the directory of {place} writable for this user, or set state_path to another"
                ),
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                    format!(
                        "make room on the disk of {place}; nothing was sent, so nothing is lost"
                    )
                }
                _ => format!(
                    "check the disk and the directory of {place}, or set state_path to another"
                ),
            };
            Error::new(format!("{} {place}", state.attempt), &state.source).hint(hint)
        }
        agent::Error::Endpoint(reason) => Error::new("watch Docker", reason).exit(Exit::Usage),
        agent::Error::System(source) => Error::new("run the agent", source)
            .hint(format!("see with -vv; the site is {}", config.site_id)),
    }
}
