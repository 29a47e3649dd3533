//! Log lines on stderr: a sentence and fields, as text or JSON, filtered by `ATLAS_OPS_LOG`.
//!
//! Never logged: tokens, cookies, bodies, and values of `detail`.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::cli::{Cli, Command};
use crate::config::env;

/// Starts logging for the process. `ATLAS_OPS_LOG` holds a filter (`info`,
/// `warn,atlas_ops::server=debug`), `ATLAS_OPS_LOG_FORMAT` is `text` or `json`. The server logs
/// at `info` by default, every other command at `warn`; `-v` adds one level, `-vv` two.
pub fn start(cli: &Cli) {
    let levels = ["warn", "info", "debug", "trace"];
    let base = usize::from(matches!(cli.command, Command::Serve(_)));
    let level = levels[(base + usize::from(cli.verbose)).min(levels.len() - 1)];
    // Other packages talk to their own developers: their warnings are enough for ours.
    let default = format!("warn,atlas_ops={level}");
    let filter = std::env::var(env::LOG)
        .ok()
        .and_then(|text| EnvFilter::try_new(text).ok())
        .unwrap_or_else(|| EnvFilter::new(default));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    if std::env::var(env::LOG_FORMAT).is_ok_and(|format| format.eq_ignore_ascii_case("json")) {
        builder.json().flatten_event(true).init();
    } else {
        builder.with_target(false).init();
    }
}
