//! The Docker endpoints to watch: the `docker_hosts:` list below `agent:`.

use std::ops::RangeInclusive;

use crate::config::section::Section;
use crate::domain::docker_endpoint::DockerEndpoint;

/// From this restart count on a container is complained about, where nothing else is told.
pub const DEFAULT_RESTART_THRESHOLD: u32 = 3;
/// From this many restarts within an hour on a container is complained about, where nothing else
/// is told.
pub const DEFAULT_RESTART_RATE_THRESHOLD: u32 = 4;
/// Minutes that a planned stop is only information, where nothing else is told.
pub const DEFAULT_PLANNED_STOP_GRACE_MINUTES: u32 = 60;
/// Seconds that a look at an endpoint may take, where nothing else is told.
pub const DEFAULT_TIMEOUT_SECONDS: u32 = 10;

/// One Docker endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DockerHost {
    /// `unix:///var/run/docker.sock` or `tcp://host:2375`.
    pub endpoint: String,
    /// From this restart count on a container is complained about.
    pub restart_threshold: u32,
    /// From this many restarts within an hour on a container is complained about.
    pub restart_rate_threshold: u32,
    /// Minutes after which a planned stop counts as forgotten and becomes a warning.
    pub planned_stop_grace_minutes: u32,
    /// Seconds that a look at this endpoint may take.
    pub timeout_seconds: u32,
}

impl DockerHost {
    /// An endpoint with the usual rules.
    pub fn at(endpoint: &str) -> Self {
        Self {
            endpoint: endpoint.to_owned(),
            restart_threshold: DEFAULT_RESTART_THRESHOLD,
            restart_rate_threshold: DEFAULT_RESTART_RATE_THRESHOLD,
            planned_stop_grace_minutes: DEFAULT_PLANNED_STOP_GRACE_MINUTES,
            timeout_seconds: DEFAULT_TIMEOUT_SECONDS,
        }
    }
}

/// Reads one item of the list; nothing where it names no endpoint.
pub(super) fn read(section: &mut Section<'_>) -> Option<DockerHost> {
    let mut number = |key, range: RangeInclusive<i64>, usual: u32| {
        section
            .number(key, None, range)
            .and_then(|number| u32::try_from(number).ok())
            .unwrap_or(usual)
    };
    let restart_threshold = number(
        "restart_threshold",
        1..=1_000_000,
        DEFAULT_RESTART_THRESHOLD,
    );
    // More than 64 restarts are not remembered: `agent::checks::docker::memory`.
    let restart_rate_threshold = number(
        "restart_rate_threshold",
        2..=60,
        DEFAULT_RESTART_RATE_THRESHOLD,
    );
    let planned_stop_grace_minutes = number(
        "planned_stop_grace_minutes",
        0..=525_600,
        DEFAULT_PLANNED_STOP_GRACE_MINUTES,
    );
    let timeout_seconds = number("timeout_seconds", 1..=60, DEFAULT_TIMEOUT_SECONDS);
    let endpoint = section.parsed("endpoint", None, docker_endpoint);
    if endpoint.is_none() {
        section.require("endpoint", "unix:///var/run/docker.sock or tcp://host:2375");
    }
    Some(DockerHost {
        endpoint: endpoint?,
        restart_threshold,
        restart_rate_threshold,
        planned_stop_grace_minutes,
        timeout_seconds,
    })
}

/// What can be watched: a unix socket or plain tcp.
///
/// # Errors
/// What to use instead.
pub fn docker_endpoint(text: &str) -> Result<String, String> {
    crate::config::one_line(text)?;
    DockerEndpoint::parse(text).map(|endpoint| endpoint.to_string())
}
