//! Log lines on stderr: a sentence and fields, as text or JSON, filtered by `ATLAS_OPS_LOG`.
//!
//! Never logged: tokens, cookies, bodies, and values of `detail`.

use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use crate::cli::{Agent, Cli, Command};
use crate::config::env;

/// Starts logging for the process. `ATLAS_OPS_LOG` holds a level, or levels by room
/// (`warn,atlas_ops::store=debug`); `ATLAS_OPS_LOG_FORMAT` is `text` or `json`. What runs for long
/// logs at `info` by default, every other command at `warn`; `-v` adds one level, `-vv` two.
pub fn start(cli: &Cli) {
    let levels = ["warn", "info", "debug", "trace"];
    let base = usize::from(runs_for_long(&cli.command));
    let level = levels[(base + usize::from(cli.verbose)).min(levels.len() - 1)];
    // Other packages talk to their own developers: their warnings are enough for ours.
    let default = format!("warn,atlas_ops={level}");
    let targets = std::env::var(env::LOG)
        .ok()
        .and_then(|text| text.parse().ok())
        .or_else(|| default.parse().ok())
        .unwrap_or_else(|| Targets::new().with_default(tracing::Level::WARN));
    let json =
        std::env::var(env::LOG_FORMAT).is_ok_and(|format| format.eq_ignore_ascii_case("json"));
    // Colours are left out of the package; asking for them all the same would panic.
    let layer = fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    let layer = if json {
        layer.json().flatten_event(true).boxed()
    } else {
        layer.with_target(false).boxed()
    };
    tracing_subscriber::registry()
        .with(layer.with_filter(targets))
        .init();
}

fn runs_for_long(command: &Command) -> bool {
    match command {
        Command::Serve(_) => true,
        Command::Agent(Agent::Run(run)) => !run.once && !run.dry_run,
        _ => false,
    }
}
