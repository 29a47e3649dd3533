//! What one cycle tells: the report, which Docker endpoints can be looked at, and which of the
//! agent's own troubles a person should hear of. Nothing is sent or written here.

use super::checks::docker::SeenEndpoint;
use super::checks::docker::view::Look;
use super::checks::{self, Observer};
use super::eyes::Known;
use super::state::State;
use crate::config::agent::AgentConfig;
use crate::domain::agent::{Facts, Report, UnknownCheck};
use crate::domain::docker_endpoint::DockerEndpoint;
use crate::domain::timestamp::Timestamp;

/// The hint for a socket that may not be opened.
const SOCKET_HINT: &str = "membership of the docker group is root: better run a GET-only socket proxy and set its tcp://HOST:2375 as endpoint";

/// The hint for an engine or proxy that forbids the requests.
const PROXY_HINT: &str =
    "it must allow GET /version and GET /containers (docker-socket-proxy: VERSION=1 CONTAINERS=1)";

/// Something that keeps the agent from seeing or that endangers its token. Said once, until it
/// is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Names it among the agent's troubles.
    pub name: String,
    /// One sentence.
    pub message: String,
}

/// A configured endpoint that can be looked at.
#[derive(Debug, Clone)]
pub struct Watched {
    /// The endpoint as it is configured.
    pub endpoint: String,
    /// From this restart count on a container is complained about.
    pub restart_threshold: u32,
    /// Where it is.
    pub address: DockerEndpoint,
}

/// The configured endpoints, each once.
///
/// # Errors
/// One that cannot be reached by this program, and what to write instead.
pub fn watched(config: &AgentConfig) -> Result<Vec<Watched>, String> {
    let mut watched: Vec<Watched> = Vec::new();
    for host in &config.docker_hosts {
        let address = DockerEndpoint::parse(&host.endpoint)?;
        if watched.iter().all(|known| known.address != address) {
            watched.push(Watched {
                endpoint: host.endpoint.clone(),
                restart_threshold: host.restart_threshold,
                address,
            });
        }
    }
    Ok(watched)
}

/// What a person should hear of an endpoint.
pub(super) fn troubles_of_docker(seen: &SeenEndpoint) -> Vec<Trouble> {
    let SeenEndpoint { endpoint, look, .. } = seen;
    let hint = if endpoint.starts_with("unix:") {
        SOCKET_HINT
    } else {
        PROXY_HINT
    };
    match look {
        Look::NotAllowed(reason) => vec![Trouble {
            name: format!("docker {endpoint}"),
            message: format!(
                "cannot look into Docker at {endpoint}: {reason}; its status is unknown. hint: {hint}"
            ),
        }],
        Look::Unreachable(_) => Vec::new(),
        Look::Answered(engine) => {
            let mut failed = engine.containers.iter().filter_map(|container| {
                let reason = container.inspected.as_ref().err()?;
                Some((&container.name, reason))
            });
            let Some((name, reason)) = failed.next() else {
                return Vec::new();
            };
            let others = failed.count();
            vec![Trouble {
                name: format!("inspect {endpoint}"),
                message: format!(
                    "container {name} at {endpoint} cannot be inspected ({reason}), {others} others neither; they are judged by the list alone"
                ),
            }]
        }
    }
}

/// Who observes.
pub fn observer(config: &AgentConfig, agent_id: &str, facts: &Facts) -> Observer {
    Observer {
        agent_id: agent_id.to_owned(),
        site_id: config.site_id.clone(),
        hostname: facts.hostname.clone(),
    }
}

/// The report of this cycle. Its backlog is filled in when it is sent.
pub fn report(
    config: &AgentConfig,
    (known, unknown): (&Known, Vec<UnknownCheck>),
    state: &State,
    who: &Observer,
    now: Timestamp,
) -> Report {
    let gateways = known.measured.gateways.clone();
    let gateway_latency_ms = gateways.first().and_then(|gateway| gateway.latency_ms);
    Report {
        agent_id: who.agent_id.clone(),
        site_id: who.site_id.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        interval_seconds: config.interval_seconds,
        observed_at: now,
        facts: known.facts.clone(),
        gateways,
        gateway_latency_ms,
        conditions: checks::conditions(state, who),
        conditions_omitted: 0,
        integrations: known.integrations.values().cloned().collect(),
        backlog: 0,
        unknown,
        inventory: known.pass.clone(),
    }
}
