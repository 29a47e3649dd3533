//! One observation of this host: what is looked at, what the report says of it, and which of the
//! agent's own troubles a person should hear of. Nothing is sent or written here.

use std::time::Duration;

use super::checks::docker::view::Look;
use super::checks::docker::{self, SeenEndpoint};
use super::checks::{self, Observer, Seen};
use super::client;
use super::state::State;
use super::sys::{self, Senses};
use crate::config::agent::AgentConfig;
use crate::domain::agent::{Facts, Gateway, Report};
use crate::domain::docker_endpoint::DockerEndpoint;
use crate::domain::timestamp::Timestamp;

/// The hint for a socket that may not be opened.
const SOCKET_HINT: &str = "membership of the docker group is root: better run a GET-only socket proxy and set its tcp://HOST:2375 as endpoint";

/// The hint for an engine or proxy that forbids the requests.
const PROXY_HINT: &str =
    "it must allow GET /version and GET /containers (docker-socket-proxy: VERSION=1 CONTAINERS=1)";

/// What was seen of this host.
#[derive(Debug)]
pub struct Observation {
    /// Facts for the report.
    pub facts: Facts,
    /// Gateways for the report.
    pub gateways: Vec<Gateway>,
    /// What the checks judge.
    pub seen: Seen,
    /// Troubles of the agent itself, each with a name.
    pub troubles: Vec<Trouble>,
}

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
    endpoint: String,
    restart_threshold: u32,
    address: DockerEndpoint,
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

/// Looks at everything, for at most `limit`.
pub fn observe(
    config: &AgentConfig,
    watched: &[Watched],
    senses: &Senses,
    limit: Duration,
) -> Observation {
    let facts = sys::facts();
    let routes = sys::default_routes();
    let addresses: Vec<DockerEndpoint> = watched
        .iter()
        .map(|watched| watched.address.clone())
        .collect();
    let sight = senses.look(&addresses, &routes, limit);
    let docker: Vec<SeenEndpoint> = watched
        .iter()
        .zip(sight.docker)
        .map(|(watched, look)| SeenEndpoint {
            endpoint: watched.endpoint.clone(),
            restart_threshold: watched.restart_threshold,
            look,
        })
        .collect();
    let mut troubles = troubles_of_docker(&docker);
    if let Some(reason) = sight.ping_refused {
        troubles.push(Trouble {
            name: "ping".to_owned(),
            message: format!(
                "gateway latency is measured over TCP where it can be, since this process may not ping ({reason}); hint: sysctl -w net.ipv4.ping_group_range='0 2147483647', or setcap cap_net_raw+ep on atlas-ops"
            ),
        });
    }
    if !config.token.is_empty() && client::is_in_the_clear(&config.backend_url) {
        troubles.push(Trouble {
            name: "plain http".to_owned(),
            message: format!(
                "the token goes to {} unencrypted; hint: put https before the backend, or a VPN between",
                config.backend_url
            ),
        });
    }
    Observation {
        facts,
        gateways: sight.gateways,
        seen: Seen { docker },
        troubles,
    }
}

fn troubles_of_docker(seen: &[SeenEndpoint]) -> Vec<Trouble> {
    let mut troubles = Vec::new();
    for SeenEndpoint { endpoint, look, .. } in seen {
        let hint = if endpoint.starts_with("unix:") {
            SOCKET_HINT
        } else {
            PROXY_HINT
        };
        match look {
            Look::NotAllowed(reason) => troubles.push(Trouble {
                name: format!("docker {endpoint}"),
                message: format!(
                    "cannot look into Docker at {endpoint}: {reason}; its status is unknown. hint: {hint}"
                ),
            }),
            Look::Unreachable(_) => {}
            Look::Answered(engine) => {
                let mut failed = engine.containers.iter().filter_map(|container| {
                    let reason = container.inspected.as_ref().err()?;
                    Some((&container.name, reason))
                });
                if let Some((name, reason)) = failed.next() {
                    let others = failed.count();
                    troubles.push(Trouble {
                        name: format!("inspect {endpoint}"),
                        message: format!(
                            "container {name} at {endpoint} cannot be inspected ({reason}), {others} others neither; they are judged by the list alone"
                        ),
                    });
                }
            }
        }
    }
    troubles
}

/// Who observes, once the host's name is known.
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
    observation: Observation,
    state: &State,
    who: &Observer,
    now: Timestamp,
) -> Report {
    let integrations = observation
        .seen
        .docker
        .iter()
        .map(|seen| docker::integration(seen, who))
        .collect();
    let gateway_latency_ms = observation
        .gateways
        .first()
        .and_then(|gateway| gateway.latency_ms);
    Report {
        agent_id: who.agent_id.clone(),
        site_id: who.site_id.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        interval_seconds: config.interval_seconds,
        observed_at: now,
        facts: observation.facts,
        gateways: observation.gateways,
        gateway_latency_ms,
        conditions: checks::conditions(state, who),
        integrations,
        backlog: 0,
        unknown: Vec::new(),
        inventory: None,
    }
}
