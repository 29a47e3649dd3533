//! The agent's configuration: the `agent:` section of `agent_config.yaml`.

pub mod checks;
pub mod discovery;
pub mod docker;
pub mod spool;

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use self::checks::ChecksConfig;
use self::discovery::DiscoveryConfig;
pub use self::docker::{DEFAULT_RESTART_THRESHOLD, DockerHost, docker_endpoint};
use self::spool::SpoolConfig;
use crate::config::env::{self, Environment};
use crate::config::paths;
use crate::config::secret::Secret;
use crate::config::section::Section;
use crate::config::source::Source;
use crate::domain::agent::DEFAULT_INTERVAL_SECONDS;
use crate::domain::fields::MAX_ID;
use crate::error::{Error, Exit};

/// Where the agent reports to, where nothing else is told.
pub const DEFAULT_BACKEND_URL: &str = "http://127.0.0.1:8000";
/// The site it reports for, where nothing else is told.
pub const DEFAULT_SITE_ID: &str = "site-homelab";
/// Seconds that may lie between two cycles.
pub const INTERVALS: RangeInclusive<i64> = 5..=86_400;

/// Everything the agent is told.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentConfig {
    /// `http://` or `https://` address of the backend, without a slash at the end.
    pub backend_url: String,
    /// The site it reports for.
    pub site_id: String,
    /// Its ingest token.
    pub token: Secret,
    /// A private certificate authority for https, as PEM.
    pub ca_file: Option<PathBuf>,
    /// Seconds between two cycles.
    pub interval_seconds: u32,
    /// Where it remembers what it saw; beside the configuration file by default.
    pub state_path: PathBuf,
    /// Where its log lines go instead of stderr; on Windows, where nothing keeps those,
    /// `%PROGRAMDATA%\\AtlasOps\\agent.log` by default.
    pub log_file: Option<PathBuf>,
    /// Docker endpoints to watch.
    pub docker_hosts: Vec<DockerHost>,
    /// What the checks are told.
    pub checks: ChecksConfig,
    /// How much may wait to be sent.
    pub spool: SpoolConfig,
    /// What discovery may do.
    pub discovery: DiscoveryConfig,
    /// What the program wants its user to know.
    pub warnings: Vec<String>,
}

/// The name the file has by default.
pub const FILE_NAME: &str = "agent_config.yaml";

/// Finds and reads the configuration.
///
/// # Errors
/// There is none, it cannot be read, or everything wrong with it.
pub fn load(explicit: Option<&Path>) -> Result<AgentConfig, Error> {
    let environment = Environment::of_process();
    let path = paths::find(explicit, FILE_NAME, &environment);
    load_from(path, environment)
}

/// Reads a file, or none, under an environment.
///
/// # Errors
/// As [`load`].
pub fn load_from(path: Option<PathBuf>, environment: Environment) -> Result<AgentConfig, Error> {
    let warnings = environment.warnings();
    let has_file = path.is_some();
    let has_token = [
        env::TOKEN.to_owned(),
        format!("{}{}", env::TOKEN, env::FILE_SUFFIX),
    ]
    .iter()
    .any(|name| environment.get(name).is_some());
    if !has_file && !has_token {
        return Err(Error::new(
            "find the agent's configuration",
            "there is no agent_config.yaml",
        )
        .hint("name it with --config, or write one with: atlas-ops install agent")
        .exit(Exit::Usage));
    }
    let mut source = Source::load(path, environment)?;
    if has_file && !source.has("agent") {
        return Err(
            Error::new("use the configuration", "it has no `agent:` section")
                .hint("write one with: atlas-ops install agent")
                .exit(Exit::Usage),
        );
    }
    let folder = source.folder();
    let usual_log =
        cfg!(windows).then(|| paths::system_folder(source.environment()).join("agent.log"));
    let mut agent = Section::of(&mut source, "agent");
    let config = AgentConfig {
        backend_url: agent
            .parsed("backend_url", Some(env::BACKEND_URL), backend_url)
            .unwrap_or_else(|| DEFAULT_BACKEND_URL.to_owned()),
        site_id: agent
            .parsed("site_id", Some(env::SITE_ID), site_id)
            .unwrap_or_else(|| DEFAULT_SITE_ID.to_owned()),
        token: token(&mut agent),
        ca_file: agent.path("ca_file", None),
        interval_seconds: agent
            .number("interval_seconds", Some(env::INTERVAL_SECONDS), INTERVALS)
            .and_then(|seconds| u32::try_from(seconds).ok())
            .unwrap_or(DEFAULT_INTERVAL_SECONDS),
        state_path: agent
            .path("state_path", None)
            .unwrap_or_else(|| folder.join("agent_state.json")),
        log_file: agent.path("log_file", None).or(usual_log),
        docker_hosts: agent.children("docker_hosts", docker::read),
        checks: agent.child("checks", checks::read),
        spool: agent.child("spool", spool::read),
        discovery: agent.child("discovery", discovery::read),
        warnings,
    };
    agent.finish();
    source.finish(config)
}

/// The token; there is no agent without one.
fn token(agent: &mut Section<'_>) -> Secret {
    let token = agent.secret("token", env::TOKEN);
    if token.is_empty() {
        agent.complain(
            "token",
            None,
            "required; make one on the server with: atlas-ops token create --scope ingest",
        );
    }
    token
}

/// The address of a backend, without a slash at the end.
///
/// # Errors
/// What is expected instead.
pub fn backend_url(text: &str) -> Result<String, String> {
    crate::config::one_line(text)?;
    let expected = "expected an address such as http://192.168.10.5:8000";
    let host = text
        .strip_prefix("http://")
        .or_else(|| text.strip_prefix("https://"))
        .ok_or(expected)?;
    if host.is_empty() || host.starts_with('/') || host.contains(['@', '?', '#', ' ']) {
        return Err(expected.to_owned());
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// The id of a site: any short text of one line.
///
/// # Errors
/// What is expected instead.
pub fn site_id(text: &str) -> Result<String, String> {
    crate::config::one_line(text)?;
    if text.trim().is_empty() || text.chars().count() > MAX_ID {
        return Err(format!("expected 1 to {MAX_ID} characters"));
    }
    Ok(text.to_owned())
}
