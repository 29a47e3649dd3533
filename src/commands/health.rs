//! `atlas-ops health`

use std::process::ExitCode;

use super::output;
use crate::cli::Health;
use crate::config::backend;
use crate::error::Error;
use crate::http::{Client, Options};
use crate::wire;

/// Asks a server whether it is well.
///
/// # Errors
/// It does not answer, or says that it is not.
pub fn run(args: &Health) -> Result<ExitCode, Error> {
    let url = if let Some(url) = &args.url {
        url.trim_end_matches('/').to_owned()
    } else {
        let config = backend::load(args.file.config.as_deref())?;
        let host = match config.host.as_str() {
            "0.0.0.0" | "" => "127.0.0.1",
            "::" => "[::1]",
            host => host,
        };
        format!("http://{host}:{}{}", config.port, config.base_path)
    };
    let attempt = format!("ask {url}{} for its health", wire::HEALTH);
    let client =
        Client::new(&Options::default()).map_err(|error| Error::new(attempt.clone(), error))?;
    let health: wire::Health = client
        .get_json(&format!("{url}{}", wire::HEALTH), &[])
        .map_err(|error| {
            Error::new(attempt, error).hint("is it running there? start it with: atlas-ops serve")
        })?;
    output::line(format!("{} ({})", health.status, health.version));
    Ok(ExitCode::SUCCESS)
}
