//! `atlas-ops completions SHELL`

use std::process::ExitCode;

use clap::CommandFactory;

use super::output;
use crate::cli::{Cli, Completions};
use crate::error::Error;

/// Prints a completion script.
///
/// # Errors
/// None; the signature is that of every command.
pub fn run(args: &Completions) -> Result<ExitCode, Error> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "atlas-ops", &mut script);
    output::raw(&String::from_utf8_lossy(&script));
    Ok(ExitCode::SUCCESS)
}
