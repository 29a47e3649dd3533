//! `atlas-ops completions SHELL`

use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::shells;

use super::output;
use crate::cli::{Cli, Completions, Shell};
use crate::error::Error;

/// Prints a completion script.
///
/// # Errors
/// None; the signature is that of every command.
pub fn run(args: &Completions) -> Result<ExitCode, Error> {
    let mut command = Cli::command();
    let mut script = Vec::new();
    let name = "atlas-ops";
    match args.shell {
        Shell::Bash => clap_complete::generate(shells::Bash, &mut command, name, &mut script),
        Shell::Elvish => clap_complete::generate(shells::Elvish, &mut command, name, &mut script),
        Shell::Fish => clap_complete::generate(shells::Fish, &mut command, name, &mut script),
        Shell::PowerShell => {
            clap_complete::generate(shells::PowerShell, &mut command, name, &mut script);
        }
        Shell::Zsh => clap_complete::generate(shells::Zsh, &mut command, name, &mut script),
    }
    output::raw(&String::from_utf8_lossy(&script));
    Ok(ExitCode::SUCCESS)
}
