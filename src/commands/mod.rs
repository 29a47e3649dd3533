//! One file per subcommand, each with one `run`. This file only says which is which.

pub mod completions;
pub mod output;

use std::process::ExitCode;

use crate::cli::{Cli, Command};
use crate::error::Error;

/// Runs what was asked for.
///
/// # Errors
/// What the command could not do, ready to be shown.
pub fn run(cli: Cli) -> Result<ExitCode, Error> {
    match cli.command {
        Command::Completions(args) => completions::run(&args),
        _ => Err(Error::new("run this command", "it is being built")),
    }
}
