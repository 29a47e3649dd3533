//! The agent's configuration: the `agent:` section of `agent_config.yaml`.

use std::path::PathBuf;

use crate::config::secret::Secret;

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
    /// Docker endpoints to watch.
    pub docker_hosts: Vec<DockerHost>,
}

/// One Docker endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DockerHost {
    /// `unix:///var/run/docker.sock` or `tcp://host:2375`.
    pub endpoint: String,
    /// From this restart count on a container is complained about.
    pub restart_threshold: u32,
}
