//! `atlas-ops mcp`
//!
//! Reads the token, says what is wrong with the command line, and hands stdin and stdout over.
//! What is served is in [`crate::mcp`]. Nothing is asked of the server here: an assistant starts
//! this program whether or not its server can be reached.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use crate::agent::client::is_in_the_clear;
use crate::cli::{Mcp, McpWrite};
use crate::config::agent::backend_url;
use crate::config::env::Environment;
use crate::config::paths;
use crate::config::secret::Secret;
use crate::domain::token;
use crate::error::{Error, Exit};
use crate::mcp::{self, Settings};

/// Serves MCP until stdin ends or the process is asked to stop.
///
/// # Errors
/// The address, the token file or the certificate authority cannot be used.
pub fn run(args: &Mcp) -> Result<ExitCode, Error> {
    let environment = Environment::of_process();
    let url = backend_url(&args.url).map_err(|reason| {
        Error::new(format!("use --url {:?}", args.url), reason)
            .hint("try it with: atlas-ops health --url URL")
            .exit(Exit::Usage)
    })?;
    let token = token_in(&paths::expand(
        &args.token_file.to_string_lossy(),
        &environment,
    ))?;
    if is_in_the_clear(&url) {
        tracing::warn!("the token goes over the network in the clear: {url} is not https");
    }
    let allows = |write| args.allow_writes || args.allow.contains(&write);
    mcp::serve(&Settings {
        url,
        token,
        ca_file: args
            .ca_file
            .as_deref()
            .map(|path| paths::expand(&path.to_string_lossy(), &environment)),
        time_limit: Duration::from_secs(args.time_limit),
        add_note: allows(McpWrite::AddNote),
        acknowledge: allows(McpWrite::Acknowledge),
    })?;
    Ok(ExitCode::SUCCESS)
}

fn token_in(path: &Path) -> Result<Secret, Error> {
    let place = path.display();
    let mut text = String::new();
    // A little more than a token may have, so that a wrong file is told from a token.
    File::open(path)
        .and_then(|file| {
            file.take(2 * token::MAX_LENGTH as u64)
                .read_to_string(&mut text)
        })
        .map_err(|error| {
            Error::new(format!("read the token from {place}"), error)
                .hint(format!(
                    "on the server: atlas-ops token create --scope read, and its output into {place}"
                ))
                .exit(Exit::Usage)
        })?;
    let text = text.trim();
    match token::objection(text) {
        None => Ok(Secret::new(text)),
        Some(reason) => Err(Error::new(format!("use the token in {place}"), reason)
            .hint("the file holds the token on one line and nothing else")
            .exit(Exit::Usage)),
    }
}
