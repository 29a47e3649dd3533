//! `atlas-ops config check`

use std::path::Path;
use std::process::ExitCode;

use super::output;
use crate::cli::{ConfigCheck, ConfigCommand};
use crate::config::env::Environment;
use crate::config::source::Source;
use crate::config::{agent, backend, paths};
use crate::error::{Error, Exit};

/// Runs what was asked for.
///
/// # Errors
/// Everything wrong with the configuration.
pub fn run(args: &ConfigCommand) -> Result<ExitCode, Error> {
    match args {
        ConfigCommand::Check(args) => check(args),
    }
}

fn check(args: &ConfigCheck) -> Result<ExitCode, Error> {
    let environment = Environment::of_process();
    let explicit = args.file.config.as_deref();
    let found: Vec<_> = [backend::FILE_NAME, agent::FILE_NAME]
        .into_iter()
        .filter_map(|name| paths::find(explicit, name, &environment))
        .collect();
    let mut files = found;
    files.dedup();
    if files.is_empty() {
        return Err(Error::new("check the configuration", "no file was found")
            .hint("name it with --config, or write one with: atlas-ops install backend")
            .exit(Exit::Usage));
    }
    for file in files {
        check_file(&file, &environment)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn check_file(path: &Path, environment: &Environment) -> Result<(), Error> {
    let source = Source::load(Some(path.to_owned()), environment.clone())?;
    let (has_backend, has_agent) = (source.has("backend"), source.has("agent"));
    let mut warnings = Vec::new();
    if has_backend || !has_agent {
        warnings.extend(backend::load_from(Some(path.to_owned()), environment.clone())?.warnings);
    }
    if has_agent {
        warnings.extend(agent::load_from(Some(path.to_owned()), environment.clone())?.warnings);
    }
    warnings.dedup();
    for warning in warnings {
        output::note(format!("warning: {warning}"));
    }
    output::line(format!("{}: fine", path.display()));
    Ok(())
}
