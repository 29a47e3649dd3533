//! Log lines on stderr: a sentence and fields, as text or JSON, filtered by `ATLAS_OPS_LOG`. Where
//! stderr is systemd's journal, the level stands in front as the journal reads it; where the agent
//! has a `log_file`, its lines go there.
//!
//! Never logged: tokens, cookies, bodies, and values of `detail`.

mod file;
mod journal;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Mutex;

use tracing::Subscriber;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use self::file::Rotating;
use crate::cli::{Agent, Cli, Command};
use crate::config::agent;
use crate::config::env;

/// Starts logging for the process. `ATLAS_OPS_LOG` holds a level, or levels by room
/// (`warn,atlas_ops::store=debug`); `ATLAS_OPS_LOG_FORMAT` is `text` or `json`. What runs for long
/// logs at `info` by default, every other command at `warn`; `-v` adds one level, `-vv` two.
pub fn start(cli: &Cli) {
    let log_file = log_file(cli);
    let levels = ["warn", "info", "debug", "trace"];
    let base = usize::from(log_file.is_some() || runs_for_long(&cli.command));
    let level = levels[(base + usize::from(cli.verbose)).min(levels.len() - 1)];
    // Other packages talk to their own developers: their warnings are enough for ours.
    let default = format!("warn,atlas_ops={level}");
    let targets = std::env::var(env::LOG)
        .ok()
        .and_then(|text| text.parse().ok())
        .or_else(|| default.parse().ok())
        .unwrap_or_else(|| Targets::new().with_default(tracing::Level::WARN));
    let opened = log_file.map(|path| (Rotating::open(&path), path));
    let (file, failed) = match opened {
        None => (None, None),
        Some((Ok(file), _)) => (Some(lines(Mutex::new(file))), None),
        Some((Err(error), path)) => (None, Some((error, path))),
    };
    let stderr = match &file {
        // Nobody reads it twice, but for a person who looks on.
        Some(_) if !std::io::stderr().is_terminal() => None,
        _ if journal::has_stderr() && !is_json() => Some(journal::lines()),
        _ => Some(lines(std::io::stderr)),
    };
    tracing_subscriber::registry()
        .with(stderr.with_filter(targets.clone()))
        .with(file.with_filter(targets))
        .init();
    if let Some((error, path)) = failed {
        tracing::warn!(
            "cannot write the log file {}: {error}; log lines go to stderr. hint: set agent.log_file to a path that this user may write",
            path.display()
        );
    }
}

/// A layer that writes lines of text or JSON.
fn lines<S, W>(writer: W) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    // Colours are left out of the package; asking for them all the same would panic.
    let layer = fmt::layer().with_writer(writer).with_ansi(false);
    if is_json() {
        layer.json().flatten_event(true).boxed()
    } else {
        layer.with_target(false).boxed()
    }
}

fn is_json() -> bool {
    std::env::var(env::LOG_FORMAT).is_ok_and(|format| format.eq_ignore_ascii_case("json"))
}

/// The agent's log file. A configuration that is wrong has none: the command itself complains of it.
fn log_file(cli: &Cli) -> Option<PathBuf> {
    let Command::Agent(Agent::Run(run)) = &cli.command else {
        return None;
    };
    if run.dry_run {
        return None;
    }
    agent::load(run.file.config.as_deref()).ok()?.log_file
}

fn runs_for_long(command: &Command) -> bool {
    match command {
        Command::Serve(_) => true,
        Command::Agent(Agent::Run(run)) => !run.once && !run.dry_run,
        _ => false,
    }
}
