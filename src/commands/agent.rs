//! `atlas-ops agent run`
//!
//! Reads the configuration, calls the agent, and turns how it went into a line, an exit code and a
//! hint. What the agent does is in [`crate::agent`].

use std::io::{ErrorKind, IsTerminal};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use super::output;
use crate::agent::{self, Cycle, Outcome, client};
use crate::cli::{Agent, AgentRun};
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
    let ended = if args.once {
        once(&config, limit, talks)
    } else {
        for_ever(args, &config, limit, talks)
    };
    // Where a task scheduler starts the agent nobody reads what it says at its end.
    if let (Err(error), Some(_)) = (&ended, &config.log_file) {
        for line in error.to_string().lines() {
            tracing::error!("{line}");
        }
    }
    ended
}

fn for_ever(
    args: &AgentRun,
    config: &AgentConfig,
    limit: Duration,
    talks: bool,
) -> Result<ExitCode, Error> {
    tracing::info!(
        backend = %config.backend_url, site = %config.site_id, state = %config.state_path.display(),
        interval_seconds = config.interval_seconds, "agent started"
    );
    let reload = || load(args.file.config.as_deref());
    match agent::run_loop(config.clone(), limit, &clock::now, &reload) {
        Ok(None) => Ok(ExitCode::SUCCESS),
        Ok(Some(_)) => Ok(busy(config, talks)),
        Err(error) => Err(failed(&error, config)),
    }
}

fn once(config: &AgentConfig, limit: Duration, talks: bool) -> Result<ExitCode, Error> {
    let deadline = guard(limit, config)?;
    // A person who types this wants to know whether it works now; cron is to keep away while the
    // server asks for it.
    let run = if std::io::stdout().is_terminal() {
        agent::run_now
    } else {
        agent::run_once
    };
    match run(config, deadline, &clock::now).map_err(|error| failed(&error, config))? {
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
    let waiting = match cycle.waiting {
        0 => "nothing was lost".to_owned(),
        count => format!(
            "{count} signals wait beside {} and are sent next time",
            config.state_path.display()
        ),
    };
    let failed = |reason: String, hint: String| {
        let error = Error::new(format!("deliver to {}", config.backend_url), reason);
        Err(error.hint(hint).exit(Exit::TryAgain))
    };
    if let Some(error) = delivery.trouble() {
        return failed(format!("{error}; {waiting}"), client::hint(error, config));
    }
    if let (None, Some(moment)) = (&cycle.delivery, cycle.not_before) {
        return failed(
            format!("it asked to be left alone until {moment}; {waiting}"),
            "run it on a terminal to try all the same".to_owned(),
        );
    }
    if delivery.unfinished {
        return failed(
            format!("the time was over; {waiting}"),
            "raise --time-limit".to_owned(),
        );
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
